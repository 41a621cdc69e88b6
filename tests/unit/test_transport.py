"""The HTTP client: a timeout for each service, no redirects."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import AdminCRM, UnexpectedResponseError, get_admin_customer_notes
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
