"""Privacy requests on the shop itself: everything is told, and nothing is left of who it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from admin_crm import (
    CustomerNotFoundError,
    PermissionDeniedError,
    anonymize_customer,
    delete_customer,
    get_all_customers,
    get_customer_data,
    moderate_customer,
)
from admin_crm.local import LocalStack
from helpers import Ask, user_id_of
from persons import Person
from shops import MODERATED

WHY = "solicitud del 27 de noviembre"
AUTH_LOG = "auth.audit_log_entries"
PRIVATE = ["used_coupons", "offers", "referrals"]


@pytest.fixture
def person(stack: LocalStack) -> Iterator[Person]:
    person = Person(stack)
    yield person
    person.clean()


def states(outcome: Any) -> dict[str, str]:
    return {step.name: step.state for step in outcome.steps}


def assert_only_the_auth_log_is_left(person: Person, outcome: Any) -> None:
    """The auth server's own log is out of reach; what the outcome tells to do about it leaves nothing."""
    assert set(person.traces()) <= {AUTH_LOG}
    (told,) = [each.why for each in outcome.kept if each.name == AUTH_LOG]
    person.stack.execute_sql(told[told.index("delete from") :])
    assert person.traces() == {}


# What the shop holds --------------------------------------------------------------------------------


def test_with_both_rights_nothing_is_missing_and_every_value_of_the_person_is_in_the_document(
    by_both: Ask, person: Person
) -> None:
    data = by_both(get_customer_data, person.id)
    assert data.missing == []
    assert set(data.absent) == {"order_items", "moderation_log"}
    empty = [name for name, count in data.counts().items() if not count]
    assert sorted(empty) == ["moderation", "order_items"]
    document = data.to_json()
    assert [value for value in person.values if value.lower() not in document.lower()] == []
    assert {file["path"] for file in json.loads(document)["files"]} == {
        f"{person.id}/recibo.txt",
        f"{person.id}/carpeta/foto.txt",
    }


def test_numbers_and_the_shops_json_are_as_the_shop_has_them(by_key: Ask, person: Person) -> None:
    data = by_key(get_customer_data, person.id)
    (order,) = [each for each in data.orders if each["status"] == "delivered"]
    assert order["total"] == Decimal("1234.10")
    assert order["items"] == [{"name": "Vela", "price": 1234.1}]
    assert order["mp_payment_data"]["payer"]["email"] == person.email
    assert data.notes["custom_fields"]["talla"] == 1.5
    assert {order["status"] for order in data.orders} == {"delivered", "cancelled"}


def test_the_account_is_told_without_passwords_and_tokens(by_key: Ask, person: Person) -> None:
    account = by_key(get_customer_data, person.id).account
    assert account["email"] == person.email
    assert {each["provider"] for each in account["identities"]} == {"email", "google"}
    assert not [name for name in json.dumps(account) if "password" in name or "token" in name]


def test_an_administrators_session_says_what_it_does_not_see(by_admin: Ask, person: Person) -> None:
    data = by_admin(get_customer_data, person.id)
    assert [part.part for part in data.missing] == ["account", *PRIVATE]
    assert all("secret_key" in part.hint for part in data.missing)
    assert data.account is None
    assert len(data.files) == 2
    assert data.directory["email"] == person.email


def test_the_other_party_of_a_referral_is_an_id_alone(by_key: Ask, person: Person) -> None:
    referrals = by_key(get_customer_data, person.id).referrals
    assert {row["referrer_id"] for row in referrals} | {row["referred_id"] for row in referrals} == {
        person.id, person.friend, person.guest,
    }  # fmt: skip


def test_who_is_no_administrator_is_refused_his_own_document_too(stranger: Ask) -> None:
    with pytest.raises(PermissionDeniedError, match="admin_users"):
        stranger(get_customer_data, user_id_of(stranger.crm))


@pytest.mark.parametrize("operation", [get_customer_data, anonymize_customer, delete_customer])
def test_who_does_not_exist_is_not_found(by_key: Ask, operation: Any) -> None:
    reason = {} if operation is get_customer_data else {"reason": WHY}
    with pytest.raises(CustomerNotFoundError):
        by_key(operation, uuid4(), **reason)


# Anonymizing ----------------------------------------------------------------------------------------


