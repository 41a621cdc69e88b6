"""Connections: where keys come from, what is refused, and what is never shown."""

from __future__ import annotations

import time

import httpx
import pytest
import respx
from pydantic import SecretStr

from admin_crm import (
    AdminCRM,
    AuthenticationError,
    ClientStateError,
    InvalidInputError,
    Settings,
    get_admin_customer_notes,
    get_all_customers,
)
from conftest import ANON, KEY, QUICK, URL

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
NOTES = f"{URL}/rest/v1/admin_customer_notes"
LEGACY = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl"
USER = {
    "id": SOMEBODY, "aud": "authenticated", "email": "ana@shop.test", "app_metadata": {}, "user_metadata": {},
    "created_at": "2026-01-01T00:00:00Z", "identities": [],
}  # fmt: skip


def session(token: str, expires_in: int = 3600) -> httpx.Response:
    body = {
        "access_token": token, "refresh_token": f"r-{token}", "token_type": "bearer", "expires_in": expires_in,
        "expires_at": int(time.time()) + expires_in, "user": USER,
    }  # fmt: skip
    return httpx.Response(200, json=body)


@pytest.fixture
def no_environment(monkeypatch, tmp_path):
    """No SUPABASE_* or ADMIN_CRM_* variable, and no .env file."""
    import os

    for name in list(os.environ):
        if name.startswith(("SUPABASE_", "ADMIN_CRM_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("url", "key", "named"),
    [
        ("", KEY, "url"),
        ("   ", KEY, "url"),
        ("shop.test", KEY, "url"),
        ("ftp://shop.test", KEY, "url"),
        ("https://user:hunter2@shop.test", KEY, "url"),
        (None, KEY, "url"),
        (f"{URL}/rest/v1", KEY, "url"),
        (URL, "", "key"),
        (URL, None, "key"),
        (URL, "two words", "key"),
        (URL, "clé", "key"),
        (URL, "a\nb", "key"),
    ],
)
def test_an_address_or_key_that_cannot_be_one_is_refused(colour, url, key, named):
    with pytest.raises(InvalidInputError) as refused:
        colour.open(url, key)
    assert refused.value.argument == named
    assert "hunter2" not in str(refused.value)


def test_keys_never_show(colour):
    crm = colour.open(URL, KEY, anon_key=ANON)
    signed_in = colour.open(URL, SecretStr(ANON), access_token=LEGACY)
    for shown in (repr(crm), str(crm), repr(signed_in), repr(vars(crm)), repr(vars(signed_in))):
        for secret in (KEY, ANON, LEGACY):
            assert secret not in shown
    assert "secret key" in repr(crm)
    assert "signed-in" in repr(signed_in)
    assert "publishable" in repr(colour.open(URL, ANON))
    assert "legacy" in repr(colour.open(URL, LEGACY))
    assert "with a key" in repr(colour.open(URL, "something"))


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


def test_a_wrong_setting_is_named(no_environment, monkeypatch):
    monkeypatch.setenv("ADMIN_CRM_PAGE_SIZE", "0")
    with pytest.raises(InvalidInputError, match="ADMIN_CRM_PAGE_SIZE"):
        AdminCRM(URL, KEY)


# supabase-py warns of its own options when it makes its own HTTP client.
@pytest.mark.filterwarnings("ignore:The '.*' parameter is deprecated:DeprecationWarning")
@respx.mock
def test_an_apps_own_client_is_used_and_stays_open(colour):
    from supabase import AsyncClient, Client

    theirs = (AsyncClient if colour.name == "async" else Client)(URL, KEY)
    route = respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}]))
    crm = colour.open(supabase=theirs)
    assert crm.supabase is theirs
    colour(get_admin_customer_notes, crm, SOMEBODY)
    colour.wait(crm.close())
    assert route.calls.last.request.headers["apikey"] == KEY
    assert not theirs.postgrest.session.is_closed
    colour.wait(theirs.postgrest.session.aclose() if colour.name == "async" else theirs.postgrest.session.close())
    with pytest.raises(InvalidInputError, match="either"):
        colour.open(URL, supabase=theirs)


# supabase-py warns of its own options when it makes its own HTTP client.
@pytest.mark.filterwarnings("ignore:The '.*' parameter is deprecated:DeprecationWarning")
@respx.mock
def test_an_apps_own_client_may_speak_http2_so_its_calls_go_in_turn(colour):
    from supabase import AsyncClient, Client

    import admin_crm

    theirs = (AsyncClient if colour.name == "async" else Client)(URL, KEY)
    running, most = 0, 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        running -= 1
        return httpx.Response(200, json=[])

    respx.route().mock(side_effect=answer)
    with pytest.raises(admin_crm.CustomerNotFoundError):
        colour(admin_crm.get_admin_customer_details, colour.open(supabase=theirs), SOMEBODY)
    assert most == 1


