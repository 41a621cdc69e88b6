"""The directory on the local stack: complete, stable, in every kind of shop."""

from __future__ import annotations

import threading
from decimal import Decimal
from uuid import UUID

import pytest

from admin_crm import (
    AuthenticationError,
    HealthStatus,
    PermissionDeniedError,
    SchemaMismatchError,
    Segment,
    Settings,
    get_admin_customer_details,
    get_all_customers,
    get_customer_intelligence,
    get_directory_stats,
    iter_customers,
    search_customers,
    summarize_customers,
)
from admin_crm.local import LocalStack
from helpers import Ask, lasting, lasting_stats
from shops import CAPPED, CUSTOMERS, FEW, named

VIEW = "customer_intelligence_360"


def rows_of(stack: LocalStack, query: str = f"select * from {VIEW}") -> list[dict]:
    return stack.execute_sql(query)


def test_the_directory_is_complete_and_newest_first(asked, shop, stack):
    customers = asked(get_all_customers)
    expected = rows_of(shop, f"select id from {VIEW} order by created_at desc, id")
    assert len(customers) >= (CUSTOMERS if shop is stack else FEW)
    assert {str(each.id) for each in customers} == {row["id"] for row in expected}
    dates = [each.created_at for each in customers]
    assert dates == sorted(dates, reverse=True)


def test_the_stream_yields_the_same_customers(asked):
    streamed = asked.caller.collect(iter_customers(asked.crm, page_size=333))
    listed = asked(get_all_customers)
    assert len(streamed) == len(listed)
    assert {each.id: lasting(each) for each in streamed} == {each.id: lasting(each) for each in listed}


def test_a_stream_can_be_left_and_started_again(by_key):
    stream = iter_customers(by_key.crm, page_size=10)
    first = by_key.caller.collect(stream, limit=3)
    assert by_key.caller.collect(stream, limit=3) == first


def test_labels_are_kept_as_sent_together_with_a_canonical_value(asked, shop, stack):
    customers = asked(get_all_customers)
    # As deployed, who never bought counts as 365 days away: at risk, neither new nor a prospect nor without activity.
    usual = ({Segment.NEW, Segment.NEARLY_LOST, Segment.PROSPECT}, {HealthStatus.INACTIVE})
    absent, no_health = usual if shop is stack else ({Segment.NEARLY_LOST}, set())
    assert {each.canonical_segment for each in customers} == set(Segment) - absent
    assert {each.canonical_health for each in customers} == set(HealthStatus) - no_health
    assert any(each.segment != each.canonical_segment for each in customers)


def test_a_missing_order_or_email_is_none(asked):
    customers = asked(get_all_customers)
    assert all(each.recency_days is None for each in customers if not each.frequency)
    assert {each.email for each in customers if not (each.email and "@" in each.email)} == {None}


def test_stats_agree_with_the_database(asked, shop):
    stats = asked(get_directory_stats)
    row = rows_of(
        shop,
        "select count(*) as total, sum(monetary) as revenue, sum(total_spent) as delivered,"
        " count(*) filter (where coalesce(phone, '') <> '' or coalesce(whatsapp, '') <> '') as contactable,"
        " count(*) filter (where extract(month from birthdate) = extract(month from now() at time zone 'utc'))"
        f" as birthdays from {VIEW}",
    )[0]
    assert (stats.total, stats.contactable, stats.birthdays_this_month) == (
        row["total"], row["contactable"], row["birthdays"],
    )  # fmt: skip
    assert (stats.revenue, stats.revenue_delivered) == (Decimal(str(row["revenue"])), Decimal(str(row["delivered"])))
    assert stats.revenue != stats.revenue_delivered
    assert sum(stats.by_segment.values()) == sum(stats.by_health_status.values()) == stats.total
    assert lasting_stats(stats) == lasting_stats(summarize_customers(asked(get_all_customers)))


