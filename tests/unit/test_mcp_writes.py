"""The tools that write: what they ask, and what they hand on when somebody has said yes."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx
from mcp_types import CallToolResult, ElicitResult, InputRequiredResult

from admin_crm import (
    AdminNotes,
    AsyncAdminCRM,
    CustomerProfile,
    LoyaltyAnalysis,
    LoyaltyProposition,
    Moderation,
    Notification,
    PartialModerationError,
)
from admin_crm.mcp import writes
from admin_crm.mcp.session import Terms
from admin_crm.models import LoyaltyEntry, PreviousStatus
from agents import EVERYTHING, MODES, NO, YES, Agent, Agents
from functions_server import PROPOSITION
from helpers import KEY, PROFILES, QUICK, SOMEBODY, URL

WHY = "she asked for it"
ABOUT: dict[str, Any] = {"customer_id": SOMEBODY, "reason": WHY}
ANA = UUID(SOMEBODY)
NOTES = AdminNotes(customer_id=ANA, notes="Antes", tags=["vip"], custom_fields={"talla": "S", "tel": "+525512345641"})


@pytest.fixture(params=MODES)
def agents(request: pytest.FixtureRequest) -> Any:
    with respx.mock(assert_all_called=False) as router:
        router.get(PROFILES).mock(return_value=httpx.Response(200, json=[{"id": SOMEBODY, "full_name": "Ana"}]))
        yield Agents(lambda: AsyncAdminCRM(URL, KEY, settings=QUICK), request.param)


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the library's functions were asked to write."""
    noted: list[Any] = []

    def replace(place: Any, name: str, value: Any) -> None:
        async def function(crm: object, *words: Any, **options: Any) -> Any:
            if not name.startswith("get_admin"):
                noted.append((name, words, options))
            return value

        monkeypatch.setattr(place, name, function)

    moderation = Moderation(
        profile=CustomerProfile(id=ANA, account_status="banned"),
        previous=PreviousStatus(account_status="active"),
        sign_in="banned",
        logged=True,
    )
    replace(writes.admin_notes, "get_admin_customer_notes", NOTES)
    replace(writes.admin_notes, "update_admin_customer_notes", NOTES)
    replace(writes.admin_notes, "add_customer_tags", NOTES)
    replace(writes.admin_notes, "remove_customer_tags", NOTES)
    replace(writes.admin_notes, "set_custom_fields", NOTES)
    replace(writes.notifications, "send_customer_notification", Notification(id=ANA, user_id=ANA, title="Hola"))
    replace(writes.statuses, "moderate_customer", moderation)
    replace(writes.loyalty, "adjust_loyalty_points", LoyaltyEntry(id=ANA, customer_id=ANA, points=5))
    replace(writes.intelligence, "get_strategic_loyalty_analysis", LoyaltyProposition.model_validate(PROPOSITION))
    return noted


SENT = {"user_id": SOMEBODY, "reason": WHY, "title": "Hola\u202e", "message": "Va\u200b en\ncamino"}
CALLS: list[tuple[str, dict[str, Any], list[str], Any]] = [
    (
        "update_admin_customer_notes",
        {**ABOUT, "notes": "Des\u200bpués"},
        ["Replace the notes", 'new notes: "Después"', 'instead of: "Antes"'],
        ((ANA,), {"notes": "Después"}),
    ),
    ("add_customer_tags", {**ABOUT, "tags": ["a\u202e"]}, ["Add tags", 'tags: "a"'], ((ANA, ["a"]), {})),
    ("remove_customer_tags", {**ABOUT, "tags": ["vip"]}, ["Remove tags", 'tags: "vip"'], ((ANA, ["vip"]), {})),
    (
        "set_custom_fields",
        {**ABOUT, "fields": {"talla": "M\u202e", "colores": ["rojo\u200b", 1]}},
        ["Set fields", 'new fields: "talla" = "M", "colores" = "rojo", "1"', 'instead of: "talla" = "S"'],
        ((ANA, {"talla": "M", "colores": ["rojo", 1]}), {}),
    ),
    (
        "send_customer_notification",
        {**SENT, "type": "success", "idempotency_key": "k"},
        ["Send a notification", 'title: "Hola"', 'message: "Va en⏎camino"', 'type: "success"'],
        ((ANA, "Hola", "Va en\ncamino", "success"), {"idempotency_key": "k"}),
    ),
    (
        "moderate_customer",
        {**ABOUT, "status": "banned"},
        ["BAN this customer permanently"],
        ((ANA, "banned"), {"suspension_end": None, "reason": WHY, "actor": writes.AGENT}),
    ),
    (
        "adjust_loyalty_points",
        {**ABOUT, "points": -5, "description": "Error"},
        ["loyalty points", 'points: "-5"', 'description: "Error"'],
        ((ANA, -5, "Error"), {}),
    ),
    ("get_strategic_loyalty_analysis", ABOUT, ["may create a coupon"], ((ANA,), {})),
]


