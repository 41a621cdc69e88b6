"""A customer's favourite products and categories, computed from the orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.connection import facts_of
from admin_crm._core.fields import Model
from admin_crm._core.gather import gather
from admin_crm._core.pager import Batch, fetch_at_offsets
from admin_crm._postgrest.query import EXACT_COUNT, Query, check_exists, fetch_all, fetch_batch, fetch_of_customer
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import InvalidInputError, SchemaMismatchError
from admin_crm.models import CategoryCount, CustomerPreferences, Order, ProductCount

__all__ = ["CategoryCount", "CustomerPreferences", "ProductCount", "get_customer_preferences"]

Named = TypeVar("Named", bound="_Named")
Counts = defaultdict[tuple[str | None, str], int | float]

UNKNOWN_PRODUCT = "Unknown product"
UNKNOWN_CATEGORY = "Unknown category"
_BATCH = 100
"""Ids in one filter: the URL stays below 4 KB, which every proxy accepts."""
_NOT_AN_ID = "22P02"


class _Named(Model):
    id: UUID | str
    name: str | None = None


class _Product(_Named):
    category_id: UUID | str | None = None


class _TableItem(Model):
    order_id: UUID | str
    product_id: UUID | str | None = None
    quantity: int | float | None = None


class _Line(NamedTuple):
    """One item of an order, from the table or from the order's JSON."""

    product_id: str | None
    name: str | None
    quantity: int | float


@operation
async def get_customer_preferences(crm: AnyCRM, customer_id: UUID | str, *, limit: int = 5) -> CustomerPreferences:
    """Return a customer's most ordered products and categories; cancelled orders do not count.

    Args:
        crm: the connection.
        customer_id: the customer.
        limit: the maximum length of each list.

    Returns:
        Both lists, sorted by quantity, then by name. A product that is no longer sold keeps the name that it was
        ordered under, and counts towards ``Unknown category``.

    Raises:
        InvalidInputError: the id is not a UUID, or the limit is less than 1.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.

    Reads `orders`, `products`, `categories` and, if it exists, `order_items`; for an order without rows in
    `order_items`, its own `items` count.

    Needs an administrator's session or the secret key.

    Examples:
        >>> likes = get_customer_preferences(crm, customer_id)
        >>> [(each.name, each.quantity) for each in likes.top_products]
    """
    customer = check.uuid(customer_id)
    check.integer(limit, "limit", maximum=10_000)
    orders = await fetch_of_customer(crm, crm.settings.orders_table, customer, Order)
    if not orders:
        await check_exists(crm, customer)
    lines = await _fetch_lines(crm, [order for order in orders if not order.is_cancelled])
    settings = crm.settings
    product_ids = {line.product_id for line in lines if line.product_id}
    products = await _fetch_named(crm, settings.products_table, "id,name,category_id", _Product, product_ids)
    category_ids = {_key(each.category_id) for each in products.values() if each.category_id}
    categories = await _fetch_named(crm, settings.categories_table, "id,name", _Named, category_ids)
    return CustomerPreferences(
        top_products=_top_products(lines, products)[:limit],
        top_categories=_top_categories(lines, products, categories)[:limit],
    )


async def _fetch_lines(crm: AnyCRM, orders: Sequence[Order]) -> list[_Line]:
    """Fetch the items of orders, from the table if it exists, otherwise from the orders' JSON."""
    rows = await _fetch_table_items(crm, [_key(order.id) for order in orders])
    own = [
        (_key(order.id), _Line(_key_or_none(item.product_id), item.name, item.quantity or 0))
        for order in orders
        for item in order.items or ()
    ]
    # The table has only product ids; the orders' JSON also has the names, even of products no longer sold.
    names = {line.product_id: line.name for _, line in own if line.product_id}
    in_table = {_key(row.order_id) for row in rows}
    keys = [_key_or_none(row.product_id) for row in rows]
    return [
        *(_Line(key, names.get(key or ""), row.quantity or 0) for key, row in zip(keys, rows, strict=True)),
        *(line for order, line in own if order not in in_table),
    ]


