"""A customer's favourite products and categories, computed from the orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from admin_crm._core import validation as check
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
from admin_crm._postgrest.query import (
    EXACT_COUNT,
    Query,
    batches,
    customer_not_found,
    exists,
    fetch_batch,
    fetch_columns,
)
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import SchemaMismatchError
from admin_crm.models import CategoryCount, CustomerPreferences, Order, ProductCount

__all__ = ["CategoryCount", "CustomerPreferences", "ProductCount", "get_customer_preferences"]

Count = int | float

_MOST = 2**53
"""The largest quantity; larger numbers are no quantities, and floats no longer count them one by one."""


class _TableItem(Model):
    """A row of `order_items`, with its product where that came in the same response."""

    order_id: UUID | str
    product_id: UUID | str | None = None
    quantity: Count | None = None
    product: Product | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """One item of an order, from the table or from the order's JSON."""

    product_id: str | None
    name: str | None
    count: Count


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A name, how many were ordered under it, and the id most of them have."""

    name: str
    count: Count
    id: str | None


@operation
async def get_customer_preferences(crm: AnyCRM, customer_id: UUID | str, *, limit: int = 5) -> CustomerPreferences:
    """Return a customer's most ordered products and categories; cancelled orders do not count.

    Args:
        crm: the connection.
        customer_id: the customer.
        limit: the maximum length of each list.

    Returns:
        Both lists, sorted by count, then by name. Products of one name are added up, and so are categories.
        A quantity that is missing, 0 or no number counts 1, as in the web admin; a negative one is a return and
        is subtracted. A product that is no longer sold keeps the name that it was ordered under.
        `Settings.unknown_product` and `Settings.unknown_category` name what is unknown.

    Raises:
        InvalidInputError: the id is not a UUID, or the limit is less than 1.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.

    Reads `orders`, `products`, `categories` and, if it exists, `order_items`, in two requests in turn; for an order
    without rows in `order_items`, its own `items` count.

    Needs an administrator's session or the secret key.

    Examples:
        >>> likes = get_customer_preferences(crm, customer_id)
        >>> [(each.name, each.count) for each in likes.top_products]
    """
    customer = check.uuid(customer_id)
    check.integer(limit, "limit", maximum=10_000)
    orders, known = await gather(crm, _fetch_orders(crm, customer), exists(crm, customer))
    if not orders and not known:
        raise customer_not_found()
    lines, products = await _fetch_lines(crm, [order for order in orders if not order.is_cancelled])
    favourites = _rank(_by_product(lines, products, crm.settings.unknown_product))[:limit]
    categories = _rank(_by_category(lines, products, crm.settings.unknown_category))[:limit]
    return CustomerPreferences(
        top_products=[ProductCount(name=each.name, count=each.count, product_id=each.id) for each in favourites],
        top_categories=[CategoryCount(name=each.name, count=each.count, category_id=each.id) for each in categories],
    )


async def _fetch_orders(crm: AnyCRM, customer: UUID) -> list[Order]:
    """Fetch what preferences need of a customer's orders; all columns in a shop that lacks one of these."""
    table = crm.settings.orders_table
    return await fetch_columns(crm, table, "id,status,items", lambda rows: rows.eq("customer_id", str(customer)), Order)


async def _fetch_lines(crm: AnyCRM, orders: Sequence[Order]) -> tuple[list[_Line], dict[str, Product]]:
    """Fetch the items of orders, from the table if it exists, otherwise from the orders' JSON; and their products."""
    own = [
        (key(order.id), _Line(_key_or_none(item.product_id), item.name, _count(item.quantity)))
        for order in orders
        for item in order.items or ()
    ]
    # The table has only product ids; the orders' JSON also has the names, even of products no longer sold.
    names = {line.product_id: line.name for _, line in own if line.name}
    ids = {line.product_id for _, line in own if line.product_id}
    rows, products = await gather(
        crm,
        _fetch_table_items(crm, [key(order.id) for order in orders]),
        fetch_products(crm, ids),
    )
    products = products | {key(row.product.id): row.product for row in rows if row.product}
    left = {key(row.product_id) for row in rows if row.product_id and "product" not in row.model_fields_set}
    products |= await fetch_products(crm, left - ids)
    in_table = {key(row.order_id) for row in rows}
    keys = [_key_or_none(row.product_id) for row in rows]
    lines = [
        *(
            _Line(each, names.get(each) if each else None, _count(row.quantity))
            for each, row in zip(keys, rows, strict=True)
        ),
        *(line for order, line in own if order not in in_table),
    ]
    return lines, products


