"""Connections: where keys come from, what is refused, and what is never shown."""

from __future__ import annotations

import asyncio

import httpx
import pytest
import respx
from pydantic import SecretStr

from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    ClientStateError,
    InvalidInputError,
    ServiceUnavailableError,
    Settings,
    get_admin_customer_notes,
    get_all_customers,
    tier_progress,
)
from helpers import ANON, KEY, URL, shown_with_locals

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
NOTES = f"{URL}/rest/v1/admin_customer_notes"
LEGACY = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("url", "key", "named"),
    [
        ("", KEY, "url"),
        ("   ", KEY, "url"),
        ("shop.test", KEY, "url"),
        ("ftp://shop.test", KEY, "url"),
        ("https://user:hunter2@shop.test", KEY, "url"),
        (None, KEY, "url"),
        ("http://[::1", KEY, "url"),
        ("http://shop.test:port", KEY, "url"),
        (f"{URL}/rest/v1", KEY, "url"),
        (URL, "", "key"),
        (URL, None, "key"),
        (URL, "two words", "key"),
        (URL, "clé", "key"),
        (URL, "a\nb", "key"),
    ],
)
def test_an_address_or_key_that_cannot_be_one_is_refused(caller, url, key, named):
    with pytest.raises(InvalidInputError) as refused:
        caller.open(url, key)
    assert refused.value.argument == named
    assert "hunter2" not in str(refused.value)


def test_keys_never_show(caller):
    crm = caller.open(URL, KEY, anon_key=ANON)
    signed_in = caller.open(URL, SecretStr(ANON), access_token=LEGACY)
    for shown in (repr(crm), str(crm), repr(signed_in), repr(vars(crm)), repr(vars(signed_in))):
        for secret in (KEY, ANON, LEGACY):
            assert secret not in shown
    assert "secret key" in repr(crm)
    assert "signed-in" in repr(signed_in)
    assert "publishable" in repr(caller.open(URL, ANON))
    assert "legacy" in repr(caller.open(URL, LEGACY))
    assert "with a key" in repr(caller.open(URL, "something"))


def test_a_connection_that_is_not_made_yet_shows_that(caller):
    half = (AsyncAdminCRM if caller.name == "async" else AdminCRM).__new__(
        AsyncAdminCRM if caller.name == "async" else AdminCRM
    )
    assert "not connected" in repr(half)


def test_a_connection_shows_only_what_users_need(caller):
    crm = caller.open(URL, KEY)
    assert {name for name in dir(crm) if not name.startswith("_")} == {
        "anon_key", "as_user", "close", "from_env", "last_request_id", "on_retry", "settings", "sign_in", "supabase",
        "url", "with_options",
    }  # fmt: skip


@respx.mock
def test_a_view_with_another_users_rights_shares_the_http_client_and_never_the_rights(caller):
    notes = respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}]))
    crm = caller.open(URL, KEY, anon_key=ANON)
    caller(get_admin_customer_notes, crm.as_user("ana-token"), SOMEBODY)
    caller(get_admin_customer_notes, crm, SOMEBODY)
    bea = crm.as_user(SecretStr("bea-token"))
    caller(get_admin_customer_notes, bea, SOMEBODY)
    caller.wait(bea.close())
    caller(get_admin_customer_notes, crm, SOMEBODY)
    sent = [(call.request.headers["apikey"], call.request.headers["authorization"]) for call in notes.calls]
    assert sent == [
        (ANON, "Bearer ana-token"), (KEY, f"Bearer {KEY}"), (ANON, "Bearer bea-token"), (KEY, f"Bearer {KEY}")
    ]  # fmt: skip
    assert bea.supabase.options.httpx_client is crm.supabase.options.httpx_client
    assert "signed-in" in repr(bea)
    for token in ("", "two words"):
        with pytest.raises(InvalidInputError):
            crm.as_user(token)


