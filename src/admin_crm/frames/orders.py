"""The shop's orders as a frame."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload
from uuid import UUID

from admin_crm._core.backends import Converter, converter_to
from admin_crm._core.context import CallContext
from admin_crm._core.operation import answered_by_fakes, run_sync
from admin_crm._core.progress import Progress, is_wanted
from admin_crm._postgrest.columns import chosen_columns
from admin_crm._postgrest.counted import counting
from admin_crm._postgrest.decode import ModelDecoder
from admin_crm._postgrest.exported import PERSONAL_OF_ORDERS, ExportedOrder, order_fields
from admin_crm._postgrest.key_ranges import fetch_first_page, fetch_ranges
from admin_crm._postgrest.orders import OrderFilters, check_sees_orders, orders_source
from admin_crm._postgrest.rights import check_owners
from admin_crm._postgrest.row_source import RowSource
from admin_crm._postgrest.table_pages import TablePages
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM, operation
from admin_crm.errors import InvalidInputError
from admin_crm.frames.given import rows_of
from admin_crm.models import Order

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_Arrow = Literal["pyarrow", "arrow"]
_COLUMNS = (
    "id", "customer_id", "order_number", "created_at", "status", "is_cancelled", "payment_method", "payment_status",
    "subtotal", "shipping_cost", "discount", "total",
)  # fmt: skip


@overload
def orders_frame(
    source: AdminCRM | Iterable[Order],
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: Literal["pandas"] = "pandas",
    progress: Progress = None,
) -> pd.DataFrame: ...
@overload
def orders_frame(
    source: AdminCRM | Iterable[Order],
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: Literal["polars"],
    progress: Progress = None,
) -> pl.DataFrame: ...
@overload
def orders_frame(
    source: AdminCRM | Iterable[Order],
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: _Arrow,
    progress: Progress = None,
) -> pa.Table: ...
@overload
def orders_frame(
    source: AsyncAdminCRM,
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: Literal["pandas"] = "pandas",
    progress: Progress = None,
) -> Coroutine[Any, Any, pd.DataFrame]: ...
@overload
def orders_frame(
    source: AsyncAdminCRM,
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: Literal["polars"],
    progress: Progress = None,
) -> Coroutine[Any, Any, pl.DataFrame]: ...
@overload
def orders_frame(
    source: AsyncAdminCRM,
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: _Arrow,
    progress: Progress = None,
) -> Coroutine[Any, Any, pa.Table]: ...
@answered_by_fakes
def orders_frame(
    source: AnyCRM | Iterable[Order],
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: str = "pandas",
    progress: Progress = None,
) -> Any:
    """Return orders as a frame: money as float64, timestamps in UTC, ids and labels as strings.

    Args:
        source: a connection, whose orders come newest first, those of deleted customers and cancelled ones included
            (await the call with an `AsyncAdminCRM`); or orders that you have, which keep their order.
        since: of a connection, only orders placed at this time or later, with a time zone.
        until: of a connection, only orders placed before this time, with a time zone.
        status: of a connection, only orders of this status, as for `get_all_orders`.
        columns: the names of the columns, in this order: fields of `Order`, `is_cancelled`, or names of columns that
            the shop has besides. By default all but `items`, which is JSON, and `tracking_notes`.
        personal: allow columns that may say who has ordered or where they live: `tracking_notes`, `mp_payment_data`.
        backend: ``pandas``, ``polars``, or ``pyarrow``, whose table duckdb and everything else takes that
            speaks Arrow.
        progress: of a connection, True for a progress bar (extra `notebook`), or a function of the orders read and
            all.

    Returns:
        A frame with one row for each order. JSON is text. What could not be read is missing, and is counted in one
        warning.

    Raises:
        ImportError: a package is not installed; the message names the extra.
        InvalidInputError: a time has no time zone, `since` is not before `until`, one of the two or a status comes with
            orders that you have, a column is personal and `personal` is not set, or there is no such backend.
        PermissionDeniedError: these credentials do not see the orders: a publishable key alone, or a user who is no
            administrator.
        IncompleteReadError: a page could not be fetched; `rows` holds what was fetched.

    Reads `orders`, and only the columns that are needed.

    Needs an administrator's session or the secret key; orders that you have need nothing.

    Examples:
        >>> frame = orders_frame(crm, since=datetime(2026, 1, 1, tzinfo=UTC))
        >>> frame.resample("MS", on="created_at")["total"].sum()
        >>> orders_frame(get_customer_orders(crm, customer_id), columns=["created_at", "total"], backend="polars")
    """
    convert = converter_to(backend)
    names = chosen_columns(columns, _COLUMNS, PERSONAL_OF_ORDERS, personal=personal)
    is_wanted(progress)  # raises where it is no such argument
    if isinstance(source, AdminCRM | AsyncAdminCRM):
        return _orders_frame(source, names, OrderFilters(since, until, status), convert, progress)
    check_unfiltered(since, until, status)
    return run_sync(CallContext("orders_frame"), _frame_of(source, names, convert), whole=True)


@operation
async def _orders_frame(
    crm: AnyCRM, names: Sequence[str], filters: OrderFilters, convert: Converter, progress: Progress
) -> Any:
    from admin_crm._postgrest.layouts import ORDERS
    from admin_crm._postgrest.record_batches import RecordDecoder

    read = list(dict.fromkeys([*names, "customer_id"]))
    decoder = RecordDecoder(ExportedOrder, read, newest_first=True, layout=ORDERS)
    source = orders_source(crm, decoder, *filters, columns=",".join(order_fields(["created_at", *names])))
    first = await fetch_first_page(source)
    await check_owners(crm, [row["customer_id"] for row in first.rows], "the orders")
    if all(map(_has_uuid, first.rows)):
        with counting(decoder, progress, first.total or 0, "orders", begun=len(first.rows)) as counted:
            pages = await fetch_ranges(replace(source, decoder=counted), first=first)
    else:  # keys of another kind cannot be cut into ranges
        orders = orders_source(crm, ModelDecoder(ExportedOrder), *filters, columns=source.columns)
        pages = [decoder.convert(page) async for page in order_pages(orders, progress)]
    return convert(decoder.table(pages).select(list(names)))


async def order_pages(source: RowSource[ExportedOrder], progress: Progress) -> AsyncGenerator[Sequence[ExportedOrder]]:
    """Read orders page after page, whatever kind of key the shop's table has."""
    total = await source.count() if is_wanted(progress) else 0
    with counting(source.decoder, progress, total, "orders") as decoder:
        pages = TablePages(replace(source, decoder=decoder), partial(check_sees_orders, source.crm))
        while found := await pages.next():
            for page in found:
                yield page


def check_unfiltered(since: object, until: object, status: object) -> None:
    """Raise where a filter of a read comes with orders that the caller has already."""
    given = [name for name, value in (("since", since), ("until", until), ("status", status)) if value is not None]
    if given:
        raise InvalidInputError(
            f"{given[0]} is for reading orders with a connection, and these orders were read already",
            argument=given[0],
            hint="pass a connection, or filter the orders yourself",
        )


async def _frame_of(orders: Iterable[Order], names: Sequence[str], convert: Converter) -> Any:
    from admin_crm._postgrest.layouts import ORDERS
    from admin_crm._postgrest.record_batches import RecordDecoder

    decoder = RecordDecoder(Order, names, layout=ORDERS)
    found = rows_of(orders, Order, "orders_frame takes a connection or orders")
    return convert(decoder.table([decoder.convert(found)], as_they_come=True))


def _has_uuid(row: Mapping[str, Any]) -> bool:
    try:
        UUID(row["id"])
    except ValueError:
        return False
    return True
