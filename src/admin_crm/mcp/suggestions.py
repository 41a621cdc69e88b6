"""The tools that ask the shop's Edge Functions: suggestions and messages. Nothing is stored, and nothing is sent."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from admin_crm import intelligence
from admin_crm.mcp.answers import Answer, Insight, Suggestion, Text
from admin_crm.mcp.presentation import handed_over
from admin_crm.mcp.reads import CustomerId
from admin_crm.mcp.session import Session, ToolContext, session_of
from admin_crm.mcp.tools import Reading


async def suggest_customer_tags(ctx: ToolContext, customer_id: CustomerId) -> Answer[Suggestion]:
    """Suggest tags and a segment for a customer, by the shop's AI; nobody adds them."""
    session = session_of(ctx)
    found = await intelligence.suggest_customer_tags(session.crm, customer_id)
    return session.answer(Suggestion, session.shaped(Suggestion, found), 1)


async def generate_whatsapp_message(
    ctx: ToolContext,
    customer_id: CustomerId,
    context: Annotated[
        str, Field(max_length=2_000, description="What the message is about; empty lets it choose.")
    ] = "",
) -> Answer[Text]:
    """Write a WhatsApp message to a customer, by the shop's AI; it is not sent."""
    session = session_of(ctx)
    return _text(session, await intelligence.generate_whatsapp_message(session.crm, customer_id, context or None))


async def get_customer_narrative(ctx: ToolContext, customer_id: CustomerId) -> Answer[Text]:
    """Describe a customer in a few sentences, by the shop's AI."""
    session = session_of(ctx)
    return _text(session, await intelligence.get_customer_narrative(session.crm, customer_id))


async def get_proactive_insights(ctx: ToolContext) -> Answer[list[Insight]]:
    """Return what the shop's AI finds worth knowing now."""
    session = session_of(ctx)
    found = await intelligence.get_proactive_insights(session.crm)
    return session.answer(list[Insight], session.each(Insight, found), len(found))


SUGGESTIONS = (
    Reading(suggest_customer_tags, "Suggest tags", open_world=True),
    Reading(generate_whatsapp_message, "Write a WhatsApp message", open_world=True),
    Reading(get_customer_narrative, "Describe a customer", open_world=True),
    Reading(get_proactive_insights, "What is worth knowing", open_world=True),
)


def _text(session: Session, text: str | None) -> Answer[Text]:
    return session.answer(Text, Text(text=handed_over(text, personal=session.terms.personal)), 1)
