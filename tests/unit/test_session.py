"""Sessions that a connection opens by itself, with the e-mail address and password of the environment."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest
import respx

from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    AuthenticationError,
    ClientStateError,
    add_customer_tags,
    get_admin_customer_details,
    get_admin_customer_notes,
)
from admin_crm._core import session as sessions
from admin_crm._core.connection import _after_fork, link_of
from auth_server import bearers, session, session_clock, settle
from helpers import ANON, KEY, NOTES, QUICK, REST, SOMEBODY, URL, shown_with_locals

TOKENS = f"{URL}/auth/v1/token"
FOUND = httpx.Response(200, json=[{"customer_id": SOMEBODY}])
EMAIL, PASSWORD = "ana@shop.test", "secreto"
WRONG = httpx.Response(400, json={"error_code": "invalid_credentials", "msg": "Invalid login credentials"})
GONE = httpx.Response(400, json={"error_code": "refresh_token_not_found", "msg": "Refresh Token Not Found"})


@pytest.fixture
def clock(monkeypatch):
    return session_clock(monkeypatch)


@pytest.fixture
def environment(no_environment, monkeypatch):
    for name, value in {
        "SUPABASE_URL": URL, "SUPABASE_PUBLISHABLE_KEY": ANON, "SUPABASE_SECRET_KEY": KEY,
        "ADMIN_CRM_EMAIL": EMAIL, "ADMIN_CRM_PASSWORD": PASSWORD,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


@pytest.fixture
def signs_in(caller, environment):
    """A connection from the environment, in either form."""
    return caller.keep((AsyncAdminCRM if caller.name == "async" else AdminCRM).from_env(settings=QUICK))


@respx.mock
def test_a_forked_process_signs_in_by_itself_when_its_parents_session_ends(caller, signs_in, clock):
    tokens = respx.post(TOKENS).mock(side_effect=[session("one"), session("two")])
    notes = respx.get(NOTES).mock(return_value=FOUND)
    caller(get_admin_customer_notes, signs_in, SOMEBODY)
    _after_fork()
    caller(get_admin_customer_notes, signs_in, SOMEBODY)
    clock.now += 3600
    caller(get_admin_customer_notes, signs_in, SOMEBODY)
    assert [call.request.url.params["grant_type"] for call in tokens.calls] == ["password", "password"]
    assert bearers(notes) == ["Bearer one", "Bearer one", "Bearer two"]


@respx.mock
def test_the_first_call_signs_in_and_the_others_do_not(caller, signs_in):
    tokens = respx.post(TOKENS).mock(return_value=session("one"))
    notes = respx.get(NOTES).mock(return_value=FOUND)
    assert tokens.call_count == 0
    for _ in range(3):
        caller(get_admin_customer_notes, signs_in, SOMEBODY)
    assert tokens.call_count == 1
    request = tokens.calls.last.request
    assert request.url.params["grant_type"] == "password"
    assert (EMAIL.encode() in request.content, PASSWORD.encode() in request.content) == (True, True)
    assert (request.headers["apikey"], "authorization" in request.headers) == (ANON, False)
    assert bearers(notes) == ["Bearer one"] * 3


@respx.mock
def test_a_call_that_sends_many_requests_at_once_signs_in_once(caller, signs_in):
    tokens = respx.post(TOKENS).mock(return_value=session("one"))
    others = respx.route(url__startswith=URL).mock(return_value=httpx.Response(403, json={"message": "no"}))
    with pytest.raises(PermissionError):
        caller(get_admin_customer_details, signs_in, SOMEBODY)
    assert tokens.call_count == 1
    assert {call.request.headers["authorization"] for call in others.calls} == {"Bearer one"}


@respx.mock
def test_threads_that_begin_together_sign_in_once(environment):
    tokens = respx.post(TOKENS).mock(return_value=session("one"))
    notes = respx.get(NOTES).mock(return_value=FOUND)
    with AdminCRM.from_env(settings=QUICK) as crm:
        threads = [threading.Thread(target=get_admin_customer_notes, args=(crm, SOMEBODY)) for _ in range(12)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert (tokens.call_count, bearers(notes)) == (1, ["Bearer one"] * 12)


@respx.mock
def test_a_cancelled_first_call_does_not_cancel_the_sign_in(environment):
    async def main() -> None:
        asked, may_answer = asyncio.Event(), asyncio.Event()

        async def answer(request: httpx.Request) -> httpx.Response:
            asked.set()
            await may_answer.wait()
            return session("one")

        tokens = respx.post(TOKENS).mock(side_effect=answer)
        notes = respx.get(NOTES).mock(return_value=FOUND)
        async with AsyncAdminCRM.from_env(settings=QUICK) as crm:
            call = asyncio.create_task(get_admin_customer_notes(crm, SOMEBODY))
            await asked.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            may_answer.set()
            await get_admin_customer_notes(crm, SOMEBODY)
        assert (tokens.call_count, bearers(notes)) == (1, ["Bearer one"])

    asyncio.run(main())


@respx.mock
def test_a_wrong_password_is_an_authentication_error_of_the_first_call_and_shows_nowhere(caller, signs_in, caplog):
    caplog.set_level("DEBUG")
    tokens = respx.post(TOKENS).mock(return_value=WRONG)
    with pytest.raises(AuthenticationError, match=r"^get_admin_customer_notes .*check the e-mail") as raised:
        caller(get_admin_customer_notes, signs_in, SOMEBODY)
    shown = shown_with_locals(raised.value) + repr(signs_in) + repr(vars(signs_in)) + caplog.text
    assert (PASSWORD in shown, EMAIL in shown) == (False, False)
    assert tokens.call_count == 1


@respx.mock
def test_a_wrong_password_is_sent_once_for_all_requests_of_a_call_and_each_call_has_its_own_error(
    caller, signs_in, clock
):
    tokens = respx.post(TOKENS).mock(return_value=WRONG)
    with pytest.raises(AuthenticationError, match="get_admin_customer_details"):
        caller(get_admin_customer_details, signs_in, SOMEBODY)
    with pytest.raises(AuthenticationError, match="add_customer_tags"):
        caller(add_customer_tags, signs_in, SOMEBODY, ["vip"])
    assert tokens.call_count == 1
    clock.now += sessions.TRY_AGAIN_AFTER + 1
    tokens.return_value = session("one")  # the password was changed meanwhile
    respx.get(NOTES).mock(return_value=FOUND)
    caller(get_admin_customer_notes, signs_in, SOMEBODY)
    assert tokens.call_count == 2


@respx.mock
def test_a_sign_in_that_fails_temporarily_is_retried_by_the_call(caller, signs_in):
    tokens = respx.post(TOKENS).mock(side_effect=[httpx.Response(503), httpx.ConnectError("no"), session("one")])
    notes = respx.get(NOTES).mock(return_value=FOUND)
    caller(get_admin_customer_notes, signs_in, SOMEBODY)
    assert (tokens.call_count, bearers(notes)) == (3, ["Bearer one"])


@respx.mock
def test_a_session_that_has_ended_is_opened_again(caller, signs_in, clock):
    tokens = respx.post(TOKENS).mock(side_effect=[session("one"), GONE, session("two")])
    notes = respx.get(NOTES).mock(return_value=FOUND)
    caller(get_admin_customer_notes, signs_in, SOMEBODY)
    clock.now += 3600
    caller(get_admin_customer_notes, signs_in, SOMEBODY)
    settle(caller, signs_in)
    grants = [call.request.url.params["grant_type"] for call in tokens.calls]
    assert grants == ["password", "refresh_token", "password"]
    assert bearers(notes) == ["Bearer one", "Bearer two"]


@respx.mock
def test_a_session_that_a_server_refuses_before_its_time_is_renewed_or_opened_again_by_the_next_call(caller, signs_in):
    tokens = respx.post(TOKENS).mock(side_effect=[session("one"), GONE, session("two")])
    expired = httpx.Response(401, json={"code": "PGRST303", "message": "JWT expired"})
    notes = respx.get(NOTES).mock(side_effect=[expired, FOUND])
    with pytest.raises(AuthenticationError, match="the session has ended"):
        caller(get_admin_customer_notes, signs_in, SOMEBODY)
    caller(get_admin_customer_notes, signs_in, SOMEBODY)
    grants = [call.request.url.params["grant_type"] for call in tokens.calls]
    assert grants == ["password", "refresh_token", "password"]
    assert bearers(notes) == ["Bearer one", "Bearer two"]


@respx.mock
def test_the_client_of_a_connection_that_has_not_signed_in_yet_sends_nothing_with_other_rights(caller, signs_in):
    sent = respx.route(url__startswith=REST).mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(ClientStateError, match="not signed in yet"):
        caller.wait(signs_in.supabase.table("orders").select("id").execute())
    assert sent.call_count == 0
    assert link_of(signs_in).rights.session is None


@respx.mock
def test_closing_a_connection_that_never_signed_in_ends_it(caller, signs_in):
    tokens = respx.post(TOKENS)
    caller.wait(signs_in.close())
    with pytest.raises(ClientStateError, match="closed"):
        caller(get_admin_customer_notes, signs_in, SOMEBODY)
    assert tokens.call_count == 0