async def _fetch_table_items(crm: AnyCRM, orders: list[str]) -> list[_TableItem]:
    """Fetch the `order_items` of orders; empty if the table does not exist (detected once per connection).

    The products come in the same response once the table is known to exist: a server that lacks it says so only
    when it is asked for nothing else.
    """
    facts, settings = facts_of(crm), crm.settings
    table, columns = settings.order_items_table, "order_id,product_id,quantity"
    if not orders or facts.lacks(table):
        return []

    async def plain() -> list[_TableItem]:
        return await _fetch_in_batches(crm, orders, columns)

    async def embedded() -> list[_TableItem]:
        return await _fetch_in_batches(
            crm, orders, f"{columns},product:{settings.products_table}({embedded_columns(crm)})"
        )

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


async def _fetch_in_batches(crm: AnyCRM, orders: list[str], columns: str) -> list[_TableItem]:
    found = await gather(crm, *(_fetch_items(crm, batch, columns) for batch in batches(orders)))
    return [row for rows in found for row in rows]


async def _fetch_items(crm: AnyCRM, orders: Sequence[str], columns: str) -> list[_TableItem]:
    table, size = crm.settings.order_items_table, crm.settings.page_size

    def query(offset: int) -> Query:
        # The table may have no unique key. Rows that are equal in all three columns are interchangeable.
        items = crm.supabase.table(table).select(columns, count=EXACT_COUNT).in_("order_id", orders)
        return items.order("order_id").order("product_id").order("quantity").range(offset, offset + size - 1)

    def page_at(offset: int) -> Awaitable[Batch[_TableItem]]:
        return fetch_batch(crm, partial(query, offset), _TableItem)

    # Two lines of one order may well be equal.
    pager = await fetch_at_offsets(page_at, lambda row: (row.order_id, row.product_id, row.quantity), distinct=False)
    return pager.rows


def _count(quantity: Count | None) -> Count:
    """Return how many a line is of; what is missing, 0 or no quantity counts 1, as in the web admin."""
    return quantity if quantity and abs(quantity) <= _MOST else 1


def _by_product(lines: Iterable[_Line], products: dict[str, Product], unknown: str) -> Iterable[_Ranked]:
    for line in lines:
        product = products.get(line.product_id or "")
        yield _Ranked((product.name if product else None) or line.name or unknown, line.count, line.product_id)


def _by_category(lines: Iterable[_Line], products: dict[str, Product], unknown: str) -> Iterable[_Ranked]:
    for line in lines:
        product = products.get(line.product_id or "")
        category = product.category if product else None
        if category and category.name:
            yield _Ranked(category.name, line.count, key(category.id))
        else:
            yield _Ranked(unknown, line.count, None)


def _rank(counted: Iterable[_Ranked]) -> list[_Ranked]:
    """Add up what has the same name, the most ordered first."""
    counts: defaultdict[str, defaultdict[str | None, Count]] = defaultdict(lambda: defaultdict(int))
    for each in counted:
        counts[each.name][each.id] += each.count
    added_up = [_Ranked(name, sum(of_ids.values()), _most(of_ids)) for name, of_ids in counts.items()]
    return sorted(added_up, key=lambda each: (-each.count, each.name))


def _most(of_ids: dict[str | None, Count]) -> str | None:
    ids = [each for each in of_ids if each is not None]
    return min(ids, key=lambda each: (-of_ids[each], each), default=None)


def _key_or_none(value: UUID | str | None) -> str | None:
    return None if value is None else key(value)