async def _fetch_table_items(crm: AnyCRM, orders: list[str]) -> list[_TableItem]:
    """Fetch the `order_items` of orders; empty if the table does not exist (detected once per connection)."""
    table = crm.settings.order_items_table
    if facts_of(crm).lacks(table):
        return []
    try:
        found = await gather(crm, *(_fetch_items(crm, batch) for batch in _batches(orders)))
    except SchemaMismatchError as error:
        if error.kind != "table":
            raise
        facts_of(crm).note_absent(table)
        return []
    return [row for rows in found for row in rows]


async def _fetch_items(crm: AnyCRM, orders: list[str]) -> list[_TableItem]:
    table, size = crm.settings.order_items_table, crm.settings.page_size

    def query(offset: int) -> Query:
        # The table may have no unique key. Rows that are equal in all three columns are interchangeable.
        items = crm.supabase.table(table).select("order_id,product_id,quantity", count=EXACT_COUNT)
        ordered = items.in_("order_id", orders).order("order_id").order("product_id").order("quantity")
        return ordered.range(offset, offset + size - 1)

    def page_at(offset: int) -> Awaitable[Batch[_TableItem]]:
        return fetch_batch(crm, partial(query, offset), _TableItem)

    # Two lines of one order may well be equal.
    pager = await fetch_at_offsets(page_at, lambda row: (row.order_id, row.product_id, row.quantity), distinct=False)
    return pager.rows


async def _fetch_named(crm: AnyCRM, table: str, columns: str, model: type[Named], ids: set[str]) -> dict[str, Named]:
    """Fetch products or categories by their ids, in batches."""
    uuids = {key for key in ids if _is_uuid(key)}
    # Ids that are not UUIDs go into batches of their own: they may be rejected, the others must not be.
    batches = [*_batches(sorted(uuids)), *_batches(sorted(ids - uuids))]
    found = await gather(crm, *(_fetch_named_batch(crm, table, columns, model, batch) for batch in batches))
    return {_key(each.id): each for rows in found for each in rows}


async def _fetch_named_batch(crm: AnyCRM, table: str, columns: str, model: type[Named], ids: list[str]) -> list[Named]:
    def query() -> Any:
        return crm.supabase.table(table).select(columns, count=EXACT_COUNT).in_("id", ids)

    try:
        return await fetch_all(crm, query, model)
    except InvalidInputError as error:
        if error.code != _NOT_AN_ID:
            raise
        return []


def _top_products(lines: Iterable[_Line], products: dict[str, _Product]) -> list[ProductCount]:
    counts = Counts(int)
    for line in lines:
        product = products.get(line.product_id or "")
        name = (product.name if product else None) or line.name or UNKNOWN_PRODUCT
        counts[line.product_id, name] += line.quantity
    return [ProductCount(product_id=each[0], name=each[1], quantity=n) for each, n in _ranked(counts)]


def _top_categories(
    lines: Iterable[_Line], products: dict[str, _Product], categories: dict[str, _Named]
) -> list[CategoryCount]:
    counts = Counts(int)
    for line in lines:
        product = products.get(line.product_id or "")
        key = _key_or_none(product.category_id) if product else None
        category = categories.get(key or "")
        counts[key, (category.name if category else None) or UNKNOWN_CATEGORY] += line.quantity
    return [CategoryCount(category_id=each[0], name=each[1], quantity=n) for each, n in _ranked(counts)]


def _ranked(counts: Counts) -> list[tuple[tuple[str | None, str], int | float]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0][1], each[0][0] or ""))


def _batches(ids: list[str]) -> list[list[str]]:
    return [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]


def _is_uuid(key: str) -> bool:
    try:
        UUID(key)
    except ValueError:
        return False
    return True


def _key(value: UUID | str) -> str:
    """Return an id as Postgres prints it, so that ids from different tables compare equal."""
    text = str(value)
    return str(UUID(text)) if _is_uuid(text) else text


def _key_or_none(value: UUID | str | None) -> str | None:
    return None if value is None else _key(value)
