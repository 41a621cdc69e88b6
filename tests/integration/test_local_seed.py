"""The local stack's rows: as many, as varied and as untidy as a real shop's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from admin_crm.local import LocalStack
from admin_crm.local.stack import FEWEST_CUSTOMERS
from shops import local_only

pytestmark = [local_only, pytest.mark.xdist_group("local-seed")]


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """A shop of the usual size, on either engine."""
    with LocalStack() as running:
        yield running


def test_the_seed_is_a_shop_larger_than_the_row_cap(stack: LocalStack) -> None:
    [shop] = stack.execute_sql("""
        select (select count(*) from customer_profiles) as customers,
          (select count(*) from customer_intelligence_360) as listed,
          (select count(*) from orders) as orders,
          (select count(*) from storage.objects) as files,
          (select count(*) from admin_users) as administrators""")
    assert (shop["customers"], shop["listed"], shop["administrators"]) == (1200, 1200, 2)
    assert 5_500 < shop["orders"] < 6_500
    assert shop["files"] > 10


@pytest.mark.once
def test_the_smallest_shop_starts_and_its_first_customer_has_referred_another() -> None:
    with LocalStack(customers=FEWEST_CUSTOMERS) as smallest:
        found = smallest.execute_sql("""
            select count(*), referrer_id::text as referrer from customer_profiles, referrals group by referrer_id""")
    assert found == [{"count": FEWEST_CUSTOMERS, "referrer": LocalStack.customer_id}]


def test_the_seed_has_every_segment_that_the_shop_can_have(stack: LocalStack) -> None:
    rows = stack.execute_sql("select distinct segment from customer_intelligence_360")
    assert {row["segment"] for row in rows} == {"Campeón", "Leal", "En Riesgo", "Regular"}
    rows = stack.execute_sql("select distinct health_status from customer_intelligence_360")
    assert {row["health_status"] for row in rows} == {"Saludable", "Estable", "Requiere Atención"}
    [never] = stack.execute_sql(
        "select min(recency_days), max(recency_days), count(*) from customer_intelligence_360 where frequency = 0"
    )
    assert (never["min"], never["max"]) == (365, 365)
    assert 40 < never["count"] < 120


UNTIDY = {
    "customers of one moment": "customer_profiles where created_at in"
    " (select created_at from customer_profiles group by created_at having count(*) > 50)",
    "customers who are older than the shop's software": "customer_profiles"
    " where created_at < now() - interval '20 months'",
    "orders without items": "orders where items = '[]'",
    "items without a quantity": "orders, jsonb_array_elements(items) item where not item ? 'quantity'",
    "items without an image": "orders, jsonb_array_elements(items) item where not item ? 'image'",
    "items that are no longer sold": "orders, jsonb_array_elements(items) item"
    " where not exists (select from products where id::text = item ->> 'product_id')",
    "placeholder e-mails": "customer_intelligence_360 where email = 'Sin Email'",
    "preferences that are null": "customer_profiles where ai_preferences is null",
    "preferences that are empty": "customer_profiles where ai_preferences = '{}'",
    "preferences that lack keys": "customer_profiles"
    " where ai_preferences ? 'interests' and not ai_preferences ? 'preferred_styles'",
    "preferences that are a list": "customer_profiles where jsonb_typeof(ai_preferences) = 'array'",
    "preferences with a null for a list": "customer_profiles"
    " where jsonb_typeof(ai_preferences -> 'interests') = 'null'",
    "preferences with a word for a list": "customer_profiles"
    " where jsonb_typeof(ai_preferences -> 'interests') = 'string'",
    "contexts with a word for a number": "customer_profiles"
    " where jsonb_typeof(ia_context -> 'propensity_score') = 'string'",
    "contexts with an empty text for a moment": "customer_profiles where ia_context ->> 'updated_at' = ''",
    "custom fields that are no texts": "admin_customer_notes, jsonb_each(custom_fields)"
    " where jsonb_typeof(value) in ('number', 'boolean')",
    "custom fields as JavaScript adds them up": "admin_customer_notes"
    " where custom_fields ->> 'saldo' = '0.30000000000000004'",
    "addresses without label and name": "addresses where label is null and full_name is null",
    "default addresses that are not the first": "addresses where is_default and exists (select from addresses other"
    " where other.customer_id = addresses.customer_id and other.id <> addresses.id and not other.is_default)",
    "customers without an address": "customer_profiles"
    " where not exists (select from addresses where customer_id = customer_profiles.id)",
    "phones without the country's number": "customer_profiles where phone not like '+%'",
    "suspensions that are overdue": "customer_profiles where account_status = 'suspended' and suspension_end < now()",
    "suspensions without an end": "customer_profiles where account_status = 'suspended' and suspension_end is null",
    "administrators who only view": "admin_users where role = 'viewer'",
}
"""What a real shop has."""


@pytest.mark.parametrize("what", UNTIDY)
def test_the_seed_has(what: str, stack: LocalStack) -> None:
    [found] = stack.execute_sql(f"select count(*) from {UNTIDY[what]}")
    assert found["count"] > 0


def test_profile_totals_are_those_of_delivered_orders(stack: LocalStack) -> None:
    assert not stack.execute_sql("""
        select profile.id from customer_profiles profile left join orders
          on customer_id = profile.id and status = 'delivered'
        group by profile.id
        having (total_orders, total_spent) is distinct from (count(orders.id), coalesce(sum(total), 0))""")


def test_the_directory_counts_what_is_not_cancelled(stack: LocalStack) -> None:
    assert not stack.execute_sql("""
        select seen.id from customer_intelligence_360 seen left join orders
          on orders.customer_id = seen.id and status <> 'cancelled'
        group by seen.id, frequency, monetary, last_order_date
        having (frequency, monetary, last_order_date)
          is distinct from (count(orders.id), coalesce(sum(total), 0), max(orders.created_at))""")


def test_order_totals_agree_with_their_items(stack: LocalStack) -> None:
    assert not stack.execute_sql("""
        select id from orders where subtotal <> (
          select sum((item ->> 'price')::numeric * coalesce((item ->> 'quantity')::integer, 1))
          from jsonb_array_elements(items) item
        ) or total <> subtotal + shipping_cost - discount""")


def test_the_demo_customer_has_something_of_everything(stack: LocalStack) -> None:
    [customer] = stack.execute_sql(f"""
        select (select count(*) from orders where customer_id = who.id) as orders,
          (select count(*) from addresses where customer_id = who.id) as addresses,
          (select count(*) from admin_customer_notes where customer_id = who.id) as notes,
          (select count(*) from user_notifications where user_id = who.id) as notifications,
          (select count(*) from storage.objects where name like who.id || '/%') as files
        from customer_profiles who where id = '{stack.customer_id}'""")
    assert customer.pop("notifications") >= 3
    assert customer == {"orders": 120, "addresses": 2, "notes": 1, "files": 4}
