"""An administrator's session: opened with a password, renewed once and in time, and never interrupted."""

from __future__ import annotations

import asyncio
import dataclasses
import threading

import httpx
import pytest
import respx
from pydantic import SecretStr

from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    AuthenticationError,
    ClientStateError,
    ServiceUnavailableError,
    get_admin_customer_notes,
)
from admin_crm._core import session as sessions
from admin_crm._core import sign_in as signing_in
from admin_crm._core.connection import _after_fork, link_of
from admin_crm._core.context import CallContext
from admin_crm._core.operation import run_async, run_sync
from auth_server import USER, bearers, session, session_clock, settle, signed_in
from helpers import ANON, NOTES, QUICK, SOMEBODY, URL, shown_with_locals

TOKENS = f"{URL}/auth/v1/token"
FOUND = httpx.Response(200, json=[{"customer_id": SOMEBODY}])


@pytest.fixture
def clock(monkeypatch):
    return session_clock(monkeypatch)


@respx.mock
def test_an_expired_session_is_renewed_before_the_call(caller, clock):
    tokens = respx.post(TOKENS).mock(side_effect=[session("one"), session("two")])
    notes = respx.get(NOTES).mock(return_value=FOUND)
    crm = signed_in(caller)
    clock.now += 3600
    for _ in range(3):
        caller(get_admin_customer_notes, crm, SOMEBODY)
    assert tokens.call_count == 2
    assert b"r-one" in tokens.calls.last.request.content
    assert bearers(notes) == ["Bearer two"] * 3


@respx.mock
def test_a_valid_session_is_renewed_in_the_background(caller, clock):
    tokens = respx.post(TOKENS).mock(side_effect=[session("one"), session("two")])
    notes = respx.get(NOTES).mock(return_value=FOUND)
    crm = signed_in(caller)
    clock.now += 3600 - 60 - 1
    caller(get_admin_customer_notes, crm, SOMEBODY)
    assert tokens.call_count == 1
    clock.now += 2
    caller(get_admin_customer_notes, crm, SOMEBODY)
    settle(caller, crm)
    caller(get_admin_customer_notes, crm, SOMEBODY)
    assert tokens.call_count == 2
    assert bearers(notes)[::2] == ["Bearer one", "Bearer two"]


@respx.mock
def test_a_session_of_one_minute_is_renewed_in_its_last_quarter(caller, clock):
    tokens = respx.post(TOKENS).mock(side_effect=[session("one", 60), session("two", 60)])
    respx.get(NOTES).mock(return_value=FOUND)
    crm = signed_in(caller)
    for seconds in (0, 20, 20):
        clock.now += seconds
        caller(get_admin_customer_notes, crm, SOMEBODY)
    assert tokens.call_count == 1
    clock.now += 6
    caller(get_admin_customer_notes, crm, SOMEBODY)
    settle(caller, crm)
    caller(get_admin_customer_notes, crm, SOMEBODY)
    assert tokens.call_count == 2


@respx.mock
def test_a_failed_renewal_fails_no_call_while_the_token_is_valid(caller, clock, caplog):
    tokens = respx.post(TOKENS).mock(side_effect=[session("one"), httpx.Response(503), session("two")])
    notes = respx.get(NOTES).mock(return_value=FOUND)
    crm = signed_in(caller)
    clock.now += 3600 - 30
    for _ in range(3):
        caller(get_admin_customer_notes, crm, SOMEBODY)
        settle(caller, crm)
    assert tokens.call_count == 2
    assert "could not be renewed" in caplog.text
    clock.now += sessions.TRY_AGAIN_AFTER + 1
    caller(get_admin_customer_notes, crm, SOMEBODY)
    settle(caller, crm)
    caller(get_admin_customer_notes, crm, SOMEBODY)
    assert tokens.call_count == 3
    assert bearers(notes)[-1] == "Bearer two"


@respx.mock
def test_a_session_that_cannot_be_renewed_is_an_authentication_error(caller, clock):
    gone = httpx.Response(400, json={"error_code": "refresh_token_not_found", "msg": "gone", "code": 400})
    respx.post(TOKENS).mock(side_effect=[session("one"), gone])
    crm = signed_in(caller)
    clock.now += 3600
    with pytest.raises(AuthenticationError):
        caller(get_admin_customer_notes, crm, SOMEBODY)


