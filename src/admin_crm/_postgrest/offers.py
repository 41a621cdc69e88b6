"""Whether an offer was stored for a customer: what is left to ask where the answer of its function was lost."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from admin_crm._core.connection import facts_of
from admin_crm._core.rows import first_or_none
from admin_crm._core.secret_key import with_secret_key_if_any
from admin_crm._postgrest.query import fetch
from admin_crm.client import AnyCRM
from admin_crm.errors import AdminCRMError, SchemaMismatchError
from admin_crm.models import LoyaltyOffer, LoyaltyProposition


class Before(NamedTuple):
    """The last offer that was stored for a customer before a call; None if there was none."""

    offer: LoyaltyOffer | None


async def last_offer(crm: AnyCRM, customer: UUID) -> Before | None:
    """Fetch the last offer stored for a customer; None where that cannot be told, which is no failure."""
    facts, table = facts_of(crm), crm.settings.loyalty_offers_table
    if facts.lacks(table):
        return None
    once = crm.with_options(attempts=1)
    try:
        rows = await fetch(once, lambda: _newest(once, customer, "id,created_at"), LoyaltyOffer)
    except SchemaMismatchError:
        facts.note_absent(table)
        return None
    except AdminCRMError:
        return None
    return Before(first_or_none(rows))


async def offer_since(crm: AnyCRM, customer: UUID, before: Before | None) -> LoyaltyProposition | None:
    """Fetch the offer that was stored for a customer since `last_offer`; None if there is none, or none is seen.

    Both times are the database's, so that it does not matter how far its clock and ours are apart.
    """
    if before is None:
        return None
    try:
        rows = await fetch(crm, lambda: _newest(crm, customer, "*"), LoyaltyProposition)
    except AdminCRMError:
        return None
    offer, last = first_or_none(rows), before.offer
    if offer is None or last is None:
        return offer
    is_older = offer.created_at and last.created_at and offer.created_at < last.created_at
    return None if offer.id == last.id or is_older else offer


def _newest(crm: AnyCRM, customer: UUID, columns: str) -> Any:
    """Build the query for the newest offer; with the secret key where there is one, as sessions may see none."""
    offers = with_secret_key_if_any(crm).supabase.table(crm.settings.loyalty_offers_table).select(columns)
    newest_first = offers.eq("customer_id", str(customer)).order("created_at", desc=True, nullsfirst=False)
    return newest_first.order("id").limit(1)
