"""What is asked of the Edge Functions, and how their answers are read."""

from __future__ import annotations

import json
from decimal import Decimal

import httpx
import pytest

from admin_crm import (
    AdminCRMError,
    CustomerNotFoundError,
    EdgeFunctionError,
    Insight,
    InvalidInputError,
    LoyaltyAnalysis,
    LoyaltyProposition,
    RequestTimeoutError,
    ServiceUnavailableError,
    TagSuggestion,
    UnexpectedResponseError,
    apply_suggested_tags,
    generate_whatsapp_message,
    get_customer_narrative,
    get_proactive_insights,
    get_strategic_loyalty_analysis,
    suggest_customer_tags,
)
from functions_server import CUSTOMER, INTELLIGENCE, LOYALTY, NARRATIVE, PROPOSITION, TAGS, answers, body_of, knows
from helpers import KEY, QUICK, URL


def test_suggested_tags_have_no_blanks_and_no_duplicates(functions, ask):
    route = answers(functions, INTELLIGENCE, {**TAGS, "source": "rules"})
    suggestion = ask(suggest_customer_tags, CUSTOMER)
    assert (suggestion.tags, suggestion.segment) == (["vip", "regalos"], "Campeón")
    assert suggestion.model_extra == {"source": "rules"}
    assert body_of(route) == {"customerId": CUSTOMER, "action": "suggest_tags"}


def test_a_message_is_requested_with_or_without_a_context(functions, ask):
    route = answers(functions, INTELLIGENCE, {"message": " Hola 😊 "}, {"message": "Hola"})
    assert ask(generate_whatsapp_message, CUSTOMER, " su pedido llegó ") == "Hola 😊"
    assert body_of(route)["context"] == "su pedido llegó"
    ask(generate_whatsapp_message, CUSTOMER)
    assert body_of(route) == {"customerId": CUSTOMER, "action": "generate_whatsapp_copy"}


@pytest.mark.parametrize("context", ["", " ", "x" * 2001, 7])
def test_an_invalid_context_is_refused_before_anything_is_sent(functions, ask, context):
    with pytest.raises(InvalidInputError) as raised:
        ask(generate_whatsapp_message, CUSTOMER, context)
    assert raised.value.argument == "context"


@pytest.mark.parametrize(
    "operation",
    [suggest_customer_tags, generate_whatsapp_message, get_customer_narrative, get_strategic_loyalty_analysis],
)
def test_an_invalid_id_is_refused_before_anything_is_sent(functions, ask, operation):
    with pytest.raises(InvalidInputError) as raised:
        ask(operation, "42")
    assert raised.value.argument == "customer_id"


def test_the_narrative_has_a_function_of_its_own(functions, ask):
    route = answers(functions, NARRATIVE, {"narrative": "Lucía compra cada mes."})
    assert ask(get_customer_narrative, CUSTOMER) == "Lucía compra cada mes."
    assert body_of(route) == {"customerId": CUSTOMER}


def test_narrative_and_loyalty_can_be_actions_of_one_function(functions, caller):
    names = {"narrative_function": "customer-intelligence", "narrative_action": "get_customer_narrative"}
    names |= {"loyalty_function": "customer-intelligence", "loyalty_action": "analyze_loyalty"}
    crm = caller.open(URL, KEY, settings=QUICK.model_copy(update=names))
    route = answers(functions, INTELLIGENCE, {"narrative": "Lucía"}, {"analysis": "Leal"})
    caller(get_customer_narrative, crm, CUSTOMER)
    assert body_of(route) == {"customerId": CUSTOMER, "action": "get_customer_narrative"}
    caller(get_strategic_loyalty_analysis, crm, CUSTOMER)
    assert body_of(route) == {"customerId": CUSTOMER, "action": "analyze_loyalty"}