@respx.mock
def test_a_forked_process_uses_the_access_token_and_leaves_the_refresh_token_to_its_parent(caller, clock):
    tokens = respx.post(TOKENS).mock(side_effect=[session("one"), session("two")])
    notes = respx.get(NOTES).mock(return_value=FOUND)
    crm = signed_in(caller)
    _after_fork()
    caller(get_admin_customer_notes, crm, SOMEBODY)
    assert bearers(notes) == ["Bearer one"]
    clock.now += 3600
    with pytest.raises(AuthenticationError, match="forked"):
        caller(get_admin_customer_notes, crm, SOMEBODY)
    assert tokens.call_count == 1


@respx.mock
def test_a_renewal_that_fails_temporarily_is_retried_by_the_call_that_needs_it(caller, clock):
    tokens = respx.post(TOKENS).mock(side_effect=[session("one"), httpx.Response(503), session("two")])
    notes = respx.get(NOTES).mock(return_value=FOUND)
    crm = signed_in(caller)
    clock.now += 3600
    caller(get_admin_customer_notes, crm, SOMEBODY)
    assert (tokens.call_count, bearers(notes)) == (3, ["Bearer two"])


@respx.mock
def test_a_cancelled_call_does_not_cancel_the_renewal(clock):
    async def main() -> None:
        asked, may_answer = asyncio.Event(), asyncio.Event()
        answers = [session("one"), session("two")]

        async def answer(request: httpx.Request) -> httpx.Response:
            if len(answers) == 1:
                asked.set()
                await may_answer.wait()
            return answers.pop(0)

        respx.post(TOKENS).mock(side_effect=answer)
        notes = respx.get(NOTES).mock(return_value=FOUND)
        async with await AsyncAdminCRM.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK) as crm:
            clock.now += 3600
            call = asyncio.create_task(get_admin_customer_notes(crm, SOMEBODY))
            await asked.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            may_answer.set()
            await get_admin_customer_notes(crm, SOMEBODY)
            assert bearers(notes) == ["Bearer two"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


@respx.mock
def test_many_concurrent_calls_renew_a_session_once(clock):
    async def main() -> None:
        tokens = respx.post(TOKENS).mock(side_effect=[session("one"), session("two")])
        respx.get(NOTES).mock(return_value=FOUND)
        async with await AsyncAdminCRM.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK) as crm:
            clock.now += 3600
            await asyncio.gather(*(get_admin_customer_notes(crm, SOMEBODY) for _ in range(20)))
        assert tokens.call_count == 2

    asyncio.run(main())


@respx.mock
def test_a_renewal_for_which_there_is_no_thread_is_tried_again_by_the_next_call(clock, monkeypatch):
    respx.post(TOKENS).mock(side_effect=[session("one"), session("two")])
    notes = respx.get(NOTES).mock(return_value=FOUND)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with AdminCRM.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK) as crm:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            clock.now += 3600 - 30
            get_admin_customer_notes(crm, SOMEBODY)
            clock.now += 30
            with pytest.raises(RuntimeError, match="new thread"):
                get_admin_customer_notes(crm, SOMEBODY)
        get_admin_customer_notes(crm, SOMEBODY)
    assert bearers(notes) == ["Bearer one", "Bearer two"]


@respx.mock
def test_a_sign_in_that_fails_closes_its_pool_and_says_what_failed(caller):
    wrong = httpx.Response(400, json={"error_code": "invalid_credentials", "msg": "Invalid login credentials"})
    respx.post(f"{URL}/auth/v1/token").mock(return_value=wrong)
    with pytest.raises(AuthenticationError, match=r"sign_in.*password") as raised:
        caller.sign_in(URL, ANON, "ana@shop.test", "secreto")
    assert "secreto" not in str(raised.value)


