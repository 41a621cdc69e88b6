"""Orders are read to the end, or say what is missing; of all customers only for whom they are visible."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import httpx
import pytest
import respx

from admin_crm import (
    IncompleteReadError,
    InvalidInputError,
    InvalidTypeError,
    PermissionDeniedError,
    ServiceUnavailableError,
    get_all_orders,
    get_customer_orders,
    iter_orders,
)
from helpers import ANON, ORDERS, QUICK, REST, SOMEBODY, URL, Ask, Rows
from project_server import USER, as_user

PAGE = httpx.Response(200, json=[{"id": "1"}, {"id": "2"}], headers={"content-range": "0-1/5"})
MAY = datetime(2026, 5, 1, tzinfo=UTC)


@respx.mock
def test_an_interrupted_read_of_orders_holds_the_rows_read_so_far(ask):
    respx.get(ORDERS).mock(side_effect=[PAGE, *[httpx.Response(503)] * 10])
    with pytest.raises(IncompleteReadError, match="after 2 rows") as raised:
        ask(get_customer_orders, SOMEBODY)
    assert ([order.id for order in raised.value.rows], raised.value.expected) == (["1", "2"], 5)


@respx.mock
def test_a_read_of_orders_that_fails_at_once_raises_the_plain_error(ask):
    respx.get(ORDERS).mock(return_value=httpx.Response(503))
    with pytest.raises(ServiceUnavailableError):
        ask(get_customer_orders, SOMEBODY)


def listed(ask, **filters):
    return ask(get_all_orders, **filters)


def streamed(ask, **filters):
    return ask.caller.collect(iter_orders(ask.crm, **filters))


READS = pytest.mark.parametrize("read", [listed, streamed])


def orders(count, **values):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return sorted(
        (
            {
                "id": str(uuid4()),
                "customer_id": SOMEBODY,
                "created_at": (start + timedelta(hours=n)).isoformat(),
                **values,
            }
            for n in range(count)
        ),
        key=lambda row: row["id"],
    )


@pytest.mark.parametrize("count", [0, 1, 10, 95])
@pytest.mark.parametrize("counts", [True, False], ids=["counting", "not counting"])
@respx.mock
def test_all_orders_are_read_whatever_the_row_limit(ask, count, counts):
    rows = orders(count)
    respx.get(ORDERS).mock(side_effect=Rows(rows, cap=10, counts=counts))
    found = listed(ask)
    assert sorted(str(order.id) for order in found) == [row["id"] for row in rows]
    assert [order.created_at for order in found] == sorted((order.created_at for order in found), reverse=True)
    assert [str(order.id) for order in streamed(ask)] == [row["id"] for row in rows]


@respx.mock
def test_orders_with_numbers_as_ids_are_read_too(ask):
    numbers = iter(range(100))
    pages = [[{"id": next(numbers), "customer_id": SOMEBODY} for _ in range(2)] for _ in range(3)]

    def answer(request):
        after = int(request.url.params.get("id", "gt.-1").removeprefix("gt."))
        left = [row for page in pages for row in page if row["id"] > after]
        return httpx.Response(200, json=left[:2], headers={"content-range": f"*/{len(left)}"})

    respx.get(ORDERS).mock(side_effect=answer)
    assert sorted(order.id for order in listed(ask)) == ["0", "1", "2", "3", "4", "5"]


@respx.mock
def test_an_interrupted_read_of_all_orders_counts_orders(ask):
    route = respx.get(ORDERS)
    table = Rows(orders(30), cap=10)
    route.mock(side_effect=lambda request: table(request) if not table.requests else httpx.Response(503))
    with pytest.raises(IncompleteReadError, match="stopped after 10 of 30 orders") as raised:
        listed(ask)
    assert len(raised.value.rows) == 10


@READS
@respx.mock
def test_times_and_status_are_filters_of_the_server(ask, read):
    route = respx.get(ORDERS).mock(side_effect=Rows(orders(1), cap=10))
    there = timezone(timedelta(hours=-6))
    read(ask, since=MAY, until=datetime(2026, 6, 1, tzinfo=there), status=" Delivered ")
    asked = route.calls.last.request.url.params.get_list
    assert asked("created_at") == ["gte.2026-05-01T00:00:00+00:00", "lt.2026-06-01T00:00:00-06:00"]
    assert asked("status") == ["imatch.^(Delivered)$"]


@pytest.mark.parametrize("status", ["cancelled", "canceled", "Cancelado"])
@respx.mock
def test_a_cancelled_order_is_found_in_all_spellings(ask, status):
    route = respx.get(ORDERS).mock(side_effect=Rows(orders(1), cap=10))
    listed(ask, status=status)
    assert route.calls.last.request.url.params["status"] == "imatch.^(cancelled|canceled|cancelado)$"


@respx.mock
def test_a_status_is_matched_literally(ask):
    route = respx.get(ORDERS).mock(side_effect=Rows(orders(1), cap=10))
    listed(ask, status=".*|x")
    assert route.calls.last.request.url.params["status"] == r"imatch.^(\.\*\|x)$"


@READS
@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"since": MAY.replace(tzinfo=None)}, InvalidInputError),
        ({"until": "2026-05-01"}, InvalidTypeError),
        ({"since": MAY, "until": MAY}, InvalidInputError),
        ({"status": " "}, InvalidInputError),
        ({"status": 5}, InvalidTypeError),
    ],
    ids=str,
)
def test_invalid_filters_of_orders_are_refused_before_anything_is_sent(ask, read, wrong, error):
    with pytest.raises(error):
        read(ask, **wrong)


@READS
@respx.mock
def test_a_publishable_key_alone_is_refused(caller, read):
    respx.get(ORDERS).mock(side_effect=Rows([], cap=10))
    with pytest.raises(PermissionDeniedError, match="publishable key alone does not see the orders"):
        read(Ask(caller, caller.open(URL, ANON, settings=QUICK)))


@READS
@pytest.mark.parametrize("count", [0, 30], ids=["none", "his own"])
@respx.mock
def test_a_signed_in_user_who_is_no_administrator_is_refused(caller, read, count):
    respx.get(ORDERS).mock(side_effect=Rows(orders(count, customer_id=USER), cap=10))
    respx.get(f"{REST}/admin_users").mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(PermissionDeniedError, match="only a signed-in administrator sees the orders"):
        read(Ask(caller, as_user(caller)))


@READS
@respx.mock
def test_an_administrator_may_have_no_orders_or_only_his_own_and_an_order_of_nobody_proves_the_rights(caller, read):
    admins = respx.get(f"{REST}/admin_users").mock(return_value=httpx.Response(200, json=[{"id": USER}]))
    for rows in ([], orders(2, customer_id=USER)):
        respx.get(ORDERS).mock(side_effect=Rows(rows, cap=10))
        assert len(read(Ask(caller, as_user(caller)))) == len(rows)
    assert admins.call_count == 2
    respx.get(ORDERS).mock(side_effect=Rows(orders(2, customer_id=None), cap=10))
    assert [order.customer_id for order in read(Ask(caller, as_user(caller)))] == [None, None]
    assert admins.call_count == 2


def test_the_id_of_an_order_is_a_uuid_where_it_can_be_one():
    from admin_crm import Order

    assert isinstance(Order.model_validate_json(f'{{"id": "{SOMEBODY}"}}').id, UUID)