def test_nothing_says_who_an_anonymized_customer_was_in_any_table_or_file(by_key: Ask, person: Person) -> None:
    before = person.traces()
    assert {
        "public.customer_profiles", "public.addresses", "public.orders", "public.admin_customer_notes",
        "public.user_notifications", "public.coupons", "public.smart_loyalty_propositions", "public.loyalty_points",
        "auth.users", "auth.identities",
    } <= set(before)  # fmt: skip
    outcome = by_key(anonymize_customer, person.id, reason=WHY)
    assert_only_the_auth_log_is_left(person, outcome)
    assert set(states(outcome).values()) == {"done"}
    assert person.count("storage.objects", "path_tokens[1]") == 0


def test_an_anonymized_customers_orders_and_points_stay(by_key: Ask, person: Person, stack: LocalStack) -> None:
    profile = (
        f"select total_orders, total_spent, customer_tier, full_name from customer_profiles where id = '{person.id}'"
    )
    books = f"select order_number, total, items, mp_payment_id from orders where customer_id = '{person.id}' order by 1"
    before = stack.execute_sql(profile), stack.execute_sql(books)
    outcome = by_key(anonymize_customer, person.id, reason=WHY)
    after = stack.execute_sql(profile), stack.execute_sql(books)
    assert before[0][0] | {"full_name": "Cliente anonimizado"} == after[0][0]
    assert before[1] == after[1]
    assert len(after[1]) == 2
    kept = {each.name: each.count for each in outcome.kept if each.name != AUTH_LOG}
    assert kept == {"orders": 2, "loyalty_points": 1, "customer_coupons": 1, "referrals": 2}
    assert [person.count(table) for table in ("loyalty_points", "customer_coupons")] == [1, 1]
    (listed,) = [each for each in by_key(get_all_customers) if str(each.id) == person.id]
    assert (listed.full_name, listed.email, listed.phone) == ("Cliente anonimizado", None, None)


def test_an_anonymized_customer_cannot_sign_in_or_refresh(by_key: Ask, person: Person) -> None:
    assert person.sign_in().status_code == 200
    by_key(anonymize_customer, person.id, reason=WHY)
    assert person.sign_in().json()["error_code"] == "invalid_credentials"
    assert person.refresh().json()["error_code"] == "refresh_token_not_found"


def test_anonymizing_again_finds_nothing_to_do(by_key: Ask, person: Person) -> None:
    by_key(anonymize_customer, person.id, reason=WHY)
    again = by_key(anonymize_customer, person.id, reason=WHY)
    assert set(states(again).values()) == {"nothing to do"}
    deleted = by_key(delete_customer, person.id, reason=WHY)
    assert states(deleted)["account"] == "done"
    assert person.count("auth.users", "id") == 0


@pytest.mark.parametrize("operation", [anonymize_customer, delete_customer])
def test_a_dry_run_tells_the_steps_and_changes_nothing(by_key: Ask, person: Person, operation: Any) -> None:
    before = by_key(get_customer_data, person.id)
    plan = by_key(operation, person.id, reason=WHY, dry_run=True)
    assert set(states(plan).values()) == {"planned"}
    after = by_key(get_customer_data, person.id)
    assert before.model_copy(update={"read_at": after.read_at}) == after
    assert not [value for value in person.values if value in str(plan)]
    assert {step.name: step.count for step in plan.steps} == {
        step.name: step.count for step in by_key(operation, person.id, reason=WHY).steps
    }


def test_what_stays_and_says_who_it_was_is_told(by_key: Ask, person: Person, stack: LocalStack) -> None:
    items = json.dumps([{"name": f"Taza de {person.name}"}])
    stack.execute_sql(f"update orders set items = '{items}' where customer_id = '{person.id}' and total = 5")
    outcome = by_key(anonymize_customer, person.id, reason=WHY)
    (told,) = [each for each in outcome.kept if each.name == "orders.items"]
    assert told.count == 1
    assert set(person.traces()) - {AUTH_LOG} == {"public.orders"}


def test_others_are_left_alone(by_key: Ask, person: Person, stack: LocalStack) -> None:
    other = "select * from customer_profiles where id <> '{0}' and id not in ('{1}', '{2}') order by id limit 50"
    others = other.format(person.id, person.friend, person.guest)
    coupons = f"select * from coupons where code <> '{person.coupon}' order by code"
    before = stack.execute_sql(others), stack.execute_sql(coupons)
    by_key(anonymize_customer, person.id, reason=WHY)
    by_key(delete_customer, person.id, reason=WHY)
    assert (stack.execute_sql(others), stack.execute_sql(coupons)) == before