@respx.mock
def test_a_sign_in_without_a_session_is_an_authentication_error(caller):
    respx.post(f"{URL}/auth/v1/token").mock(return_value=httpx.Response(200, json=USER))
    with pytest.raises(AuthenticationError, match="no session"):
        caller.sign_in(URL, ANON, "ana@shop.test", "secreto")


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout("slow"),
        httpx.Response(400, json={"error_code": "invalid_credentials"}),
        httpx.Response(200, json={"access_token": "eyJ-a-token"}),
        httpx.Response(200, text="eyJ-not-json"),
    ],
    ids=repr,
)
@respx.mock
def test_no_password_or_token_is_in_a_local_variable_of_a_failed_sign_in(caller, failure):
    respx.post(TOKENS).mock(side_effect=[failure])
    with pytest.raises((AuthenticationError, TimeoutError, ServiceUnavailableError)) as raised:
        caller.sign_in(URL, ANON, "ana@shop.test", "secreto")
    shown = shown_with_locals(raised.value)
    assert "secreto" not in shown
    assert "eyJ" not in shown


@respx.mock
def test_a_closed_connection_refreshes_nothing(caller, clock):
    respx.post(TOKENS).mock(side_effect=[session("one")])
    crm = signed_in(caller)
    clock.now += 3600
    caller.wait(crm.close())
    with pytest.raises(ClientStateError, match="closed"):
        caller(get_admin_customer_notes, crm, SOMEBODY)


@respx.mock
def test_a_connection_that_closes_during_a_sign_in_says_so(caller):
    link = None

    def close(request: httpx.Request) -> httpx.Response:
        link.shared.closed = True
        raise RuntimeError("Cannot send a request, as the client has been closed.")

    respx.post(TOKENS).mock(side_effect=close)
    crm = caller.open(URL, ANON)
    link = link_of(crm)
    with pytest.raises(ClientStateError, match="closed"):
        caller.wait(signing_in_on(caller, link))


@respx.mock
def test_a_bug_during_a_sign_in_is_raised_as_it_is(caller):
    respx.post(TOKENS).mock(side_effect=RuntimeError("odd"))
    crm = caller.open(URL, ANON)
    with pytest.raises(RuntimeError, match="odd"):
        caller.wait(signing_in_on(caller, link_of(crm)))


def signing_in_on(caller, link):
    work = signing_in.sign_in(link, sessions.Login(SecretStr("ana@shop.test"), SecretStr("secreto")))
    call = CallContext("sign_in")
    return run_async(call, work) if caller.name == "async" else run_sync(call, work)


class RefreshedMeanwhile:
    """A lock that somebody else holds who refreshes the session: what a second thread or task meets."""

    def __init__(self, link) -> None:
        self.link = link

    def __enter__(self) -> None:
        old = self.link.rights.session
        self.link.rights.session = dataclasses.replace(
            old, access_token=SecretStr("two"), expires_at=old.expires_at * 2
        )

    def __exit__(self, *_: object) -> None:
        pass


@respx.mock
def test_a_session_that_somebody_else_has_just_refreshed_is_used(caller, clock):
    tokens = respx.post(TOKENS).mock(side_effect=[session("one")])
    notes = respx.get(NOTES).mock(return_value=FOUND)
    crm = signed_in(caller)
    clock.now += 3600
    link_of(crm).shared.lock = RefreshedMeanwhile(link_of(crm))
    caller(get_admin_customer_notes, crm, SOMEBODY)
    assert (tokens.call_count, bearers(notes)) == (1, ["Bearer two"])


@respx.mock
def test_closing_a_sync_connection_waits_for_the_end_of_a_refresh(clock):
    asked, may_answer = threading.Event(), threading.Event()
    answers = [session("one"), session("two")]

    def answer(request: httpx.Request) -> httpx.Response:
        if len(answers) == 1:
            asked.set()
            may_answer.wait(300)
        return answers.pop(0)

    respx.post(TOKENS).mock(side_effect=answer)
    respx.get(NOTES).mock(return_value=FOUND)
    before = set(threading.enumerate())
    crm = AdminCRM.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK)
    clock.now += 3600 - 30
    get_admin_customer_notes(crm, SOMEBODY)
    assert asked.wait(300)
    may_answer.set()
    crm.close()
    assert set(threading.enumerate()) == before