@pytest.mark.xdist_group("gated")
def test_a_view_that_shows_nothing_raises_instead_of_returning_an_empty_list(caller, gated):
    by_key = Ask(caller, caller.open(gated.url, gated.secret_key))
    for operation in (get_all_customers, get_directory_stats, search_customers):
        with pytest.raises(PermissionDeniedError, match="sign_in"):
            by_key(operation)
    with pytest.raises(PermissionDeniedError, match="sign_in"):
        caller.collect(iter_customers(by_key.crm))
    signed_in = Ask(caller, caller.sign_in(gated.url, gated.publishable_key, gated.admin_email, gated.admin_password))
    assert len(signed_in(get_all_customers)) >= FEW


@pytest.mark.xdist_group("gated")
def test_details_work_although_the_view_is_gated(caller, gated):
    by_key = Ask(caller, caller.open(gated.url, gated.secret_key))
    some = rows_of(gated, "select customer_id from orders limit 1")[0]["customer_id"]
    detail = by_key(get_admin_customer_details, some)
    assert (detail.segment, detail.email) == (None, None)
    assert detail.orders_summary.total_orders == len(detail.orders)
    with pytest.raises(PermissionDeniedError, match="does not show"):
        by_key(get_customer_intelligence, some)


def test_a_customer_who_is_not_an_administrator_is_refused(stranger):
    with pytest.raises(PermissionDeniedError, match="signed-in administrator"):
        stranger(get_all_customers)


def test_a_view_with_customer_id_and_customer_phone_is_read(by_key, stack):
    stack.execute_sql(
        "create view other_shop as select id as customer_id, full_name, phone as customer_phone, created_at"
        f" from {VIEW}"
    )
    stack.execute_sql("grant select on other_shop to service_role")
    try:
        crm = by_key.caller.open(stack.url, stack.secret_key, settings=Settings(view="other_shop"))
        other = Ask(by_key.caller, crm)
        customers = {each.id: each.phone for each in other(get_all_customers)}
        assert customers == {each.id: each.phone for each in by_key(get_all_customers)}
        some_id, phone = next((each, phone) for each, phone in customers.items() if phone)
        assert some_id in {each.id for each in other(search_customers, phone, page_size=100)}
        with pytest.raises(SchemaMismatchError, match="tier"):
            other(search_customers, tier="gold")
        assert other(get_customer_intelligence, some_id).phone == phone
    finally:
        stack.execute_sql("drop view other_shop")


@pytest.mark.parametrize("cap", [1000, pytest.param(50, marks=CAPPED)])
def test_concurrent_inserts_and_deletes_cause_no_duplicates_and_no_omissions(request, caller, stack, cap):
    shop = stack if cap == 1000 else request.getfixturevalue("capped")
    stop, changed = threading.Event(), threading.Event()
    staying = {row["id"] for row in rows_of(shop, f"select id from {VIEW}")}

    def come_and_go() -> None:
        while not stop.is_set():
            with named(shop, *["de paso"] * 3):
                changed.set()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        asked = Ask(caller, caller.open(shop.url, shop.secret_key))
        for _ in range(3):
            assert changed.wait(300)
            changed.clear()
            found = [str(each.id) for each in asked(get_all_customers)]
            assert len(found) == len(set(found))
            assert staying <= set(found)
    finally:
        stop.set()
        thread.join()


def test_a_wrong_key_is_an_authentication_error(caller, stack):
    with pytest.raises(AuthenticationError):
        caller(get_all_customers, caller.open(stack.url, "sb_secret_wrong"))
    with pytest.raises(AuthenticationError, match="password"):
        caller.sign_in(stack.url, stack.publishable_key, stack.admin_email, "wrong")


def test_a_missing_view_says_what_to_install(caller, stack):
    crm = caller.open(stack.url, stack.secret_key, settings=Settings(view="no_such_view"))
    with pytest.raises(SchemaMismatchError, match="no_such_view") as missing:
        caller(get_all_customers, crm)
    assert "Settings" in str(missing.value)


def test_intelligence_is_the_customers_row_of_the_view(admin):
    wanted = admin(search_customers, segment="champion").items[0]
    assert lasting(admin(get_customer_intelligence, wanted.id)) == lasting(wanted)
    assert isinstance(wanted.id, UUID)
