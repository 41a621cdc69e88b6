"""What a customer likes, from orders as shops keep them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from admin_crm import (
    AdminCRMError,
    CustomerNotFoundError,
    CustomerPreferences,
    InvalidInputError,
    PermissionDeniedError,
    ProductCount,
    SchemaMismatchError,
    get_customer_preferences,
)
from admin_crm._core.connection import facts_of
from helpers import KEY, QUICK, URL
from orders_server import CATEGORY, CUSTOMER, GONE, MANTA, VELA, VELAS, found, item, named, table_of

FIRST_ROUND, SECOND_ROUND = ("orders", "customer_profiles"), ("order_items", "products")


@pytest.fixture
def server(orders_server):
    return orders_server


def test_products_and_categories_are_ranked_by_count_and_then_by_name(server, ask):
    ordered = [item(MANTA, 2, "Manta"), item(GONE, 2, "Calendario"), item(VELA.upper(), 1)]
    server.orders({"items": ordered, "status": "delivered"}, {"items": [item(VELA, 4, "Vela vieja")], "status": None})
    likes = ask(get_customer_preferences, CUSTOMER)
    assert named(likes.top_products) == [("Vela", 5), ("Calendario", 2), ("Manta", 2)]
    assert named(likes.top_categories) == [("Velas", 5), ("Unknown category", 4)]
    assert [str(each.product_id) for each in likes.top_products] == [VELA, GONE, MANTA]
    assert [each.category_id and str(each.category_id) for each in likes.top_categories] == [CATEGORY, None]


def test_counts_are_called_quantities_too(server, ask):
    server.ordered(item(VELA, 3))
    likes = ask(get_customer_preferences, CUSTOMER)
    assert [each.quantity for each in (*likes.top_products, *likes.top_categories)] == [3, 3]
    assert "quantity" not in likes.top_products[0].model_dump()


def test_the_limit_holds_for_both_lists(server, ask):
    server.ordered(item(VELA, 1), item(MANTA, 2))
    likes = ask(get_customer_preferences, CUSTOMER, limit=1)
    assert named(likes.top_products) == [("Unknown product", 2)]
    assert named(likes.top_categories) == [("Unknown category", 2)]


def test_what_is_unknown_is_named_as_the_settings_say(server, caller):
    names = {"unknown_product": "Producto Desconocido", "unknown_category": "Sin Categoría"}
    server.ordered(item(MANTA, 2))
    likes = caller(get_customer_preferences, caller.open(URL, KEY, settings=QUICK.model_copy(update=names)), CUSTOMER)
    assert named(likes.top_products) == [("Producto Desconocido", 2)]
    assert named(likes.top_categories) == [("Sin Categoría", 2)]


def test_products_of_one_name_are_added_up_under_the_id_ordered_most(server, ask):
    server.ordered(item(GONE, 1, "Taza"), item(MANTA, 3, "Taza"), item(None, 9, "Taza"), item(VELA, 8))
    likes = ask(get_customer_preferences, CUSTOMER)
    assert likes.top_products[0] == ProductCount(name="Taza", count=13, product_id=MANTA)
    server.ordered(item(MANTA, 2, "Taza"), item(GONE, 2, "Taza"))
    assert ask(get_customer_preferences, CUSTOMER).top_products[0].product_id == min(MANTA, GONE)


@pytest.mark.parametrize(
    ("quantity", "count"),
    [(None, 1), (0, 1), ("dos", 1), ([], 1), (1e300, 1), (10**400, 1), (2.5, 2.5), ("3", 3), (-2, -2)],
)
def test_what_is_no_quantity_counts_1_and_a_return_is_subtracted(server, ask, quantity, count):
    server.ordered(item(MANTA, quantity, "Manta"), item(MANTA, 0.5, "Manta"))
    assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Manta", count + 0.5)]


def test_an_item_without_a_quantity_counts_1(server, ask):
    server.ordered({"product_id": VELA}, {"product_id": VELA, "quantity": 2})
    assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Vela", 3)]


@pytest.mark.parametrize("items", [{}, [None], "abc", [{"price": "abc", "name": {}}], None])
def test_odd_items_cost_only_themselves(server, ask, items):
    server.orders({"items": items, "status": "pending"}, {"items": [item(VELA, 5)], "status": "pending"})
    assert named(ask(get_customer_preferences, CUSTOMER).top_products)[0] == ("Vela", 5)


@pytest.mark.parametrize("spelling", ["cancelled", "canceled", "cancelado", "Cancelado"])
def test_cancelled_orders_do_not_count(server, ask, spelling):
    server.orders({"items": [item(VELA, 1)], "status": spelling})
    assert ask(get_customer_preferences, CUSTOMER) == CustomerPreferences(top_products=[], top_categories=[])
    assert sorted(server.asked()) == ["customer_profiles", "orders"]


def test_an_item_without_id_or_name_is_unknown_and_one_without_id_counts_by_name(server, ask):
    server.ordered({"quantity": 1}, item(None, 3, "Envoltura"), item(None, 1, "Envoltura"))
    likes = ask(get_customer_preferences, CUSTOMER)
    assert named(likes.top_products) == [("Envoltura", 4), ("Unknown product", 1)]


def test_a_shop_without_a_table_of_items_is_read_in_two_rounds(server, ask):
    server.ordered(item(VELA, 2))
    for second in (SECOND_ROUND, ("products",)):
        before = len(server.asked())
        server.together(ask.caller, *FIRST_ROUND)
        server.together(ask.caller, *second)
        assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Vela", 2)]
        assert set(server.asked()[before:][:2]) == set(FIRST_ROUND)
        assert sorted(server.asked()[before:][2:]) == sorted(second)


def test_a_shop_with_a_table_of_items_is_read_in_two_rounds_once_the_table_is_known(server, ask):
    (order,) = server.ordered(item(GONE, 1, "Calendario"))
    row = {"order_id": order, "product_id": VELA, "quantity": 2}
    server.has("order_items", row)
    likes = ask(get_customer_preferences, CUSTOMER)
    assert named(likes.top_products) == [("Vela", 2)]
    server.has("order_items", row | {"product": {"id": VELA, "name": "Vela", "category": VELAS}})
    before = len(server.asked())
    server.together(ask.caller, *FIRST_ROUND)
    server.together(ask.caller, *SECOND_ROUND)
    assert ask(get_customer_preferences, CUSTOMER) == likes
    assert set(server.asked()[before:][:2]) == set(FIRST_ROUND)
    assert sorted(server.asked()[before:][2:]) == sorted(SECOND_ROUND)


def test_only_the_needed_columns_are_asked_for(server, ask):
    (order,) = server.ordered(item(VELA, 1))
    server.has("order_items", {"order_id": order, "product_id": VELA, "quantity": 1})
    for _ in range(2):
        ask(get_customer_preferences, CUSTOMER)
    asked = {(table_of(call.request), call.request.url.params["select"]) for call in server.router.calls}
    product = "id,name,category:categories(id,name)"
    items = "order_id,product_id,quantity"
    assert asked == {
        ("orders", "id,status,items"),
        ("customer_profiles", "id"),
        ("order_items", items),
        ("order_items", f"{items},product:products({product})"),
        ("products", product),
    }


def test_a_shop_whose_orders_have_no_items_is_asked_for_all_columns_from_then_on(server, ask):
    order = {"id": GONE, "status": "delivered"}
    no_column = httpx.Response(400, json={"code": "42703", "message": "column orders.items does not exist"})
    route = server.has("orders")
    route.side_effect = lambda request: found(order) if request.url.params["select"] == "*" else no_column
    server.has("order_items", {"order_id": GONE, "product_id": VELA, "quantity": 4})
    for calls in (2, 3):
        assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Vela", 4)]
        assert route.call_count == calls


@pytest.mark.parametrize("code", ["PGRST205", "42P01"])
def test_a_missing_table_of_items_is_detected_once(server, ask, code):
    server.items.mock(return_value=httpx.Response(404, json={"code": code, "message": "no such table"}))
    server.ordered(item(VELA, 1))
    ask(get_customer_preferences, CUSTOMER)
    ask(get_customer_preferences, CUSTOMER)
    assert server.items.call_count == 1


def test_a_table_of_items_that_is_dropped_meanwhile_is_missing(server, ask):
    facts_of(ask.crm).note_present("order_items")
    server.ordered(item(VELA, 1))
    assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Vela", 1)]
    assert not facts_of(ask.crm).has("order_items")


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx.Response(400, json={"code": "42703", "message": "column does not exist"}), SchemaMismatchError),
        (httpx.Response(403, json={"code": "42501", "message": "permission denied"}), PermissionDeniedError),
    ],
)
@pytest.mark.parametrize("table", ["orders", "order_items"])
def test_a_table_that_cannot_be_read_is_not_a_missing_one(server, ask, table, response, kind):
    server.ordered(item(VELA, 1))
    server.has(table, response=response)
    with pytest.raises(kind):
        ask(get_customer_preferences, CUSTOMER)


def test_a_shop_without_orders_says_so(server, ask):
    server.has("orders", response=httpx.Response(404, json={"code": "PGRST205", "message": "no table 'public.orders'"}))
    with pytest.raises(SchemaMismatchError) as missing:
        ask(get_customer_preferences, CUSTOMER)
    assert missing.value.kind == "table"


def test_the_table_of_items_counts_and_otherwise_the_items_of_the_order(server, ask):
    first, _ = server.orders(
        {"items": [item(GONE, 1, "Calendario")], "status": "pending"},
        {"items": [item(VELA, 2)], "status": "pending"},
    )
    rows = [{"order_id": first, "product_id": GONE, "quantity": 7}, {"order_id": first, "quantity": None}]
    server.has("order_items", *rows)
    likes = ask(get_customer_preferences, CUSTOMER)
    assert named(likes.top_products) == [("Calendario", 7), ("Vela", 2), ("Unknown product", 1)]


def test_the_table_of_items_is_read_in_batches_and_each_to_its_end(server, ask):
    orders = server.orders(*[{"items": None, "status": "pending"}] * 230)
    asked = []

    def page(request):
        query = parse_qs(urlsplit(str(request.url)).query)
        ids = query["order_id"][0].removeprefix("in.(").removesuffix(")").split(",")
        offset = int(query.get("offset", ["0"])[0])
        asked.append((len(ids), offset))
        rows = [{"order_id": each, "product_id": VELA, "quantity": 1} for each in ids][offset : offset + 60]
        return httpx.Response(200, json=rows, headers={"content-range": f"*/{len(ids)}"})

    server.items.side_effect = page
    assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Vela", len(orders))]
    assert sorted(asked) == [(30, 0), (100, 0), (100, 0), (100, 60), (100, 60)]


def test_a_customer_without_orders_must_exist(server, ask):
    server.orders()
    assert ask(get_customer_preferences, CUSTOMER).top_products == []
    server.has("customer_profiles")
    with pytest.raises(CustomerNotFoundError):
        ask(get_customer_preferences, CUSTOMER)


def test_a_customer_with_orders_whose_profile_is_hidden_has_preferences(server, ask):
    server.ordered(item(VELA, 1))
    server.has("customer_profiles")
    assert named(ask(get_customer_preferences, CUSTOMER).top_products) == [("Vela", 1)]


@pytest.mark.parametrize(("customer", "limit", "argument"), [("7", 5, "customer_id"), (CUSTOMER, 0, "limit")])
def test_arguments_are_checked_before_anything_is_sent(server, ask, customer, limit, argument):
    with pytest.raises(InvalidInputError) as refused:
        ask(get_customer_preferences, customer, limit=limit)
    assert refused.value.argument == argument
    assert not server.asked()


def test_a_server_error_raises(server, ask):
    server.has("orders", response=httpx.Response(500, json={"message": "boom"}))
    with pytest.raises(AdminCRMError, match="boom"):
        ask(get_customer_preferences, CUSTOMER)