@pytest.mark.parametrize(
    "sentence", ["No hay datos suficientes para generar una narrativa.", " no hay datos suficientes"]
)
def test_too_little_to_tell_is_no_narrative(functions, ask, sentence):
    answers(functions, NARRATIVE, {"narrative": sentence}, {"narrative": sentence})
    assert ask(get_customer_narrative, CUSTOMER) is None
    knows(functions)
    with pytest.raises(CustomerNotFoundError) as missing:
        ask(get_customer_narrative, CUSTOMER)
    assert str(missing.value.customer_id) == CUSTOMER


@pytest.mark.parametrize(
    ("answer", "suggestion"),
    [
        ({"tags": ["vip"]}, TagSuggestion(tags=["vip"])),
        ({"tags": ["vip"], "segment": None, "reasoning": None}, TagSuggestion(tags=["vip"])),
        ({"tags": "vip, regalos", "segment": 7}, TagSuggestion(tags=["vip", "regalos"], segment="7")),
        ({"tags": [2025, None, "vip", {"tag": 1}]}, TagSuggestion(tags=["2025", "vip"])),
        ({"tags": ["vip"], "segment": ["Leal"], "reasoning": {}}, TagSuggestion(tags=["vip"])),
        ({"tags": []}, TagSuggestion(tags=[])),
    ],
)
def test_a_suggestion_of_mixed_types_or_without_some_keys_is_still_one(functions, ask, answer, suggestion):
    answers(functions, INTELLIGENCE, answer)
    found = ask(suggest_customer_tags, CUSTOMER)
    assert (found.tags, found.segment, found.reasoning) == (suggestion.tags, suggestion.segment, suggestion.reasoning)


def test_odd_parts_of_an_answer_cost_only_themselves(functions, ask):
    insights = [{"title": "Ventas"}, None, {"type": "warning"}, {"title": 5, "description": []}]
    answers(functions, INTELLIGENCE, {"insights": insights})
    assert [(each.title, each.description) for each in ask(get_proactive_insights)] == [("Ventas", None), ("5", None)]
    answers(functions, LOYALTY, {"analysis": "Leal", "suggested_coupon": {}, "next_steps": "llamar"})
    plan = ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert (plan.suggested_coupon, plan.next_steps) == (None, ["llamar"])
    assert plan.unreadable == {"suggested_coupon": {}}


def test_a_discount_keeps_every_digit(functions, ask):
    text = json.dumps(PROPOSITION).replace("15.5", "15.12345678901234567890")
    answers(functions, LOYALTY, httpx.Response(200, text=text))
    assert ask(get_strategic_loyalty_analysis, CUSTOMER).discount_value == Decimal("15.12345678901234567890")


def test_insights_are_about_the_shop(functions, ask):
    route = answers(functions, INTELLIGENCE, {"insights": [{"type": "warning", "title": "t", "description": "d"}]})
    assert ask(get_proactive_insights) == [Insight(type="warning", title="t", description="d")]
    assert body_of(route) == {"action": "generate_proactive_insights"}


def test_a_loyalty_analysis_is_decoded(functions, ask):
    coupon = {"code": "VUELVE15", "discount": 15, "reason": "90 días"}
    answers(
        functions,
        LOYALTY,
        {"analysis": "Se aleja", "suggested_coupon": coupon, "recovery_message": "Hola", "next_steps": ["llamar"]},
        {"analysis": "Leal", "suggested_coupon": {"code": "X", "discount": "15%"}, "next_steps": None},
    )
    plan = ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert isinstance(plan, LoyaltyAnalysis)
    assert plan.suggested_coupon.model_dump() == {**coupon, "discount": Decimal(15)}
    assert (plan.recovery_message, plan.next_steps) == ("Hola", ["llamar"])
    plan = ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert (plan.suggested_coupon.discount, plan.next_steps) == ("15%", [])


