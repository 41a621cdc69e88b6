"""Connections: over an app's own client, closed, and without keys in tracebacks."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
import respx

from admin_crm import (
    AdminCRMError,
    AsyncAdminCRM,
    ClientStateError,
    InvalidInputError,
    InvalidTypeError,
    ServiceUnavailableError,
    Settings,
    get_admin_customer_notes,
    get_all_customers,
)
from admin_crm._core.connection import link_of
from admin_crm._core.transport import http_of
from auth_server import session, session_clock
from helpers import ANON, KEY, NOTES, QUICK, SOMEBODY, URL, shown_with_locals

TOKENS = f"{URL}/auth/v1/token"
FOUND = httpx.Response(200, json=[{"customer_id": SOMEBODY}])


@respx.mock
def test_no_key_is_in_a_local_variable_of_a_failed_request(caller):
    respx.get(NOTES).mock(side_effect=httpx.ConnectError("no"))
    crm = caller.open(URL, KEY, settings=Settings(retry_attempts=1))
    with pytest.raises(ServiceUnavailableError) as raised:
        caller(get_admin_customer_notes, crm, SOMEBODY)
    assert KEY not in shown_with_locals(raised.value)


# supabase-py warns of its own options when it makes its own HTTP client.
@pytest.mark.filterwarnings("ignore:The '.*' parameter is deprecated:DeprecationWarning")
@respx.mock
def test_an_apps_own_client_is_used_and_stays_open(caller):
    from supabase import AsyncClient, Client

    theirs = (AsyncClient if caller.name == "async" else Client)(URL, KEY)
    route = respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}]))
    crm = caller.open(supabase=theirs)
    assert crm.supabase is theirs
    caller(get_admin_customer_notes, crm, SOMEBODY)
    caller.wait(crm.close())
    assert route.calls.last.request.headers["apikey"] == KEY
    assert not theirs.postgrest.session.is_closed
    caller.wait(theirs.postgrest.session.aclose() if caller.name == "async" else theirs.postgrest.session.close())
    with pytest.raises(InvalidInputError, match="either"):
        caller.open(URL, supabase=theirs)


# supabase-py warns of its own options when it makes its own HTTP client.
@pytest.mark.filterwarnings("ignore:The '.*' parameter is deprecated:DeprecationWarning")
@respx.mock
def test_calls_over_an_apps_own_client_run_one_by_one(caller):
    from supabase import AsyncClient, Client

    import admin_crm

    theirs = (AsyncClient if caller.name == "async" else Client)(URL, KEY)
    running, most = 0, 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        running -= 1
        return httpx.Response(200, json=[])

    respx.route().mock(side_effect=answer)
    with pytest.raises(admin_crm.CustomerNotFoundError):
        caller(admin_crm.get_admin_customer_details, caller.open(supabase=theirs), SOMEBODY)
    assert most == 1


def test_a_client_of_the_other_kind_is_refused_and_the_hint_names_the_right_class(caller):
    from supabase import AsyncClient, Client

    other = (Client if caller.name == "async" else AsyncClient)(URL, KEY)
    right = "AdminCRM" if caller.name == "async" else "AsyncAdminCRM"
    with pytest.raises(InvalidTypeError, match=f"for this one use {right}\\(supabase=client\\)"):
        caller.open(supabase=other)


def test_a_client_in_the_urls_place_is_refused_and_the_hint_says_how_to_pass_it(caller):
    from supabase import Client

    with pytest.raises(InvalidTypeError, match=r"url must be a string, not Client — .*supabase=client"):
        caller.open(Client(URL, KEY))


def test_a_closed_connection_says_so(caller):
    crm = caller.open(URL, KEY)
    caller.wait(crm.close())
    with pytest.raises(ClientStateError, match="closed"):
        caller(get_all_customers, crm)
    with pytest.raises(ClientStateError, match="closed"):
        _ = crm.supabase


def test_no_key_is_in_a_local_variable_of_a_request_that_broke_while_it_was_sent(caller, monkeypatch):
    send = socket.socket.send

    def break_off(self, data, *flags):
        if b"apikey" in bytes(data):
            raise ConnectionResetError(104, "reset")
        return send(self, data, *flags)

    with socket.create_server(("127.0.0.1", 0)) as server:
        crm = caller.open(f"http://127.0.0.1:{server.getsockname()[1]}", KEY, settings=Settings(retry_attempts=1))
        _ = crm.supabase
        monkeypatch.setattr(socket.socket, "send", break_off)
        monkeypatch.setattr(socket.socket, "sendall", break_off)
        # Where the request's body is not waited for, the server's answer is: there will be none.
        with pytest.raises(AdminCRMError) as raised:
            caller(get_admin_customer_notes, crm.with_options(timeout=1), SOMEBODY)
        monkeypatch.undo()
    assert KEY not in shown_with_locals(raised.value)
    assert raised.value.__cause__ is not None


@respx.mock
def test_closing_a_connection_ends_a_running_renewal(monkeypatch):
    clock = session_clock(monkeypatch)

    async def main() -> None:
        answers = [session("one")]

        async def answer(request: httpx.Request) -> httpx.Response:
            if not answers:
                await asyncio.Event().wait()
            return answers.pop(0)

        respx.post(TOKENS).mock(side_effect=answer)
        respx.get(NOTES).mock(return_value=FOUND)
        async with await AsyncAdminCRM.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK) as crm:
            clock.now += 3600 - 30
            await get_admin_customer_notes(crm, SOMEBODY)
            assert len(asyncio.all_tasks()) == 2
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


@respx.mock
def test_a_call_that_waits_for_a_renewal_when_the_connection_closes_is_told_so_and_not_cancelled(monkeypatch):
    clock = session_clock(monkeypatch)

    async def main() -> None:
        asked, answers = asyncio.Event(), [session("one")]

        async def answer(request: httpx.Request) -> httpx.Response:
            if not answers:
                asked.set()
                await asyncio.Event().wait()
            return answers.pop(0)

        respx.post(TOKENS).mock(side_effect=answer)
        async with await AsyncAdminCRM.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK) as crm:
            clock.now += 3600
            call = asyncio.create_task(get_admin_customer_notes(crm, SOMEBODY))
            await asked.wait()
        with pytest.raises(ClientStateError, match="closed"):
            await call

    asyncio.run(main())


@respx.mock
def test_a_close_that_is_cancelled_closes_the_pool_all_the_same(monkeypatch):
    clock = session_clock(monkeypatch)

    async def main() -> None:
        answers, may_end = [session("one")], asyncio.Event()

        async def answer(request: httpx.Request) -> httpx.Response:
            if not answers:
                try:
                    await asyncio.Event().wait()
                finally:
                    await may_end.wait()
            return answers.pop(0)

        respx.post(TOKENS).mock(side_effect=answer)
        respx.get(NOTES).mock(return_value=FOUND)
        crm = await AsyncAdminCRM.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK)
        clock.now += 3600 - 30
        await get_admin_customer_notes(crm, SOMEBODY)
        http = http_of(link_of(crm))
        closing = asyncio.create_task(crm.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert http.is_closed
        may_end.set()

    asyncio.run(main())
