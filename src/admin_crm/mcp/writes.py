"""The tools that write: each only where the server allows it, with a reason, after a question to a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from mcp.server.mcpserver import Resolve
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field, JsonValue

from admin_crm import intelligence, loyalty, notifications, statuses
from admin_crm import notes as admin_notes
from admin_crm._core.log import log
from admin_crm.mcp import answers
from admin_crm.mcp.answers import Answer, Notes, Notification, PointsEntry, Status
from admin_crm.mcp.confirmation import Answered, Question, Reason, check_seen_whole, question, require_yes
from admin_crm.mcp.presentation import handed_over, readable, readable_value
from admin_crm.mcp.reads import CustomerId
from admin_crm.mcp.session import Change, Session, ToolContext, by_the_shops_clock, session_of
from admin_crm.mcp.tools import Writing
from admin_crm.models import LoyaltyAnalysis

# Short enough that the question shows all of it.
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Field(min_length=1, max_length=20)]
Fields = Annotated[dict[str, JsonValue], Field(min_length=1, max_length=20)]
NotesText = Annotated[str, Field(max_length=2_000, description="The new text; it replaces the old one.")]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Message = Annotated[str, Field(min_length=1, max_length=1_000, description="The customer reads it.")]
Kind = Literal["info", "warning", "alert", "success"]
NewStatus = Literal["active", "suspended", "banned"]
End = Annotated[datetime | None, Field(description="Of a suspension; without a zone, the shop's clock.")]
D = TypeVar("D", bound=BaseModel)
MOST_OF_FIELDS = 2_000
AGENT = "an agent (admin-crm mcp)"
"""Who moderates, where the connection does not say."""


async def ask_notes(ctx: ToolContext, customer_id: UUID, notes: str, reason: str) -> Question:
    """Ask whether to replace the notes."""
    session = session_of(ctx)
    found = await admin_notes.get_admin_customer_notes(session.crm, customer_id)
    current = found.notes if found else None
    check_seen_whole(session, "notes", current)
    values = {"new notes": notes, "instead of": current or ""}
    return await question(ctx, "Replace the notes about this customer", customer_id, values, reason)


async def update_admin_customer_notes(
    ctx: ToolContext,
    customer_id: CustomerId,
    notes: NotesText,
    reason: Reason,
    answer: Annotated[Answered, Resolve(ask_notes)],
) -> Answer[Notes]:
    """Replace the notes about a customer; tags and fields stay."""
    require_yes(ctx, answer)
    session = session_of(ctx)
    row = await admin_notes.update_admin_customer_notes(session.crm, customer_id, notes=readable(notes))
    return _done(session, "update_admin_customer_notes", customer_id, reason, session.shaped(Notes, row))


async def ask_to_tag(ctx: ToolContext, customer_id: UUID, tags: list[str], reason: str) -> Question:
    """Ask whether to add tags."""
    return await question(ctx, "Add tags to this customer", customer_id, {"tags": tags}, reason)


async def add_customer_tags(
    ctx: ToolContext,
    customer_id: CustomerId,
    tags: Tags,
    reason: Reason,
    answer: Annotated[Answered, Resolve(ask_to_tag)],
) -> Answer[Notes]:
    """Add tags to a customer; all others stay."""
    require_yes(ctx, answer)
    session = session_of(ctx)
    row = await admin_notes.add_customer_tags(session.crm, customer_id, [readable(tag) for tag in tags])
    return _done(session, "add_customer_tags", customer_id, reason, session.shaped(Notes, row))


async def ask_to_untag(ctx: ToolContext, customer_id: UUID, tags: list[str], reason: str) -> Question:
    """Ask whether to remove tags."""
    return await question(ctx, "Remove tags of this customer", customer_id, {"tags": tags}, reason)


async def remove_customer_tags(
    ctx: ToolContext,
    customer_id: CustomerId,
    tags: Tags,
    reason: Reason,
    answer: Annotated[Answered, Resolve(ask_to_untag)],
) -> Answer[Notes]:
    """Remove tags of a customer; all others stay."""
    require_yes(ctx, answer)
    session = session_of(ctx)
    row = await admin_notes.remove_customer_tags(session.crm, customer_id, tags)
    return _done(session, "remove_customer_tags", customer_id, reason, session.shaped(Notes, row))


async def ask_fields(ctx: ToolContext, customer_id: UUID, fields: Mapping[str, JsonValue], reason: str) -> Question:
    """Ask whether to set fields."""
    session = session_of(ctx)
    if len(json.dumps(fields)) > MOST_OF_FIELDS:
        raise ToolError(f"nothing was done: the fields have more than {MOST_OF_FIELDS:,} characters as JSON")
    found = await admin_notes.get_admin_customer_notes(session.crm, customer_id)
    current = {name: value for name, value in (found.custom_fields if found else {}).items() if name in fields}
    check_seen_whole(session, "fields", current)
    values = {"new fields": fields, "instead of": current}
    return await question(ctx, "Set fields of this customer", customer_id, values, reason)


async def set_custom_fields(
    ctx: ToolContext,
    customer_id: CustomerId,
    fields: Fields,
    reason: Reason,
    answer: Annotated[Answered, Resolve(ask_fields)],
) -> Answer[Notes]:
    """Set the shop's own fields of a customer; all others stay."""
    require_yes(ctx, answer)
    session = session_of(ctx)
    row = await admin_notes.set_custom_fields(session.crm, customer_id, readable_value(fields))
    return _done(session, "set_custom_fields", customer_id, reason, session.shaped(Notes, row))


