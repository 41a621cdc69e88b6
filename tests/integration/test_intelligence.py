"""Suggestions, texts and preferences, on the local stack."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from admin_crm import (
    CustomerNotFoundError,
    EdgeFunctionError,
    InvalidInputError,
    LoyaltyAnalysis,
    PermissionDeniedError,
    SchemaMismatchError,
    Settings,
    apply_suggested_tags,
    generate_whatsapp_message,
    get_admin_customer_notes,
    get_customer_narrative,
    get_customer_preferences,
    get_proactive_insights,
    get_strategic_loyalty_analysis,
    suggest_customer_tags,
)
from admin_crm._core.connection import facts_of
from shops import open_shop

pytestmark = pytest.mark.once

NOBODY = "00000000-0000-4000-8000-00000000dead"
ASKED_OF_FUNCTIONS = [
    suggest_customer_tags,
    generate_whatsapp_message,
    get_customer_narrative,
    get_strategic_loyalty_analysis,
]
ABOUT_CUSTOMERS = [*ASKED_OF_FUNCTIONS, get_customer_preferences]
FAVOURITES = """
select coalesce(products.name, item ->> 'name') as name, sum((item ->> 'quantity')::integer)::integer as quantity
from orders, jsonb_array_elements(items) item left join products on products.id = (item ->> 'product_id')::uuid
where customer_id = '{}' and status not in ('cancelled', 'cancelado', 'canceled')
group by 1
"""
KINDS = """
select coalesce(categories.name, 'Unknown category') as name, sum((item ->> 'quantity')::integer)::integer as quantity
from orders, jsonb_array_elements(items) item left join products on products.id = (item ->> 'product_id')::uuid
left join categories on categories.id = category_id
where customer_id = '{}' and status not in ('cancelled', 'cancelado', 'canceled')
group by 1
"""
WITHOUT_RETIRED = """
select customer_id from orders, jsonb_array_elements(items) item
group by 1 having bool_and((item ->> 'product_id')::uuid in (select id from products))
order by count(*) desc, 1 limit 2
"""


@pytest.fixture(scope="module")
def tabled():
    """A shop that keeps order items in a table of their own, behind a cap of 50 rows."""
    with open_shop(order_items=True, max_rows=50) as running:
        yield running


def ranked(rows):
    return sorted(rows, key=lambda row: (-row["quantity"], row["name"]))


def counts(found):
    return [{"name": each.name, "quantity": each.quantity} for each in found]


def test_suggested_tags_are_added_to_the_existing_ones(admin, stack, customer):
    suggestion = admin(suggest_customer_tags, customer)
    assert suggestion.segment == "Prospecto"
    assert suggestion.tags == ["prospecto", "sin-whatsapp"]
    assert suggestion.model_extra == {"source": "rules"}
    stack.execute_sql(f"insert into admin_customer_notes (customer_id, tags) values ('{customer}', '{{vip}}')")
    assert admin(apply_suggested_tags, customer, suggestion).tags == ["vip", "prospecto", "sin-whatsapp"]
    assert admin(get_admin_customer_notes, customer).tags == ["vip", "prospecto", "sin-whatsapp"]


def test_the_functions_and_the_view_agree_on_the_segment(by_key, stack):
    rows = stack.execute_sql(
        "select id, segment from (select id, segment, row_number() over (partition by segment order by id) as nth"
        " from customer_intelligence_360) numbered where nth <= 3"
    )
    assert len({row["segment"] for row in rows}) == 7
    assert [by_key(suggest_customer_tags, row["id"]).segment for row in rows] == [row["segment"] for row in rows]


def test_a_message_is_written_for_the_customer(admin, stack):
    assert admin(generate_whatsapp_message, stack.customer_id).startswith("¡Hola Lucía!")
    assert admin(generate_whatsapp_message, stack.customer_id, "Tu pedido llegó.").endswith("Tu pedido llegó.")


def test_a_narrative_is_returned(admin, stack):
    assert admin(get_customer_narrative, stack.customer_id).startswith("Lucía Fernández Ibarra: ")


def test_a_loyalty_analysis_suggests_a_coupon(admin, stack):
    plan = admin(get_strategic_loyalty_analysis, stack.customer_id)
    assert isinstance(plan, LoyaltyAnalysis)
    assert (plan.suggested_coupon.code, plan.suggested_coupon.discount) == ("GRACIAS10-C0FF", Decimal(10))
    assert plan.next_steps


def test_insights_are_about_the_shop(admin):
    insights = admin(get_proactive_insights)
    assert insights
    assert all(each.title and each.description for each in insights)


def test_narrative_and_loyalty_can_be_actions_of_one_function(caller, stack):
    names = {"narrative_action": "get_customer_narrative", "loyalty_action": "analyze_loyalty"}
    functions = dict.fromkeys(("narrative_function", "loyalty_function"), "customer-intelligence")
    crm = caller.open(stack.url, stack.secret_key, settings=Settings(**names, **functions))
    assert caller(get_customer_narrative, crm, stack.customer_id)
    assert caller(get_strategic_loyalty_analysis, crm, stack.customer_id).analysis


@pytest.mark.parametrize("operation", ABOUT_CUSTOMERS)
def test_an_unknown_customer_is_not_found(admin, operation):
    with pytest.raises(CustomerNotFoundError) as missing:
        admin(operation, NOBODY)
    assert str(missing.value.customer_id) == NOBODY


def test_a_suggestion_for_an_unknown_customer_is_not_applied(by_key, stack):
    suggestion = by_key(suggest_customer_tags, stack.customer_id)
    with pytest.raises(CustomerNotFoundError):
        by_key(apply_suggested_tags, NOBODY, suggestion)


@pytest.mark.parametrize("operation", ABOUT_CUSTOMERS)
def test_an_invalid_id_is_refused(by_key, operation):
    with pytest.raises(InvalidInputError):
        by_key(operation, "c0ffee")


@pytest.mark.parametrize("operation", ASKED_OF_FUNCTIONS)
def test_the_functions_refuse_customers(stranger, stack, operation):
    with pytest.raises(PermissionDeniedError, match="administrador"):
        stranger(operation, stack.customer_id)


def test_a_customer_sees_no_insights_and_no_preferences_of_others(stranger, stack):
    with pytest.raises(PermissionDeniedError):
        stranger(get_proactive_insights)
    with pytest.raises(CustomerNotFoundError):
        stranger(get_customer_preferences, stack.customer_id)


def test_a_publishable_key_alone_is_refused(caller, stack):
    crm = caller.open(stack.url, stack.publishable_key)
    with pytest.raises(PermissionDeniedError):
        caller(get_proactive_insights, crm)


def test_a_function_that_is_not_deployed_is_named(caller, stack):
    crm = caller.open(stack.url, stack.secret_key, settings=Settings(narrative_function="customer-story"))
    with pytest.raises(SchemaMismatchError) as missing:
        caller(get_customer_narrative, crm, stack.customer_id)
    assert (missing.value.kind, missing.value.name) == ("function", "customer-story")


def test_an_unknown_action_is_an_error_of_the_function(caller, stack):
    crm = caller.open(stack.url, stack.secret_key, settings=Settings(suggest_tags_action="no_such_action"))
    with pytest.raises(EdgeFunctionError, match="Acción desconocida") as failed:
        caller(suggest_customer_tags, crm, stack.customer_id)
    assert (failed.value.status, failed.value.function) == (400, "customer-intelligence")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "parse_admin_intent", "query": "¿Quién está en riesgo?"}, 200),
        ({"action": "parse_admin_intent"}, 400),
        ({"action": "generate_supplier_copy", "productName": "Vela", "currentStock": 2, "sku": "V-1"}, 200),
        ({"action": "generate_supplier_copy", "productName": "Vela", "currentStock": "2"}, 400),
        ({"action": "suggest_tags"}, 400),
        ({"action": "suggest_tags", "customerId": "x"}, 400),
        ({"action": "constructor"}, 400),
        ([], 400),
    ],
)
def test_the_function_validates_its_input(stack, body, status):
    headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
    answer = httpx.post(f"{stack.url}/functions/v1/customer-intelligence", json=body, headers=headers, trust_env=False)
    assert answer.status_code == status
    assert answer.json()["source" if status == 200 else "error"]


def test_preferences_are_computed_from_the_items_of_the_orders(admin, stack):
    likes = admin(get_customer_preferences, stack.customer_id)
    assert counts(likes.top_products) == ranked(stack.execute_sql(FAVOURITES.format(stack.customer_id)))[:5]
    assert counts(likes.top_categories) == ranked(stack.execute_sql(KINDS.format(stack.customer_id)))[:5]


def test_a_customer_without_orders_has_no_preferences(by_key, customer):
    likes = by_key(get_customer_preferences, customer)
    assert (likes.top_products, likes.top_categories) == ([], [])


@pytest.mark.xdist_group("order_items")
def test_a_table_of_items_gives_the_same_preferences_beyond_the_row_limit(caller, tabled):
    crm = caller.open(tabled.url, tabled.secret_key)
    alone = caller.open(tabled.url, tabled.secret_key)
    facts_of(alone).note_absent("order_items")
    for row in tabled.execute_sql(WITHOUT_RETIRED):
        likes = caller(get_customer_preferences, crm, row["customer_id"], limit=100)
        assert likes == caller(get_customer_preferences, alone, row["customer_id"], limit=100)
        assert counts(likes.top_products) == ranked(tabled.execute_sql(FAVOURITES.format(row["customer_id"])))
    assert not facts_of(crm).lacks("order_items")


@pytest.mark.xdist_group("order_items")
def test_a_signed_in_administrator_reads_the_table_of_items_to_its_end(caller, tabled):
    crm = caller.sign_in(tabled.url, tabled.publishable_key, tabled.admin_email, tabled.admin_password)
    likes = caller(get_customer_preferences, crm, tabled.customer_id, limit=100)
    expected = tabled.execute_sql(
        "select products.name, sum(quantity)::integer as quantity from order_items"
        " join orders on orders.id = order_id join products on products.id = product_id"
        f" where customer_id = '{tabled.customer_id}' and status not in ('cancelled', 'cancelado', 'canceled')"
        " group by 1"
    )
    found = [each for each in counts(likes.top_products) if each["name"] != "Calendario 2024"]
    assert found == ranked(expected)
