"""A customer's orders, and the timeline of orders, notes, notifications, points, coupons and moderation."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from admin_crm._core import validation as check
from admin_crm._core.connection import facts_of
from admin_crm._core.gather import gather
from admin_crm._core.log import log
from admin_crm._core.secret_key import has_secret_key
from admin_crm._postgrest.moderation_log import fetch_log
from admin_crm._postgrest.private import PrivateTable, fetch_visible, sees_rows
from admin_crm._postgrest.query import check_exists, fetch_fields, fetch_of_customer, fetch_one, if_installed
from admin_crm.client import AnyCRM, operation
from admin_crm.models import (
    AdminNotes,
    EventKind,
    LoyaltyEntry,
    ModerationEntry,
    Notification,
    Order,
    RowList,
    TimelineEvent,
    UsedCoupon,
)
from admin_crm.orders import get_customer_orders

__all__ = ["TimelineEvent", "get_customer_orders", "get_customer_timeline"]

M = TypeVar("M", bound=BaseModel)

_COUPON = "id,customer_id,coupon_code,order_id,used_at"


@operation
async def get_customer_timeline(
    crm: AnyCRM, customer_id: UUID | str, *, limit: int | None = None
) -> list[TimelineEvent]:
    """Return a customer's timeline, newest first: orders, notes, notifications, points, used coupons, moderation.

    An administrator's session does not see used coupons, unless the shop has added a policy for that. With a session
    alone they are then missing, and the log says so once; with the secret key, alone or beside a session, they are
    there.

    Args:
        crm: the connection.
        customer_id: the customer.
        limit: the maximum number of events; by default all.

    Returns:
        The events. Loyalty points, used coupons and moderation are included if the shop has tables for them.

    Raises:
        InvalidInputError: the id is not a UUID, or the limit is less than 1.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.

    Reads `customer_profiles`, `orders`, `admin_customer_notes`, `user_notifications` and, if they exist,
    `loyalty_points`, `customer_coupons` and `moderation_log`.

    Needs an administrator's session or the secret key; for used coupons the secret key.

    Examples:
        >>> for event in get_customer_timeline(crm, customer_id, limit=10):
        ...     print(event.at, event.kind, event.title)
    """
    return await timeline_of(crm, customer_id, limit)


async def timeline_of(crm: AnyCRM, customer_id: UUID | str, limit: int | None) -> list[TimelineEvent]:
    """Fetch a customer's timeline, as a step of another call too."""
    customer, tables = check.uuid(customer_id), crm.settings
    max_events = None if limit is None else check.integer(limit, "limit")
    _, orders, notes, notifications, points, coupons, moderation = await gather(
        crm,
        check_exists(crm, customer),
        fetch_fields(crm, tables.orders_table, customer, Order),
        fetch_one(crm, tables.notes_table, customer, AdminNotes),
        fetch_of_customer(crm, tables.notifications_table, customer, Notification, column="user_id"),
        if_installed(
            crm, tables.loyalty_points_table, fetch_fields(crm, tables.loyalty_points_table, customer, LoyaltyEntry)
        ),
        if_installed(crm, tables.customer_coupons_table, _fetch_coupons(crm, customer)),
        if_installed(crm, tables.moderation_log_table, fetch_log(crm, customer)),
    )
    events = [
        *(_event("order", each.created_at, _order_title(each), each) for each in orders),
        _event("notes", notes.updated_at, ", ".join(notes.tags) or "notes", notes) if notes else None,
        *(_event("notification", each.created_at, each.title or "notification", each) for each in notifications),
        *(_event("loyalty_points", each.created_at, _points_title(each), each) for each in points or ()),
        *(_event("coupon", each.used_at, each.coupon_code or "coupon", each) for each in coupons or ()),
        *(_event("moderation", each.created_at, _moderation_title(each), each) for each in moderation or ()),
    ]
    dated_events = [event for event in events if event is not None]
    newest_first = sorted(dated_events, key=lambda event: event.at.timestamp(), reverse=True)
    return RowList(newest_first[:max_events])


async def _fetch_coupons(crm: AnyCRM, customer: UUID) -> list[UsedCoupon]:
    """Fetch the used coupons that this connection sees; where it sees nobody's, the log says so once."""
    table, asked = PrivateTable(crm.settings.customer_coupons_table, _COUPON), facts_of(crm).visibility_asked
    coupons = await fetch_visible(crm, table, customer, UsedCoupon)
    if not coupons and table.name not in asked and not has_secret_key(crm):
        asked.add(table.name)
        if not await sees_rows(crm, table):
            log.warning(
                "get_customer_timeline: this session sees no row of %s, so timelines lack used coupons; "
                "connect with a secret key beside the session",
                table.name,
            )
    return coupons


def _event(
    kind: EventKind,
    at: datetime | None,
    title: str,
    row: Order | AdminNotes | Notification | LoyaltyEntry | UsedCoupon | ModerationEntry,
) -> TimelineEvent | None:
    """Create an event from a row; None for a row without a timestamp."""
    points = row.signed_points if isinstance(row, LoyaltyEntry) else None
    return None if at is None else TimelineEvent(kind=kind, at=at, title=title, points=points, row=row)


def _order_title(order: Order) -> str:
    total = "no total" if order.total is None else f"{order.total:,.2f}"
    return f"{order.order_number or order.id}: {total} ({order.status or 'no status'})"


def _points_title(row: LoyaltyEntry) -> str:
    points = "" if row.signed_points is None else f"{row.signed_points:+,} points"
    return " ".join(part for part in (points, row.description) if part) or "points"


def _moderation_title(entry: ModerationEntry) -> str:
    return ": ".join(part for part in (entry.status, entry.reason) if part) or "moderation"