@pytest.mark.parametrize(("tool", "arguments", "asked", "written"), CALLS, ids=[each[0] for each in CALLS])
def test_what_is_asked_is_what_is_done_and_only_after_a_yes(
    tool: str,
    arguments: dict[str, Any],
    asked: list[str],
    written: Any,
    agents: Agents,
    done: list[Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def refused(agent: Agent) -> None:
        assert "nothing was done" in await agent.refusal(tool, **arguments)

    async def allowed(agent: Agent) -> None:
        await agent.data(tool, **arguments)

    agents(refused, EVERYTHING, person=NO)
    agents(refused, EVERYTHING)
    assert done == []
    with caplog.at_level(logging.INFO, "admin_crm"):
        (question,) = agents(allowed, EVERYTHING, person=YES)
    assert all(part in question for part in [*asked, 'named "Ana"', f'reason given: "{WHY}"'])
    assert done == [(tool, *written)]
    assert f"an agent did {tool} for customer {SOMEBODY}" in caplog.messages
    assert WHY not in caplog.text


def test_what_the_agent_sees_masked_it_does_not_replace(agents: Agents, done: list[Any]) -> None:
    async def script(agent: Agent) -> None:
        assert "--show-personal" in await agent.refusal("set_custom_fields", **ABOUT, fields={"tel": None})

    assert agents(script, EVERYTHING, person=YES) == []
    assert done == []


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("add_customer_tags", {"tags": []}),
        ("add_customer_tags", {"tags": ["x" * 61]}),
        ("update_admin_customer_notes", {"notes": "x" * 2_001}),
        ("moderate_customer", {"status": "deleted"}),
        ("set_custom_fields", {"fields": {"talla": "x" * 2_000}}),
        ("adjust_loyalty_points", {"points": "many", "description": "x"}),
    ],
)
def test_arguments_that_do_not_fit_ask_nobody(
    tool: str, arguments: dict[str, Any], agents: Agents, done: list[Any]
) -> None:
    async def script(agent: Agent) -> None:
        await agent.refusal(tool, **ABOUT, **arguments)
        assert "reason" in await agent.refusal(tool, customer_id=SOMEBODY, **arguments)

    assert agents(script, EVERYTHING, person=YES) == []
    assert done == []


def test_only_locks_are_counted_as_locks(agents: Agents, done: list[Any]) -> None:
    async def script(agent: Agent) -> None:
        for status in ("active", "banned", "active"):
            await agent.data("moderate_customer", **ABOUT, status=status)
        assert "--max-locks" in await agent.refusal("moderate_customer", **ABOUT, status="suspended")
        assert "--max-locks" in await agent.refusal("moderate_customer", **ABOUT, status="banned")

    terms = Terms(allow=EVERYTHING.allow, max_locks=1)
    assert len(agents(script, terms, person=YES)) == 3
    assert len(done) == 3


def test_the_end_of_a_suspension_is_by_the_shops_clock(agents: Agents, done: list[Any]) -> None:
    async def script(agent: Agent) -> None:
        end = {"status": "suspended", "suspension_end": "2099-01-31T12:00:00"}
        await agent.data("moderate_customer", **ABOUT, **end)

    (question,) = agents(script, EVERYTHING, person=YES)
    assert 'until: "2099-01-31 12:00:00+00:00"' in question
    assert done[0][2]["suspension_end"].isoformat() == "2099-01-31T12:00:00+00:00"


def test_what_was_done_only_in_part_is_told(agents: Agents, done: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise PartialModerationError("the status stands, the ban does not", completed=["status"], hint="do it again")

    monkeypatch.setattr(writes.statuses, "moderate_customer", fail)

    async def script(agent: Agent) -> None:
        assert "the status stands" in await agent.refusal("moderate_customer", **ABOUT, status="banned")

    agents(script, EVERYTHING, person=YES)


@pytest.mark.parametrize(
    ("plan", "offer"),
    [
        (LoyaltyProposition.model_validate(PROPOSITION), ("Te extrañamos", "VUELVE15", "15.5", [])),
        (LoyaltyAnalysis(analysis="Va bien", next_steps=["Nada"]), ("Va bien", None, None, ["Nada"])),
    ],
)
def test_both_kinds_of_plans_are_told(
    plan: Any, offer: tuple[Any, ...], agents: Agents, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(*_: Any) -> Any:
        return plan

    monkeypatch.setattr(writes.intelligence, "get_strategic_loyalty_analysis", answer)

    async def script(agent: Agent) -> None:
        found = await agent.data("get_strategic_loyalty_analysis", **ABOUT)
        assert (found["text"], found["coupon_code"], found["discount"], found["next_steps"]) == offer

    agents(script, EVERYTHING, person=YES)


def test_one_yes_is_good_for_one_write(agents: Agents, done: list[Any]) -> None:
    """A client of the newer protocol sends the answer back itself, and could send it twice."""
    arguments = {**ABOUT, "tags": ["vip"]}

    async def script(agent: Agent) -> None:
        first = await agent.client.session.call_tool("add_customer_tags", arguments, allow_input_required=True)
        assert isinstance(first, InputRequiredResult)
        assert first.input_requests
        (key,) = first.input_requests
        answered = {
            "input_responses": {key: ElicitResult(action="accept", content=YES)},
            "request_state": first.request_state,
        }
        second = await agent.client.session.call_tool(
            "add_customer_tags", arguments, allow_input_required=True, **answered
        )
        assert isinstance(second, CallToolResult)
        assert not second.is_error
        for _ in range(2):
            again = await agent.client.session.call_tool(
                "add_customer_tags", arguments, allow_input_required=True, **answered
            )
            assert isinstance(again, InputRequiredResult)  # somebody is asked anew

    if agents.mode == "auto":
        agents(script, EVERYTHING, person=YES)
        assert len(done) == 1


def test_two_calls_that_ask_the_same_are_two_questions(agents: Agents, done: list[Any]) -> None:
    async def script(agent: Agent) -> None:
        for _ in range(2):
            await agent.data("add_customer_tags", **ABOUT, tags=["vip"])

    one, two = agents(script, EVERYTHING, person=YES)
    assert one.replace("question 1", "question 2") == two
    assert len(done) == 2
