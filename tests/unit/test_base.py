"""What connections have in common: where keys come from, what is never shown, views with other rights."""

from __future__ import annotations

import httpx
import pytest
import respx
from pydantic import SecretStr

from admin_crm import AdminCRM, AsyncAdminCRM, InvalidInputError, Settings, get_admin_customer_notes, tier_progress
from helpers import ANON, KEY, NOTES, SOMEBODY, URL

LEGACY = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl"


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


def test_a_connection_that_is_not_made_yet_has_a_repr(caller):
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


def test_an_environment_without_url_or_key_says_what_to_set(no_environment, monkeypatch):
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


def test_options_are_checked_and_leave_the_connection_as_it_was(caller):
    crm = caller.open(URL, KEY)
    patient = crm.with_options(timeout=0.5, attempts=9, deadline=300)
    assert (patient.settings.retry_attempts, patient.settings.retry_deadline) == (9, 300)
    assert crm.settings == Settings()
    for wrong in ({"timeout": 0}, {"attempts": -1}, {"deadline": 0}, {"timeout": float("nan")}):
        with pytest.raises(InvalidInputError):
            crm.with_options(**wrong)


# supabase-py warns of its own options when it makes its own HTTP client.
@pytest.mark.filterwarnings("ignore:The '.*' parameter is deprecated:DeprecationWarning")
def test_a_view_of_a_client_of_the_apps_own_is_refused(caller):
    from supabase import AsyncClient, Client

    crm = caller.open(supabase=(AsyncClient if caller.name == "async" else Client)(URL, KEY))
    with pytest.raises(InvalidInputError, match="client of your own"):
        crm.as_user("ana-token")


def test_the_retry_hook_can_be_read_back(caller):
    hook = [].append
    assert caller.open(URL, KEY, on_retry=hook).on_retry == hook
