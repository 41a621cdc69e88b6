"""A function as a tool: its arguments, its annotations and its errors."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest
from mcp import Client
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from admin_crm import CustomerNotFoundError
from admin_crm.mcp.tools import Reading, Writing, tool_of
from agents import Agent, said
from helpers import SOMEBODY


async def greet(name: Annotated[str, Field(max_length=5)], times: int = 1) -> list[str]:
    """Greet."""
    if name == "lost":
        raise CustomerNotFoundError("no such customer", hint="check the id", customer_id=SOMEBODY)  # type: ignore[arg-type]
    if name == "no":
        raise ToolError("not today")
    if name == "bug":
        raise ZeroDivisionError("sb_secret_do-not-show")
    return [name] * times


def ask(*calls: dict[str, Any]) -> list[str]:
    async def run() -> list[str]:
        async with Client(MCPServer("test", tools=[tool_of(Reading(greet, "Greet"))])) as client:
            return [said(await Agent(client, []).call("greet", **each)) for each in calls]

    return asyncio.run(run())


def test_an_error_is_told_in_our_words_and_a_bug_not_at_all() -> None:
    lost, no, bug = ask({"name": "lost"}, {"name": "no"}, {"name": "bug"})
    assert lost == f"(customer {SOMEBODY}): no such customer — check the id"
    assert no == "not today"
    assert bug == "Error executing tool greet"


def test_arguments_that_do_not_fit_are_named_and_not_repeated() -> None:
    long, unknown, missing = ask({"name": "+525512345641"}, {"name": "Ana", "tmies": 2}, {})
    assert long == "name: String should have at most 5 characters"
    assert unknown == "tmies: Extra inputs are not permitted"
    assert missing == "name: Field required"


def test_a_tool_says_that_it_takes_no_other_arguments() -> None:
    tool = tool_of(Reading(greet, "Greet"))
    assert tool.parameters["additionalProperties"] is False
    assert tool.output_schema


@pytest.mark.parametrize(
    ("offered", "hints"),
    [
        (Reading(greet, "Greet"), (True, False, True, False)),
        (Reading(greet, "Greet", open_world=True), (True, False, False, True)),
        (Writing(greet, "Greet"), (False, False, True, False)),
        (Writing(greet, "Greet", destructive=True, idempotent=False, open_world=True), (False, True, False, True)),
    ],
)
def test_a_client_may_know_what_a_tool_does(offered: Reading | Writing, hints: tuple[bool, ...]) -> None:
    found = tool_of(offered).annotations
    assert found
    assert found.title == "Greet"
    assert (found.read_only_hint, found.destructive_hint, found.idempotent_hint, found.open_world_hint) == hints
