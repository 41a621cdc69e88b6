"""Items of orders, in shops that keep them in a table of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterable, Sequence
from decimal import Decimal
from functools import partial
from uuid import UUID

from admin_crm._core.connection import facts_of
from admin_crm._core.fields import Model
from admin_crm._core.gather import gather
from admin_crm._core.pager import Batch, fetch_at_offsets
from admin_crm._postgrest.products import (
    Product,
    embedded_categories,
    embedded_columns,
    embedding,
    fetch_products,
    key,
)
from admin_crm._postgrest.query import EXACT_COUNT, NO_SUCH_COLUMNS, Query, batches, fetch_batch, fetch_either
from admin_crm.client import AnyCRM
from admin_crm.errors import SchemaMismatchError

Count = int | float

_COLUMNS = ("order_id", "product_id", "quantity")


class TableItem(Model):
    """A row of the table, with its product where that came in the same response."""

    order_id: UUID | str
    product_id: UUID | str | None = None
    quantity: Count | None = None
    price: Decimal | None = None
    product: Product | None = None


async def fetch_table_items(crm: AnyCRM, orders: Sequence[str], *, priced: bool = False) -> list[TableItem]:
    """Fetch the items of orders; empty if the shop has no such table (detected once per connection).

    The products come in the same response once the table is known to exist: a server that lacks it says so only
    when it is asked for nothing else.

    Args:
        crm: the connection.
        orders: the orders' ids.
        priced: fetch prices too, where the table has them.
    """
    table = crm.settings.order_items_table
    if not orders or facts_of(crm).lacks(table):
        return []
    if not priced:
        return await _fetch_if_installed(crm, orders, _COLUMNS)
    with_price = (*_COLUMNS, "price")
    return await fetch_either(
        crm,
        f"{table}({','.join(with_price)})",
        NO_SUCH_COLUMNS,
        lambda: _fetch_if_installed(crm, orders, with_price),
        lambda: _fetch_if_installed(crm, orders, _COLUMNS),
    )


async def fetch_products_of(crm: AnyCRM, items: Iterable[TableItem], known: Collection[str] = ()) -> dict[str, Product]:
    """Return the products of items: those that came with them, and the others, unless they are known."""
    rows = list(items)
    products = {key(row.product.id): row.product for row in rows if row.product}
    left = {key(row.product_id) for row in rows if row.product_id and "product" not in row.model_fields_set}
    return products | await fetch_products(crm, left - set(known))


async def _fetch_if_installed(crm: AnyCRM, orders: Sequence[str], columns: Sequence[str]) -> list[TableItem]:
    facts, settings = facts_of(crm), crm.settings
    table, plain_columns = settings.order_items_table, ",".join(columns)

    async def plain() -> list[TableItem]:
        return await _fetch_in_batches(crm, orders, columns, plain_columns)

    async def embedded() -> list[TableItem]:
        products = f"product:{settings.products_table}({embedded_columns(crm)})"
        return await _fetch_in_batches(crm, orders, columns, f"{plain_columns},{products}")

    try:
        if facts.has(table) and not facts.lacks(embedded_categories(crm)):
            return await embedding(crm, f"{table} to {settings.products_table}", embedded, plain)
        rows = await plain()
    except SchemaMismatchError as error:
        if error.kind != "table":
            raise
        facts.note_absent(table)
        return []
    facts.note_present(table)
    return rows


async def _fetch_in_batches(
    crm: AnyCRM, orders: Sequence[str], columns: Sequence[str], selected: str
) -> list[TableItem]:
    found = await gather(crm, *(_fetch_batch(crm, batch, columns, selected) for batch in batches(orders)))
    return [row for rows in found for row in rows]


async def _fetch_batch(crm: AnyCRM, orders: Sequence[str], columns: Sequence[str], selected: str) -> list[TableItem]:
    table, size = crm.settings.order_items_table, crm.settings.page_size

    def query(offset: int) -> Query:
        # The table may have no unique key. Rows that are equal in all columns are interchangeable.
        items = crm.supabase.table(table).select(selected, count=EXACT_COUNT).in_("order_id", orders)
        for column in columns:
            items = items.order(column)
        return items.range(offset, offset + size - 1)

    def page_at(offset: int) -> Awaitable[Batch[TableItem]]:
        return fetch_batch(crm, partial(query, offset), TableItem)

    # Two lines of one order may well be equal.
    pager = await fetch_at_offsets(
        page_at, lambda row: (row.order_id, row.product_id, row.quantity, row.price), distinct=False
    )
    return pager.rows