def test_a_stored_loyalty_proposition_offers_the_same_coupon_and_message(functions, ask):
    answers(functions, LOYALTY, PROPOSITION)
    plan = ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert isinstance(plan, LoyaltyProposition)
    assert (plan.suggested_coupon.code, plan.suggested_coupon.discount) == ("VUELVE15", Decimal("15.5"))
    assert (plan.recovery_message, plan.segment_at_generation) == ("Te extrañamos", None)


@pytest.mark.parametrize(
    ("operation", "url", "answer", "field"),
    [
        (suggest_customer_tags, INTELLIGENCE, {}, "tags"),
        (suggest_customer_tags, INTELLIGENCE, {"segment": "Leal", "reasoning": ""}, "tags"),
        (suggest_customer_tags, INTELLIGENCE, {"segment": "Leal", "reasoning": "", "tags": {"vip": 1}}, "tags"),
        (suggest_customer_tags, INTELLIGENCE, {"segment": "Leal", "reasoning": "", "tags": [None, {}]}, "tags"),
        (generate_whatsapp_message, INTELLIGENCE, {}, "message"),
        (generate_whatsapp_message, INTELLIGENCE, {"message": " "}, "message"),
        (get_customer_narrative, NARRATIVE, {"narrative": None}, "narrative"),
        (get_strategic_loyalty_analysis, LOYALTY, {"next_steps": []}, "analysis"),
        (get_strategic_loyalty_analysis, LOYALTY, {"analysis": [], "suggested_coupon": {}}, "analysis"),
        (get_strategic_loyalty_analysis, LOYALTY, {"generated_code": "X"}, "id"),
    ],
)
def test_the_field_that_an_answer_lacks_is_named(functions, ask, operation, url, answer, field):
    answers(functions, url, answer)
    with pytest.raises(UnexpectedResponseError) as raised:
        ask(operation, CUSTOMER)
    assert (raised.value.field, raised.value.operation) == (field, operation.__name__)
    assert field in str(raised.value)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.Response(503, text="busy"), ServiceUnavailableError),
        (httpx.ReadError, ServiceUnavailableError),
        (httpx.ReadTimeout, RequestTimeoutError),
        (httpx.Response(200, json={"analysis": ""}), UnexpectedResponseError),
        (httpx.Response(500, json={"error": "boom"}), EdgeFunctionError),
        (httpx.Response(400, json={"error": "boom"}), EdgeFunctionError),
        (httpx.Response(200, json={"error": "boom"}), EdgeFunctionError),
    ],
)
def test_a_request_that_may_create_a_coupon_is_never_retried_and_says_so(functions, ask, failure, kind):
    route = answers(functions, LOYALTY, failure, PROPOSITION)
    with pytest.raises(kind, match="a coupon may have been created") as failed:
        ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert not failed.value.retryable
    assert route.call_count == 1


def test_a_loyalty_request_that_was_never_sent_is_sent_again(functions, ask):
    route = answers(functions, LOYALTY, httpx.ConnectError, PROPOSITION)
    assert ask(get_strategic_loyalty_analysis, CUSTOMER).generated_code == "VUELVE15"
    assert route.call_count == 2


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError,
        httpx.Response(422, json={"error": "no"}),
        httpx.Response(400, json={"error": "Acción no soportada: undefined"}),
    ],
)
def test_an_error_mentions_a_coupon_only_if_one_may_exist(functions, ask, failure):
    answers(functions, LOYALTY, *[failure] * 4)
    with pytest.raises(AdminCRMError) as failed:
        ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert "coupon" not in str(failed.value)


@pytest.mark.parametrize("tags", [[], ["", " "], ["x" * 61]])
def test_a_suggestion_that_cannot_be_applied_is_refused_before_anything_is_sent(functions, ask, tags):
    with pytest.raises(InvalidInputError) as raised:
        ask(apply_suggested_tags, CUSTOMER, TagSuggestion(tags=tags, segment="Leal", reasoning=""))
    assert raised.value.argument == "suggestion"
