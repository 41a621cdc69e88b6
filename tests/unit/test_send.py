"""The one place that sends: what is repeated, and what passes unchanged."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import ClientStateError, ConflictError, get_admin_customer_notes, update_customer_status
from admin_crm._core.connection import link_of
from admin_crm._core.send import send
from admin_crm.client import operation
from helpers import NOTES, PROFILES, SOMEBODY

FOUND = httpx.Response(200, json=[{"customer_id": SOMEBODY, "notes": "hola"}])
PROFILE = {"id": SOMEBODY, "account_status": "banned"}


@pytest.mark.parametrize("status", [400, 401, 403, 409, 500])
@respx.mock
def test_a_permanent_error_is_not_retried(ask, status):
    route = respx.get(NOTES).mock(return_value=httpx.Response(status, json={"message": "no"}))
    with pytest.raises(Exception, match="no"):
        ask(get_admin_customer_notes, SOMEBODY)
    assert route.call_count == 1


@respx.mock
def test_a_write_of_a_fixed_state_is_retried(ask):
    route = respx.patch(PROFILES).mock(side_effect=[httpx.ReadError("lost"), httpx.Response(200, json=[PROFILE])])
    assert ask(update_customer_status, SOMEBODY, "banned").account_status == "banned"
    assert route.call_count == 2


@pytest.mark.parametrize("bug", [ValueError("odd"), KeyError("odd"), TypeError("odd"), OSError(28, "full")], ids=repr)
@respx.mock
def test_a_bug_or_an_error_of_the_disk_is_raised_unchanged_and_not_retried(ask, bug):
    tries = []

    def read(answer: object) -> object:
        tries.append(answer)
        raise bug

    @operation
    async def buggy(crm):
        return await send(crm, lambda: crm.supabase.postgrest.session.get(NOTES), read, repeatable=True)

    respx.get(NOTES).mock(return_value=FOUND)
    with pytest.raises(type(bug)) as raised:
        ask(buggy)
    assert raised.value is bug
    assert len(tries) == 1


@respx.mock
def test_a_connection_closed_during_a_call_says_so(ask):
    def close(request: httpx.Request) -> httpx.Response:
        link_of(ask.crm).shared.closed = True
        raise RuntimeError("Cannot send a request, as the client has been closed.")

    respx.get(NOTES).mock(side_effect=close)
    with pytest.raises(ClientStateError, match="closed"):
        ask(get_admin_customer_notes, SOMEBODY)
    link_of(ask.crm).shared.closed = False


def test_an_error_outside_of_a_call_names_no_function(ask):
    def refuse(_: object) -> None:
        raise ConflictError("odd")

    sending = send(ask.crm, lambda: None, refuse, repeatable=False)
    with pytest.raises(ConflictError) as raised:
        ask.caller.wait(sending) if ask.caller.name == "async" else sending.send(None)
    assert raised.value.operation is None
