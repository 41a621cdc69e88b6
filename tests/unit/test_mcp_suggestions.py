"""What the shop's AI says is handed over as data too: customers' texts are in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from admin_crm import AsyncAdminCRM, EdgeFunctionError, Insight, TagSuggestion
from admin_crm.mcp import suggestions
from agents import MODES, Agent, Agents
from helpers import KEY, SOMEBODY, URL

ABOUT = {"customer_id": SOMEBODY}


@pytest.fixture(params=MODES)
def agents(request: pytest.FixtureRequest) -> Agents:
    return Agents(lambda: AsyncAdminCRM(URL, KEY), request.param)


def answering(monkeypatch: pytest.MonkeyPatch, name: str, value: Any) -> list[tuple[Any, ...]]:
    asked: list[tuple[Any, ...]] = []

    async def function(crm: object, *words: Any) -> Any:
        asked.append(words)
        if isinstance(value, Exception):
            raise value
        return value

    monkeypatch.setattr(suggestions.intelligence, name, function)
    return asked


def test_suggested_tags_are_told_and_not_added(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    suggestion = TagSuggestion(tags=["vip"], reasoning="Llama al +52 55 1234 5641\u202e")
    answering(monkeypatch, "suggest_customer_tags", suggestion)

    async def script(agent: Agent) -> None:
        found = await agent.data("suggest_customer_tags", **ABOUT)
        assert found == {"tags": ["vip"], "segment": None, "reasoning": "Llama al …41"}

    agents(script)


@pytest.mark.parametrize(("given", "expected"), [({}, None), ({"context": "su pedido"}, "su pedido")])
def test_a_message_is_written_about_what_is_given(
    given: dict[str, str], expected: str | None, agents: Agents, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch, "generate_whatsapp_message", "Hola Ana,\nllama al +52 55 1234 5641")

    async def script(agent: Agent) -> None:
        result = await agent.call("generate_whatsapp_message", **ABOUT, **given)
        assert result.structured_content
        assert result.structured_content["data"] == {"text": "Hola Ana,\nllama al …41"}
        assert "instructions" in result.structured_content["notice"]
        assert result.structured_content["rows_left"] == 999

    agents(script)
    assert asked == [(UUID(SOMEBODY), expected)]


def test_too_little_to_tell_is_no_text(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "get_customer_narrative", None)

    async def script(agent: Agent) -> None:
        assert await agent.data("get_customer_narrative", **ABOUT) == {"text": None}

    agents(script)


def test_insights_are_a_list(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "get_proactive_insights", [Insight(title="Bajan las ventas", type="warning")])

    async def script(agent: Agent) -> None:
        (insight,) = await agent.data("get_proactive_insights")
        assert insight == {"title": "Bajan las ventas", "description": None, "type": "warning"}

    agents(script)


def test_a_function_that_fails_says_so(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "suggest_customer_tags", EdgeFunctionError("the function failed", status=500))

    async def script(agent: Agent) -> None:
        assert "the function failed [500]" in await agent.refusal("suggest_customer_tags", **ABOUT)

    agents(script)
