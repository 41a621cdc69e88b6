"""What the Edge Functions answer, and what becomes of it."""

from __future__ import annotations

import json
from decimal import Decimal

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from admin_crm import (
    AdminCRM,
    AdminCRMError,
    AuthenticationError,
    CustomerNotFoundError,
    EdgeFunctionError,
    Insight,
    InvalidInputError,
    LoyaltyAnalysis,
    LoyaltyProposition,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    SchemaMismatchError,
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
from helpers import KEY, QUICK, URL

CUSTOMER = "c0ffee00-0000-4000-8000-000000000001"
INTELLIGENCE = f"{URL}/functions/v1/customer-intelligence"
NARRATIVE = f"{URL}/functions/v1/customer-narrative"
LOYALTY = f"{URL}/functions/v1/loyalty-intelligence"
TAGS = {"tags": ["vip", " vip ", "", "regalos"], "segment": "Campeón", "reasoning": "Compra cada mes."}
PROPOSITION = {
    "id": "9f0c6f9e-0000-4000-8000-000000000001",
    "customer_id": CUSTOMER,
    "generated_code": "VUELVE15",
    "personalized_message": "Te extrañamos",
    "discount_value": 15.50,
    "discount_type": "percentage",
}


@pytest.fixture
def server():
    with respx.mock(assert_all_called=False) as routes:
        yield routes


def answers(server, url, *given, **kwargs):
    responses = [each if isinstance(each, httpx.Response | type) else httpx.Response(200, json=each) for each in given]
    return server.post(url, **kwargs).mock(side_effect=responses)


def body_of(route):
    return json.loads(route.calls.last.request.content)


def test_tags_are_suggested_without_blanks_and_doubles(server, ask):
    route = answers(server, INTELLIGENCE, {**TAGS, "source": "rules"})
    suggestion = ask(suggest_customer_tags, CUSTOMER)
    assert (suggestion.tags, suggestion.segment) == (["vip", "regalos"], "Campeón")
    assert suggestion.model_extra == {"source": "rules"}
    assert body_of(route) == {"customerId": CUSTOMER, "action": "suggest_tags"}


def test_a_message_is_asked_for_with_and_without_a_context(server, ask):
    route = answers(server, INTELLIGENCE, {"message": " Hola 😊 "}, {"message": "Hola"})
    assert ask(generate_whatsapp_message, CUSTOMER, " su pedido llegó ") == "Hola 😊"
    assert body_of(route)["context"] == "su pedido llegó"
    ask(generate_whatsapp_message, CUSTOMER)
    assert body_of(route) == {"customerId": CUSTOMER, "action": "generate_whatsapp_copy"}


@pytest.mark.parametrize("context", ["", " ", "x" * 2001, 7])
def test_a_context_out_of_its_bounds_is_refused_unsent(server, ask, context):
    with pytest.raises(InvalidInputError) as refused:
        ask(generate_whatsapp_message, CUSTOMER, context)
    assert refused.value.argument == "context"


@pytest.mark.parametrize(
    "operation",
    [suggest_customer_tags, generate_whatsapp_message, get_customer_narrative, get_strategic_loyalty_analysis],
)
def test_an_id_that_is_none_is_refused_unsent(server, ask, operation):
    with pytest.raises(InvalidInputError) as refused:
        ask(operation, "42")
    assert refused.value.argument == "customer_id"


def test_the_narrative_has_a_function_of_its_own(server, ask):
    route = answers(server, NARRATIVE, {"narrative": "Lucía compra cada mes."})
    assert ask(get_customer_narrative, CUSTOMER) == "Lucía compra cada mes."
    assert body_of(route) == {"customerId": CUSTOMER}


def test_narrative_and_loyalty_can_be_actions_of_one_function(server, caller):
    names = {"narrative_function": "customer-intelligence", "narrative_action": "get_customer_narrative"}
    names |= {"loyalty_function": "customer-intelligence", "loyalty_action": "analyze_loyalty"}
    crm = caller.open(URL, KEY, settings=QUICK.model_copy(update=names))
    route = answers(server, INTELLIGENCE, {"narrative": "Lucía"}, {"analysis": "Leal"})
    caller(get_customer_narrative, crm, CUSTOMER)
    assert body_of(route) == {"customerId": CUSTOMER, "action": "get_customer_narrative"}
    caller(get_strategic_loyalty_analysis, crm, CUSTOMER)
    assert body_of(route) == {"customerId": CUSTOMER, "action": "analyze_loyalty"}


def test_insights_are_about_the_shop(server, ask):
    route = answers(server, INTELLIGENCE, {"insights": [{"type": "warning", "title": "t", "description": "d"}]})
    assert ask(get_proactive_insights) == [Insight(type="warning", title="t", description="d")]
    assert body_of(route) == {"action": "generate_proactive_insights"}


def test_a_loyalty_analysis_is_read(server, ask):
    coupon = {"code": "VUELVE15", "discount": 15, "reason": "90 días"}
    answers(
        server,
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


def test_a_stored_loyalty_proposition_offers_the_same_coupon_and_message(server, ask):
    answers(server, LOYALTY, PROPOSITION)
    plan = ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert isinstance(plan, LoyaltyProposition)
    assert (plan.suggested_coupon.code, plan.suggested_coupon.discount) == ("VUELVE15", Decimal("15.5"))
    assert (plan.recovery_message, plan.segment_at_generation) == ("Te extrañamos", None)


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"narrative": "Sí"}\n```',
        'Claro, aquí está:\n```\n{"narrative": "Sí"}\n```\n¿Algo más?',
        '\ufeff{"narrative": "Sí"}',
        json.dumps('```json\n{"narrative": "Sí"}\n```'),
        json.dumps('{"narrative": "Sí"}'),
        '```JSON {"narrative": "Sí"}```',
    ],
)
def test_an_answer_is_taken_out_of_a_code_fence(server, ask, text):
    answers(server, NARRATIVE, httpx.Response(200, text=text))
    assert ask(get_customer_narrative, CUSTOMER) == "Sí"


@pytest.mark.parametrize(
    ("operation", "url", "answer", "field"),
    [
        (suggest_customer_tags, INTELLIGENCE, {"tags": [], "reasoning": ""}, "segment"),
        (suggest_customer_tags, INTELLIGENCE, {"segment": "Leal", "reasoning": ""}, "tags"),
        (suggest_customer_tags, INTELLIGENCE, {"segment": "Leal", "reasoning": "", "tags": "vip"}, "tags"),
        (generate_whatsapp_message, INTELLIGENCE, {}, "message"),
        (generate_whatsapp_message, INTELLIGENCE, {"message": " "}, "message"),
        (get_customer_narrative, NARRATIVE, {"narrative": None}, "narrative"),
        (get_strategic_loyalty_analysis, LOYALTY, {"next_steps": []}, "analysis"),
        (get_strategic_loyalty_analysis, LOYALTY, {"analysis": "x", "suggested_coupon": {}}, "suggested_coupon.code"),
        (get_strategic_loyalty_analysis, LOYALTY, {"generated_code": "X"}, "id"),
    ],
)
def test_what_an_answer_lacks_is_named(server, ask, operation, url, answer, field):
    answers(server, url, answer)
    with pytest.raises(UnexpectedResponseError) as refused:
        ask(operation, CUSTOMER)
    assert (refused.value.field, refused.value.operation) == (field, operation.__name__)
    assert field in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "an empty response"),
        ("<html><body>Lucía</body></html>", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ('"Lucía Fernández"', "not a JSON object"),
        ("```json\n{\n```", "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
    ],
)
def test_what_is_no_answer_is_refused_without_repeating_it(server, ask, text, told):
    route = answers(server, NARRATIVE, httpx.Response(200, text=text))
    with pytest.raises(UnexpectedResponseError, match=told) as refused:
        ask(get_customer_narrative, CUSTOMER)
    assert "Lucía" not in f"{refused.value} {refused.value.sample}"
    assert route.call_count == 1


@pytest.mark.parametrize("error", ["Falló con ana@shop.example", {"message": "Falló con ana@shop.example"}, ["Falló"]])
def test_an_error_inside_a_200_is_an_error(server, ask, error):
    route = answers(server, NARRATIVE, {"error": error, "narrative": "…"})
    with pytest.raises(EdgeFunctionError, match="Falló") as failed:
        ask(get_customer_narrative, CUSTOMER)
    assert (failed.value.function, failed.value.status) == ("customer-narrative", 200)
    assert "ana@" not in str(failed.value)
    assert route.call_count == 1


@pytest.mark.parametrize("error", [None, "", False])
def test_an_error_that_says_nothing_is_none(server, ask, error):
    answers(server, NARRATIVE, {"error": error, "narrative": "Lucía"})
    assert ask(get_customer_narrative, CUSTOMER) == "Lucía"


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, json={"error": "[429 Too Many Requests] slow down"}),
        httpx.Response(500, json={"error": "RESOURCE_EXHAUSTED"}, headers={"retry-after": "7"}),
        httpx.Response(400, json={"error": "x" * 300 + " You exceeded your current quota"}),
    ],
)
def test_a_model_without_quota_is_rate_limited_and_not_asked_again(server, ask, response):
    route = answers(server, INTELLIGENCE, response)
    with pytest.raises(RateLimitedError, match="quota") as limited:
        ask(suggest_customer_tags, CUSTOMER)
    assert limited.value.retry_after == (7.0 if response.status_code == 500 else None)
    assert limited.value.retryable
    assert route.call_count == 1


def test_a_number_that_only_contains_429_is_no_quota(server, ask):
    answers(server, INTELLIGENCE, httpx.Response(500, json={"error": "order 14290 failed at 1.429 s"}))
    with pytest.raises(EdgeFunctionError):
        ask(suggest_customer_tags, CUSTOMER)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(404, json={"code": "NOT_FOUND", "message": "Requested function was not found"}),
        httpx.Response(404, text="Function not found"),
        httpx.Response(404, html="<html>404</html>"),
        httpx.Response(404, json=[]),
    ],
)
def test_a_function_that_is_not_deployed_is_named(server, ask, response):
    answers(server, LOYALTY, response)
    with pytest.raises(SchemaMismatchError, match="loyalty-intelligence is not deployed") as missing:
        ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert (missing.value.kind, missing.value.name) == ("function", "loyalty-intelligence")


def test_a_customer_that_the_function_does_not_know_is_not_found(server, ask):
    answers(server, INTELLIGENCE, httpx.Response(404, json={"error": "Cliente no encontrado."}))
    with pytest.raises(CustomerNotFoundError, match=r"Cliente no encontrado\.") as missing:
        ask(suggest_customer_tags, CUSTOMER)
    assert str(missing.value.customer_id) == CUSTOMER


def test_a_404_that_is_about_no_customer_is_the_functions_error(server, ask):
    answers(server, INTELLIGENCE, httpx.Response(404, json={"error": "No model"}))
    with pytest.raises(EdgeFunctionError) as failed:
        ask(get_proactive_insights)
    assert failed.value.function == "customer-intelligence"


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx.Response(400, json={"error": "Acción desconocida"}), EdgeFunctionError),
        (httpx.Response(500, json={"error": "boom"}), EdgeFunctionError),
        (httpx.Response(546, json={"code": "WORKER_LIMIT", "message": "out of memory"}), EdgeFunctionError),
        (httpx.Response(401, json={"code": 401, "message": "Invalid JWT"}), AuthenticationError),
        (httpx.Response(403, json={"error": "Solo administradores"}), PermissionDeniedError),
    ],
)
def test_a_refusal_keeps_its_status_and_is_not_repeated(server, ask, response, kind):
    route = answers(server, INTELLIGENCE, response)
    with pytest.raises(kind) as failed:
        ask(suggest_customer_tags, CUSTOMER)
    assert failed.value.status == response.status_code
    assert route.call_count == 1


@pytest.mark.parametrize(
    "failure",
    [httpx.Response(503, text="busy"), httpx.Response(520, html="<html>"), httpx.ReadError, httpx.ConnectError],
)
def test_what_only_reads_is_asked_once_more(server, ask, failure):
    route = answers(server, INTELLIGENCE, failure, TAGS)
    assert ask(suggest_customer_tags, CUSTOMER).segment == "Campeón"
    assert route.call_count == 2
    again = answers(server, NARRATIVE, failure, failure)
    with pytest.raises(ServiceUnavailableError):
        ask(get_customer_narrative, CUSTOMER)
    assert again.call_count == 2


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.Response(503, text="busy"), ServiceUnavailableError),
        (httpx.ReadError, ServiceUnavailableError),
        (httpx.ReadTimeout, RequestTimeoutError),
        (httpx.Response(200, json={"analysis": ""}), UnexpectedResponseError),
        (httpx.Response(500, json={"error": "boom"}), EdgeFunctionError),
        (httpx.Response(200, json={"error": "boom"}), EdgeFunctionError),
    ],
)
def test_what_may_create_a_coupon_is_never_repeated_and_says_so(server, ask, failure, kind):
    route = answers(server, LOYALTY, failure, PROPOSITION)
    with pytest.raises(kind, match="a coupon may have been created") as failed:
        ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert not failed.value.retryable
    assert route.call_count == 1


def test_a_loyalty_request_that_was_never_sent_is_sent_again(server, ask):
    route = answers(server, LOYALTY, httpx.ConnectError, PROPOSITION)
    assert ask(get_strategic_loyalty_analysis, CUSTOMER).generated_code == "VUELVE15"
    assert route.call_count == 2


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.Response(400, json={"error": "no"})])
def test_where_no_coupon_can_be_nothing_is_said_of_one(server, ask, failure):
    answers(server, LOYALTY, *[failure] * 4)
    with pytest.raises(AdminCRMError) as failed:
        ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert "coupon" not in str(failed.value)


@pytest.mark.parametrize("tags", [[], ["", " "], ["x" * 61]])
def test_a_suggestion_that_cannot_be_applied_is_refused_unsent(server, ask, tags):
    with pytest.raises(InvalidInputError) as refused:
        ask(apply_suggested_tags, CUSTOMER, TagSuggestion(tags=tags, segment="Leal", reasoning=""))
    assert refused.value.argument == "suggestion"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["tags", "segment", "reasoning", "message", "narrative", "analysis", "insights", "error", "generated_code"]
KEYS += ["suggested_coupon", "next_steps", "discount_value", "customer_id", "id"]


@settings(max_examples=50)
@given(
    answer=JSON_VALUES | st.dictionaries(st.sampled_from(KEYS), JSON_VALUES),
    status=st.sampled_from([200, 400, 404, 500]),
)
def test_whatever_a_function_answers_is_a_model_or_one_of_our_errors(answer, status):
    content = json.dumps(answer).encode()
    operations = (
        suggest_customer_tags,
        generate_whatsapp_message,
        get_customer_narrative,
        get_strategic_loyalty_analysis,
    )
    with respx.mock() as server, AdminCRM(URL, KEY, settings=QUICK) as crm:
        server.post(url__startswith=f"{URL}/functions/").mock(return_value=httpx.Response(status, content=content))
        for operation in operations:
            try:
                answered = operation(crm, CUSTOMER)
            except AdminCRMError:
                continue
            assert isinstance(answered, TagSuggestion | LoyaltyAnalysis | LoyaltyProposition) or answered.strip()
