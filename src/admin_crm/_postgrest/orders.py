"""Orders: which of all customers' a read is about, whether these rights see them, and their figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from admin_crm._core import validation as check
from admin_crm._postgrest.decode import Decoder
from admin_crm._postgrest.rights import check_owners
from admin_crm._postgrest.row_source import RowSource
from admin_crm.client import AnyCRM
from admin_crm.errors import InvalidInputError
from admin_crm.models import CANCELLED, Order, OrdersSummary

R = TypeVar("R")
_CENT = Decimal("0.01")


class OrderFilters(NamedTuple):
    """Which orders: those of a time and a status, as `get_all_orders` takes them."""

    since: datetime | None
    until: datetime | None
    status: str | None


def orders_source(
    crm: AnyCRM,
    decoder: Decoder[R],
    since: datetime | None,
    until: datetime | None,
    status: str | None,
    columns: str = "*",
) -> RowSource[R]:
    """Return the orders of a time and a status, as `get_all_orders` takes them.

    Args:
        crm: the connection.
        decoder: what the orders become.
        since: only orders placed at this time or later.
        until: only orders placed before this time.
        status: only orders of this status; that of a cancelled order in all its spellings.
        columns: the columns that are wanted; all by default.

    Raises:
        InvalidInputError: a time has no time zone, `since` is not before `until`, or the status is empty.
    """
    start = None if since is None else check.aware(since, "since")
    end = None if until is None else check.aware(until, "until")
    if start is not None and end is not None and start >= end:
        raise InvalidInputError("since must be before until", argument="since")
    pattern = None if status is None else _status_pattern(check.text(status, "status", max_length=60))

    def filtered(rows: Any) -> Any:
        if start is not None:
            rows = rows.gte("created_at", start.isoformat())
        if end is not None:
            rows = rows.lt("created_at", end.isoformat())
        return rows if pattern is None else rows.filter("status", "imatch", pattern)

    table = crm.settings.orders_table
    return RowSource(crm, decoder, filtered=filtered, table=table, columns=columns, what="orders")


async def check_sees_orders(crm: AnyCRM, orders: Sequence[Order]) -> None:
    """Raise where the first orders are all that these rights see, because they are no administrator's.

    Raises:
        PermissionDeniedError: nobody is signed in, or a user who is no administrator.
    """
    await check_owners(crm, [order.customer_id for order in orders], "the orders")


def summarize_orders(orders: Sequence[Order]) -> OrdersSummary:
    """Return the figures of orders that are not cancelled: amount spent, count, average value, date of the last one."""
    totals = [order.total for order in orders if order.total is not None]
    spent = sum(totals, Decimal(0))
    dates = [order.created_at for order in orders if order.created_at]
    return OrdersSummary(
        total_spent=spent,
        total_orders=len(orders),
        aov=(spent / len(totals)).quantize(_CENT) if totals else Decimal(0),
        last_order_date=max(dates, default=None),
    )


def _status_pattern(status: str) -> str:
    """Return a regular expression for a status; for that of a cancelled order in all its spellings."""
    spellings = CANCELLED if status.casefold() in CANCELLED else (status,)
    return f"^({'|'.join(map(re.escape, spellings))})$"
