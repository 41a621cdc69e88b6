"""The local stack is closed: to web pages, to other users of the machine, and to SQL that wants more than the shop."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from admin_crm.local import LocalStack, LocalStackError, installed
from shops import REAL_POSTGREST, local_only

pytestmark = [local_only, pytest.mark.xdist_group("local-stack")]

ASK = {"sql": "select 1 as one"}
KEYS = ("publishable_key", "secret_key", "anon_jwt", "service_role_jwt", "jwt_secret", "administration_key")
Post = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with LocalStack() as running:
        yield running


@pytest.fixture
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, trust_env=False) as client:
        yield client


@pytest.fixture
def post(stack: LocalStack, http: httpx.Client) -> Post:
    """Ask the SQL endpoint as `execute_sql` does, with other headers where the test says so."""

    def post(path: str = "/local/sql", **changed: str | None) -> httpx.Response:
        headers = {"X-Local-Admin-Key": stack.administration_key, "Content-Type": "application/json"}
        headers |= {name.replace("_", "-"): value for name, value in changed.items() if value is not None}
        kept = {name: value for name, value in headers.items() if changed.get(name.replace("-", "_"), "") is not None}
        return http.post(path, content=b'{"sql": "select 1 as one"}', headers=kept)

    return post


def placed(text: str, stack: LocalStack) -> str:
    return text.format(port=stack.url.rsplit(":", 1)[1])


# Who is answered ------------------------------------------------------------------------------


def test_a_web_page_that_knows_the_secret_key_runs_no_sql(stack: LocalStack, http: httpx.Client) -> None:
    answer = http.post(
        f"/local/sql?apikey={stack.secret_key}",
        content=b'{"sql": "create table from_a_web_page ()"}',
        headers={"Content-Type": "text/plain", "Host": "evil.example", "Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert stack.execute_sql("select to_regclass('public.from_a_web_page') as found") == [{"found": None}]


def test_sql_is_run_for_the_administration_key_in_its_header(post: Post) -> None:
    answer = post()
    assert (answer.status_code, answer.json()) == (200, [{"one": 1}])


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LocalHost:{port}", "[::1]:{port}"])
def test_loopback_names_are_answered(host: str, stack: LocalStack, post: Post) -> None:
    assert post(Host=placed(host, stack)).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "localhost.evil.example:{port}", "127.0.0.1", "127.0.0.1:1",
     "0.0.0.0:{port}", "127.0.0.1:{port}@evil.example", "127.0.0.1.:{port}"],
)  # fmt: skip
def test_a_foreign_host_is_refused(host: str, stack: LocalStack, post: Post) -> None:
    assert post(Host=placed(host, stack)).status_code in {400, 403}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}", ""]
)
def test_a_foreign_origin_is_refused(origin: str, stack: LocalStack, post: Post) -> None:
    assert post(Origin=placed(origin, stack)).status_code == 403


def test_the_stacks_own_origin_is_answered(stack: LocalStack, post: Post) -> None:
    assert post(Origin=stack.url).status_code == 200


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "text/plain; application/json", "application/x-www-form-urlencoded", "application/jsonp", None],
)
def test_a_body_that_is_not_declared_as_json_is_refused(kind: str | None, post: Post) -> None:
    assert post(Content_Type=kind).status_code == 415


def test_json_may_name_its_charset(post: Post) -> None:
    assert post(Content_Type="application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize("body", [b"", b"nope", b"null", b"[]", b'{"sql": 1}', b"{}"])
def test_a_body_without_a_statement_is_refused(body: bytes, stack: LocalStack, http: httpx.Client) -> None:
    headers = {"X-Local-Admin-Key": stack.administration_key, "Content-Type": "application/json"}
    assert http.post("/local/sql", content=body, headers=headers).status_code == 400


@pytest.mark.parametrize("name", ["apikey", "x-local-admin-key", "key"])
def test_a_key_in_the_query_is_refused(name: str, stack: LocalStack, post: Post) -> None:
    query = f"/local/sql?{name}={stack.administration_key}"
    assert post(query, X_Local_Admin_Key=None).status_code in {400, 401}
    assert post(query).status_code == 400


@pytest.mark.parametrize("key", [*KEYS[:-1], ""])
@pytest.mark.parametrize("header", ["X-Local-Admin-Key", "apikey", "Authorization"])
def test_no_key_of_the_project_runs_sql(key: str, header: str, stack: LocalStack, http: httpx.Client) -> None:
    value = getattr(stack, key) if key else "nope"
    headers = {header: f"Bearer {value}" if header == "Authorization" else value}
    assert http.post("/local/sql", json=ASK, headers=headers).status_code == 401


def test_the_administration_key_opens_nothing_else(stack: LocalStack, http: httpx.Client) -> None:
    headers = {"apikey": stack.administration_key, "Authorization": f"Bearer {stack.administration_key}"}
    assert http.get("/rest/v1/products", headers=headers).status_code == 401
    assert http.get("/auth/v1/admin/users", headers=headers).status_code == 401


def test_a_preflight_is_refused_without_any_permission(stack: LocalStack, http: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-local-admin-key"}
    for origin in ("https://evil.example", stack.url):
        answer = http.options("/local/sql", headers={"Origin": origin, **asked})
        assert answer.status_code in {403, 405}
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_answers_carry_no_permission_for_web_pages_and_no_cookie(stack: LocalStack, post: Post) -> None:
    for answer in (post(), post(Origin=stack.url), post(Origin="https://evil.example")):
        assert not [name for name in answer.headers if name.startswith(("access-control", "set-cookie"))]


@pytest.mark.parametrize("path", ["/local/", "/local/health", "/local/sql/", "/local/reset"])
def test_there_is_no_other_endpoint(path: str, post: Post) -> None:
    assert post(path).status_code == 404


def test_sql_is_not_asked_for_by_get(stack: LocalStack, http: httpx.Client) -> None:
    headers = {"X-Local-Admin-Key": stack.administration_key, "Content-Type": "application/json"}
    assert http.get("/local/sql", headers=headers).status_code == 405


# What SQL may do ------------------------------------------------------------------------------


def test_sql_runs_as_the_owner_of_the_shop_who_is_no_superuser(stack: LocalStack) -> None:
    [who] = stack.execute_sql(
        "select current_user as name, (select rolsuper from pg_roles where rolname = current_user) as super,"
        " current_setting('is_superuser') as session"
    )
    assert who == {"name": "shop_owner", "super": False, "session": "off"}
    owners = stack.execute_sql("select distinct tableowner from pg_tables where schemaname = 'public'")
    views = stack.execute_sql("select distinct viewowner as tableowner from pg_views where schemaname = 'public'")
    assert owners == views == [{"tableowner": "shop_owner"}]


def test_nobody_can_log_in_as_a_superuser(stack: LocalStack) -> None:
    assert stack.execute_sql("select rolname from pg_roles where rolsuper and rolcanlogin") == []


ESCAPES = ["", "reset role;", "set role none;", "reset session authorization;", "set session authorization default;"]
FORBIDDEN = [
    "copy (select 1) to program 'true'",
    "copy (select 1) to '/tmp/admin-crm-escaped'",
    "create temp table stolen (line text); copy stolen from program 'id'",
    "create temp table stolen (line text); copy stolen from '/etc/passwd'",
    "perform pg_read_file('/etc/passwd')",
    "perform pg_ls_dir('/')",
    "create role another superuser",
    "alter role shop_owner superuser",
    "update pg_authid set rolsuper = true",
    "grant pg_execute_server_program to shop_owner",
    "create function c_code() returns integer language c as 'libc', 'getpid'",
]


@pytest.mark.parametrize("forbidden", FORBIDDEN)
@pytest.mark.parametrize("escape", ESCAPES)
def test_what_takes_a_superuser_is_refused(escape: str, forbidden: str, stack: LocalStack) -> None:
    with pytest.raises(LocalStackError, match=r"denied|not allowed|[mM]ust be superuser|cannot be executed from"):
        stack.execute_sql(f"do $$ begin {escape} {forbidden}; end $$")


@pytest.mark.parametrize("role", ["postgres", "pg_execute_server_program", "pg_read_server_files"])
def test_no_other_role_makes_a_superuser(role: str, stack: LocalStack) -> None:
    with pytest.raises(LocalStackError, match="permission denied"):
        stack.execute_sql(f"do $$ begin set role {role}; create role another superuser; end $$")


def test_two_statements_at_once_are_refused(stack: LocalStack) -> None:
    with pytest.raises(LocalStackError, match="multiple commands"):
        stack.execute_sql("commit; select 1")


@pytest.mark.parametrize(
    "before",
    ["set role anon", "reset role", "set search_path = auth", "set time zone 'Asia/Tokyo'", "commit", "rollback",
     "create temporary table customer_profiles (id integer)", "set default_transaction_read_only = on"],
)  # fmt: skip
def test_a_statement_leaves_nothing_in_the_session_for_the_next(
    before: str, stack: LocalStack, http: httpx.Client
) -> None:
    look = (
        "select current_user as name, current_setting('timezone') as zone, current_setting('search_path') as path,"
        " count(*) > 1000 as many from customer_profiles"
    )
    expected = stack.execute_sql(look)
    stack.execute_sql(before)
    assert stack.execute_sql(look) == expected
    assert (expected[0]["name"], expected[0]["many"]) == ("shop_owner", True)
    asked = {"email": stack.admin_email, "password": stack.admin_password}
    headers = {"apikey": stack.publishable_key}
    assert http.post("/auth/v1/token?grant_type=password", json=asked, headers=headers).status_code == 200


def test_a_trigger_that_the_shop_sets_on_a_table_of_auth_has_no_superuser_either(
    stack: LocalStack, http: httpx.Client
) -> None:
    stack.execute_sql("create table public.witness (found text)")
    stack.execute_sql("grant insert on public.witness to public")
    stack.execute_sql(
        "create function public.look() returns trigger language plpgsql as $$ begin"
        " reset role; reset session authorization; create role another superuser; return new;"
        " exception when insufficient_privilege then"
        " insert into public.witness values (sqlerrm); return new; end $$"
    )
    stack.execute_sql("create trigger looking after insert on auth.users for each row execute function public.look()")
    try:
        asked = {"email": "testigo@x.example", "password": "larga-y-buena", "email_confirm": True}
        answer = http.post("/auth/v1/admin/users", json=asked, headers={"apikey": stack.secret_key})
        assert answer.status_code == 200
        assert stack.execute_sql("select * from public.witness") == [{"found": "permission denied to create role"}]
    finally:
        stack.execute_sql("drop trigger looking on auth.users")
        stack.execute_sql("drop function public.look()")
        stack.execute_sql("drop table public.witness")
        stack.execute_sql("delete from auth.users where email = 'testigo@x.example'")


@pytest.mark.parametrize(
    "sql",
    [
        "create schema warehouse",
        "create table public.shelves (id uuid primary key references auth.users (id))",
        "alter table public.orders add column gift boolean",
        "alter table public.orders disable row level security",
        'create policy "all files" on storage.objects for select to authenticated using (true)',
        "update auth.users set phone = phone",
        "insert into storage.buckets (id, name) values ('owners', 'owners')",
        "delete from auth.sessions",
        "drop trigger on_auth_user_created on auth.users",
        "set role anon",
        "truncate public.user_notifications",
    ],
)
def test_the_owner_may_do_what_a_shops_owner_does(sql: str, stack: LocalStack) -> None:
    with pytest.raises(LocalStackError, match="it worked"):
        stack.execute_sql(f"do $$ begin {sql}; raise exception 'it worked, and is undone'; end $$")


# Keys -----------------------------------------------------------------------------------------


def test_every_stack_has_keys_of_its_own_which_look_real(stack: LocalStack) -> None:
    with LocalStack() as other:
        for name in KEYS:
            assert getattr(stack, name) != getattr(other, name), name
        answer = httpx.get(f"{other.url}/rest/v1/orders", headers={"apikey": stack.secret_key}, trust_env=False)
        assert answer.status_code == 401
        answer = httpx.get(f"{other.url}/rest/v1/orders", headers={"apikey": stack.service_role_jwt}, trust_env=False)
        assert answer.status_code == 401
    assert re.fullmatch(r"sb_publishable_[\w-]{22}_[\w-]{8}", stack.publishable_key)
    assert re.fullmatch(r"sb_secret_[\w-]{22}_[\w-]{8}", stack.secret_key)
    assert len(stack.jwt_secret) >= 40
    assert len({getattr(stack, name) for name in KEYS}) == len(KEYS)


def test_no_key_shows_in_a_representation(stack: LocalStack) -> None:
    shown = f"{stack!r} {stack!s} {stack._answer!r} {vars(stack)!r}"
    assert not [name for name in KEYS if getattr(stack, name) in shown]


def test_kept_data_has_the_same_keys_at_the_next_start_and_shows_them_to_nobody_else(tmp_path: Path) -> None:
    if REAL_POSTGREST:
        pytest.skip("only the engine 'lite' keeps data")
    folder = tmp_path / "shop"
    folder.mkdir(mode=0o755)
    found = []
    for _ in range(2):
        with LocalStack(data_dir=folder) as kept:
            found.append([getattr(kept, name) for name in KEYS])
            headers = {"apikey": found[0][1]}
            assert httpx.get(f"{kept.url}/rest/v1/orders?limit=1", headers=headers, trust_env=False).status_code == 200
    assert found[0] == found[1]
    holding = [file for file in folder.rglob("*") if file.is_file() and found[0][1].encode() in file.read_bytes()]
    assert len(holding) == 1
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(holding[0].parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) & 0o077 for each in folder.iterdir() if each.is_dir()} == {0}


def test_keys_that_others_may_read_are_closed_again(tmp_path: Path) -> None:
    if REAL_POSTGREST:
        pytest.skip("only the engine 'lite' keeps data")
    with LocalStack(data_dir=tmp_path):
        [keys] = tmp_path.rglob("keys.json")
    keys.chmod(0o644)
    keys.parent.chmod(0o755)
    with LocalStack(data_dir=tmp_path):
        assert stat.S_IMODE(keys.stat().st_mode) == 0o600
        assert stat.S_IMODE(keys.parent.stat().st_mode) == 0o700


def test_keys_that_cannot_be_read_are_said_so(tmp_path: Path) -> None:
    if REAL_POSTGREST:
        pytest.skip("only the engine 'lite' keeps data")
    with LocalStack(data_dir=tmp_path):
        [keys] = tmp_path.rglob("keys.json")
    keys.write_text('{"secret": ""}')
    with pytest.raises(LocalStackError, match=r"keys\.json"):
        LocalStack(data_dir=tmp_path).start()


def test_no_snapshot_holds_a_key(stack: LocalStack) -> None:
    snapshots = list(installed.cache_dir().rglob("*.tar"))
    assert snapshots
    for snapshot in snapshots:
        content = snapshot.read_bytes()
        assert not [name for name in KEYS if getattr(stack, name).encode() in content]
        assert b"sb_secret_" not in content


# Functions ------------------------------------------------------------------------------------


@pytest.fixture
def ask_function(http: httpx.Client) -> Post:
    def ask(token: str | None, **headers: str) -> httpx.Response:
        given = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"action": "generate_proactive_insights"}
        return http.post("/functions/v1/customer-intelligence", json=body, headers={**given, **headers})

    return ask


def token_of(http: httpx.Client, stack: LocalStack, email: str, password: str) -> str:
    asked: Any = {"email": email, "password": password}
    answer = http.post("/auth/v1/token?grant_type=password", json=asked, headers={"apikey": stack.publishable_key})
    return str(answer.json()["access_token"])


@pytest.mark.parametrize("key", ["secret_key", "service_role_jwt", "administrator"])
def test_a_function_takes_a_bearer_token_alone(
    key: str, stack: LocalStack, http: httpx.Client, ask_function: Post
) -> None:
    administrator = key == "administrator"
    token = token_of(http, stack, *stack.admins[0]) if administrator else getattr(stack, key)
    answer = ask_function(token)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("key", ["publishable_key", "anon_jwt", "customer"])
def test_a_function_itself_refuses_who_is_no_administrator(
    key: str, stack: LocalStack, http: httpx.Client, ask_function: Post
) -> None:
    customer = key == "customer"
    token = token_of(http, stack, stack.customer_email, stack.customer_password) if customer else getattr(stack, key)
    answer = ask_function(token)
    assert (answer.status_code, "error" in answer.json()) == (403, True)


@pytest.mark.parametrize("token", [None, "nope", "sb_secret_wrong", "a.b.c"])
def test_a_function_refuses_what_is_no_token(token: str | None, ask_function: Post) -> None:
    assert ask_function(token).status_code == 401


def test_rest_and_auth_ask_for_an_api_key_beside_the_token(stack: LocalStack, http: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {stack.secret_key}"}
    assert http.get("/rest/v1/orders?limit=1", headers=headers).status_code == 401
    assert http.get("/auth/v1/admin/users", headers=headers).status_code == 401
