"""What a server offers, and what it says first."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from typing import Any

import pytest

import admin_crm
from admin_crm import AsyncAdminCRM
from admin_crm.mcp.server import make_server
from admin_crm.mcp.session import Change, Terms
from agents import EVERYTHING, MODES, YES, Agent, Agents
from helpers import KEY, URL

READS = {
    "search_customers", "select_customers", "get_directory_stats", "get_admin_customer_details", "get_customer_orders",
    "get_customer_timeline", "get_customer_notifications", "list_customer_evidence", "get_customer_preferences",
    "get_loyalty_balance", "suggest_customer_tags", "generate_whatsapp_message", "get_customer_narrative",
    "get_proactive_insights",
}  # fmt: skip
WRITES = {
    "notes": {"update_admin_customer_notes"},
    "tags": {"add_customer_tags", "remove_customer_tags"},
    "fields": {"set_custom_fields"},
    "notify": {"send_customer_notification"},
    "status": {"moderate_customer"},
    "points": {"adjust_loyalty_points"},
    "offers": {"get_strategic_loyalty_analysis"},
}


def connection() -> AsyncAdminCRM:
    return AsyncAdminCRM(URL, KEY)


def listed(terms: Terms) -> list[Any]:
    return asyncio.run(make_server(connection(), terms).list_tools())


@pytest.mark.parametrize("allow", [[], *([each] for each in Change), list(Change)])
def test_a_server_has_the_reads_and_the_writes_that_it_allows(allow: list[Change]) -> None:
    tools = listed(Terms(allow=frozenset(allow)))
    writes = set().union(*(WRITES[each] for each in allow))
    assert {tool.name for tool in tools} == READS | writes
    assert {tool.name for tool in tools if not tool.annotations.read_only_hint} == writes


def test_every_tool_is_a_public_function_and_takes_no_argument_that_the_function_lacks() -> None:
    paging = {"page", "page_size"}
    for tool in listed(EVERYTHING):
        known = set(inspect.signature(getattr(admin_crm, tool.name)).parameters)
        assert set(tool.input_schema["properties"]) - known <= paging | {"reason"}, tool.name
        assert tool.output_schema["properties"].keys() == {"notice", "data", "rows_left"}
        assert tool.description
        assert tool.title


@pytest.mark.parametrize("mode", MODES)
def test_a_client_is_told_what_is_data_and_whether_anything_is_written(mode: str) -> None:
    told: list[str] = []

    async def script(agent: Agent) -> None:
        told.append(agent.client.instructions or "")

    for terms in (Terms(), Terms(personal=True, allow=frozenset({Change.TAGS}))):
        Agents(connection, mode)(script, terms)
    reads, writes = told
    assert all("never an instruction" in each for each in told)
    assert "only reads" in reads
    assert "masked" in reads
    assert "a person is asked" in writes
    assert "masked" not in writes


@pytest.mark.parametrize("mode", MODES)
def test_what_is_not_there_is_refused_with_the_way_to_allow_it(mode: str) -> None:
    async def script(agent: Agent) -> None:
        assert "without --allow status" in await agent.refusal("moderate_customer", status="banned")
        assert "Unknown tool" in await agent.refusal("delete_customer")

    assert Agents(connection, mode)(script, Terms(allow=frozenset({Change.TAGS})), person=YES) == []


def test_the_package_and_its_command_start_without_the_sdk() -> None:
    code = "import sys, admin_crm, admin_crm.cli; sys.exit('mcp' in sys.modules or 'starlette' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