# Deleting -------------------------------------------------------------------------------------------


def test_nothing_of_a_deleted_customer_is_in_any_table_or_file(by_both: Ask, person: Person, stack: LocalStack) -> None:
    outcome = by_both(delete_customer, person.id, reason=WHY)
    assert set(states(outcome).values()) == {"done"}
    assert_only_the_auth_log_is_left(person, outcome)
    found = stack.execute_sql(
        f"select 1 from auth.users where id = '{person.id}'"
        f" union all select 1 from customer_profiles where id = '{person.id}'"
        f" union all select 1 from storage.objects where name like '{person.id}/%'"
        f" union all select 1 from referrals where '{person.id}' in (referrer_id, referred_id)"
    )
    assert found == []
    with pytest.raises(CustomerNotFoundError):
        by_both(get_customer_data, person.id)


def test_a_deleted_customers_orders_stay_without_a_customer(by_key: Ask, person: Person, stack: LocalStack) -> None:
    outcome = by_key(delete_customer, person.id, reason=WHY)
    rows = stack.execute_sql(
        f"select customer_id, total, tracking_notes, mp_payment_data, mp_payment_id from orders"
        f" where order_number = '{person.orders[0]}'"
    )
    assert rows == [
        {
            "customer_id": None,
            "total": 1234.1,
            "tracking_notes": None,
            "mp_payment_data": None,
            "mp_payment_id": "998877",
        }
    ]
    assert [(each.name, each.count) for each in outcome.kept] == [("orders", 2), (AUTH_LOG, None)]


def test_more_than_a_thousand_files_are_deleted(by_key: Ask, person: Person, stack: LocalStack) -> None:
    stack.execute_sql(
        "insert into storage.objects (bucket_id, name, version, metadata) select 'customer-evidence',"
        f" '{person.id}/' || n || '.txt', gen_random_uuid(), '{{\"size\": 1}}' from generate_series(1, 1600) n"
    )
    plan = by_key(delete_customer, person.id, reason=WHY, dry_run=True)
    assert plan.steps[0].count == 1602
    by_key(delete_customer, person.id, reason=WHY)
    assert stack.execute_sql(f"select 1 from storage.objects where name like '{person.id}/%'") == []


@pytest.mark.parametrize("operation", [anonymize_customer, delete_customer])
def test_an_administrator_and_oneself_are_refused(by_key: Ask, by_both: Ask, stack: LocalStack, operation: Any) -> None:
    administrator = stack.execute_sql("select id from auth.users where email = 'soporte@tienda.example'")[0]["id"]
    with pytest.raises(PermissionDeniedError, match="administrator"):
        by_key(operation, administrator, reason=WHY)
    with pytest.raises(PermissionDeniedError, match="signed-in user"):
        by_both(operation, user_id_of(by_both.crm), reason=WHY)
    assert len(stack.execute_sql("select id from admin_users")) == 2


@pytest.mark.parametrize("operation", [anonymize_customer, delete_customer])
def test_erasing_needs_the_secret_key(by_admin: Ask, customer: str, operation: Any) -> None:
    with pytest.raises(PermissionDeniedError, match="secret key"):
        by_admin(operation, customer, reason=WHY)


@MODERATED[0]
@MODERATED[1]
def test_the_record_of_moderation_is_told_and_outlives_the_customer(by_key: Ask, person: Person) -> None:
    by_key(moderate_customer, person.id, "suspended", reason=f"{person.name} no paga")
    (entry,) = by_key(get_customer_data, person.id).moderation
    assert (entry["status"], entry["reason"]) == ("suspended", f"{person.name} no paga")
    outcome = by_key(anonymize_customer, person.id, reason=WHY)
    kept = {each.name: each.count for each in outcome.kept}
    assert (kept["moderation_log"], kept["moderation_log.reason"]) == (1, 1)
    assert set(person.traces()) - {AUTH_LOG} == {"public.moderation_log"}
    by_key(delete_customer, person.id, reason=WHY)
    assert person.count("moderation_log") == 1
    person.stack.execute_sql(f"delete from moderation_log where customer_id = '{person.id}'")
