"""Orders: those of a customer, and those of all customers."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, overload
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.progress import Progress, is_wanted, reporting
from admin_crm._core.rows import newest_first
from admin_crm._postgrest.counted import counting
from admin_crm._postgrest.decode import ModelDecoder
from admin_crm._postgrest.key_ranges import fetch_first_page, fetch_ranges, in_order_of_key
from admin_crm._postgrest.orders import check_sees_orders, orders_source
from admin_crm._postgrest.query import check_exists, fetch_all, fetch_of_customer
from admin_crm._postgrest.stream import stream, streamed
from admin_crm._postgrest.table_pages import TablePages
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM, operation
from admin_crm.models import Order, RowList

_ORDERS = ModelDecoder(Order)


@operation
async def get_customer_orders(crm: AnyCRM, customer_id: UUID | str, *, include_cancelled: bool = True) -> list[Order]:
    """Return all orders of a customer, newest first.

    Args:
        crm: the connection.
        customer_id: the customer.
        include_cancelled: include cancelled orders, in any spelling of that status.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.

    Reads `orders`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> orders = get_customer_orders(crm, customer_id)
        >>> sum(order.total or 0 for order in orders if not order.is_cancelled)
    """
    customer = check.uuid(customer_id)
    orders = newest_first(await fetch_of_customer(crm, crm.settings.orders_table, customer, Order))
    if not orders:
        await check_exists(crm, customer)
    return RowList(order for order in orders if include_cancelled or not order.is_cancelled)


@operation
async def get_all_orders(
    crm: AnyCRM,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    progress: Progress = None,
) -> list[Order]:
    """Return the orders of all customers, newest first, however few rows the server returns per response.

    No duplicates and no omissions, even if orders are placed during the read. Orders without a customer, such as those
    of deleted customers, are included, and so are cancelled ones unless a status is given.

    Args:
        crm: the connection.
        since: only orders placed at this time or later, with a time zone.
        until: only orders placed before this time, with a time zone.
        status: only orders of this status, in any case, as the shop spells it; the status of a cancelled order finds
            all its spellings (`cancelled`, `canceled`, `cancelado`).
        progress: True for a progress bar (extra `notebook`), or a function of the orders read and all.

    Returns:
        The orders; those without `created_at` come last.

    Raises:
        InvalidInputError: a time has no time zone, `since` is not before `until`, or the status is empty.
        PermissionDeniedError: these credentials do not see the orders: a publishable key alone, or a user who is no
            administrator.
        IncompleteReadError: a page could not be fetched; `rows` holds the orders fetched so far.
        SchemaMismatchError: the table does not exist.

    Reads `orders`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> november = get_all_orders(crm, since=datetime(2026, 11, 1, tzinfo=UTC))
        >>> sum(order.total or 0 for order in november if not order.is_cancelled)
    """
    is_wanted(progress)  # raises where it is no such argument
    source = orders_source(crm, _ORDERS, since, until, status)
    first = await fetch_first_page(source)
    await check_sees_orders(crm, first.rows)
    if all(isinstance(order.id, UUID) for order in first.rows):
        with counting(_ORDERS, progress, first.total or 0, "orders", begun=len(first.rows)) as decoder:
            pages = await fetch_ranges(replace(source, decoder=decoder), first=first)
        return RowList(newest_first(in_order_of_key(_ORDERS, pages)))
    with reporting(progress, first.total or 0, "orders") as report:
        # Keys of another kind than UUIDs cannot be cut into ranges.
        return RowList(newest_first(await fetch_all(crm, source.counted, Order, report=report)))


@overload
def iter_orders(
    crm: AdminCRM, *, since: datetime | None = None, until: datetime | None = None, status: str | None = None
) -> Iterable[Order]: ...
@overload
def iter_orders(
    crm: AsyncAdminCRM, *, since: datetime | None = None, until: datetime | None = None, status: str | None = None
) -> AsyncIterable[Order]: ...
@streamed
def iter_orders(
    crm: AnyCRM, *, since: datetime | None = None, until: datetime | None = None, status: str | None = None
) -> Any:
    """Stream the orders of all customers, with only a part of them in memory.

    Each iteration starts from the beginning. The orders come in the order of their ids, the only order that is stable
    while orders are being placed.

    Args:
        crm: the connection; with an `AsyncAdminCRM`, iterate with ``async for``.
        since: as for `get_all_orders`.
        until: as for `get_all_orders`.
        status: as for `get_all_orders`.

    Raises:
        InvalidInputError: a time has no time zone, `since` is not before `until`, or the status is empty.
        PermissionDeniedError: on iteration, these credentials do not see the orders: a publishable key alone, or a
            user who is no administrator.
        IncompleteReadError: on iteration, a page after the first could not be fetched.

    Reads `orders`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> sum(order.total or 0 for order in iter_orders(crm, status="delivered"))
    """
    source = orders_source(crm, _ORDERS, since, until, status)
    return stream(crm, "iter_orders", lambda: TablePages(source, partial(check_sees_orders, crm)), source.count)
