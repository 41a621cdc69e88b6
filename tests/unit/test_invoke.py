"""Answers of Edge Functions: models wrap them in prose, fail inside a 200, and run out of quota."""

from __future__ import annotations

import json

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
    LoyaltyAnalysis,
    LoyaltyProposition,
    PermissionDeniedError,
    RateLimitedError,
    SchemaMismatchError,
    ServiceUnavailableError,
    TagSuggestion,
    UnexpectedResponseError,
    generate_whatsapp_message,
    get_customer_narrative,
    get_proactive_insights,
    get_strategic_loyalty_analysis,
    suggest_customer_tags,
)
from functions_server import CUSTOMER, INTELLIGENCE, LOYALTY, NARRATIVE, OFFERS, TAGS, answers, knows
from helpers import KEY, QUICK, URL


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
def test_an_answer_inside_a_code_fence_is_found(functions, ask, text):
    answers(functions, NARRATIVE, httpx.Response(200, text=text))
    assert ask(get_customer_narrative, CUSTOMER) == "Sí"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "an empty response"),
        ("<html><body>Lucía</body></html>", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ('"Lucía Fernández"', "not a JSON object"),
        ("```json\n{\n```", "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
    ],
)
def test_an_undecodable_answer_is_an_error_that_does_not_quote_it(functions, ask, text, words):
    route = answers(functions, NARRATIVE, httpx.Response(200, text=text))
    with pytest.raises(UnexpectedResponseError, match=words) as raised:
        ask(get_customer_narrative, CUSTOMER)
    assert "Lucía" not in f"{raised.value} {raised.value.sample}"
    assert route.call_count == 1


@pytest.mark.parametrize("error", ["Falló con ana@shop.example", {"message": "Falló con ana@shop.example"}, ["Falló"]])
def test_an_error_inside_a_200_is_an_error(functions, ask, error):
    route = answers(functions, NARRATIVE, {"error": error, "narrative": "…"})
    with pytest.raises(EdgeFunctionError, match="Falló") as failed:
        ask(get_customer_narrative, CUSTOMER)
    assert (failed.value.function, failed.value.status) == ("customer-narrative", 200)
    assert "ana@" not in str(failed.value)
    assert route.call_count == 1


@pytest.mark.parametrize("error", [None, "", False])
def test_an_empty_error_is_not_an_error(functions, ask, error):
    answers(functions, NARRATIVE, {"error": error, "narrative": "Lucía"})
    assert ask(get_customer_narrative, CUSTOMER) == "Lucía"


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, json={"error": "[429 Too Many Requests] slow down"}),
        httpx.Response(500, json={"error": "RESOURCE_EXHAUSTED"}, headers={"retry-after": "7"}),
        httpx.Response(400, json={"error": "x" * 300 + " You exceeded your current quota"}),
    ],
)
def test_an_exhausted_quota_is_a_rate_limit_and_not_retried(functions, ask, response):
    route = answers(functions, INTELLIGENCE, response)
    with pytest.raises(RateLimitedError, match="quota") as limited:
        ask(suggest_customer_tags, CUSTOMER)
    assert limited.value.retry_after == (7.0 if response.status_code == 500 else None)
    assert limited.value.retryable
    assert route.call_count == 1


def test_a_number_that_contains_429_is_not_a_rate_limit(functions, ask):
    answers(functions, INTELLIGENCE, httpx.Response(500, json={"error": "order 14290 failed at 1.429 s"}))
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
def test_a_function_that_is_not_deployed_is_named(functions, ask, response):
    answers(functions, LOYALTY, response)
    with pytest.raises(SchemaMismatchError, match="loyalty-intelligence is not deployed") as missing:
        ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert (missing.value.kind, missing.value.name) == ("function", "loyalty-intelligence")


def test_a_customer_that_the_function_does_not_know_is_not_found(functions, ask):
    answers(functions, INTELLIGENCE, httpx.Response(404, json={"error": "Cliente no encontrado."}))
    with pytest.raises(CustomerNotFoundError, match=r"Cliente no encontrado\.") as missing:
        ask(suggest_customer_tags, CUSTOMER)
    assert str(missing.value.customer_id) == CUSTOMER


