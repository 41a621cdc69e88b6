"""A shop that has installed `admin-crm sql moderation`: a customer does not decide on the own standing."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from admin_crm import PermissionDeniedError, doctor, update_customer_profile, update_customer_status
from admin_crm.local import LocalStack
from shop_user import ShopUser, standing_of, suspended_user
from shops import MODERATED, local_only

pytestmark = [local_only, *MODERATED]

RISES = [
    {"account_status": "active"},
    {"account_status": None},
    {"suspension_end": None},
    {"customer_tier": "platinum"},
    {"total_orders": 99},
    {"total_spent": 99_999},
    {"full_name": "Yo", "account_status": "active"},
]
"""What a suspended customer of the tier silver would like to be."""


@pytest.fixture
def session(stack: LocalStack) -> Iterator[ShopUser]:
    with suspended_user(stack) as user:
        yield user


@pytest.mark.parametrize("rise", RISES, ids=str)
def test_a_customer_changes_no_standing_by_an_update(session, stack, rise):
    before = standing_of(stack, session.id)
    refused = session.rest("PATCH", f"customer_profiles?id=eq.{session.id}", rise)
    assert (refused.status_code, refused.json()["code"]) == (403, "42501")
    assert "only an administrator changes" in refused.json()["message"]
    assert standing_of(stack, session.id) == before


@pytest.mark.parametrize("rise", RISES, ids=str)
def test_a_customer_changes_no_standing_by_an_upsert(session, stack, rise):
    before = standing_of(stack, session.id)
    row = {"id": session.id, "full_name": "Prueba"} | rise
    refused = session.rest("POST", "customer_profiles", row, prefer="resolution=merge-duplicates")
    assert (refused.status_code, refused.json()["code"]) == (403, "42501")
    assert standing_of(stack, session.id) == before


@pytest.mark.parametrize("rise", [*RISES[3:6], {"account_status": "banned"}, {"suspension_end": "2999-01-01"}], ids=str)
def test_a_customer_inserts_a_profile_of_the_columns_defaults_only(session, stack, rise):
    stack.execute_sql(f"delete from customer_profiles where id = '{session.id}'")
    row = {"id": session.id, "full_name": "Prueba"}
    refused = session.rest("POST", "customer_profiles", row | rise)
    assert (refused.status_code, refused.json()["code"]) == (403, "42501")
    initial = {"account_status": "active", "customer_tier": "bronze", "total_orders": 0, "total_spent": 0}
    assert session.rest("POST", "customer_profiles", row | initial | {"suspension_end": None}).status_code == 201


def test_a_customer_edits_the_rest_of_the_profile(session, stack):
    before = standing_of(stack, session.id)
    path = f"customer_profiles?id=eq.{session.id}"
    edits = {"full_name": "Otra", "phone": "+52 228 1", "ai_preferences": {"interests": ["té"]}}
    assert session.rest("PATCH", path, edits).json()[0]["full_name"] == "Otra"
    whole = session.rest("GET", path).json()[0]
    upserted = session.rest("POST", "customer_profiles", whole | {"phone": "2"}, prefer="resolution=merge-duplicates")
    assert upserted.json()[0]["phone"] == "2"
    assert standing_of(stack, session.id) == before


def test_the_guard_tells_nobody_what_is_the_standing_of_others(session, customer, stack):
    stack.execute_sql(f"update customer_profiles set account_status = 'banned' where id = '{customer}'")
    tries = [{"id": customer, "full_name": "x", "account_status": status} for status in ("banned", "suspended")]
    answers = [session.rest("POST", "customer_profiles", row).text for row in tries]
    assert answers[0] == answers[1]


def test_an_order_moves_totals_and_tier_but_no_status(session, stack):
    order = {"customer_id": session.id, "items": [], "subtotal": 21_000, "total": 21_000, "status": "delivered"}
    assert session.rest("POST", "orders", order).status_code == 201
    found = standing_of(stack, session.id)
    assert (found["customer_tier"], found["total_orders"], found["total_spent"]) == ("gold", 1, 21_000)
    assert found["account_status"] == "suspended"


def test_a_trigger_that_runs_with_the_customers_rights_lifts_no_suspension(session, stack):
    stack.execute_sql(
        "create function public.forgive() returns trigger language plpgsql as $$ begin"
        " update public.customer_profiles set account_status = 'active' where id = new.customer_id; return new; end $$"
    )
    stack.execute_sql(
        "create trigger forgive after insert on public.addresses for each row execute function public.forgive()"
    )
    try:
        address = {"customer_id": session.id, "street": "a", "number": "1", "colony": "b", "zip_code": "91000"}
        refused = session.rest("POST", "addresses", address)
        assert (refused.status_code, refused.json()["code"]) == (403, "42501")
    finally:
        stack.execute_sql("drop function public.forgive() cascade")
    assert standing_of(stack, session.id)["account_status"] == "suspended"


def test_an_administrator_and_a_secret_key_change_every_standing(by_admin, by_key, session, stack):
    for asked in (by_admin, by_key):
        assert asked(update_customer_status, session.id, "banned").account_status == "banned"
        assert asked(update_customer_status, session.id, "active").account_status == "active"
        rows = asked.crm.supabase.table("customer_profiles")
        changes = {"customer_tier": "gold", "total_orders": 7, "total_spent": 20_000}
        asked.caller.wait(rows.update(changes).eq("id", session.id).execute())
        found = standing_of(stack, session.id)
        assert (found["customer_tier"], found["total_orders"], found["total_spent"]) == ("gold", 7, 20_000)
        stack.execute_sql(f"update customer_profiles set customer_tier = 'silver' where id = '{session.id}'")


def test_the_librarys_error_says_who_may(caller, session, stack):
    crm = caller.open(stack.url, stack.publishable_key, access_token=session.token)
    assert caller(update_customer_profile, crm, session.id, full_name="Otra").full_name == "Otra"
    with pytest.raises(PermissionDeniedError, match="only an administrator changes account_status"):
        caller(update_customer_status, crm, session.id, "active")


def test_whoever_signs_up_has_a_profile(stack):
    email = f"c-{uuid4()}@clientes.example"
    body = {"email": email, "password": stack.customer_password, "data": {"full_name": "Nueva"}}
    headers = {"apikey": stack.publishable_key}
    answer = httpx.post(f"{stack.url}/auth/v1/signup", json=body, headers=headers, trust_env=False, timeout=300).json()
    try:
        assert standing_of(stack, answer["user"]["id"])["account_status"] == "active"
    finally:
        stack.execute_sql(f"delete from auth.users where email = '{email}'")


def test_the_doctor_finds_that_bans_hold(by_key, stack):
    before = stack.execute_sql("select count(*) from auth.users")
    (found,) = (check for check in by_key(doctor, write_checks=True).checks if check.name == "bans")
    assert (found.verdict, found.meaning) == (
        "pass", "a banned customer cannot lift their own ban (tested with a temporary user)",
    )  # fmt: skip
    assert stack.execute_sql("select count(*) from auth.users") == before
