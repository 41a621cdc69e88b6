"""What a customer likes, from orders as shops keep them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import respx

from admin_crm import (
    AdminCRMError,
    CustomerNotFoundError,
    InvalidInputError,
    PermissionDeniedError,
    SchemaMismatchError,
    get_customer_preferences,
)
from helpers import URL

REST = f"{URL}/rest/v1"
CUSTOMER = "c0ffee00-0000-4000-8000-000000000001"
VELA, MANTA, GONE, CATEGORY = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "1234")
NO_TABLE = httpx.Response(404, json={"code": "PGRST205", "message": "Could not find the table 'public.order_items'"})
WRONG_ID = httpx.Response(400, json={"code": "22P02", "message": "invalid input syntax for type uuid"})


@pytest.fixture
def shop():
    with respx.mock(assert_all_called=False) as server:
        yield Shop(server)


class Shop:
    """A server with orders, no `order_items`, two products and one category."""

    def __init__(self, server):
        self.server = server
        self.items = self.has("order_items", response=NO_TABLE)
        self.products = self.has("products", {"id": VELA, "name": "Vela", "category_id": CATEGORY}, {"id": MANTA})
        self.has("categories", {"id": CATEGORY, "name": "Velas"})
        self.has("customer_profiles", {"id": CUSTOMER})

    def has(self, table, *rows, response=None):
        counted = {"content-range": f"0-{max(len(rows) - 1, 0)}/{len(rows)}"}
        answer = response or httpx.Response(200, json=list(rows), headers=counted)
        return self.server.get(f"{REST}/{table}").mock(return_value=answer)

    def orders(self, *orders):
        rows = [{"id": f"{n:08}-0000-4000-8000-0000000000ff", **order} for n, order in enumerate(orders)]
        self.has("orders", *rows)
        return [row["id"] for row in rows]


def item(product, quantity, name=None):
    return {"product_id": product, "name": name, "quantity": quantity}


def named(counts):
    return [(each.name, each.quantity) for each in counts]


def test_products_and_categories_are_ranked_by_quantity_and_then_by_name(shop, ask):
    ordered = [item(MANTA, 2, "Manta"), item(GONE, 2, "Calendario"), item(VELA.upper(), 1)]
    shop.orders({"items": ordered, "status": "delivered"}, {"items": [item(VELA, 4, "Vela vieja")], "status": None})
    likes = ask(get_customer_preferences, CUSTOMER)
    assert named(likes.top_products) == [("Vela", 5), ("Calendario", 2), ("Manta", 2)]
    assert named(likes.top_categories) == [("Velas", 5), ("Unknown category", 4)]
    assert [str(each.product_id) for each in likes.top_products] == [VELA, GONE, MANTA]


def test_the_limit_holds_for_both_lists(shop, ask):
    shop.orders({"items": [item(VELA, 1), item(MANTA, 2)], "status": "pending"})
    likes = ask(get_customer_preferences, CUSTOMER, limit=1)
    assert named(likes.top_products) == [("Unknown product", 2)]
    assert named(likes.top_categories) == [("Unknown category", 2)]


@pytest.mark.parametrize("spelling", ["cancelled", "canceled", "cancelado", "Cancelado"])
def test_cancelled_orders_do_not_count(shop, ask, spelling):
    shop.orders({"items": [item(VELA, 1)], "status": spelling})
    likes = ask(get_customer_preferences, CUSTOMER)
    assert (likes.top_products, likes.top_categories) == ([], [])
    assert not shop.products.called


def test_an_item_without_id_or_name_is_unknown_and_one_without_id_counts_by_name(shop, ask):
    shop.orders(
        {"items": [{"quantity": 1}, item(None, 3, "Envoltura"), item(None, 1, "Envoltura")], "status": "pending"}
    )
    likes = ask(get_customer_preferences, CUSTOMER)
    assert named(likes.top_products) == [("Envoltura", 4), ("Unknown product", 1)]


def test_an_invalid_product_id_does_not_affect_the_others(shop, ask):
    found = httpx.Response(200, json=[{"id": VELA, "name": "Vela"}], headers={"content-range": "0-0/1"})
    shop.products.side_effect = lambda request: WRONG_ID if "sku-1" in str(request.url) else found
    shop.orders({"items": [item("sku-1", 2, "Taza"), item(VELA, 1)], "status": "pending"})
    assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Taza", 2), ("Vela", 1)]


def test_a_failed_lookup_of_products_raises(shop, ask):
    shop.products.mock(return_value=httpx.Response(400, json={"code": "22003", "message": "out of range"}))
    shop.orders({"items": [item(VELA, 1)], "status": "pending"})
    with pytest.raises(InvalidInputError, match="out of range"):
        ask(get_customer_preferences, CUSTOMER)


@pytest.mark.parametrize("code", ["PGRST205", "42P01"])
def test_a_missing_table_of_items_is_detected_once(shop, ask, code):
    shop.items.mock(return_value=httpx.Response(404, json={"code": code, "message": "no such table"}))
    shop.orders({"items": [item(VELA, 1)], "status": "pending"})
    ask(get_customer_preferences, CUSTOMER)
    ask(get_customer_preferences, CUSTOMER)
    assert shop.items.call_count == 1


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx.Response(400, json={"code": "42703", "message": "column does not exist"}), SchemaMismatchError),
        (httpx.Response(403, json={"code": "42501", "message": "permission denied"}), PermissionDeniedError),
    ],
)
def test_a_table_of_items_that_cannot_be_read_is_not_a_missing_one(shop, ask, response, kind):
    shop.items.mock(return_value=response)
    shop.orders({"items": [item(VELA, 1)], "status": "pending"})
    with pytest.raises(kind):
        ask(get_customer_preferences, CUSTOMER)


def test_the_table_of_items_counts_and_otherwise_the_items_of_the_order(shop, ask):
    first, _ = shop.orders(
        {"items": [item(GONE, 1, "Calendario")], "status": "pending"},
        {"items": [item(VELA, 2)], "status": "pending"},
    )
    rows = [{"order_id": first, "product_id": GONE, "quantity": 7}, {"order_id": first, "quantity": None}]
    shop.has("order_items", *rows)
    likes = ask(get_customer_preferences, CUSTOMER)
    assert named(likes.top_products) == [("Calendario", 7), ("Vela", 2), ("Unknown product", 0)]


def test_the_table_of_items_is_read_in_batches_and_each_to_its_end(shop, ask):
    orders = shop.orders(*[{"items": None, "status": "pending"}] * 230)
    asked = []

    def page(request):
        query = parse_qs(urlsplit(str(request.url)).query)
        ids = query["order_id"][0].removeprefix("in.(").removesuffix(")").split(",")
        offset = int(query.get("offset", ["0"])[0])
        asked.append((len(ids), offset))
        rows = [{"order_id": each, "product_id": VELA, "quantity": 1} for each in ids][offset : offset + 60]
        return httpx.Response(200, json=rows, headers={"content-range": f"*/{len(ids)}"})

    shop.items.side_effect = page
    assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Vela", len(orders))]
    assert sorted(asked) == [(30, 0), (100, 0), (100, 0), (100, 60), (100, 60)]


def test_a_customer_without_orders_must_exist(shop, ask):
    shop.orders()
    assert ask(get_customer_preferences, CUSTOMER).top_products == []
    shop.has("customer_profiles")
    with pytest.raises(CustomerNotFoundError):
        ask(get_customer_preferences, CUSTOMER)


@pytest.mark.parametrize(("customer", "limit", "argument"), [("7", 5, "customer_id"), (CUSTOMER, 0, "limit")])
def test_arguments_are_checked_before_anything_is_sent(shop, ask, customer, limit, argument):
    with pytest.raises(InvalidInputError) as refused:
        ask(get_customer_preferences, customer, limit=limit)
    assert refused.value.argument == argument
    assert not shop.server.calls


def test_a_server_error_raises(shop, ask):
    shop.has("orders", response=httpx.Response(500, json={"message": "boom"}))
    with pytest.raises(AdminCRMError, match="boom"):
        ask(get_customer_preferences, CUSTOMER)
