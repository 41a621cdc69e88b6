"""A customer's orders, and the timeline of orders, notes, notifications, points and coupons."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.connection import facts_of
from admin_crm._core.fields import Model, Timestamp
from admin_crm._core.gather import gather
from admin_crm._postgrest.query import check_exists, fetch_of_customer, fetch_one
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import SchemaMismatchError
from admin_crm.models import AdminNotes, EventKind, Notification, Order, TimelineEvent
from admin_crm.orders import get_customer_orders

__all__ = ["TimelineEvent", "get_customer_orders", "get_customer_timeline"]


class _Loyalty(Model):
    """A row of the optional tables for loyalty points and coupons, whose columns differ by shop."""

    id: UUID | str
    points: float | None = None
    reason: str | None = None
    code: str | None = None
    used_at: Timestamp | None = None
    created_at: Timestamp | None = None


@operation
async def get_customer_timeline(
    crm: AnyCRM, customer_id: UUID | str, *, limit: int | None = None
) -> list[TimelineEvent]:
    """Return a customer's timeline, newest first: orders, notes, notifications, loyalty points, used coupons.

    Args:
        crm: the connection.
        customer_id: the customer.
        limit: the maximum number of events; by default all.

    Returns:
        The events. Loyalty points and coupons are included if the shop has tables for them.

    Raises:
        InvalidInputError: the id is not a UUID, or the limit is less than 1.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.

    Reads `customer_profiles`, `orders`, `admin_customer_notes`, `user_notifications` and, if they exist,
    `loyalty_points` and `coupons`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> for event in get_customer_timeline(crm, customer_id, limit=10):
        ...     print(event.at, event.kind, event.title)
    """
    customer, tables = check.uuid(customer_id), crm.settings
    max_events = None if limit is None else check.integer(limit, "limit")
    _, orders, notes, notifications, points, coupons = await gather(
        crm,
        check_exists(crm, customer),
        fetch_of_customer(crm, tables.orders_table, customer, Order),
        fetch_one(crm, tables.notes_table, customer, AdminNotes),
        fetch_of_customer(crm, tables.notifications_table, customer, Notification, column="user_id"),
        _fetch_if_installed(crm, tables.loyalty_points_table, customer),
        _fetch_if_installed(crm, tables.coupons_table, customer),
    )
    events = [
        *(_event("order", each.created_at, _order_title(each), each) for each in orders),
        _event("notes", notes.updated_at, ", ".join(notes.tags) or "notes", notes) if notes else None,
        *(_event("notification", each.created_at, each.title or "notification", each) for each in notifications),
        *(_event("loyalty_points", each.created_at, _points_title(each), each) for each in points),
        *(_event("coupon", each.used_at, each.code or "coupon", each) for each in coupons),
    ]
    dated_events = [event for event in events if event is not None]
    return sorted(dated_events, key=lambda event: event.at.timestamp(), reverse=True)[:max_events]


async def _fetch_if_installed(crm: AnyCRM, table: str, customer: UUID) -> list[_Loyalty]:
    """Fetch the customer's rows of a table that not every shop has."""
    if facts_of(crm).lacks(table):
        return []
    try:
        return await fetch_of_customer(crm, table, customer, _Loyalty)
    except SchemaMismatchError as error:
        if error.kind != "table":
            raise
        facts_of(crm).note_absent(table)
        return []


def _event(
    kind: EventKind, at: datetime | None, title: str, row: Order | AdminNotes | Notification | _Loyalty
) -> TimelineEvent | None:
    """Create an event from a row; None for a row without a timestamp."""
    return None if at is None else TimelineEvent(kind=kind, at=at, title=title, row=row)


def _order_title(order: Order) -> str:
    total = "no total" if order.total is None else f"{order.total:,.2f}"
    return f"{order.order_number or order.id}: {total} ({order.status or 'no status'})"


def _points_title(row: _Loyalty) -> str:
    points = "" if row.points is None else f"{row.points:+g} points"
    return " ".join(part for part in (points, row.reason) if part) or "points"
