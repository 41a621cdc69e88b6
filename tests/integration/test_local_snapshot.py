"""The local stack remembers the shop and brings it back: rows, users and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from admin_crm import (
    AdminCRM,
    add_customer_tags,
    create_customer_with_details,
    delete_customer_evidence,
    download_customer_evidence,
    list_customer_evidence,
    send_customer_notification,
    update_customer_status,
    upload_customer_evidence,
)
from admin_crm.local import LocalStack, LocalStackError
from shops import local_only

pytestmark = [local_only, pytest.mark.xdist_group("snapshot")]
LUCIA = LocalStack.customer_id


@pytest.fixture(scope="module")
def own() -> Iterator[LocalStack]:
    """A stack whose tables note what is changed, as those of other tests do not."""
    with LocalStack() as running:
        yield running


@pytest.fixture(scope="module")
def untouched(own: LocalStack) -> dict[str, Any]:
    """All there was before the first test."""
    return everything(own)


@pytest.fixture
def stack(own: LocalStack, untouched: dict[str, Any]) -> Iterator[LocalStack]:
    """A stack whose shop is as it was after the test, to the last byte."""
    own.snapshot()
    yield own
    own.restore()
    assert everything(own) == untouched


@pytest.fixture
def crm(stack: LocalStack) -> Iterator[AdminCRM]:
    with AdminCRM(stack.url, stack.secret_key, anon_key=stack.publishable_key) as connected:
        yield connected


def everything(stack: LocalStack) -> dict[str, Any]:
    """All that a snapshot remembers, to the last byte."""
    tables = stack.execute_sql(
        "select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = relnamespace"
        " where relkind = 'r' and (nspname in ('public', 'storage')"
        " or (nspname = 'auth' and relname in ('users', 'identities')))"
    )
    rows = "select count(*) as n, md5(string_agg(t::text, ',' order by t::text)) as digest from {} t"
    found: dict[str, Any] = {each["name"]: stack.execute_sql(rows.format(each["name"])) for each in tables}
    files = Path(stack._folder) / "storage" / "objects"
    return found | {file.name: file.read_bytes() for file in files.iterdir()}


def test_what_the_library_writes_is_undone(stack, crm):
    update_customer_status(crm, LUCIA, "banned")
    send_customer_notification(crm, LUCIA, "Hola", "Adiós")
    add_customer_tags(crm, LUCIA, ["nueva"])
    data = {"email": "nueva@clientes.example", "phone": "+52 55 0000 0000", "full_name": "Nueva", "password": "x" * 12}
    create_customer_with_details(crm, data)
    assert stack.restore() > 4
    assert stack.restore() == 0


def test_files_come_back_and_new_ones_go(stack, crm):
    before = {each.path: download_customer_evidence(crm, each.path) for each in list_customer_evidence(crm, LUCIA)}
    assert before
    delete_customer_evidence(crm, list(before))
    upload_customer_evidence(crm, LUCIA, b"%PDF-1.4 new", file_name="new.pdf")
    stack.restore()
    after = {each.path: download_customer_evidence(crm, each.path) for each in list_customer_evidence(crm, LUCIA)}
    assert after == before


def test_sql_is_undone_also_where_it_changes_keys_or_reaches_other_tables(stack):
    unreferred = "select referrer_id from referrals union select referred_id from referrals"
    stack.execute_sql(  # the user's rows in other tables go with him
        f"delete from auth.users where id = (select id from customer_profiles where id not in ({unreferred}) limit 1)"
    )
    stack.execute_sql("update referrals set id = gen_random_uuid()")
    stack.execute_sql("update customer_profiles set full_name = upper(full_name) where id::text > '8'")
    stack.execute_sql("truncate customer_wishlists")
    stack.execute_sql("update storage.buckets set public = true")
    assert stack.restore() > 600


def test_of_several_changes_of_one_row_the_row_before_the_first_comes_back(stack):
    key = str(uuid4())
    stack.execute_sql(f"insert into coupons (code, discount_type, discount_value) values ('{key}', 'fixed', 1)")
    stack.execute_sql(f"delete from coupons where code = '{key}'")
    for name in ("Una", "Otra"):
        stack.execute_sql(f"update customer_profiles set full_name = '{name}' where id = '{LUCIA}'")
    stack.execute_sql(f"delete from admin_customer_notes where customer_id = '{LUCIA}'")
    stack.execute_sql(f"insert into admin_customer_notes (customer_id, notes) values ('{LUCIA}', 'otra')")
    assert stack.restore() == 3


def test_a_later_snapshot_replaces_an_earlier_one(stack):
    first, second = str(uuid4()), str(uuid4())
    coupon = "insert into coupons (code, discount_type, discount_value) values ('{}', 'fixed', 1)"
    stack.execute_sql(coupon.format(first))
    stack.snapshot()
    stack.execute_sql(coupon.format(second))
    assert stack.restore() == 1
    found = stack.execute_sql(f"delete from coupons where code in ('{first}', '{second}') returning code")
    assert found == [{"code": first}]
    stack.snapshot()


def test_a_table_made_since_is_watched_from_the_next_snapshot_on(own):
    own.execute_sql(
        "create table public.later (a int, b int, note json, twice int generated always as (a * 2) stored,"
        " primary key (b, a))"
    )
    own.execute_sql('insert into later values (1, 1, \'{"b": 1,  "a": 2}\'), (1, 2, null)')
    own.snapshot()
    rows = "select a, b, note::text, twice from later order by a, b"
    before = own.execute_sql(rows)
    own.execute_sql("update later set a = 2, note = '[]' where b = 1")
    own.execute_sql("insert into later values (3, 3, null)")
    own.restore()
    assert own.execute_sql(rows) == before
    own.execute_sql("drop table later")


def test_a_session_stays_open(stack):
    answer = httpx.post(
        f"{stack.url}/auth/v1/token?grant_type=password",
        headers={"apikey": stack.publishable_key},
        json={"email": stack.admin_email, "password": stack.admin_password},
        trust_env=False,
        timeout=300,
    ).json()
    stack.restore()
    again = httpx.post(
        f"{stack.url}/auth/v1/token?grant_type=refresh_token",
        headers={"apikey": stack.publishable_key},
        json={"refresh_token": answer["refresh_token"]},
        trust_env=False,
        timeout=300,
    )
    assert again.status_code == 200


def test_without_a_snapshot_there_is_nothing_to_restore():
    with pytest.raises(LocalStackError, match="call snapshot"):
        LocalStack().restore()


def test_customers_cannot_read_or_undo_what_was_noted(own):
    own.snapshot()
    for name in ("before", "rpc/restore"):
        answer = httpx.get(
            f"{own.url}/rest/v1/{name}",
            headers={"apikey": own.secret_key},
            params={"select": "*"},
            trust_env=False,
            timeout=300,
        )
        assert answer.status_code in {404, 406}
