"""Points: their sign, and that an adjustment is made exactly once."""

from __future__ import annotations

import json
from uuid import UUID

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import (
    CustomerNotFoundError,
    InvalidInputError,
    LoyaltyEntry,
    PermissionDeniedError,
    RequestTimeoutError,
    SchemaMismatchError,
    UnexpectedResponseError,
    adjust_loyalty_points,
    get_customer_coupons,
    get_loyalty_balance,
    get_loyalty_history,
)
from helpers import PROFILES, REST, SOMEBODY

POINTS, BALANCE = f"{REST}/loyalty_points", f"{REST}/rpc/get_customer_points_balance"


@pytest.fixture
def shop():
    with respx.mock(assert_all_called=False) as server:
        server.get(PROFILES).respond(200, json=[{"id": SOMEBODY}])
        yield server


class Ledger:
    """A table of points that keeps what it is sent, and loses its first answers."""

    def __init__(self, losses: int) -> None:
        self.losses = losses
        self.rows: dict[str, dict[str, object]] = {}

    def insert(self, request: httpx.Request) -> httpx.Response:
        row = json.loads(request.content)
        known = row["id"] in self.rows
        self.rows.setdefault(row["id"], {**row, "created_at": "2026-01-01T00:00:00Z"})
        if self.losses:
            self.losses -= 1
            raise httpx.ReadTimeout("lost", request=request)
        if known:
            return httpx.Response(409, json={"code": "23505", "message": "duplicate key value"})
        return httpx.Response(201, json=[self.rows[row["id"]]])

    def read(self, request: httpx.Request) -> httpx.Response:
        row = self.rows.get(request.url.params["id"].removeprefix("eq."))
        return httpx.Response(200, json=[row] if row else [])


@pytest.mark.parametrize("losses", [0, 1, 3])
def test_points_are_given_once_however_often_the_answer_is_lost(ask, shop, losses):
    ledger = Ledger(losses)
    shop.post(POINTS).mock(side_effect=ledger.insert)
    shop.get(POINTS).mock(side_effect=ledger.read)
    entry = ask(adjust_loyalty_points, SOMEBODY, 50, "Regalo")
    assert list(ledger.rows) == [str(entry.id)]
    assert (entry.signed_points, entry.description) == (50, "Regalo")


def test_an_adjustment_whose_answers_are_all_lost_is_said_to_be_unknown(ask, shop):
    ledger = Ledger(100)
    shop.post(POINTS).mock(side_effect=ledger.insert)
    with pytest.raises(RequestTimeoutError, match=SOMEBODY):
        ask(adjust_loyalty_points, SOMEBODY, -50, "Canje")
    assert [row["points"] for row in ledger.rows.values()] == [50]


def test_the_function_that_would_count_twice_is_never_called(ask, shop):
    ledger = Ledger(0)
    shop.post(POINTS).mock(side_effect=ledger.insert)
    ask(adjust_loyalty_points, SOMEBODY, -7, " Canje ")
    (row,) = ledger.rows.values()
    assert (row["points"], row["transaction_type"], row["description"]) == (7, "spent", "Canje")
    assert [call.request.url.path for call in shop.calls] == ["/rest/v1/loyalty_points"]


@pytest.mark.parametrize(
    ("points", "description", "argument"),
    [
        (0, "x", "points"), (1.5, "x", "points"), (True, "x", "points"), ("5", "x", "points"),
        (2**31, "x", "points"), (-(2**31), "x", "points"), (5, "", "description"), (5, " ", "description"),
        (5, None, "description"), (5, "x" * 501, "description"), (5, "\x00", "description"),
    ],
)  # fmt: skip
def test_an_adjustment_is_checked_before_it_is_sent(ask, shop, points, description, argument):
    with pytest.raises(InvalidInputError, match=argument) as raised:
        ask(adjust_loyalty_points, SOMEBODY, points, description)
    assert raised.value.argument == argument
    assert not shop.calls


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(409, "23503", CustomerNotFoundError), (403, "42501", PermissionDeniedError), (400, "23514", InvalidInputError)],
)
def test_a_refused_adjustment_is_an_error_with_the_customer(ask, shop, status, code, error):
    shop.post(POINTS).respond(status, json={"code": code, "message": "refused"})
    with pytest.raises(error, match=SOMEBODY):
        ask(adjust_loyalty_points, SOMEBODY, 5, "Regalo")


