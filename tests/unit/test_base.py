"""What connections have in common: where keys come from, what is never shown, views with other rights."""

from __future__ import annotations

import gc
import sys

import httpx
import pytest
import respx
from pydantic import SecretStr

from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    ClientStateError,
    InvalidInputError,
    InvalidTypeError,
    Settings,
    get_admin_customer_notes,
    tier_progress,
)
from admin_crm._core import connection
from admin_crm._core.connection import link_of
from admin_crm._core.secret_key import has_secret_key, with_secret_key
from helpers import ANON, KEY, NOTES, SOMEBODY, URL, shown_with_locals
from project_server import jwt

USER_TOKEN = jwt(role="authenticated", sub=SOMEBODY)
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
        "anon_key", "as_user", "close", "from_env", "last_request_id", "on_request", "on_response", "on_retry",
        "settings", "sign_in", "supabase", "url", "with_options",
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


@pytest.mark.parametrize("key", [KEY, ANON, LEGACY, jwt(role="anon")])
def test_a_key_is_not_taken_for_the_token_of_a_user(caller, key):
    with pytest.raises(InvalidInputError, match="a key of the project") as raised:
        caller.open(URL, KEY).as_user(key)
    assert (raised.value.argument, raised.value.http_status) == ("token", 401)
    assert key not in shown_with_locals(raised.value)


def test_20_000_views_leave_nothing_behind_and_open_no_socket(caller):
    crm = caller.open(URL, KEY, anon_key=ANON)
    shared = link_of(crm).shared

    def make(count: int) -> int:
        for _ in range(count):
            crm.as_user(USER_TOKEN)
        gc.collect()
        return sys.getallocatedblocks()

    before = make(1_000)
    assert abs(make(20_000) - before) < 100
    assert list(shared.rights) == [link_of(crm).rights.handle]
    assert shared.http is None


def test_views_whose_clients_were_used_leave_nothing_behind_either(caller, monkeypatch):
    monkeypatch.setattr(connection, "LATEST_CLIENTS", 50)
    crm = caller.open(URL, KEY, anon_key=ANON)

    def make(count: int) -> int:
        for _ in range(count):
            crm.as_user(USER_TOKEN).supabase.table("orders")
        gc.collect()
        return sys.getallocatedblocks()

    before = make(50)
    assert make(300) - before < 300
    assert list(link_of(crm).shared.rights) == [link_of(crm).rights.handle]


@respx.mock
def test_the_client_of_a_view_that_is_gone_keeps_its_rights(caller):
    notes = respx.get(NOTES).mock(return_value=httpx.Response(200, json=[]))
    crm = caller.open(URL, KEY, anon_key=ANON)
    client = crm.as_user("ana-token").supabase
    gc.collect()
    caller.wait(client.table("admin_customer_notes").select("*").execute())
    sent = notes.calls.last.request.headers
    assert (sent["apikey"], sent["authorization"]) == (ANON, "Bearer ana-token")


@respx.mock
def test_a_query_that_outlives_its_view_has_the_views_rights(caller):
    notes = respx.get(NOTES).mock(return_value=httpx.Response(200, json=[]))
    crm = caller.open(URL, KEY, anon_key=ANON)
    query = crm.as_user("ana-token").supabase.table("admin_customer_notes").select("*")
    gc.collect()
    caller.wait(query.execute())
    sent = notes.calls.last.request.headers
    assert (sent["apikey"], sent["authorization"]) == (ANON, "Bearer ana-token")


@respx.mock
def test_a_query_that_outlives_its_view_and_many_others_is_not_sent_without_a_key(caller, monkeypatch):
    monkeypatch.setattr(connection, "LATEST_CLIENTS", 2)
    notes = respx.get(NOTES).mock(return_value=httpx.Response(200, json=[]))
    crm = caller.open(URL, KEY, anon_key=ANON)
    query, *_ = (crm.as_user(f"{name}-token").supabase.table("admin_customer_notes").select("*") for name in "abc")
    gc.collect()
    assert len(link_of(crm).shared.latest) == 2
    with pytest.raises(ClientStateError, match="is gone"):
        caller.wait(query.execute())
    assert notes.call_count == 0


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


SIGN_IN = {"ADMIN_CRM_EMAIL": "ana@shop.test", "ADMIN_CRM_PASSWORD": "secreto"}
TOKEN = {"ADMIN_CRM_ACCESS_TOKEN": USER_TOKEN}
PUBLISHABLE = {"SUPABASE_PUBLISHABLE_KEY": ANON}
SECRET = {"SUPABASE_SECRET_KEY": KEY}


@pytest.mark.parametrize(
    ("variables", "shown", "is_secret", "has_secret"),
    [
        (SECRET, "with a secret key", True, True),
        (SECRET | PUBLISHABLE, "with a secret key", True, True),
        (SIGN_IN | PUBLISHABLE, "as a signed-in user", False, False),
        (SIGN_IN | PUBLISHABLE | SECRET, "as a signed-in user, with a secret key", False, True),
        (TOKEN | PUBLISHABLE, "as a signed-in user", False, False),
        (TOKEN | PUBLISHABLE | SECRET, "as a signed-in user, with a secret key", False, True),
        (SECRET | dict.fromkeys((*SIGN_IN, *TOKEN), ""), "with a secret key", True, True),
    ],
)
def test_the_environment_says_whose_rights_a_connection_has(
    no_environment, monkeypatch, caller, variables, shown, is_secret, has_secret
):
    for name, value in {"SUPABASE_URL": URL, **variables}.items():
        monkeypatch.setenv(name, value)
    crm = caller.keep((AsyncAdminCRM if caller.name == "async" else AdminCRM).from_env())
    assert repr(crm) == f"{type(crm).__name__}({URL!r}, {shown})"
    assert (link_of(crm).rights.is_secret, has_secret_key(crm)) == (is_secret, has_secret)
    assert not [secret for secret in variables.values() if secret and secret in repr(vars(crm))]


