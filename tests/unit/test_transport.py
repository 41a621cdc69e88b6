"""The HTTP client: a timeout for each service, no redirects, no socket of a cancelled call."""

from __future__ import annotations

import asyncio
import gc
import socket

import httpx
import pytest
import respx

from admin_crm import AdminCRM, AsyncAdminCRM, UnexpectedResponseError, get_admin_customer_notes
from admin_crm._core.connection import link_of
from admin_crm._core.transport import interrupt, keep_socket
from helpers import KEY, NOTES, SOMEBODY, URL, InterruptedSet


@respx.mock
def test_a_redirect_is_not_followed_so_the_key_stays_with_the_project(ask):
    elsewhere = respx.get("https://elsewhere.test/").mock(return_value=httpx.Response(200, json=[]))
    respx.get(NOTES).mock(return_value=httpx.Response(302, headers={"location": "https://elsewhere.test/"}))
    with pytest.raises(UnexpectedResponseError):
        ask(get_admin_customer_notes, SOMEBODY)
    assert not elsewhere.called


@pytest.mark.parametrize(
    ("path", "seconds"),
    [("rest/v1/t", 30.0), ("storage/v1/object/b/k", 60.0), ("auth/v1/token", 20.0), ("functions/v1/f", 150.0)],
)
@respx.mock
def test_each_service_has_its_own_timeout(caller, path, seconds):
    route = respx.get(f"{URL}/{path}").mock(return_value=httpx.Response(200))
    crm = caller.open(URL, KEY)
    caller.wait(crm.supabase.options.httpx_client.get(f"{URL}/{path}"))
    assert route.calls.last.request.extensions["timeout"]["read"] == seconds


@respx.mock
def test_a_call_can_be_given_less_time(caller):
    route = respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}]))
    crm = caller.open(URL, KEY).with_options(timeout=1.5)
    caller(get_admin_customer_notes, crm, SOMEBODY)
    assert route.calls.last.request.extensions["timeout"] == {"connect": 1.5, "read": 1.5, "write": 1.5, "pool": 1.5}


def test_a_socket_may_be_opened_while_all_are_broken():
    class Socket:
        def shutdown(self, how: int) -> None:
            raise OSError("it is not connected")

    sockets = [Socket() for _ in range(3)]
    with AdminCRM(URL, KEY) as crm:
        shared = link_of(crm).shared
        shared.sockets = InterruptedSet(lambda: keep_socket(shared, sockets[2]))
        for each in sockets[:2]:
            keep_socket(shared, each)
        interrupt(shared)
        shared.sockets.beside.join()
    assert len(shared.sockets) == 3


def test_a_call_that_is_cancelled_while_it_connects_ends_and_closes_its_socket(recwarn):
    async def cancelled(url: str, turns: int) -> None:
        async with AsyncAdminCRM(url, KEY) as crm:
            reading = asyncio.ensure_future(get_admin_customer_notes(crm, SOMEBODY))
            for _ in range(turns):
                await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(reading, 10)

    gc.collect()  # the garbage of other tests is not the call's
    recwarn.clear()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        for turns in range(20):  # it connects within about ten turns of the loop
            asyncio.run(cancelled(f"http://127.0.0.1:{silent.getsockname()[1]}", turns))
    gc.collect()
    assert [str(each.message) for each in recwarn] == []
