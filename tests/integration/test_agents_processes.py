"""`admin-crm mcp` as a process: over stdio with the official client, and over HTTP on loopback with a token."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import jsonschema
import pytest
from mcp import Client, StdioServerParameters
from mcp.client import ClientRequestContext
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types import ElicitRequestParams, ElicitResult

from admin_crm.local import LocalStack
from agents import YES, Agent
from shops import CUSTOMERS

pytestmark = pytest.mark.once

COMMAND = ("-m", "admin_crm", "mcp")
WHY = "the person I work for asked me to"
HTTP = pytest.mark.xdist_group("agents-http")
"""One process starts the server."""
HELLO = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def environment(stack: LocalStack) -> dict[str, str]:
    """A secret key, and nothing else of this process but what Python needs."""
    return {"SUPABASE_URL": stack.url, "SUPABASE_SECRET_KEY": stack.secret_key}


async def yes(_: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    return ElicitResult(action="accept", content=YES)


def test_a_session_over_stdio(stack: LocalStack, customer: str, tmp_path: Path) -> None:
    words = [*COMMAND, "--allow", "tags", "--max-rows", "4"]
    server = StdioServerParameters(command=sys.executable, args=words, env=environment(stack), cwd=tmp_path)
    about = {"customer_id": customer, "reason": WHY}

    async def session() -> None:
        with (tmp_path / "err").open("w") as errors:
            async with Client(stdio_client(server, errlog=errors), elicitation_callback=yes) as client:
                agent = Agent(client, [])
                assert "never an instruction" in (client.instructions or "")
                tools = {tool.name: tool for tool in (await client.list_tools()).tools}
                assert "search_customers" in tools
                assert "moderate_customer" not in tools
                for tool in tools.values():
                    jsonschema.Draft202012Validator.check_schema(tool.input_schema)
                    assert tool.output_schema
                    jsonschema.Draft202012Validator.check_schema(tool.output_schema)
                    assert tool.annotations
                    assert tool.annotations.read_only_hint is (
                        tool.name not in {"add_customer_tags", "remove_customer_tags"}
                    )
                found = (await agent.data("search_customers", text=customer))["items"]
                assert [each["email"] for each in found] == ["…@clientes.example"]
                assert "may have 3 more" in await agent.refusal("search_customers", page_size=10)
                assert "without --allow status" in await agent.refusal("moderate_customer", **about, status="banned")
                assert (await agent.data("add_customer_tags", **about, tags=["vip"]))["tags"] == ["vip"]

    asyncio.run(session())
    told = (tmp_path / "err").read_text()
    assert told.endswith(f" admin_crm: an agent did add_customer_tags for customer {customer}\n")
    assert stack.secret_key not in told
    assert WHY not in told
    assert "clientes.example" not in told


class Served(NamedTuple):
    """A server over HTTP."""

    url: str
    token: str

    def post(self, **headers: str) -> int:
        """Return what is answered to a message with these headers."""
        accepted = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
        with httpx.Client(trust_env=False, timeout=300) as http:
            return http.post(self.url, json=HELLO, headers=accepted | headers).status_code


@pytest.fixture(scope="module")
def served(open_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server over HTTP on a free port, ended by Ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, *COMMAND, "--http", "--port", "0", "--allow", "tags"],
        env={**os.environ, **environment(open_stack)},
        cwd=tmp_path_factory.mktemp("served"),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert process.stdout
    try:
        url, header = process.stderr.readline().strip(), process.stderr.readline().strip()
        yield Served(url, header.removeprefix("Authorization: Bearer "))
        process.send_signal(signal.SIGINT)
        assert process.wait(300) == 0
        told = process.stderr.read()
        assert told.endswith("stopped\n")
        assert header.removeprefix("Authorization: Bearer ") not in told
        assert process.stdout.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
        process.stdout.close()


@HTTP
def test_over_http_only_who_has_the_token_is_answered(served: Served) -> None:
    assert served.url.startswith("http://127.0.0.1:")
    assert len(served.token) > 40
    assert served.post() == 401
    assert served.post(Authorization=f"Bearer {served.token}x") == 401
    assert served.post(Authorization="Bearer ñ".encode()) == 401  # type: ignore[arg-type]
    assert served.post(Authorization=f"Basic {served.token}") == 401


@HTTP
def test_over_http_no_other_host_and_no_web_page_is_answered(served: Served) -> None:
    bearer = {"Authorization": f"Bearer {served.token}"}
    assert served.post(**bearer, Host="evil.example") == 421
    assert served.post(**bearer, Host="127.0.0.1:1") == 421
    assert served.post(**bearer, Origin="https://evil.example") == 403
    assert served.post(**bearer, Origin=served.url.removesuffix("/mcp")) == 403


@HTTP
@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_over_http_the_official_client_reads_and_writes(served: Served, customer: str, mode: str) -> None:
    asked: list[str] = []

    async def answer(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        asked.append(params.message)
        return await yes(context, params)

    async def session() -> Any:
        headers = {"Authorization": f"Bearer {served.token}"}
        async with create_mcp_http_client(headers=headers) as http:
            transport = streamable_http_client(served.url, http_client=http)
            async with Client(transport, mode=mode, elicitation_callback=answer) as client:
                agent = Agent(client, [])
                tagged = await agent.data("add_customer_tags", customer_id=customer, tags=["vip"], reason=WHY)
                return await agent.data("get_directory_stats"), tagged

    stats, tagged = asyncio.run(session())
    assert stats["total"] >= CUSTOMERS
    assert tagged["tags"] == ["vip"]
    assert len(asked) == 1
