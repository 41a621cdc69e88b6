"""A lost answer of the loyalty function: the offer that it stored is found, and no older one is taken for it."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from admin_crm import (
    EdgeFunctionError,
    LoyaltyProposition,
    RequestTimeoutError,
    ServiceUnavailableError,
    UnexpectedResponseError,
    get_strategic_loyalty_analysis,
)
from functions_server import CUSTOMER, LOYALTY, PROPOSITION, answers, stores
from helpers import KEY, QUICK, URL

# Times of a database whose clock is years apart from ours.
EARLIER, LATER = "2001-02-03T04:05:06+00:00", "2001-02-03T04:05:07+00:00"
OLD = PROPOSITION | {"id": "00000000-0000-4000-8000-00000000000a", "created_at": EARLIER}
NEW = PROPOSITION | {"id": "00000000-0000-4000-8000-00000000000b", "created_at": LATER}
NO_TABLE = httpx.Response(
    404, json={"code": "42P01", "message": 'relation "smart_loyalty_propositions" does not exist'}
)
SESSION = "eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYXV0aGVudGljYXRlZCIsInN1YiI6IjEifQ.c2ln"
MAY_EXIST = "a coupon may have been created"


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadError,
        httpx.ReadTimeout,
        httpx.Response(503, text="busy"),
        httpx.Response(500, json={"error": "boom"}),
        httpx.Response(400, json={"error": "boom"}),
        httpx.Response(200, text="not JSON"),
    ],
)
@pytest.mark.parametrize("before", [[], [OLD]])
def test_an_offer_that_was_stored_meanwhile_is_returned_and_says_so(functions, ask, failure, before):
    route = answers(functions, LOYALTY, failure)
    reads = stores(functions, before, [NEW])
    plan = ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert isinstance(plan, LoyaltyProposition)
    assert (str(plan.id), plan.recovered) == (NEW["id"], True)
    assert (plan.suggested_coupon.discount, plan.recovery_message) == (Decimal("15.5"), "Te extrañamos")
    assert (route.call_count, reads.call_count) == (1, 2)


def test_an_answer_that_arrives_is_not_recovered(functions, ask):
    answers(functions, LOYALTY, NEW)
    reads = stores(functions, [OLD])
    assert not ask(get_strategic_loyalty_analysis, CUSTOMER).recovered
    params = reads.calls.last.request.url.params
    assert (params["select"], params["customer_id"], params["limit"]) == ("id,created_at", f"eq.{CUSTOMER}", "1")
    assert params["order"] == "created_at.desc.nullslast,id.asc"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], []),
        ([OLD], [OLD]),
        ([NEW], [OLD]),  # somebody deleted the newest one
        ([OLD | {"created_at": None}], [OLD | {"created_at": None}]),
        ([OLD], httpx.Response(403, json={"code": "42501", "message": "permission denied"})),
    ],
)
def test_no_older_offer_is_taken_for_the_lost_one(functions, ask, before, after):
    answers(functions, LOYALTY, httpx.ReadTimeout)
    stores(functions, before, after)
    with pytest.raises(RequestTimeoutError, match=MAY_EXIST) as failed:
        ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert not failed.value.retryable
    assert "no new offer is stored so far" in failed.value.hint


def test_a_shop_that_stores_no_offers_is_asked_once(functions, ask):
    answers(functions, LOYALTY, httpx.ReadError, {"analysis": "Leal"})
    reads = stores(functions, NO_TABLE)
    with pytest.raises(ServiceUnavailableError, match=MAY_EXIST) as failed:
        ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert "offer" not in failed.value.hint
    assert ask(get_strategic_loyalty_analysis, CUSTOMER).analysis == "Leal"
    assert reads.call_count == 1


def test_offers_that_cannot_be_read_beforehand_cost_one_request_and_stop_nothing(functions, ask):
    answers(functions, LOYALTY, PROPOSITION, httpx.Response(500, json={"error": "boom"}))
    reads = stores(functions, *[httpx.Response(503, text="busy")] * 2)
    assert ask(get_strategic_loyalty_analysis, CUSTOMER).generated_code == "VUELVE15"
    with pytest.raises(EdgeFunctionError, match=MAY_EXIST):
        ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert reads.call_count == 2


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.Response(422, json={"error": "no"})])
def test_where_nothing_was_created_nothing_is_looked_up(functions, ask, failure):
    answers(functions, LOYALTY, *[failure] * 4)
    reads = stores(functions, [])
    with pytest.raises((ServiceUnavailableError, EdgeFunctionError)):
        ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert reads.call_count == 1


def test_offers_are_read_with_the_secret_key_where_there_is_one(functions, caller):
    answers(functions, LOYALTY, httpx.ReadError, httpx.ReadError)
    reads = stores(functions, [], [NEW], [], [])
    both = caller.open(URL, "sb_publishable_x", access_token=SESSION, secret_key=KEY, settings=QUICK)
    assert caller(get_strategic_loyalty_analysis, both, CUSTOMER).recovered
    assert {call.request.headers["apikey"] == KEY for call in reads.calls} == {True}
    alone = caller.open(URL, "sb_publishable_x", access_token=SESSION, settings=QUICK)
    with pytest.raises(ServiceUnavailableError, match="get_loyalty_offers tells, with the secret key"):
        caller(get_strategic_loyalty_analysis, alone, CUSTOMER)


def test_an_answer_that_is_no_plan_is_an_error_where_no_offer_is_stored(functions, ask):
    answers(functions, LOYALTY, {"next_steps": []})
    stores(functions, [OLD], [OLD])
    with pytest.raises(UnexpectedResponseError, match=MAY_EXIST) as failed:
        ask(get_strategic_loyalty_analysis, CUSTOMER)
    assert failed.value.field == "analysis"
