"""What customers like, in shops with and without a table of order items."""

from __future__ import annotations

import json

import pytest

from admin_crm import CustomerNotFoundError, InvalidInputError, Settings, get_customer_preferences
from admin_crm._core.connection import facts_of
from shops import open_shop

NOBODY = "00000000-0000-4000-8000-00000000dead"
LIVE = "orders.status not in ('cancelled', 'cancelado', 'canceled')"
OF_JSON = f"""
from orders, jsonb_array_elements(items) item left join products on products.id = (item ->> 'product_id')::uuid
left join categories on categories.id = category_id where customer_id = '{{}}' and {LIVE} group by 1
"""
OF_TABLE = f"""
from order_items join orders on orders.id = order_id join products on products.id = product_id
join categories on categories.id = category_id where customer_id = '{{}}' and {LIVE} group by 1
"""
PIECES = "sum(coalesce((item ->> 'quantity')::integer, 1))::integer as count"
FAVOURITES = f"select coalesce(products.name, item ->> 'name') as name, {PIECES} {OF_JSON}"
KINDS = f"select coalesce(categories.name, 'Unknown category') as name, {PIECES} {OF_JSON}"
TABLE_FAVOURITES = f"select products.name, sum(quantity)::integer as count {OF_TABLE}"
TABLE_KINDS = f"select categories.name, sum(quantity)::integer as count {OF_TABLE}"
WITHOUT_RETIRED = """
select customer_id from orders, jsonb_array_elements(items) item
group by 1 having bool_and((item ->> 'product_id')::uuid in (select id from products))
order by count(*) desc, 1 limit 2
"""
WITHOUT_QUANTITY = """
select customer_id from orders, jsonb_array_elements(items) item where item -> 'quantity' is null
and status = 'delivered' order by 1 limit 1
"""


@pytest.fixture(scope="module")
def tabled():
    """A shop that keeps order items in a table of their own, behind a cap of 50 rows."""
    with open_shop(order_items=True, max_rows=50) as running:
        yield running


def ranked(rows):
    return sorted(rows, key=lambda row: (-row["count"], row["name"]))


def counts(found):
    return [{"name": each.name, "count": each.count} for each in found]


def order(stack, customer, *items, status="delivered"):
    """Let a customer order, as a customer's own browser can: any JSON."""
    stack.execute_sql(
        "insert into orders (order_number, customer_id, items, subtotal, total, status) values"
        f" ('', '{customer}', '{json.dumps(items)}', 1, 1, '{status}')"
    )


def test_preferences_are_computed_from_the_items_of_the_orders(admin, stack):
    likes = admin(get_customer_preferences, stack.customer_id)
    assert counts(likes.top_products) == ranked(stack.execute_sql(FAVOURITES.format(stack.customer_id)))[:5]
    assert counts(likes.top_categories) == ranked(stack.execute_sql(KINDS.format(stack.customer_id)))[:5]


def test_an_item_without_a_quantity_counts_1(by_key, stack):
    (row,) = stack.execute_sql(WITHOUT_QUANTITY)
    likes = by_key(get_customer_preferences, row["customer_id"], limit=100)
    assert counts(likes.top_products) == ranked(stack.execute_sql(FAVOURITES.format(row["customer_id"])))


def test_products_of_one_name_are_one_line(by_key, stack, customer):
    products = stack.execute_sql("select id, name from products order by id limit 2")
    unsold = "00000000-0000-4000-8000-0000000000aa"
    order(stack, customer, {"product_id": products[0]["id"], "quantity": 2}, {"product_id": products[1]["id"]})
    order(stack, customer, {"product_id": unsold, "name": products[0]["name"], "quantity": 3}, {"name": "Bolsa"})
    likes = by_key(get_customer_preferences, customer)
    assert counts(likes.top_products) == [
        {"name": products[0]["name"], "count": 5},
        *ranked([{"name": products[1]["name"], "count": 1}, {"name": "Bolsa", "count": 1}]),
    ]
    assert str(likes.top_products[0].product_id) == unsold