@respx.mock
def test_no_key_is_in_a_local_variable_of_a_failed_request(caller):
    respx.get(NOTES).mock(side_effect=httpx.ConnectError("no"))
    crm = caller.open(URL, KEY, settings=Settings(retry_attempts=1))
    with pytest.raises(ServiceUnavailableError) as raised:
        caller(get_admin_customer_notes, crm, SOMEBODY)
    assert KEY not in shown_with_locals(raised.value)


def test_closing_on_another_event_loop_is_a_state_error():
    async def used() -> AsyncAdminCRM:
        crm = AsyncAdminCRM(URL, KEY)
        with respx.mock:
            respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}]))
            await get_admin_customer_notes(crm, SOMEBODY)
        return crm

    with asyncio.Runner() as one, asyncio.Runner() as other:
        crm = one.run(used())
        with pytest.raises(ClientStateError, match="another event loop"):
            other.run(crm.close())
        with pytest.raises(ClientStateError, match="another event loop"):
            other.run(_awaited(get_all_customers(crm)))
        one.run(crm.close())


async def _awaited(coroutine):
    return await coroutine


def test_without_a_loop_of_asyncio_it_is_said_what_is_supported():
    coroutine = get_all_customers(AsyncAdminCRM(URL, KEY))
    with pytest.raises(ClientStateError, match=r"asyncio.*trio is not supported"):
        coroutine.send(None)


@pytest.mark.parametrize("name", ["SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"])
def test_the_environment_connects(no_environment, monkeypatch, name):
    monkeypatch.setenv("SUPABASE_URL", f"{URL}/")
    monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("SUPABASE_ANON_KEY", ANON)
    with AdminCRM.from_env() as crm:
        assert crm.url == URL
        assert crm.anon_key is not None
        assert crm.anon_key.get_secret_value() == ANON


def test_a_dot_env_file_connects_as_a_signed_in_administrator(no_environment):
    (no_environment / ".env").write_text(
        f"SUPABASE_URL={URL}\nSUPABASE_PUBLISHABLE_KEY={ANON}\nADMIN_CRM_ACCESS_TOKEN={LEGACY}\nADMIN_CRM_PAGE_SIZE=77\n"
    )
    with AdminCRM.from_env() as crm:
        assert "signed-in" in repr(crm)
        assert crm.settings.page_size == 77


def test_an_environment_without_address_or_key_says_what_to_set(no_environment, monkeypatch):
    with pytest.raises(InvalidInputError, match="SUPABASE_URL"):
        AdminCRM.from_env()
    monkeypatch.setenv("SUPABASE_URL", URL)
    with pytest.raises(InvalidInputError, match="SUPABASE_SECRET_KEY"):
        AdminCRM.from_env()


def test_the_environment_is_read_only_where_that_is_asked_for(no_environment, monkeypatch):
    monkeypatch.setenv("ADMIN_CRM_PAGE_SIZE", "0")
    (no_environment / ".env").write_text("ADMIN_CRM_SILVER_FROM=cheap\n")
    assert AdminCRM(URL, KEY).settings == Settings()
    assert tier_progress(100).tier == "bronze"


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
def test_an_apps_own_client_may_speak_http2_so_its_calls_go_in_turn(caller):
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


def test_a_closed_connection_says_so(caller):
    crm = caller.open(URL, KEY)
    caller.wait(crm.close())
    with pytest.raises(ClientStateError, match="closed"):
        caller(get_all_customers, crm)
    with pytest.raises(ClientStateError, match="closed"):
        _ = crm.supabase


def test_options_are_checked_and_leave_the_connection_as_it_was(caller):
    crm = caller.open(URL, KEY)
    patient = crm.with_options(timeout=0.5, attempts=9, deadline=300)
    assert (patient.settings.retry_attempts, patient.settings.retry_deadline) == (9, 300)
    assert crm.settings == Settings()
    for wrong in ({"timeout": 0}, {"attempts": -1}, {"deadline": 0}, {"timeout": float("nan")}):
        with pytest.raises(InvalidInputError):
            crm.with_options(**wrong)


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
