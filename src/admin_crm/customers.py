"""One customer: everything that the web admin shows on the customer's page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.fields import UNREADABLE, Model
from admin_crm._core.gather import gather
from admin_crm._core.rows import first_or_none, newest_first
from admin_crm._postgrest.orders import summarize_orders
from admin_crm._postgrest.query import Query, check_exists, customer_not_found, fetch_fields, fetch_one
from admin_crm._postgrest.view import fetch_from_view
from admin_crm._storage.objects import fetch_evidence
from admin_crm.client import AnyCRM, operation
from admin_crm.creation import create_customer_with_details
from admin_crm.directory import get_all_customers
from admin_crm.errors import PermissionDeniedError
from admin_crm.models import (
    Address,
    AdminCustomer,
    AdminCustomerDetail,
    AdminNotes,
    CustomerProfile,
    Evidence,
    Order,
)
from admin_crm.notes import update_admin_customer_notes
from admin_crm.preferences import get_customer_preferences
from admin_crm.tiers import get_loyalty_tiers, tier_progress

__all__ = [
    "create_customer_with_details",
    "get_admin_customer_details",
    "get_all_customers",
    "get_customer_intelligence",
    "get_customer_preferences",
    "get_loyalty_tiers",
    "tier_progress",
    "update_admin_customer_notes",
]

_ONLY_IN_VIEW = (
    "email", "avatar_url", "tier", "total_orders", "total_spent", "recency_as_sent", "frequency", "monetary", "segment",
    "health_status",
)  # fmt: skip
"""What the view may show and the profile not, or not the same; the profile has the rest, which is larger."""


@operation
async def get_admin_customer_details(crm: AnyCRM, customer_id: UUID | str) -> AdminCustomerDetail:
    """Return one customer with addresses, orders, notes, evidence and RFM figures, fetched concurrently.

    Args:
        crm: the connection.
        customer_id: the customer.

    Returns:
        The customer. `orders` and `orders_summary` exclude cancelled orders; evidence URLs are signed.
        The columns that the directory has are the same as there. Segment, health and e-mail come from the view, and
        are None if it does not show this customer. `account_status` comes from the profile.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        AdminCRMError: a part could not be read; a failed part is never returned as empty.

    Reads `customer_profiles`, `admin_customer_notes`, `addresses`, `orders`, the view
    `customer_intelligence_360` and the bucket `customer-evidence`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> customer = get_admin_customer_details(crm, customer_id)
        >>> customer.orders_summary.total_spent
    """
    customer, tables = check.uuid(customer_id), crm.settings
    profile, row, notes, addresses, orders, evidence = await gather(
        crm,
        fetch_one(crm, tables.profiles_table, customer, CustomerProfile, column="id"),
        _fetch_view_row(crm, customer, _ONLY_IN_VIEW),
        fetch_one(crm, tables.notes_table, customer, AdminNotes),
        fetch_fields(crm, tables.addresses_table, customer, Address),
        fetch_fields(crm, tables.orders_table, customer, Order),
        fetch_evidence(crm, customer, crm.settings.signed_url_seconds),
    )
    if profile is None:
        raise customer_not_found()
    return _detail(profile, row, notes, addresses, newest_first(orders), evidence)


@operation
async def get_customer_intelligence(crm: AnyCRM, customer_id: UUID | str) -> AdminCustomer:
    """Return a customer's row in the directory: segment, health and RFM figures.

    Args:
        crm: the connection.
        customer_id: the customer.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: the profile exists, but the view does not show it with these credentials.

    Reads the view `customer_intelligence_360`.

    Needs an administrator's session, or the secret key where the view is open to it.

    Examples:
        >>> get_customer_intelligence(crm, customer_id).canonical_segment
    """
    customer = check.uuid(customer_id)
    row = await _fetch_view_row(crm, customer)
    if row is None:
        await check_exists(crm, customer)
        raise PermissionDeniedError(
            f"the view {crm.settings.view} does not show this customer with these credentials",
            hint="connect with AdminCRM.sign_in as an administrator; the view may exclude administrators",
        )
    return row


async def _fetch_view_row(crm: AnyCRM, customer: UUID, fields: Sequence[str] | None = None) -> AdminCustomer | None:
    def query(selected: str, key: str) -> Query:
        return crm.supabase.table(crm.settings.view).select(selected).eq(key, str(customer))

    return first_or_none((await fetch_from_view(crm, query, AdminCustomer, fields)).rows)


def _detail(
    profile: CustomerProfile,
    row: AdminCustomer | None,
    notes: AdminNotes | None,
    addresses: Sequence[Address],
    orders: Sequence[Order],
    evidence: Sequence[Evidence],
) -> AdminCustomerDetail:
    """Merge the parts; what the view shows is what the directory shows too, but the status is the profile's."""
    valid_orders = [order for order in orders if not order.is_cancelled]
    from_view = {} if row is None else _non_empty(row) | {"recency_as_sent": row.recency_as_sent}
    own = {*profile.unreadable, "account_status", "suspension_end"}
    from_view = {name: value for name, value in from_view.items() if name not in own}
    detail = AdminCustomerDetail.model_validate(
        _non_empty(profile)
        | from_view
        | {
            "addresses": _default_first(addresses),
            "orders": valid_orders,
            "orders_summary": summarize_orders(valid_orders),
            "admin_notes": notes,
            "evidence": list(evidence),
        }
    )
    if unreadable := {**(row.unreadable if row else {}), **profile.unreadable}:
        vars(detail)[UNREADABLE] = unreadable
    return detail


def _non_empty(row: Model) -> dict[str, object]:
    """Return the columns of a row that are not None."""
    columns = (*row.__dict__.items(), *(row.model_extra or {}).items())
    return {name: value for name, value in columns if value is not None and name != UNREADABLE}


def _default_first(addresses: Iterable[Address]) -> list[Address]:
    """Sort addresses: the default one first, then in the order in which they were added."""

    def place(address: Address) -> tuple[bool, float, str]:
        added = address.created_at
        return not address.is_default, added.timestamp() if added else float("inf"), str(address.id)

    return sorted(addresses, key=place)
