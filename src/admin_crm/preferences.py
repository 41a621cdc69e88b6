"""A customer's favourite products and categories, computed from the orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.gather import gather
from admin_crm._postgrest.order_items import Count, fetch_products_of, fetch_table_items
from admin_crm._postgrest.products import Product, fetch_products, key
from admin_crm._postgrest.query import customer_not_found, exists, fetch_columns
from admin_crm.client import AnyCRM, operation
from admin_crm.models import CategoryCount, CustomerPreferences, Order, ProductCount

__all__ = ["CategoryCount", "CustomerPreferences", "ProductCount", "get_customer_preferences"]

_MOST = 2**53
"""The largest quantity; larger numbers are no quantities, and floats no longer count them one by one."""


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
        fetch_table_items(crm, [key(order.id) for order in orders]),
        fetch_products(crm, ids),
    )
    products = products | await fetch_products_of(crm, rows, ids)
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