@respx.mock
def test_a_session_is_renewed_before_it_ends(colour):
    tokens = respx.post(f"{URL}/auth/v1/token").mock(side_effect=[session("one", 30), session("two", 3600)])
    notes = respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}]))
    crm = colour.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK)
    for _ in range(3):
        colour(get_admin_customer_notes, crm, SOMEBODY)
    assert tokens.call_count == 2
    assert b"r-one" in tokens.calls.last.request.content
    assert [call.request.headers["authorization"] for call in notes.calls] == ["Bearer two"] * 3
    assert "secreto" not in repr(vars(crm))


class RenewedMeanwhile:
    """A lock that somebody else held, who renewed the session: what a second thread or task meets."""

    def __init__(self, crm) -> None:
        self.crm = crm

    def __enter__(self) -> None:
        old = self.crm._shared.session
        self.crm._shared.session = old.model_copy(update={"expires_at": int(time.time()) + 3600})

    def __exit__(self, *_: object) -> None:
        pass

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        pass


@respx.mock
def test_calls_side_by_side_renew_a_session_once(colour):
    tokens = respx.post(f"{URL}/auth/v1/token").mock(side_effect=[session("one", 30)])
    respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}]))
    crm = colour.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK)
    crm._shared.lock = crm._shared.refreshing = RenewedMeanwhile(crm)
    colour(get_admin_customer_notes, crm, SOMEBODY)
    assert tokens.call_count == 1


@respx.mock
def test_a_session_that_cannot_be_renewed_is_an_authentication_error(colour):
    gone = httpx.Response(400, json={"error_code": "refresh_token_not_found", "msg": "gone", "code": 400})
    respx.post(f"{URL}/auth/v1/token").mock(side_effect=[session("one", 30), gone])
    crm = colour.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK)
    with pytest.raises(AuthenticationError):
        colour(get_admin_customer_notes, crm, SOMEBODY)


@respx.mock
def test_a_sign_in_that_fails_closes_its_pool_and_says_what_failed(colour):
    wrong = httpx.Response(400, json={"error_code": "invalid_credentials", "msg": "Invalid login credentials"})
    respx.post(f"{URL}/auth/v1/token").mock(return_value=wrong)
    with pytest.raises(AuthenticationError, match=r"sign_in.*password") as raised:
        colour.sign_in(URL, ANON, "ana@shop.test", "secreto")
    assert "secreto" not in str(raised.value)


@respx.mock
def test_a_sign_in_without_a_session_is_an_authentication_error(colour):
    respx.post(f"{URL}/auth/v1/token").mock(return_value=httpx.Response(200, json=USER))
    with pytest.raises(AuthenticationError, match="no session"):
        colour.sign_in(URL, ANON, "ana@shop.test", "secreto")


def test_a_closed_connection_says_so(colour):
    crm = colour.open(URL, KEY)
    colour.wait(crm.close())
    with pytest.raises(ClientStateError, match="closed"):
        colour(get_all_customers, crm)
    with pytest.raises(ClientStateError, match="closed"):
        _ = crm.supabase


def test_options_are_checked_and_leave_the_connection_as_it_was(colour):
    crm = colour.open(URL, KEY)
    patient = crm.with_options(timeout=0.5, attempts=9, deadline=300)
    assert (patient.settings.retry_attempts, patient.settings.retry_deadline, patient.timeout) == (9, 300, 0.5)
    assert crm.settings == Settings()
    for wrong in ({"timeout": 0}, {"attempts": -1}, {"deadline": 0}):
        with pytest.raises(InvalidInputError):
            crm.with_options(**wrong)


@pytest.mark.parametrize(
    ("path", "seconds"),
    [("rest/v1/t", 30.0), ("storage/v1/object/b/k", 60.0), ("auth/v1/token", 20.0), ("functions/v1/f", 150.0)],
)
@respx.mock
def test_each_service_has_its_own_timeout(colour, path, seconds):
    route = respx.get(f"{URL}/{path}").mock(return_value=httpx.Response(200))
    crm = colour.open(URL, KEY)
    colour.wait(crm.supabase.options.httpx_client.get(f"{URL}/{path}"))
    assert route.calls.last.request.extensions["timeout"]["read"] == seconds


@respx.mock
def test_a_call_can_be_given_less_time(colour):
    route = respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}]))
    crm = colour.open(URL, KEY).with_options(timeout=1.5)
    colour(get_admin_customer_notes, crm, SOMEBODY)
    assert route.calls.last.request.extensions["timeout"] == {"connect": 1.5, "read": 1.5, "write": 1.5, "pool": 1.5}
