"""The orders of all customers on the local stack: what the database says, while orders are being placed too."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from admin_crm import PermissionDeniedError, get_all_orders, get_customer_orders, iter_orders
from helpers import Ask
from shops import CAPPED, CUSTOMERS, FEW, REAL_POSTGREST, open_shop

GATED = pytest.mark.xdist_group("gated")
OLD = pytest.mark.xdist_group("old statuses")


def listed(ask, **filters):
    return ask(get_all_orders, **filters)


def streamed(ask, **filters):
    return ask.caller.collect(iter_orders(ask.crm, **filters))


def ids_of(orders) -> list[str]:
    return sorted(str(order.id) for order in orders)


def in_sql(shop, condition: str = "true") -> list[str]:
    return [row["id"] for row in shop.execute_sql(f"select id from orders where {condition} order by id::text")]


def test_all_orders_are_what_the_database_has_newest_first(asked, shop, stack):
    orders = listed(asked)
    assert ids_of(orders) == in_sql(shop)
    assert len(orders) > 4 * (CUSTOMERS if shop is stack else FEW)
    dates = [order.created_at for order in orders]
    assert dates == sorted(dates, reverse=True)
    [row] = shop.execute_sql(
        "select sum(total)::text as total, count(*) filter (where status = 'cancelled') as n from orders"
    )
    assert sum(order.total for order in orders) == Decimal(row["total"])
    assert sum(order.is_cancelled for order in orders) == row["n"] > 0


def test_the_stream_gives_the_same_orders(by_key):
    assert sorted(streamed(by_key), key=lambda order: order.id) == sorted(listed(by_key), key=lambda order: order.id)


def test_times_and_status_choose_orders_alike_in_list_and_stream(asked, shop):
    [row] = shop.execute_sql(
        "select created_at from orders order by created_at, id offset (select count(*) * 3 / 4 from orders) limit 1"
    )
    since = datetime.fromisoformat(row["created_at"])
    until = since + timedelta(days=30)
    late, early = f"created_at >= '{since.isoformat()}'", f"created_at < '{until.isoformat()}'"
    for filters, condition in (
        ({"since": since}, late),
        ({"since": since, "until": until}, f"{late} and {early}"),
        ({"status": "Pending"}, "status = 'pending'"),
        ({"status": "cancelado", "since": since}, f"status = 'cancelled' and {late}"),
        ({"since": datetime.now(UTC) + timedelta(days=1)}, "false"),
        ({"status": "deliver"}, "false"),
    ):  # fmt: skip
        expected = in_sql(shop, condition)
        assert ids_of(listed(asked, **filters)) == ids_of(streamed(asked, **filters)) == expected, filters
        assert expected or "false" in condition


@pytest.fixture(scope="module")
def old_shop():
    """A shop whose older orders spell the status of a cancelled one in other ways."""
    with open_shop(old_statuses=True) as running:
        yield running


@OLD
@pytest.mark.once  # a shop of its own; letters in other cases are asked for above
def test_cancelled_orders_are_found_in_all_spellings(caller, old_shop):
    ask = Ask(caller, caller.open(old_shop.url, old_shop.secret_key))
    expected = in_sql(old_shop, "status in ('cancelled', 'canceled', 'cancelado')")
    assert len({order.status for order in listed(ask)} & {"cancelled", "canceled", "cancelado"}) == 3
    for spelling in ("cancelled", "canceled", "cancelado"):
        assert ids_of(listed(ask, status=spelling)) == ids_of(streamed(ask, status=spelling)) == expected


def test_the_order_of_a_deleted_customer_is_among_them(admin, stack):
    customer, order = str(uuid4()), str(uuid4())
    stack.execute_sql(
        "insert into auth.users (id, email, aud, role, created_at, updated_at)"
        f" values ('{customer}', '{customer}@c.example', 'authenticated', 'authenticated', now(), now())"
    )
    stack.execute_sql(
        "insert into orders (id, customer_id, items, subtotal, total, created_at)"
        f" values ('{order}', '{customer}', '[]', 10, 10, now() + interval '1 day')"
    )
    assert ids_of(admin(get_customer_orders, customer)) == [order]
    stack.execute_sql(f"delete from auth.users where id = '{customer}'")
    try:
        for read in (listed, streamed):
            [found] = read(admin, since=datetime.now(UTC) + timedelta(hours=1))
            assert (str(found.id), found.customer_id) == (order, None)
    finally:
        stack.execute_sql(f"delete from orders where id = '{order}'")


@pytest.mark.parametrize("cap", [1000, pytest.param(50, marks=CAPPED)])
def test_orders_placed_during_the_read_cause_no_duplicates_and_no_omissions(request, caller, stack, cap):
    shop = stack if cap == 1000 else request.getfixturevalue("capped")
    since = datetime.now(UTC) - timedelta(days=365 if cap == 1000 else 90)  # some pages are enough
    staying = set(in_sql(shop, f"created_at >= '{since.isoformat()}'"))
    assert len(staying) > (3 if REAL_POSTGREST or cap == 50 else 1) * cap
    stop, placed = threading.Event(), threading.Event()

    def place() -> None:
        while not stop.is_set():
            shop.execute_sql(
                "insert into orders (customer_id, items, subtotal, total, tracking_notes)"
                f" select '{shop.customer_id}', '[]', 1, 1, 'de paso' from generate_series(1, 20)"
            )
            placed.set()
            shop.execute_sql("delete from orders where tracking_notes = 'de paso' and random() < 0.5")

    thread = threading.Thread(target=place)
    thread.start()
    try:
        ask = Ask(caller, caller.open(shop.url, shop.secret_key))
        for read in (listed, streamed):
            assert placed.wait(300)
            placed.clear()
            found = ids_of(read(ask, since=since))
            assert len(found) == len(set(found))
            assert staying <= set(found)
    finally:
        stop.set()
        thread.join()
        shop.execute_sql("delete from orders where tracking_notes = 'de paso'")


@GATED
def test_only_an_administrators_rights_show_the_orders(caller, gated):
    admin = Ask(caller, caller.sign_in(gated.url, gated.publishable_key, gated.admin_email, gated.admin_password))
    by_key = Ask(caller, caller.open(gated.url, gated.secret_key))  # the table is open to it, the view is not
    week = datetime.now(UTC) - timedelta(days=7)
    expected = in_sql(gated, f"created_at >= '{week.isoformat()}'")
    assert ids_of(listed(admin, since=week)) == ids_of(streamed(by_key, since=week)) == expected != []
    customer = Ask(
        caller, caller.sign_in(gated.url, gated.publishable_key, gated.customer_email, gated.customer_password)
    )
    visitor = Ask(caller, caller.open(gated.url, gated.publishable_key))
    for read in (listed, streamed):
        for ask in (customer, visitor):
            with pytest.raises(PermissionDeniedError, match="the orders"):
                read(ask)
            with pytest.raises(PermissionDeniedError, match="the orders"):
                read(ask, status="no such status")