async def ask_to_notify(
    ctx: ToolContext,
    user_id: UUID,
    title: str,
    message: str,
    type: Kind,  # noqa: A002
    reason: str,
) -> Question:
    """Ask whether to send a notification."""
    values = {"title": title, "message": message, "type": type}
    return await question(ctx, "Send a notification to this customer", user_id, values, reason)


async def send_customer_notification(
    ctx: ToolContext,
    user_id: CustomerId,
    title: Title,
    message: Message,
    reason: Reason,
    answer: Annotated[Answered, Resolve(ask_to_notify)],
    type: Kind = "info",  # noqa: A002
    idempotency_key: Annotated[
        str, Field(max_length=200, description="A name of this message; a second call with it sends nothing.")
    ] = "",
) -> Answer[Notification]:
    """Send a notification to a customer, who sees it in the shop's app."""
    require_yes(ctx, answer)
    session = session_of(ctx)
    row = await notifications.send_customer_notification(
        session.crm, user_id, readable(title), readable(message), type, idempotency_key=idempotency_key or None
    )
    return _done(session, "send_customer_notification", user_id, reason, session.shaped(Notification, row))


async def ask_to_moderate(
    ctx: ToolContext, customer_id: UUID, status: NewStatus, suspension_end: datetime | None, reason: str
) -> Question:
    """Ask whether to change a customer's status."""
    if status != "active":
        session_of(ctx).locks.check(1)
    whats = {
        "active": "Let this customer in again",
        "suspended": "SUSPEND this customer",
        "banned": "BAN this customer permanently",
    }
    values = {} if suspension_end is None else {"until": str(by_the_shops_clock(session_of(ctx), suspension_end))}
    return await question(ctx, whats[status], customer_id, values, reason)


async def moderate_customer(
    ctx: ToolContext,
    customer_id: CustomerId,
    status: NewStatus,
    reason: Reason,
    answer: Annotated[Answered, Resolve(ask_to_moderate)],
    suspension_end: End = None,
) -> Answer[Status]:
    """Ban, suspend or reactivate a customer, on the record; refuses administrators where the connection knows them."""
    require_yes(ctx, answer)
    session = session_of(ctx)
    if status != "active":
        session.locks.take(1)
    end = None if suspension_end is None else by_the_shops_clock(session_of(ctx), suspension_end)
    done = await statuses.moderate_customer(
        session.crm, customer_id, status, suspension_end=end, reason=readable(reason), actor=AGENT
    )
    profile = done.profile
    shown = Status(
        account_status=profile.account_status,
        suspension_end=profile.suspension_end,
        previous_status=done.previous.account_status,
        sign_in=done.sign_in,
        logged=done.logged,
    )
    return _done(session, "moderate_customer", customer_id, reason, shown)


