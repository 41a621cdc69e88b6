"""The question before every write: in our words, asked of the person at the client, with everything that is written.

A question is one line of ours, and below it one line for each value, between quotes that the value cannot close. So
no name and no text can look like a part of the question. Its number makes a yes good for one write: clients of the
newer protocol send answers back themselves, and could send them twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from mcp.server.mcpserver import AcceptedElicitation, Elicit, ElicitationResult
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from admin_crm._postgrest.query import customer_not_found, fetch
from admin_crm.client import AnyCRM, operation
from admin_crm.mcp.presentation import handed_over, one_line, quoted
from admin_crm.mcp.session import Session, ToolContext, session_of
from admin_crm.models import CustomerProfile

Reason = Annotated[
    str, Field(min_length=3, max_length=300, description="Why, for the person who is asked and for the log.")
]


class Confirmation(BaseModel):
    """What the person who is asked fills in."""

    do_it: bool = Field(title="Do it", description="Yes, do it.")


Question = Elicit[Confirmation] | Confirmation
Answered = ElicitationResult[Confirmation]


async def question(
    ctx: ToolContext, what: str, customer_id: UUID, values: Mapping[str, object], reason: str
) -> Question:
    """Return the question whether to do something, or its answer where nobody is asked.

    Args:
        ctx: the call.
        what: what is about to be done, in our words.
        customer_id: for whom; the question names him too.
        values: what is written, in the agent's words, by names of ours.
        reason: why, in the agent's words.

    Raises:
        ToolError: the client cannot ask, and the server was not told to do without.
        CustomerNotFoundError: there is no such customer.
    """
    session = session_of(ctx)
    asks = _can_ask(ctx)
    if not asks and session.terms.confirm:
        raise ToolError(
            "nothing was done: this client cannot ask a person (it has no elicitation), so nothing is written through "
            "it; use a client that can, the command admin-crm, or start the server with --no-confirm"
        )
    name = await customer_name(session.crm, customer_id)
    number = session.open_question(ctx)
    if not asks:
        return Confirmation(do_it=True)
    named = "without a name" if name is None else f"named {quoted(one_line(name, 80))}"
    lines = [f"{label}: {quoted(value)}" for label, value in {**values, "reason given": reason}.items()]
    return Elicit(
        "\n".join([f"{what}? (question {number})", f"customer: {customer_id}, {named}", *lines]), Confirmation
    )


def require_yes(ctx: ToolContext, answer: Answered) -> None:
    """Raise where the person said no or closed the question, or where the answer was for a call that is done."""
    session_of(ctx).close_question(ctx)
    if not (isinstance(answer, AcceptedElicitation) and answer.data.do_it):
        raise ToolError("nothing was done: the person who was asked did not say yes; do not ask again by yourself")


def check_seen_whole(session: Session, what: str, current: Any) -> None:
    """Raise where an agent would replace what it has only seen masked or cut: what it did not see would be lost."""
    if handed_over(current, personal=session.terms.personal) != current:
        raise ToolError(
            f"nothing was done: the {what} that would be replaced hold contact data or more text than this session "
            "sees, which would be lost; a person can change them, or start the server with --show-personal"
        )


@operation
async def customer_name(crm: AnyCRM, customer_id: UUID) -> str | None:
    """Fetch a customer's name for a question."""
    table = crm.settings.profiles_table
    found = await fetch(
        crm, lambda: crm.supabase.table(table).select("id,full_name").eq("id", str(customer_id)), CustomerProfile
    )
    if not found:
        raise customer_not_found()
    return found[0].full_name


def _can_ask(ctx: ToolContext) -> bool:
    """Return whether the client shows forms; a bare `elicitation` means that it does."""
    capabilities = ctx.client_capabilities
    asking = capabilities.elicitation if capabilities else None
    return asking is not None and (asking.form is not None or asking.url is None)