def test_what_customers_write_into_their_orders_costs_only_itself(by_key, caller, stack, customer):
    (product,) = stack.execute_sql("select id, name from products order by id limit 1")
    order(stack, customer, {"product_id": product["id"], "quantity": 4, "price": "abc"}, None, [], "vela")
    order(stack, customer, {"product_id": '"),id.gt.(', "quantity": "dos"}, {"product_id": "sku-1", "quantity": 0})
    order(stack, customer, {"product_id": 7, "quantity": 1e300}, {"name": {}, "quantity": -1})
    stack.execute_sql(f"update orders set items = '{{}}' where customer_id = '{customer}' and items = '[]'")
    order(stack, customer, {"product_id": product["id"], "quantity": 99}, status="cancelled")
    crm = caller.open(stack.url, stack.secret_key, settings=Settings(unknown_product="Desconocido"))
    likes = caller(get_customer_preferences, crm, customer)
    assert counts(likes.top_products) == [{"name": product["name"], "count": 4}, {"name": "Desconocido", "count": 2}]


@pytest.mark.parametrize("customer_id", [NOBODY, "c0ffee"])
def test_an_unknown_customer_has_no_preferences(admin, customer_id):
    with pytest.raises(CustomerNotFoundError if customer_id == NOBODY else InvalidInputError):
        admin(get_customer_preferences, customer_id)


def test_a_customer_sees_no_preferences_of_others(stranger, stack):
    with pytest.raises(CustomerNotFoundError):
        stranger(get_customer_preferences, stack.customer_id)


def test_a_customer_without_orders_has_no_preferences(by_key, customer):
    likes = by_key(get_customer_preferences, customer)
    assert (likes.top_products, likes.top_categories) == ([], [])


@pytest.mark.xdist_group("order_items")
def test_a_table_of_items_gives_the_same_preferences_beyond_the_row_limit(caller, tabled):
    crm = caller.open(tabled.url, tabled.secret_key)
    alone = caller.open(tabled.url, tabled.secret_key)
    facts_of(alone).note_absent("order_items")
    rows = tabled.execute_sql(WITHOUT_RETIRED)
    for row in [*rows, *rows]:  # at first the table is unknown, then it is read together with its products
        likes = caller(get_customer_preferences, crm, row["customer_id"], limit=100)
        assert likes == caller(get_customer_preferences, alone, row["customer_id"], limit=100)
        assert counts(likes.top_products) == ranked(tabled.execute_sql(FAVOURITES.format(row["customer_id"])))
    assert facts_of(crm).has("order_items")


@pytest.mark.xdist_group("order_items")
def test_items_that_only_the_table_has_are_named_by_their_products(caller, tabled):
    crm = caller.sign_in(tabled.url, tabled.publishable_key, tabled.admin_email, tabled.admin_password)
    (row,) = tabled.execute_sql(
        "select customer_id from order_items join orders on orders.id = order_id group by 1 order by count(*) desc, 1"
        " limit 1 offset 1"
    )
    customer = row["customer_id"]
    tabled.execute_sql(f"create table kept as select id, items from orders where customer_id = '{customer}'")
    try:
        tabled.execute_sql(f"update orders set items = '[]' where customer_id = '{customer}'")
        expected = ranked(tabled.execute_sql(TABLE_FAVOURITES.format(customer)))
        kinds = ranked(tabled.execute_sql(TABLE_KINDS.format(customer)))
        for _ in range(2):
            likes = caller(get_customer_preferences, crm, customer, limit=100)
            assert counts(likes.top_products) == expected
            assert counts(likes.top_categories) == kinds
    finally:
        tabled.execute_sql("update orders set items = kept.items from kept where kept.id = orders.id")
        tabled.execute_sql("drop table kept")