async def ask_points(ctx: ToolContext, customer_id: UUID, points: int, description: str, reason: str) -> Question:
    """Ask whether to give or take points."""
    values = {"points": points, "description": description}
    return await question(ctx, "Change the loyalty points of this customer", customer_id, values, reason)


async def adjust_loyalty_points(
    ctx: ToolContext,
    customer_id: CustomerId,
    points: Annotated[int, Field(description="Negative takes them.")],
    description: Annotated[str, Field(min_length=1, max_length=200, description="The customer reads it.")],
    reason: Reason,
    answer: Annotated[Answered, Resolve(ask_points)],
) -> Answer[PointsEntry]:
    """Give a customer loyalty points, or take them."""
    require_yes(ctx, answer)
    session = session_of(ctx)
    row = await loyalty.adjust_loyalty_points(session.crm, customer_id, points, readable(description))
    shown = PointsEntry(id=row.id, points=points, description=row.description)
    return _done(session, "adjust_loyalty_points", customer_id, reason, shown)


async def ask_offer(ctx: ToolContext, customer_id: UUID, reason: str) -> Question:
    """Ask whether to have an offer made."""
    what = "Ask the shop's AI for a loyalty plan, which may create a coupon for this customer"
    return await question(ctx, what, customer_id, {}, reason)


async def get_strategic_loyalty_analysis(
    ctx: ToolContext, customer_id: CustomerId, reason: Reason, answer: Annotated[Answered, Resolve(ask_offer)]
) -> Answer[answers.Offer]:
    """Ask the shop's AI for a loyalty plan. In some shops this creates a coupon each time; nothing is sent."""
    require_yes(ctx, answer)
    session = session_of(ctx)
    plan = await intelligence.get_strategic_loyalty_analysis(session.crm, customer_id)
    coupon = plan.suggested_coupon
    offer = {
        "text": plan.analysis if isinstance(plan, LoyaltyAnalysis) else plan.personalized_message,
        "coupon_code": coupon.code if coupon else None,
        "discount": str(coupon.discount) if coupon and coupon.discount is not None else None,
        "next_steps": plan.next_steps if isinstance(plan, LoyaltyAnalysis) else [],
    }
    shown = answers.Offer.model_validate(handed_over(offer, personal=session.terms.personal))
    return _done(session, "get_strategic_loyalty_analysis", customer_id, reason, shown)


WRITES = {
    Change.NOTES: (Writing(update_admin_customer_notes, "Replace a customer's notes", destructive=True),),
    Change.TAGS: (
        Writing(add_customer_tags, "Add tags to a customer"),
        Writing(remove_customer_tags, "Remove a customer's tags", destructive=True),
    ),
    Change.FIELDS: (Writing(set_custom_fields, "Set a customer's fields", destructive=True),),
    Change.NOTIFY: (Writing(send_customer_notification, "Notify a customer", idempotent=False, open_world=True),),
    Change.STATUS: (Writing(moderate_customer, "Ban, suspend or reactivate a customer", destructive=True),),
    Change.POINTS: (
        Writing(adjust_loyalty_points, "Give or take a customer's points", destructive=True, idempotent=False),
    ),
    Change.OFFERS: (
        Writing(get_strategic_loyalty_analysis, "A loyalty plan with a coupon", idempotent=False, open_world=True),
    ),
}
"""The tools that each word of `--allow` adds."""


def _done(session: Session, operation: str, customer: UUID, reason: str, data: D) -> Answer[D]:
    """Note who was written about, and return what it is now."""
    log.info("an agent did %s for customer %s", operation, customer, extra={"reason": reason})
    return session.answer(type(data), data)
