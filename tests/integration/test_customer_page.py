"""One customer's page, orders and timeline, on the local stack."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from admin_crm import (
    AdminCustomer,
    CustomerNotFoundError,
    InvalidInputError,
    SchemaMismatchError,
    Settings,
    get_admin_customer_details,
    get_all_customers,
    get_customer_intelligence,
    get_customer_orders,
    get_customer_timeline,
    get_loyalty_balance,
    send_customer_notification,
    update_admin_customer_notes,
)
from admin_crm._core.connection import facts_of
from helpers import BY_TIME

NOBODY = "00000000-0000-4000-8000-00000000dead"


def test_the_page_contains_everything_about_the_customer(admin, stack):
    detail = admin(get_admin_customer_details, stack.customer_id)
    row = stack.execute_sql(
        "select count(*) as orders, sum(total) as spent, max(created_at) as last from orders"
        f" where customer_id = '{stack.customer_id}' and status not in ('cancelled', 'canceled', 'cancelado')"
    )[0]
    assert detail.orders_summary.total_orders == len(detail.orders) == row["orders"]
    assert detail.orders_summary.total_spent == Decimal(str(row["spent"]))
    assert detail.orders_summary.aov == round(detail.orders_summary.total_spent / row["orders"], 2)
    assert detail.orders_summary.last_order_date == max(order.created_at for order in detail.orders)
    assert detail.admin_notes.tags
    assert detail.addresses
    assert (detail.email, detail.segment is not None, detail.canonical_segment is not None) == (
        stack.customer_email, True, True,
    )  # fmt: skip
    files = stack.execute_sql(
        f"select count(*) as files from storage.objects where name like '{stack.customer_id}/%'"  # tests upload more
    )
    assert len(detail.evidence) == files[0]["files"] >= 4
    for file in detail.evidence:
        assert len(httpx.get(file.url, timeout=300).content) == file.size > 0
    assert "token" not in repr(detail)


def test_the_page_says_what_the_directory_says(admin, stack):
    rows = admin(get_all_customers)
    counted = stack.execute_sql(
        "select customer_profiles.id, count(*) filter (where status = 'delivered') as delivered,"
        " coalesce(sum(total) filter (where status = 'delivered'), 0) as paid,"
        " count(*) filter (where status <> 'cancelled') as kept,"
        " coalesce(sum(total) filter (where status <> 'cancelled'), 0) as worth"
        " from customer_profiles left join orders on customer_id = customer_profiles.id group by 1"
    )
    by_id = {each["id"]: each for each in counted}
    chosen = [row for row in rows if str(row.id) == stack.customer_id] + rows[:: len(rows) // 18]
    assert len(chosen) >= 18
    assert any((row.total_orders, row.total_spent) != (row.frequency, row.monetary) for row in chosen)
    for row in chosen:
        detail, sums = admin(get_admin_customer_details, row.id), by_id[str(row.id)]
        named = set(AdminCustomer.model_fields) - BY_TIME
        assert {name: getattr(detail, name) for name in named} == {name: getattr(row, name) for name in named}
        assert (row.total_orders, row.frequency) == (sums["delivered"], sums["kept"])
        assert (float(row.total_spent), float(row.monetary)) == (float(sums["paid"]), float(sums["worth"]))
        assert (detail.orders_summary.total_orders, detail.orders_summary.total_spent) == (row.frequency, row.monetary)


def test_the_default_address_comes_first(admin, stack):
    found = stack.execute_sql(
        "select customer_id from addresses group by customer_id having count(*) > 1 order by customer_id limit 20"
    )
    for each in found:
        detail = admin(get_admin_customer_details, each["customer_id"])
        assert detail.addresses[0] == detail.default_address
        rest = [(address.created_at, str(address.id)) for address in detail.addresses[1:]]
        assert rest == sorted(rest)
    assert found


def test_the_page_of_a_new_customer_is_empty(admin, customer):
    detail = admin(get_admin_customer_details, customer)
    assert (detail.orders, detail.addresses, detail.evidence, detail.admin_notes) == ([], [], [], None)
    assert detail.orders_summary.total_spent == 0


@pytest.mark.xdist_group("capped")
def test_orders_beyond_the_row_limit_are_all_read(caller, capped):
    orders = caller(get_customer_orders, caller.open(capped.url, capped.secret_key), capped.customer_id)
    assert len(orders) == 120
    assert [order.created_at for order in orders] == sorted((order.created_at for order in orders), reverse=True)


def test_cancelled_orders_can_be_left_out(by_key, stack):
    every = by_key(get_customer_orders, stack.customer_id)
    kept = by_key(get_customer_orders, stack.customer_id, include_cancelled=False)
    assert kept == [order for order in every if not order.is_cancelled]
    assert len(kept) < len(every)


@pytest.mark.parametrize(
    "operation", [get_admin_customer_details, get_customer_intelligence, get_customer_orders, get_customer_timeline]
)
def test_an_unknown_customer_has_no_page(admin, operation):
    with pytest.raises(CustomerNotFoundError, match=NOBODY):
        admin(operation, NOBODY)
    with pytest.raises(InvalidInputError, match="customer_id"):
        admin(operation, "not-a-uuid")


def test_a_customer_sees_no_other_customer(stranger, customer):
    for operation in (get_admin_customer_details, get_customer_orders, get_customer_timeline):
        with pytest.raises(CustomerNotFoundError):
            stranger(operation, customer)


@pytest.mark.parametrize("table", ["orders_table", "addresses_table", "notes_table", "view"])
def test_a_part_that_fails_raises_and_is_not_empty(caller, stack, table):
    crm = caller.open(stack.url, stack.secret_key, settings=Settings(**{table: "no_such_table"}))
    with pytest.raises(SchemaMismatchError, match="no_such_table"):
        caller(get_admin_customer_details, crm, stack.customer_id)


def test_the_timeline_is_sorted_newest_first(by_key, customer, stack):
    by_key(update_admin_customer_notes, customer, tags=["vip"])
    by_key(send_customer_notification, customer, "Hola", "…")
    kinds = [event.kind for event in by_key(get_customer_timeline, customer)]
    assert sorted(kinds) == ["notes", "notification"]
    every = by_key(get_customer_timeline, stack.customer_id)
    assert [event.at for event in every] == sorted((event.at for event in every), reverse=True)
    assert by_key(get_customer_timeline, stack.customer_id, limit=3) == every[:3]


def test_points_and_used_coupons_are_in_the_timeline(by_key, stack):
    events = by_key(get_customer_timeline, stack.customer_id)
    points = [event for event in events if event.kind == "loyalty_points"]
    assert sum(event.points for event in points) == by_key(get_loyalty_balance, stack.customer_id)
    assert {event.row.transaction_type: event.points < 0 for event in points} == {
        "earned": False, "spent": True, "expired": True,
    }  # fmt: skip
    (spent,) = (event for event in points if event.row.transaction_type == "spent")
    assert spent.title == f"-{spent.row.points:,} points Canje en caja"
    assert {event.title for event in events if event.kind == "coupon"} == {"BIENVENIDA10", "VIP20"}
    assert all(event.points is None for event in events if event.kind != "loyalty_points")


def test_a_session_sees_used_coupons_in_the_timeline_with_the_secret_key_beside_it(by_admin, by_both, stack, caplog):
    kinds = {event.kind for event in by_both(get_customer_timeline, stack.customer_id)}
    assert {"coupon", "loyalty_points"} <= kinds
    assert not caplog.records
    assert {event.kind for event in by_admin(get_customer_timeline, stack.customer_id)} == kinds - {"coupon"}
    assert "customer_coupons" in caplog.text


def test_an_older_shops_points_and_coupons_are_in_the_timeline(caller, customer, stack):
    stack.execute_sql(
        "create table old_points (id uuid primary key default gen_random_uuid(), customer_id uuid, points int,"
        " reason text, created_at timestamptz default now())"
    )
    stack.execute_sql(
        "create table old_coupons (id uuid primary key default gen_random_uuid(), customer_id uuid, code text,"
        " used_at timestamptz, created_at timestamptz default now())"
    )
    try:
        stack.execute_sql("grant select on old_points, old_coupons to service_role")
        stack.execute_sql(f"insert into old_points (customer_id, points, reason) values ('{customer}', 50, 'compra')")
        stack.execute_sql(f"insert into old_points (customer_id, points) values ('{customer}', null)")
        stack.execute_sql(f"insert into old_coupons (customer_id, code, used_at) values ('{customer}', 'HOLA', now())")
        stack.execute_sql(f"insert into old_coupons (customer_id, code) values ('{customer}', 'UNUSED')")
        older = Settings(loyalty_points_table="old_points", customer_coupons_table="old_coupons")
        crm = caller.open(stack.url, stack.secret_key, settings=older)
        titles = sorted(event.title for event in caller(get_customer_timeline, crm, customer))
        assert titles == ["+50 points compra", "HOLA", "points"]
    finally:
        stack.execute_sql("drop table old_points")
        stack.execute_sql("drop table old_coupons")


def test_missing_tables_are_looked_for_once(caller, customer, stack):
    crm = caller.open(stack.url, stack.secret_key, settings=Settings(customer_coupons_table="not_there"))
    assert caller(get_customer_timeline, crm, customer) == caller(get_customer_timeline, crm, customer) == []
    assert facts_of(crm).lacks("not_there")
