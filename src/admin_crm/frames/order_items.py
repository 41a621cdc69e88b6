"""The items of orders as a frame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, overload

from admin_crm._core.backends import Converter, converter_to
from admin_crm._core.connection import facts_of
from admin_crm._core.context import CallContext
from admin_crm._core.operation import answered_by_fakes, run_sync
from admin_crm._core.progress import Progress, is_wanted
from admin_crm._postgrest.decode import ModelDecoder
from admin_crm._postgrest.exported import ExportedOrder
from admin_crm._postgrest.order_items import fetch_products_of, fetch_table_items
from admin_crm._postgrest.orders import OrderFilters, orders_source
from admin_crm._postgrest.products import key
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM, operation
from admin_crm.errors import SchemaMismatchError
from admin_crm.frames.given import rows_of
from admin_crm.frames.orders import check_unfiltered, order_pages
from admin_crm.models import Order, OrderItem

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
    progress: Progress = None,
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
    progress: Progress = None,
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
    progress: Progress = None,
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
    progress: Progress = None,
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
    progress: Progress = None,
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
    progress: Progress = None,
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
    progress: Progress = None,
) -> Any:
    """Return the items of orders as a frame, a row for each item.

    Args:
        source: a connection (await the call with an `AsyncAdminCRM`), whose orders come in the order of their ids; or
            orders that you have, which keep their order.
        since: of a connection, only orders placed at this time or later, with a time zone.
        until: of a connection, only orders placed before this time, with a time zone.
        status: of a connection, only orders of this status, as for `get_all_orders`.
        backend: ``pandas``, ``polars`` or ``pyarrow``, as for `orders_frame`.
        progress: of a connection, True for a progress bar (extra `notebook`), or a function of the orders read and
            all. They are then counted first, with one request.

    Returns:
        A frame with the columns `order_id`, `customer_id`, `created_at`, `status` and `is_cancelled` of the order, and
        `product_id`, `name`, `price` and `quantity` of the item. What an order does not say is missing; the web admin
        counts a missing quantity as 1.

    Raises:
        ImportError: a package is not installed; the message names the extra.
        InvalidInputError: a time has no time zone, `since` is not before `until`, one of the two or a status comes with
            orders that you have, or there is no such backend.
        SchemaMismatchError: there are orders, none of them has the column `items`, and there is no table
            `order_items`: the shop keeps its items elsewhere.
        PermissionDeniedError: these credentials do not see the orders: a publishable key alone, or a user who is no
            administrator.
        IncompleteReadError: a page after the first could not be fetched.

    Reads `orders`; of an order whose own column `items` is empty, the table `order_items`, where the shop has it, and
    `products` for the names.

    Needs an administrator's session or the secret key; orders that you have need nothing.

    Examples:
        >>> items = order_items_frame(crm, since=datetime(2026, 1, 1, tzinfo=UTC))
        >>> items[~items["is_cancelled"]].groupby("name")["quantity"].sum().nlargest(10)
    """
    convert = converter_to(backend)
    is_wanted(progress)  # raises where it is no such argument
    if isinstance(source, AdminCRM | AsyncAdminCRM):
        return _order_items_frame(source, OrderFilters(since, until, status), convert, progress)
    check_unfiltered(since, until, status)
    return run_sync(CallContext("order_items_frame"), _frame_of(source, convert), whole=True)


@operation
async def _order_items_frame(crm: AnyCRM, filters: OrderFilters, convert: Converter, progress: Progress) -> Any:
    source = orders_source(crm, ModelDecoder(ExportedOrder), *filters, columns=_READ)
    pages = [_Items(await _with_table_items(crm, page)) async for page in order_pages(source, progress)]
    return convert(_table(pages))


async def _with_table_items(crm: AnyCRM, orders: Sequence[Order]) -> Sequence[Order]:
    """Give orders without items of their own those that the shop keeps in a table, if it has one."""
    bare = [key(order.id) for order in orders if not order.items]
    rows = await fetch_table_items(crm, bare, priced=True)
    if not facts_of(crm).has(crm.settings.order_items_table):
        return orders
    products = await fetch_products_of(crm, rows)
    items: defaultdict[str, list[OrderItem]] = defaultdict(list)
    for row in rows:
        product = products.get(key(row.product_id)) if row.product_id else None
        item = OrderItem(
            product_id=row.product_id, name=product.name if product else None, price=row.price, quantity=row.quantity
        )
        items[key(row.order_id)].append(item)
    return [
        order if order.items else order.model_copy(update={"items": items[key(order.id)]})
        for order in orders
    ]  # fmt: skip


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
            "no order has items in its column items, and the shop has no table of order items",
            kind="column", name="items",
            hint="if a table of another name has them, set Settings.order_items_table",
        )  # fmt: skip
    return pa.concat_tables([page.table for page in pages or [_Items([])]])
