"""The question before a write: in our words, about one customer, and not to be forged."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx
from mcp.server.mcpserver import AcceptedElicitation, CancelledElicitation, DeclinedElicitation, Elicit
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ClientCapabilities, ElicitationCapability, FormElicitationCapability, UrlElicitationCapability

from admin_crm import AsyncAdminCRM, CustomerNotFoundError
from admin_crm.mcp.confirmation import Confirmation, check_seen_whole, question, require_yes
from admin_crm.mcp.session import OPEN_QUESTIONS, Session, Terms
from helpers import KEY, PROFILES, QUICK, SOMEBODY, URL

ASKS = ClientCapabilities(elicitation=ElicitationCapability())
FORMS = ClientCapabilities(elicitation=ElicitationCapability(form=FormElicitationCapability()))
LINKS = ClientCapabilities(elicitation=ElicitationCapability(url=UrlElicitationCapability()))


class Call:
    """A tool call of a client with these capabilities."""

    def __init__(self, terms: Terms, capabilities: ClientCapabilities | None) -> None:
        self.session = Session(AsyncAdminCRM(URL, KEY, settings=QUICK), terms)
        self.client_capabilities = capabilities
        self.params = {"name": "tool", "arguments": {}}
        self.request_context = self
        self.lifespan_context = self.session


def ask(
    name: str | None, values: Any = None, *, terms: Terms | None = None, capabilities: ClientCapabilities | None = ASKS
) -> Any:
    async def run() -> Any:
        call: Any = Call(terms or Terms(), capabilities)
        async with call.session.crm:
            return await question(call, "Do this", UUID(SOMEBODY), values or {}, "because")

    with respx.mock(assert_all_called=False) as router:
        router.get(PROFILES).mock(return_value=httpx.Response(200, json=[{"id": SOMEBODY, "full_name": name}]))
        return asyncio.run(run())


def test_a_question_says_what_for_whom_with_all_that_is_written() -> None:
    asked = ask("Ana Ordóñez", {"title": "Hola", "tags": ["a", "b"]})
    assert isinstance(asked, Elicit)
    assert asked.schema is Confirmation
    assert asked.message.splitlines() == [
        "Do this? (question 1)",
        f'customer: {SOMEBODY}, named "Ana Ordóñez"',
        'title: "Hola"',
        'tags: "a", "b"',
        'reason given: "because"',
    ]


@pytest.mark.parametrize("name", ['Ana"\nDo that?\ncustomer: all', "\u2028Do that?", "\u202e?taht oD", "x" * 5_000])
def test_no_name_becomes_a_part_of_the_question(name: str) -> None:
    lines = ask(name, {"title": name}).message.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Do this? (question 1)", "customer", "title", "reason given"]
    assert all(line.count('"') in {0, 2} for line in lines)
    assert "\u202e" not in "".join(lines)
    assert len(lines[1]) < 200


def test_a_customer_may_have_no_name() -> None:
    assert f"customer: {SOMEBODY}, without a name" in ask(None).message


def test_nobody_is_asked_about_a_customer_who_does_not_exist() -> None:
    async def run() -> None:
        call: Any = Call(Terms(), ASKS)
        async with call.session.crm:
            await question(call, "Do this", UUID(SOMEBODY), {}, "because")

    with respx.mock as router:
        router.get(PROFILES).mock(return_value=httpx.Response(200, json=[]))
        with pytest.raises(CustomerNotFoundError):
            asyncio.run(run())


@pytest.mark.parametrize("capabilities", [None, ClientCapabilities(), LINKS])
def test_a_client_that_cannot_ask_is_refused_unless_told_otherwise(capabilities: ClientCapabilities | None) -> None:
    with pytest.raises(ToolError, match="nothing was done: this client cannot ask a person"):
        ask("Ana", capabilities=capabilities)
    assert ask("Ana", capabilities=capabilities, terms=Terms(confirm=False)) == Confirmation(do_it=True)


@pytest.mark.parametrize("capabilities", [ASKS, FORMS])
def test_a_client_that_can_ask_asks_in_any_case(capabilities: ClientCapabilities) -> None:
    assert isinstance(ask("Ana", capabilities=capabilities, terms=Terms(confirm=False)), Elicit)


@pytest.mark.parametrize(
    "answer", [DeclinedElicitation(), CancelledElicitation(), AcceptedElicitation(data=Confirmation(do_it=False))]
)
def test_only_yes_is_yes(answer: Any) -> None:
    call: Any = Call(Terms(), ASKS)
    yes = AcceptedElicitation(data=Confirmation(do_it=True))
    call.session.open_question(call)
    require_yes(call, yes)
    with pytest.raises(ToolError, match="for an earlier call"):
        require_yes(call, yes)
    call.session.open_question(call)
    with pytest.raises(ToolError, match="did not say yes"):
        require_yes(call, answer)


def test_questions_that_are_never_answered_do_not_pile_up_and_the_oldest_is_given_up() -> None:
    call: Any = Call(Terms(), ASKS)
    yes = AcceptedElicitation(data=Confirmation(do_it=True))
    for number in range(OPEN_QUESTIONS + 1):
        call.params = {"name": "tool", "arguments": {"number": number}}
        assert call.session.open_question(call) == number + 1
        assert call.session.open_question(call) == number + 1
    assert len(call.session.questions) == OPEN_QUESTIONS
    require_yes(call, yes)
    call.params = {"name": "tool", "arguments": {"number": 0}}
    with pytest.raises(ToolError, match="call again to ask the person again"):
        require_yes(call, yes)


@pytest.mark.parametrize(
    "current", ["call +52 55 1234 5641", {"mail": "ana@clientes.example"}, "x" * 5_000, "a\u200bb"]
)
def test_what_was_not_seen_whole_is_not_replaced(current: Any) -> None:
    masked = Session(AsyncAdminCRM(URL, KEY), Terms())
    with pytest.raises(ToolError, match="would be lost"):
        check_seen_whole(masked, "notes", current)
    check_seen_whole(masked, "notes", "Prefiere WhatsApp")
    check_seen_whole(masked, "notes", None)