@pytest.mark.parametrize("status", [200, 400, 422])
def test_whether_the_customer_exists_is_asked_after_a_refusal_only(functions, ask, status):
    refusal = httpx.Response(status, json={"error": "Could not find customer intelligence data"})
    answers(functions, INTELLIGENCE, {"message": "Hola"}, refusal, refusal, refusal)
    profiles = knows(functions, CUSTOMER)
    ask(generate_whatsapp_message, CUSTOMER)
    assert profiles.call_count == 0
    with pytest.raises(EdgeFunctionError, match="Could not find customer intelligence data") as failed:
        ask(generate_whatsapp_message, CUSTOMER)
    assert "the customer exists" in failed.value.hint
    assert profiles.call_count == 1
    profiles.mock(return_value=httpx.Response(403, json={"code": "42501", "message": "permission denied"}))
    with pytest.raises(EdgeFunctionError, match="Could not find customer intelligence data"):
        ask(generate_whatsapp_message, CUSTOMER)
    knows(functions)
    with pytest.raises(CustomerNotFoundError, match="does not exist, or is not visible") as missing:
        ask(generate_whatsapp_message, CUSTOMER)
    assert isinstance(missing.value.__cause__, EdgeFunctionError)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"error": "Acción no soportada: suggest_tags", "full_error": "Error: …"}),
        httpx.Response(400, content=b'{"error": "Acci\\u00f3n no soportada"}'),  # as servers in Python write it
        httpx.Response(404, json={"error": "Unknown action"}),
        httpx.Response(200, json={"error": "Acción desconocida"}),
    ],
)
def test_the_setting_that_names_an_unsupported_action_is_named(functions, ask, answer):
    route = answers(functions, INTELLIGENCE, answer)
    with pytest.raises(SchemaMismatchError, match="customer-intelligence does not support the action") as missing:
        ask(suggest_customer_tags, CUSTOMER)
    assert (missing.value.kind, missing.value.name) == ("action", "suggest_tags")
    assert "Settings.suggest_tags_action (ADMIN_CRM_SUGGEST_TAGS_ACTION)" in missing.value.hint
    assert route.call_count == 1
    assert missing.value.status == answer.status_code


@pytest.mark.parametrize(
    ("operation", "setting"),
    [
        (suggest_customer_tags, "suggest_tags_action"),
        (generate_whatsapp_message, "whatsapp_action"),
        (get_proactive_insights, "insights_action"),
        (get_customer_narrative, "narrative_action"),
        (get_strategic_loyalty_analysis, "loyalty_action"),
    ],
)
def test_each_function_names_its_own_setting(functions, ask, operation, setting):
    refusal = httpx.Response(400, json={"error": "Acción no soportada"})
    functions.post(url__startswith=f"{URL}/functions/").mock(return_value=refusal)
    with pytest.raises(SchemaMismatchError) as missing:
        ask(operation) if operation is get_proactive_insights else ask(operation, CUSTOMER)
    assert f"Settings.{setting} " in missing.value.hint
    needs_one = setting in ("narrative_action", "loyalty_action")
    assert ("needs an action, and none is set" in str(missing.value)) == needs_one
    assert missing.value.name == (None if needs_one else getattr(ask.crm.settings, setting))


def test_a_404_without_a_customer_is_an_error_of_the_function(functions, ask):
    answers(functions, INTELLIGENCE, httpx.Response(404, json={"error": "No model"}))
    with pytest.raises(EdgeFunctionError) as failed:
        ask(get_proactive_insights)
    assert failed.value.function == "customer-intelligence"


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx.Response(400, json={"error": "Falta el cliente"}), EdgeFunctionError),
        (httpx.Response(500, json={"error": "boom"}), EdgeFunctionError),
        (httpx.Response(500, content=b"[" * 10_000), EdgeFunctionError),
        (httpx.Response(546, json={"code": "WORKER_LIMIT", "message": "out of memory"}), EdgeFunctionError),
        (httpx.Response(401, json={"code": 401, "message": "Invalid JWT"}), AuthenticationError),
        (httpx.Response(403, json={"error": "Solo administradores"}), PermissionDeniedError),
    ],
)
def test_a_refusal_keeps_its_status_and_is_not_retried(functions, ask, response, kind):
    route = answers(functions, INTELLIGENCE, response)
    with pytest.raises(kind) as failed:
        ask(suggest_customer_tags, CUSTOMER)
    assert failed.value.status == response.status_code
    assert route.call_count == 1


@pytest.mark.parametrize(
    "failure",
    [httpx.Response(503, text="busy"), httpx.Response(520, html="<html>"), httpx.ReadError, httpx.ConnectError],
)
def test_a_function_that_only_reads_is_retried_once(functions, ask, failure):
    route = answers(functions, INTELLIGENCE, failure, TAGS)
    assert ask(suggest_customer_tags, CUSTOMER).segment == "Campeón"
    assert route.call_count == 2
    again = answers(functions, NARRATIVE, failure, failure)
    with pytest.raises(ServiceUnavailableError):
        ask(get_customer_narrative, CUSTOMER)
    assert again.call_count == 2


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
def test_any_answer_of_a_function_is_a_model_or_one_of_our_errors(answer, status):
    content = json.dumps(answer).encode()
    operations = (
        suggest_customer_tags,
        generate_whatsapp_message,
        get_customer_narrative,
        get_strategic_loyalty_analysis,
    )
    with respx.mock(assert_all_called=False) as functions, AdminCRM(URL, KEY, settings=QUICK) as crm:
        functions.post(url__startswith=f"{URL}/functions/").mock(return_value=httpx.Response(status, content=content))
        knows(functions, CUSTOMER)
        functions.get(OFFERS).mock(return_value=httpx.Response(200, json=[]))
        for operation in operations:
            try:
                result = operation(crm, CUSTOMER)
            except AdminCRMError:
                continue
            too_little = result is None and operation is get_customer_narrative
            assert (
                too_little or isinstance(result, TagSuggestion | LoyaltyAnalysis | LoyaltyProposition) or result.strip()
            )
