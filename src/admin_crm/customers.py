"""One customer: everything the web admin shows on the customer's page."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.fields import Model
from admin_crm._core.operation import gather, operation
from admin_crm._postgrest.key_ranges import by_key
from admin_crm._postgrest.query import fetch, fetch_all_of, newest_first, only
from admin_crm._storage.objects import read_evidence
from admin_crm.client import AnyCRM
from admin_crm.errors import CustomerNotFoundError, InvalidInputError, PermissionDeniedError
from admin_crm.labels import CustomerTier
from admin_crm.models import (
    Address,
    AdminCustomer,
    AdminCustomerDetail,
    AdminNotes,
    CustomerProfile,
    Evidence,
    Order,
    OrdersSummary,
    TierProgress,
)
from admin_crm.settings import Settings

_CENT = Decimal("0.01")


@operation
async def get_admin_customer_details(crm: AnyCRM, customer_id: UUID | str) -> AdminCustomerDetail:
    """Return one customer with addresses, orders, notes, evidence and RFM figures, read side by side.

    Args:
        crm: the connection.
        customer_id: the customer.

    Returns:
        The customer. `orders` and `orders_summary` leave cancelled orders out; evidence URLs are signed.
        Segment, health and e-mail come from the view, and are None where it does not show this customer.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: there is no such profile for this key.
        AdminCRMError: any part could not be read; none is passed off as empty.

    Reads `customer_profiles`, `admin_customer_notes`, `addresses`, `orders`, the view
    `customer_intelligence_360` and the bucket `customer-evidence`.

    Example:
        >>> customer = get_admin_customer_details(crm, customer_id)
        >>> customer.orders_summary.total_spent
    """
    customer = check.uuid(customer_id)
    profile, row, notes, addresses, orders, evidence = await gather(
        crm,
        read_profile(crm, customer),
        _view_row(crm, customer),
        read_notes(crm, customer),
        fetch_all_of(crm, customer, crm.settings.addresses_table, Address),
        read_orders(crm, customer),
        read_evidence(crm, customer, crm.settings.signed_url_seconds),
    )
    if profile is None:
        raise _not_found()
    return _detail(profile, row, notes, addresses, orders, evidence)


@operation
async def get_customer_intelligence(crm: AnyCRM, customer_id: UUID | str) -> AdminCustomer:
    """Return a customer's row of the directory: segment, health and RFM figures.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: there is no such profile for this key.
        PermissionDeniedError: the profile is there, but the view does not show it to this key.

    Reads the view `customer_intelligence_360`.

    Example:
        >>> get_customer_intelligence(crm, customer_id).canonical_segment
    """
    customer = check.uuid(customer_id)
    row = await _view_row(crm, customer)
    if row is None:
        await check_exists(crm, customer)
        raise PermissionDeniedError(
            f"the view {crm.settings.view} does not show this customer to this key",
            hint="connect with AdminCRM.sign_in as an administrator; the view may leave administrators out",
        )
    return row


def tier_progress(
    customer: AdminCustomer | CustomerProfile | Decimal | float, *, settings: Settings | None = None
) -> TierProgress:
    """Return a customer's tier by lifetime spend, and how far the next tier is.

    Args:
        customer: the customer, or the amount spent, in the shop's currency.
        settings: where the thresholds come from; 5,000, 20,000 and 50,000 by default.

    Raises:
        InvalidInputError: the amount is negative or not a number.

    Example:
        >>> tier_progress(Decimal("7500")).amount_to_next
        Decimal('12500')
    """
    spent = _amount(customer)
    given = settings or Settings()
    steps = [
        (CustomerTier.BRONZE, Decimal(0)),
        (CustomerTier.SILVER, given.silver_from),
        (CustomerTier.GOLD, given.gold_from),
        (CustomerTier.PLATINUM, given.platinum_from),
    ]
    reached = [tier for tier, start in steps if spent >= start]
    ahead = [(tier, start) for tier, start in steps if spent < start]
    following, start = ahead[0] if ahead else (None, None)
    return TierProgress(
        tier=reached[-1],
        spent=spent,
        next_tier=following,
        amount_to_next=None if start is None else start - spent,
    )


async def read_profile(crm: AnyCRM, customer: UUID) -> CustomerProfile | None:
    """Read a customer's profile; None where this key sees none."""
    table = crm.settings.profiles_table
    return only(
        await fetch(crm, lambda: crm.supabase.table(table).select("*").eq("id", str(customer)), CustomerProfile)
    )


async def check_exists(crm: AnyCRM, customer: UUID) -> CustomerProfile:
    """Read a customer's profile, and raise where this key sees none."""
    profile = await read_profile(crm, customer)
    if profile is None:
        raise _not_found()
    return profile


async def read_notes(crm: AnyCRM, customer: UUID) -> AdminNotes | None:
    """Read a customer's notes; None before the first."""
    table = crm.settings.notes_table
    return only(
        await fetch(crm, lambda: crm.supabase.table(table).select("*").eq("customer_id", str(customer)), AdminNotes)
    )


async def read_orders(crm: AnyCRM, customer: UUID) -> list[Order]:
    """Read all of a customer's orders, newest first, the cancelled ones included."""
    return newest_first(await fetch_all_of(crm, customer, crm.settings.orders_table, Order))


async def _view_row(crm: AnyCRM, customer: UUID) -> AdminCustomer | None:
    view = crm.settings.view
    rows: list[AdminCustomer] = await by_key(
        crm,
        lambda key: fetch(crm, lambda: crm.supabase.table(view).select("*").eq(key, str(customer)), AdminCustomer),
    )
    return only(rows)


def _not_found() -> CustomerNotFoundError:
    return CustomerNotFoundError(
        "there is no such customer for this key",
        hint="check the id; row-level security may hide the customer from this key",
    )


def _detail(
    profile: CustomerProfile,
    row: AdminCustomer | None,
    notes: AdminNotes | None,
    addresses: Sequence[Address],
    orders: Sequence[Order],
    evidence: Sequence[Evidence],
) -> AdminCustomerDetail:
    """Put the parts together; what the view says wins, except the profile's own columns."""
    counted = [order for order in orders if not order.is_cancelled]
    shown = {} if row is None else _given(row) | {"recency_as_sent": row.recency_as_sent}
    return AdminCustomerDetail.model_validate(
        shown
        | _given(profile)
        | {
            "addresses": list(addresses),
            "orders": counted,
            "orders_summary": summarize_orders(counted),
            "admin_notes": notes,
            "evidence": list(evidence),
        }
    )


def _given(row: Model) -> dict[str, object]:
    """Return what a row says, without the columns it leaves empty."""
    return {
        name: value for name, value in (*row.__dict__.items(), *(row.model_extra or {}).items()) if value is not None
    }


def summarize_orders(orders: Sequence[Order]) -> OrdersSummary:
    """Sum orders up: spent, count, average order value, date of the last."""
    spent = sum((order.total for order in orders), Decimal(0))
    dates = [order.created_at for order in orders if order.created_at]
    return OrdersSummary(
        total_spent=spent,
        total_orders=len(orders),
        aov=(spent / len(orders)).quantize(_CENT) if orders else Decimal(0),
        last_order_date=max(dates, default=None),
    )


def _amount(customer: AdminCustomer | CustomerProfile | Decimal | float) -> Decimal:
    spent = customer if isinstance(customer, int | float | Decimal) else customer.total_spent or Decimal(0)
    amount = Decimal(str(spent))
    if not amount.is_finite() or amount < 0:
        raise InvalidInputError("the amount spent must be a number from 0 up", argument="customer")
    return amount
