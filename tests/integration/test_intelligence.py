"""Suggestions, texts and loyalty plans, on the local stack."""

from __future__ import annotations

import json
from contextlib import contextmanager
from decimal import Decimal
from urllib.request import ProxyHandler, Request, build_opener

import httpx
import pytest
import respx

from admin_crm import (
    CustomerNotFoundError,
    EdgeFunctionError,
    InvalidInputError,
    LoyaltyAnalysis,
    LoyaltyProposition,
    PermissionDeniedError,
    SchemaMismatchError,
    ServiceUnavailableError,
    Settings,
    apply_suggested_tags,
    generate_whatsapp_message,
    get_admin_customer_notes,
    get_customer_narrative,
    get_proactive_insights,
    get_strategic_loyalty_analysis,
    suggest_customer_tags,
)
from shops import open_shop

NOBODY = "00000000-0000-4000-8000-00000000dead"
ASKED_OF_FUNCTIONS = [
    suggest_customer_tags,
    generate_whatsapp_message,
    get_customer_narrative,
    get_strategic_loyalty_analysis,
]


@pytest.fixture(scope="module")
def terse():
    """A shop whose functions know no tags, and whose model leaves keys out."""
    with open_shop(suggest_tags=False, model_answers="partial") as running:
        yield running


@pytest.fixture(scope="module")
def talkative():
    """A shop whose functions answer failures with statuses that fit, and whose model wraps its JSON in prose."""
    with open_shop(function_statuses=True, model_answers="fenced") as running:
        yield running


def test_suggested_tags_are_added_to_the_existing_ones(admin, stack, customer):
    suggestion = admin(suggest_customer_tags, customer)
    assert suggestion.segment == "En Riesgo"
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
    assert {row["segment"] for row in rows} == {"Campeón", "Leal", "En Riesgo", "Regular"}
    assert [by_key(suggest_customer_tags, row["id"]).segment for row in rows] == [row["segment"] for row in rows]


def test_a_message_is_written_for_the_customer(admin, stack):
    assert admin(generate_whatsapp_message, stack.customer_id).startswith("¡Hola Lucía!")
    assert admin(generate_whatsapp_message, stack.customer_id, "Tu pedido llegó.").endswith("Tu pedido llegó.")


def test_a_narrative_is_returned(admin, stack):
    assert admin(get_customer_narrative, stack.customer_id).startswith("Lucía Fernández Ibarra: ")


def test_a_customer_who_has_not_bought_has_no_narrative(admin, customer):
    assert admin(get_customer_narrative, customer) is None


def test_a_loyalty_analysis_offers_a_coupon_and_stores_the_offer(admin, stack, customer):
    plan = admin(get_strategic_loyalty_analysis, customer)
    assert isinstance(plan, LoyaltyProposition)
    (stored,) = stack.execute_sql(
        "select generated_code, coupons.discount_value, personalized_message from smart_loyalty_propositions"
        f" join coupons on code = coupon_code where customer_id = '{customer}'"
    )
    assert plan.suggested_coupon.code == stored["generated_code"]
    assert plan.suggested_coupon.discount == stored["discount_value"]
    assert plan.recovery_message == stored["personalized_message"]


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


@pytest.mark.parametrize("operation", ASKED_OF_FUNCTIONS)
def test_an_unknown_customer_is_not_found(admin, operation):
    with pytest.raises(CustomerNotFoundError) as missing:
        admin(operation, NOBODY)
    assert str(missing.value.customer_id) == NOBODY


def test_a_suggestion_for_an_unknown_customer_is_not_applied(by_key, stack):
    suggestion = by_key(suggest_customer_tags, stack.customer_id)
    with pytest.raises(CustomerNotFoundError):
        by_key(apply_suggested_tags, NOBODY, suggestion)


@pytest.mark.parametrize("operation", ASKED_OF_FUNCTIONS)
def test_an_invalid_id_is_refused(by_key, operation):
    with pytest.raises(InvalidInputError):
        by_key(operation, "c0ffee")


@pytest.mark.parametrize("operation", ASKED_OF_FUNCTIONS)
def test_a_customer_is_refused_and_sees_no_other_customer(stranger, stack, operation):
    with pytest.raises(CustomerNotFoundError) as refused:
        stranger(operation, stack.customer_id)
    assert isinstance(refused.value.__cause__, EdgeFunctionError)


def test_what_is_not_about_a_customer_is_refused_by_the_function(stranger, caller, stack):
    with pytest.raises(EdgeFunctionError, match="Solo el personal administrador"):
        stranger(get_proactive_insights)
    crm = caller.open(stack.url, stack.publishable_key)
    with pytest.raises(EdgeFunctionError, match="Solo el personal administrador"):
        caller(get_proactive_insights, crm)


@pytest.mark.xdist_group("talkative")
def test_functions_whose_statuses_fit_say_the_same(caller, talkative):
    crm = caller.open(talkative.url, talkative.secret_key)
    asked_of_unknown = [each for each in ASKED_OF_FUNCTIONS if each is not get_customer_narrative]
    for operation in asked_of_unknown:
        with pytest.raises(CustomerNotFoundError, match="Cliente no encontrado"):
            caller(operation, crm, NOBODY)
    with pytest.raises(CustomerNotFoundError):
        caller(get_customer_narrative, crm, NOBODY)
    visitor = caller.open(talkative.url, talkative.publishable_key)
    with pytest.raises(PermissionDeniedError):
        caller(suggest_customer_tags, visitor, talkative.customer_id)


