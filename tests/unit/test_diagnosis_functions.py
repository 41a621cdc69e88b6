"""The doctor's checks of the Edge Functions and their actions."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from admin_crm import Settings, doctor
from admin_crm.diagnosis.functions import UNKNOWN_ACTION
from helpers import KEY, URL, Ask, Caller
from project_server import Project, line_of

INTELLIGENCE = "function customer-intelligence"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (httpx.Response(200, text="ok"), "pass"),
        (httpx.Response(404, json={"code": "NOT_FOUND", "message": "Requested function was not found"}), "warn"),
        (httpx.Response(404, json={"error": "no such customer"}), "pass"),
        (httpx.Response(503, text="boot error"), "warn"),
    ],
)
def test_functions_are_checked_without_running_them(
    ask: Ask, project: Project, answer: httpx.Response, verdict: str
) -> None:
    project.functions.return_value = answer
    assert line_of(ask(doctor), "function loyalty-intelligence").verdict == verdict
    assert all(not call.request.content for call in project.functions.calls)


def answering(*unsupported: str, error: str = "Acción no soportada", known: str = "Falta customerId") -> Callable:
    """Answer as a function that does not support some actions; every failure is a 400."""

    def answer(request: httpx.Request) -> httpx.Response:
        action = json.loads(request.content)["action"]
        missing = action in unsupported or action.startswith("doctor")
        return httpx.Response(400, json={"error": error.format(action) if missing else known})

    return answer


@pytest.mark.parametrize(
    "error",
    [
        "Acción no soportada",
        "Acción no soportada: {}",
        "Accion no valida",
        "Unknown action: {}",
        "action {} is not supported",
        "Unsupported action",
    ],
)
def test_an_action_that_is_not_supported_is_named_with_its_setting(ask: Ask, project: Project, error: str) -> None:
    project.actions.mock(side_effect=answering("suggest_tags", error=error))
    line = line_of(ask(doctor), INTELLIGENCE)
    assert (line.verdict, line.meaning) == (
        "warn",
        "deployed, but it does not support the action suggest_tags: suggest_customer_tags cannot be used",
    )
    assert "set suggest_tags_action in Settings" in line.advice


def test_several_actions_that_are_not_supported_are_all_named(ask: Ask, project: Project) -> None:
    project.actions.mock(side_effect=answering("suggest_tags", "generate_whatsapp_copy"))
    line = line_of(ask(doctor), INTELLIGENCE)
    assert "suggest_tags, generate_whatsapp_copy" in line.meaning
    assert "suggest_tags_action and whatsapp_action" in line.advice


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (answering(), "deployed, and supports suggest_tags, generate_whatsapp_copy"),
        (answering(known="Acción inexistente", error="Acción inexistente"), "only a real call shows"),
        (lambda request: httpx.Response(400, text="customer ID is required"), "only a real call shows"),
        (lambda request: httpx.Response(403, json={"error": "no"}), "refuses these credentials"),
        (lambda request: httpx.Response(500, json=["odd"]), "only a real call shows"),
    ],
    ids=["supported", "unknown words", "customer first", "refused", "broken"],
)
def test_what_cannot_be_told_apart_is_not_claimed(ask: Ask, project: Project, answer: Callable, meaning: str) -> None:
    project.actions.mock(side_effect=answer)
    line = line_of(ask(doctor), INTELLIGENCE)
    assert line.verdict == "pass"
    assert line.meaning.endswith(meaning) or meaning in line.meaning


def test_actions_are_asked_for_without_a_customer_and_once(ask: Ask, project: Project) -> None:
    project.actions.mock(side_effect=httpx.ReadTimeout("slow"))
    assert line_of(ask(doctor), INTELLIGENCE).verdict == "fail"
    (call,) = project.actions.calls
    assert json.loads(call.request.content) == {"action": "suggest_tags"}


def test_only_actions_that_end_without_a_customer_are_asked_for(caller: Caller, project: Project) -> None:
    settings = Settings(
        narrative_function="customer-intelligence", narrative_action="get_customer_narrative",
        loyalty_function="customer-intelligence", loyalty_action="analyze_loyalty",
    )  # fmt: skip
    caller(doctor, caller.open(URL, KEY, settings=settings))
    asked = [json.loads(call.request.content)["action"] for call in project.actions.calls]
    assert asked[:1] == ["suggest_tags"]
    assert set(asked) <= {
        "suggest_tags",
        "generate_whatsapp_copy",
        "get_customer_narrative",
        UNKNOWN_ACTION,
    }


def test_a_function_that_is_not_deployed_is_asked_for_nothing(ask: Ask, project: Project) -> None:
    project.functions.return_value = httpx.Response(404, json={"code": "NOT_FOUND"})
    ask(doctor)
    assert not project.actions.called
