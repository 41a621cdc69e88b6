"""SQL on the local stack may do what the owner of a shop may do, and nothing that takes a superuser."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from admin_crm.local import LocalStack, LocalStackError
from shops import CUSTOMERS, local_only

pytestmark = [local_only, pytest.mark.xdist_group("local-closed")]


@pytest.fixture
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=300) as client:
        yield client


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
    "perform pg_read_file('postgresql.conf')",
    "perform pg_ls_dir('.')",
    "perform lo_export(lo_from_bytea(0, 'x'), '/tmp/admin-crm-escaped')",
    "perform lo_import('/etc/passwd')",
    "perform set_config('role', 'postgres', true); perform pg_read_file('postgresql.conf')",
    "create role another superuser",
    "alter role shop_owner superuser",
    "update pg_authid set rolsuper = true",
    "alter table pg_authid alter column rolsuper set default true",
    "grant pg_execute_server_program to shop_owner",
    "create function c_code() returns integer language c as 'libc', 'getpid'",
]


@pytest.mark.parametrize("forbidden", FORBIDDEN)
@pytest.mark.parametrize("escape", ESCAPES)
def test_what_takes_a_superuser_is_refused(escape: str, forbidden: str, stack: LocalStack) -> None:
    with pytest.raises(LocalStackError, match=r"denied|not allowed|must be (owner|superuser)"):
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
        f" count(*) >= {CUSTOMERS} as many from customer_profiles"
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