@pytest.mark.once
@pytest.mark.xdist_group("talkative")
def test_answers_in_a_code_fence_are_read(caller, talkative):
    crm = caller.open(talkative.url, talkative.secret_key)
    suggestion = caller(suggest_customer_tags, crm, talkative.customer_id)
    assert suggestion.tags
    assert suggestion.segment
    assert suggestion.reasoning
    assert caller(generate_whatsapp_message, crm, talkative.customer_id).startswith("¡Hola Lucía!")
    assert caller(get_customer_narrative, crm, talkative.customer_id).startswith("Lucía Fernández Ibarra: ")
    assert caller(get_proactive_insights, crm)
    assert isinstance(caller(get_strategic_loyalty_analysis, crm, talkative.customer_id), LoyaltyProposition)


@pytest.mark.xdist_group("terse")
def test_an_action_that_the_shop_lacks_names_its_setting(caller, terse):
    crm = caller.open(terse.url, terse.secret_key)
    with pytest.raises(SchemaMismatchError, match="ADMIN_CRM_SUGGEST_TAGS_ACTION") as missing:
        caller(suggest_customer_tags, crm, terse.customer_id)
    assert (missing.value.kind, missing.value.name) == ("action", "suggest_tags")


@pytest.mark.once
@pytest.mark.xdist_group("terse")
def test_answers_that_lack_keys_are_read(caller, terse):
    names = {"loyalty_function": "customer-intelligence", "loyalty_action": "analyze_loyalty"}
    crm = caller.open(terse.url, terse.secret_key, settings=Settings(**names))
    plan = caller(get_strategic_loyalty_analysis, crm, terse.customer_id)
    assert isinstance(plan, LoyaltyAnalysis)
    assert (plan.suggested_coupon.discount, plan.suggested_coupon.reason, plan.next_steps) == (Decimal(10), None, [])
    insights = caller(get_proactive_insights, crm)
    assert insights
    assert all(each.title and each.description is None for each in insights)
    offer = caller(get_strategic_loyalty_analysis, caller.open(terse.url, terse.secret_key), terse.customer_id)
    assert isinstance(offer, LoyaltyProposition)
    assert offer.discount_value == Decimal(10)


def test_a_function_that_is_not_deployed_is_named(caller, stack):
    crm = caller.open(stack.url, stack.secret_key, settings=Settings(narrative_function="customer-story"))
    with pytest.raises(SchemaMismatchError) as missing:
        caller(get_customer_narrative, crm, stack.customer_id)
    assert (missing.value.kind, missing.value.name) == ("function", "customer-story")


def test_a_wrong_action_names_its_setting(caller, stack):
    crm = caller.open(stack.url, stack.secret_key, settings=Settings(whatsapp_action="no_such_action"))
    with pytest.raises(SchemaMismatchError, match=r"Settings\.whatsapp_action") as missing:
        caller(generate_whatsapp_message, crm, stack.customer_id)
    assert (missing.value.kind, missing.value.name, missing.value.status) == ("action", "no_such_action", 400)


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
    answer = httpx.post(
        f"{stack.url}/functions/v1/customer-intelligence", json=body, headers=headers, trust_env=False, timeout=300
    )
    assert answer.status_code == status
    assert answer.json()["source" if status == 200 else "error"]


@pytest.mark.parametrize("right", ["secret key", "session and secret key", "session"])
def test_a_lost_answer_is_found_where_the_offer_is_stored(caller, stack, customer, right):
    crm = _connected(caller, stack, right)
    with _losing_answers(stack):
        if right == "session":
            with pytest.raises(ServiceUnavailableError, match="a coupon may have been created"):
                caller(get_strategic_loyalty_analysis, crm, customer)
        else:
            plan = caller(get_strategic_loyalty_analysis, crm, customer)
            again = caller(get_strategic_loyalty_analysis, crm, customer)
            assert (plan.recovered, again.recovered) == (True, True)
            assert plan.generated_code != again.generated_code
    stored = stack.execute_sql(
        f"select generated_code from smart_loyalty_propositions where customer_id = '{customer}'"
    )
    assert len(stored) == (1 if right == "session" else 2)
    if right != "session":
        assert {row["generated_code"] for row in stored} == {plan.generated_code, again.generated_code}


def test_an_answer_that_was_lost_before_anything_was_stored_finds_no_older_offer(by_key, stack):
    assert stack.execute_sql(f"select id from smart_loyalty_propositions where customer_id = '{stack.customer_id}'")
    with _losing_answers(stack, reaches=False), pytest.raises(ServiceUnavailableError, match="no new offer is stored"):
        by_key(get_strategic_loyalty_analysis, stack.customer_id)


def _connected(caller, stack, right):
    if right == "secret key":
        return caller.open(stack.url, stack.secret_key)
    secret_key = stack.secret_key if right == "session and secret key" else None
    return caller.sign_in(
        stack.url, stack.publishable_key, stack.admin_email, stack.admin_password, secret_key=secret_key
    )


@contextmanager
def _losing_answers(stack, *, reaches=True):
    """Let the loyalty function do its work, and lose its answer; or lose the request."""
    url = f"{stack.url}/functions/v1/loyalty-intelligence"

    def lose(request):
        if reaches:
            kept = {name: request.headers[name] for name in ("apikey", "authorization", "content-type")}
            with build_opener(ProxyHandler({})).open(Request(url, request.content, kept)) as answer:
                assert json.load(answer)["generated_code"]
        raise httpx.ReadError("the connection broke", request=request)

    with respx.mock(assert_all_called=False) as router:
        router.post(url).mock(side_effect=lose)
        router.route().pass_through()
        yield
