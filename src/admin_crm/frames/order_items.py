"""The items of orders as a frame."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, overload

from admin_crm._core.backends import Converter, converter_to
from admin_crm._core.context import CallContext
from admin_crm._core.operation import answered_by_fakes, run_sync
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM, operation
from admin_crm.errors import SchemaMismatchError
from admin_crm.frames.given import rows_of
from admin_crm.frames.orders import check_unfiltered, order_pages
from admin_crm.models import Order

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_Arrow = Literal["pyarrow", "arrow"]
_READ = "id,customer_id,order_number,created_at,status,items"


@overload
def order_items_frame(
    source: AdminCRM | Iterable[Order],
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    backend: Literal["pandas"] = "pandas",
) -> pd.DataFrame: ...
@overload
def order_items_frame(
    source: AdminCRM | Iterable[Order],
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    backend: Literal["polars"],
) -> pl.DataFrame: ...
@overload
def order_items_frame(
    source: AdminCRM | Iterable[Order],
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    backend: _Arrow,
) -> pa.Table: ...
@overload
def order_items_frame(
    source: AsyncAdminCRM,
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    backend: Literal["pandas"] = "pandas",
) -> Coroutine[Any, Any, pd.DataFrame]: ...
@overload
def order_items_frame(
    source: AsyncAdminCRM,
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    backend: Literal["polars"],
) -> Coroutine[Any, Any, pl.DataFrame]: ...
@overload
def order_items_frame(
    source: AsyncAdminCRM,
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    backend: _Arrow,
) -> Coroutine[Any, Any, pa.Table]: ...
@answered_by_fakes
def order_items_frame(
    source: AnyCRM | Iterable[Order],
    /,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    backend: str = "pandas",
) -> Any:
    """Return the items of orders as a frame, a row for each item.

    Args:
        source: a connection (await the call with an `AsyncAdminCRM`), whose orders come in the order of their ids; or
            orders that you have, which keep their order.
        since: of a connection, only orders placed at this time or later, with a time zone.
        until: of a connection, only orders placed before this time, with a time zone.
        status: of a connection, only orders of this status, as for `get_all_orders`.
        backend: ``pandas``, ``polars`` or ``pyarrow``, as for `orders_frame`.

    Returns:
        A frame with the columns `order_id`, `customer_id`, `created_at`, `status` and `is_cancelled` of the order, and
        `product_id`, `name`, `price` and `quantity` of the item. What an order does not say is missing; the web admin
        counts a missing quantity as 1.

    Raises:
        ImportError: a package is not installed; the message names the extra.
        InvalidInputError: a time has no time zone, `since` is not before `until`, one of the two or a status comes with
            orders that you have, or there is no such backend.
        SchemaMismatchError: there are orders, and none of them has the column `items`: the shop keeps its items
            elsewhere.
        PermissionDeniedError: these credentials do not see the orders: a publishable key alone, or a user who is no
            administrator.
        IncompleteReadError: a page after the first could not be fetched.

    Reads `orders`.

    Needs an administrator's session or the secret key; orders that you have need nothing.

    Examples:
        >>> items = order_items_frame(crm, since=datetime(2026, 1, 1, tzinfo=UTC))
        >>> items[~items["is_cancelled"]].groupby("name")["quantity"].sum().nlargest(10)
    """
    convert = converter_to(backend)
    if isinstance(source, AdminCRM | AsyncAdminCRM):
        return _order_items_frame(source, since, until, status, convert)
    check_unfiltered(since, until, status)
    return run_sync(CallContext("order_items_frame"), _frame_of(source, convert), whole=True)


@operation
async def _order_items_frame(
    crm: AnyCRM, since: datetime | None, until: datetime | None, status: str | None, convert: Converter
) -> Any:
    return convert(_table([_Items(page) async for page in order_pages(crm, since, until, status, _READ)]))


async def _frame_of(orders: Iterable[Order], convert: Converter) -> Any:
    return convert(_table([_Items(rows_of(orders, Order, "order_items_frame takes a connection or orders"))]))


class _Items:
    """The items of a page of orders, as a piece of the table."""

    def __init__(self, orders: Sequence[Order]) -> None:
        import pyarrow as pa

        from admin_crm._postgrest.arrow import AMOUNT, MOMENT, TEXT, array_of

        items = [(order, item) for order in orders for item in order.items or ()]
        self.lacks_all = bool(orders) and all(order.items is None for order in orders)
        self.table: pa.Table = pa.table(
            {
                "order_id": array_of(TEXT, (order.id for order, _ in items), "id"),
                "customer_id": array_of(TEXT, (order.customer_id for order, _ in items), "customer_id"),
                "created_at": array_of(MOMENT, (order.created_at for order, _ in items), "created_at"),
                "status": array_of(TEXT, (order.status for order, _ in items), "status"),
                "is_cancelled": pa.array([order.is_cancelled for order, _ in items], pa.bool_()),
                "product_id": array_of(TEXT, (item.product_id for _, item in items), "product_id"),
                "name": array_of(TEXT, (item.name for _, item in items), "name"),
                "price": array_of(AMOUNT, (item.price for _, item in items), "price"),
                "quantity": array_of(AMOUNT, (item.quantity for _, item in items), "quantity"),
            }
        )


def _table(pages: Sequence[_Items]) -> Any:
    import pyarrow as pa

    if pages and all(page.lacks_all for page in pages):
        raise SchemaMismatchError(
            "no order has its items in the column items", kind="column", name="items",
            hint="shops that keep them in a table of their own, such as order_items, are read with supabase-py",
        )  # fmt: skip
    return pa.concat_tables([page.table for page in pages or [_Items([])]])
