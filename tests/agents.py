"""An agent: the official client of the protocol, with a person behind it who answers questions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult

from admin_crm import AsyncAdminCRM
from admin_crm.mcp.server import make_server
from admin_crm.mcp.session import Change, Terms

EVERYTHING = Terms(allow=frozenset(Change))
MODES = ("legacy", "auto")
"""How clients of the versions before 2026-07-28 connect, and later ones."""
YES = {"do_it": True}
NO = {"do_it": False}


class Agent:
    """Calls tools; `questions` are those that a person was asked."""

    def __init__(self, client: Client, questions: list[str]) -> None:
        self.client = client
        self.questions = questions

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        return await self.client.call_tool(tool, arguments)

    async def data(self, tool: str, **arguments: Any) -> Any:
        """Call a tool that must succeed, and return its data."""
        result = await self.call(tool, **arguments)
        assert not result.is_error, said(result)
        assert result.structured_content is not None
        assert json.loads(said(result)).keys() == result.structured_content.keys()
        return result.structured_content["data"]

    async def refusal(self, tool: str, **arguments: Any) -> str:
        """Call a tool that must fail, and return what it says."""
        result = await self.call(tool, **arguments)
        assert result.is_error, said(result)
        assert result.structured_content is None
        return said(result)


def said(result: CallToolResult) -> str:
    """Return the text of a result."""
    return "\n".join(getattr(block, "text", "") for block in result.content)


class Agents:
    """Servers of one shop in this process, each with one client, for the time of a script."""

    def __init__(self, connect: Callable[[], AsyncAdminCRM], mode: str) -> None:
        self.connect = connect
        self.mode = mode

    def __call__(
        self,
        script: Callable[[Agent], Awaitable[None]],
        terms: Terms = Terms(),  # noqa: B008 (frozen)
        *,
        person: dict[str, Any] | str | None = None,
    ) -> list[str]:
        """Run a script of calls and return the questions; the person accepts with these answers, or says a word."""
        questions: list[str] = []

        async def ask(_: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
            questions.append(params.message)
            if isinstance(person, str):
                return ElicitResult(action=person)  # type: ignore[arg-type]
            return ElicitResult(action="accept", content=person)

        async def run() -> None:
            async with self.connect() as crm:
                server = make_server(crm, terms)
                asking = None if person is None else ask
                async with Client(server, mode=self.mode, elicitation_callback=asking) as client:
                    await script(Agent(client, questions))

        asyncio.run(run())
        return questions