@given(st.integers(min_value=1, max_value=10**9))
def test_what_is_taken_is_negative_however_it_is_stored(points):
    def signed(kind, stored):
        return LoyaltyEntry(id="1", points=stored, transaction_type=kind).signed_points

    for kind in ("spent", "expired", "redeemed"):
        assert signed(kind, points) == signed(kind, -points) == -points
    for kind in ("earned", "adjustment", None, "other"):
        assert signed(kind, points) == points
    assert signed("adjustment", -points) == -points
    assert signed("spent", None) is None


def test_a_balance_may_be_negative_and_is_never_made_up(ask, shop):
    shop.post(BALANCE).respond(200, json=-30)
    assert ask(get_loyalty_balance, SOMEBODY) == -30
    for wrong in (None, "x", [], 1.5):
        shop.post(BALANCE).respond(200, json=wrong)
        with pytest.raises(UnexpectedResponseError):
            ask(get_loyalty_balance, SOMEBODY)
    shop.post(BALANCE).respond(404, json={"code": "PGRST202", "message": "Could not find the function public.x(y)"})
    with pytest.raises(SchemaMismatchError):
        ask(get_loyalty_balance, SOMEBODY)


def test_a_balance_that_the_shops_function_cannot_add_up_is_added_up_here(ask, shop):
    shop.post(BALANCE).respond(400, json={"code": "22003", "message": "integer out of range"})
    rows = [
        {"id": str(UUID(int=number)), "customer_id": SOMEBODY, "points": points, "transaction_type": kind}
        for number, (points, kind) in enumerate([(2**31 - 1, "earned"), (2**31 - 1, "earned"), (7, "spent")])
    ]
    shop.get(POINTS).respond(200, json=rows, headers={"content-range": "0-2/3"})
    assert ask(get_loyalty_balance, SOMEBODY) == 2 * (2**31 - 1) - 7


def test_a_balance_of_0_is_the_balance_of_somebody(ask, shop):
    shop.post(BALANCE).respond(200, json=0)
    assert ask(get_loyalty_balance, SOMEBODY) == 0
    shop.get(PROFILES).respond(200, json=[])
    with pytest.raises(CustomerNotFoundError):
        ask(get_loyalty_balance, SOMEBODY)


def test_an_odd_entry_costs_its_own_value(ask, shop):
    rows = [
        {"id": str(UUID(int=1)), "points": 5, "transaction_type": "earned", "created_at": "infinity"},
        {"id": str(UUID(int=2)), "points": 7, "transaction_type": "spent", "created_at": "2026-01-01T00:00:00Z"},
    ]
    shop.get(POINTS).respond(200, json=rows, headers={"content-range": "0-1/2"})
    spent, odd = ask(get_loyalty_history, SOMEBODY)
    assert (spent.signed_points, odd.signed_points, odd.created_at) == (-7, 5, None)
    assert odd.unreadable == {"created_at": "infinity"}


def test_without_the_foreign_key_coupons_are_read_without_their_discount(ask, shop):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["select"] != "*":
            return httpx.Response(400, json={"code": "PGRST200", "message": "Could not find a relationship"})
        row = {"id": str(UUID(int=1)), "code": "HOLA", "used_at": "2026-01-01T00:00:00Z"}
        return httpx.Response(200, json=[row], headers={"content-range": "0-0/1"})

    shop.get(f"{REST}/customer_coupons").mock(side_effect=answer)
    (coupon,) = ask(get_customer_coupons, SOMEBODY)
    assert (coupon.coupon_code, coupon.discount_value) == ("HOLA", None)
