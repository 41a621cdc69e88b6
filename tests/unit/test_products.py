"""Products with their categories, in shops with and without foreign keys, and whatever ids orders hold."""

from __future__ import annotations

import httpx
import pytest

from admin_crm import InvalidInputError, get_customer_preferences
from orders_server import CATEGORY, CUSTOMER, NO_RELATIONSHIP, NO_TABLE, VELA, VELAS, WRONG_ID, found, item, named


@pytest.fixture
def server(orders_server):
    return orders_server


@pytest.fixture
def apart(server):
    """The server of a shop whose products have no foreign key to categories."""
    plain = found({"id": VELA, "name": "Vela", "category_id": CATEGORY})
    server.products.side_effect = lambda request: NO_RELATIONSHIP if _embeds(request) else plain
    return server


def _embeds(request):
    return ":" in request.url.params["select"]


def test_categories_come_with_their_products(server, ask):
    server.ordered(item(VELA, 2))
    likes = ask(get_customer_preferences, CUSTOMER)
    assert named(likes.top_categories) == [("Velas", 2)]
    assert not server.categories.called


@pytest.mark.parametrize("code", ["PGRST200", "PGRST201"])
def test_without_a_foreign_key_they_are_read_apart_from_then_on(apart, ask, code):
    apart.ordered(item(VELA, 2))
    status = 300 if code == "PGRST201" else 400
    refused = httpx.Response(status, json={"code": code, "message": "no relationship, or more than one"})
    plain = found({"id": VELA, "name": "Vela", "category_id": CATEGORY})
    apart.products.side_effect = lambda request: refused if _embeds(request) else plain
    for calls in (2, 3):
        likes = ask(get_customer_preferences, CUSTOMER)
        assert (named(likes.top_products), named(likes.top_categories)) == ([("Vela", 2)], [("Velas", 2)])
        assert str(likes.top_categories[0].category_id) == CATEGORY
        assert apart.products.call_count == calls


def test_a_category_that_is_missing_is_unknown(apart, ask):
    apart.ordered(item(VELA, 2))
    apart.has("categories")
    assert named(ask(get_customer_preferences, CUSTOMER).top_categories) == [("Unknown category", 2)]


@pytest.mark.parametrize("also", ["items", "items and categories"])
def test_a_table_of_items_without_foreign_keys_is_read_without_products(server, apart, ask, also):
    if also == "items":
        server.products.mock(return_value=found({"id": VELA, "name": "Vela", "category": VELAS}), side_effect=None)
    (order,) = server.ordered()
    row = {"order_id": order, "product_id": VELA, "quantity": 3}
    server.items.side_effect = lambda request: NO_RELATIONSHIP if _embeds(request) else found(row)
    for _ in range(3):
        likes = ask(get_customer_preferences, CUSTOMER)
        assert (named(likes.top_products), named(likes.top_categories)) == ([("Vela", 3)], [("Velas", 3)])
    # Where products and categories are known to be apart, nothing is tried with items.
    assert server.items.call_count == (4 if also == "items" else 3)


def test_a_missing_table_of_items_is_not_asked_with_its_products(server, ask):
    """PostgREST 12 answers that no relationship was found, and not that there is no such table."""
    server.items.side_effect = lambda request: NO_RELATIONSHIP if _embeds(request) else NO_TABLE
    server.ordered(item(VELA, 1))
    assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Vela", 1)]
    assert server.items.call_count == 1


@pytest.mark.parametrize("code", ["22P02", "22003"])
def test_an_id_that_products_cannot_have_does_not_affect_the_others(server, ask, code):
    wrong = httpx.Response(400, json=WRONG_ID.json() | {"code": code})
    right = found({"id": VELA, "name": "Vela"})
    server.products.side_effect = lambda request: wrong if "sku-1" in str(request.url) else right
    server.ordered(item("sku-1", 2, "Taza"), item(VELA, 1))
    assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Taza", 2), ("Vela", 1)]


@pytest.mark.parametrize("product", ['x"),name.eq.(', "a b", "x" * 65, "", "ñ", 7])
def test_only_an_id_that_can_be_one_is_asked_for(server, ask, product):
    server.ordered(item(product, 2, "Taza"), item(VELA, 1))
    assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Taza", 2), ("Vela", 1)]
    asked = {call.request.url.params["id"] for call in server.products.calls}
    assert asked == {f"in.({VELA})"} | ({"in.(7)"} if product == 7 else set())


def test_many_products_are_read_in_batches(server, ask):
    ids = [f"{n:08}-0000-4000-8000-000000000000" for n in range(230)]
    server.products.side_effect = lambda request: found()
    server.ordered(*(item(each, 1, "Taza") for each in ids))
    assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Taza", 230)]
    sizes = sorted(call.request.url.params["id"].count(",") + 1 for call in server.products.calls)
    assert sizes == [30, 100, 100]


def test_a_failed_lookup_raises(server, ask):
    server.products.mock(return_value=httpx.Response(400, json={"code": "22001", "message": "too long"}))
    server.ordered(item(VELA, 1))
    with pytest.raises(InvalidInputError, match="too long"):
        ask(get_customer_preferences, CUSTOMER)