def test_an_access_token_comes_before_an_email_and_a_password(no_environment, monkeypatch):
    for name, value in {"SUPABASE_URL": URL, **SIGN_IN, **TOKEN, **PUBLISHABLE}.items():
        monkeypatch.setenv(name, value)
    with AdminCRM.from_env() as crm:
        assert link_of(crm).rights.login is None
        assert link_of(crm).rights.bearer == USER_TOKEN


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (SECRET | PUBLISHABLE | {"ADMIN_CRM_EMAIL": "ana@shop.test"}, "ADMIN_CRM_PASSWORD is not"),
        (SECRET | PUBLISHABLE | {"ADMIN_CRM_PASSWORD": "secreto"}, "ADMIN_CRM_EMAIL is not"),
        (SECRET | SIGN_IN, "needs SUPABASE_PUBLISHABLE_KEY"),
        (SECRET | TOKEN, "needs SUPABASE_PUBLISHABLE_KEY"),
        (PUBLISHABLE, "no key is set"),
        (PUBLISHABLE | TOKEN | {"SUPABASE_SECRET_KEY": ANON}, "not a secret key"),
    ],
)
def test_an_environment_that_cannot_give_the_rights_it_names_is_refused(no_environment, monkeypatch, variables, words):
    for name, value in {"SUPABASE_URL": URL, **variables}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInputError, match=words) as raised:
        AdminCRM.from_env()
    assert not [secret for secret in variables.values() if secret in shown_with_locals(raised.value)]


# supabase-py warns of its own options when it makes its own HTTP client.
@pytest.mark.filterwarnings("ignore:The '.*' parameter is deprecated:DeprecationWarning")
@respx.mock
def test_a_client_of_the_apps_own_has_the_rights_that_it_has_at_the_moment(caller):
    from supabase import AsyncClient, Client

    notes = respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}]))
    theirs = (AsyncClient if caller.name == "async" else Client)(URL, ANON)
    crm = caller.open(supabase=theirs, secret_key=KEY)
    assert "with a publishable key, with a secret key" in repr(crm)
    assert link_of(crm).rights.is_anonymous
    theirs.options.headers["Authorization"] = f"Bearer {USER_TOKEN}"  # as supabase-py does when somebody signs in
    assert "as a signed-in user, with a secret key" in repr(crm)
    assert not link_of(crm).rights.is_anonymous
    caller(get_admin_customer_notes, with_secret_key(crm, "reading"), SOMEBODY)
    assert notes.calls.last.request.headers["authorization"] == f"Bearer {KEY}"
    assert (link_of(crm).rights.client, crm.supabase) == (theirs, theirs)


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
    with pytest.raises(InvalidTypeError, match="timeout must be a number, not str"):
        crm.with_options(timeout="30")


# supabase-py warns of its own options when it makes its own HTTP client.
@pytest.mark.filterwarnings("ignore:The '.*' parameter is deprecated:DeprecationWarning")
def test_a_view_of_a_client_of_the_apps_own_is_refused(caller):
    from supabase import AsyncClient, Client

    crm = caller.open(supabase=(AsyncClient if caller.name == "async" else Client)(URL, KEY))
    with pytest.raises(InvalidInputError, match="your own supabase-py client"):
        crm.as_user("ana-token")


def test_the_retry_hook_can_be_read_back(caller):
    hook = [].append
    assert caller.open(URL, KEY, on_retry=hook).on_retry == hook


@pytest.mark.parametrize("wrong", [5, [None], b"key"])
@pytest.mark.parametrize("argument", ["url", "key", "anon_key", "access_token", "secret_key", "supabase", "settings"])
def test_an_argument_of_the_wrong_type_is_a_type_error_that_names_it(caller, argument, wrong):
    given = {} if argument == "supabase" else {"url": URL, "key": KEY}
    with pytest.raises(InvalidTypeError) as raised:
        caller.open(**given | {argument: wrong})
    assert raised.value.argument == argument


@pytest.mark.parametrize("argument", ["publishable_key", "email", "password"])
def test_who_signs_in_without_an_address_a_password_or_a_key_is_told_so_and_nothing_is_sent(caller, argument):
    given = {"url": URL, "publishable_key": ANON, "email": "ana@x.example", "password": KEY}
    with pytest.raises(InvalidInputError, match=argument.removeprefix("publishable_")):
        caller.sign_in(**given | {argument: None})


@pytest.mark.parametrize(("token", "error"), [(None, InvalidInputError), (5, InvalidTypeError)])
def test_no_token_is_refused_and_is_not_the_connections_own_rights(caller, token, error):
    with pytest.raises(error, match="token"):
        caller.open(URL, KEY).as_user(token)
