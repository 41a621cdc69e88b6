"""Rows read page after page, and writes that the server hides or answers in part."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import (
    CustomerProfile,
    IncompleteReadError,
    InvalidInputError,
    PermissionDeniedError,
    ServiceUnavailableError,
    UnexpectedResponseError,
    get_admin_customer_notes,
    get_customer_orders,
    get_directory_stats,
    is_locked,
    search_customers,
    update_customer_status,
)
from helpers import URL

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
ORDERS = f"{URL}/rest/v1/orders"
PROFILES = f"{URL}/rest/v1/customer_profiles"
VIEW = f"{URL}/rest/v1/customer_intelligence_360"
PAGE = httpx.Response(200, json=[{"id": "1"}, {"id": "2"}], headers={"content-range": "0-1/5"})


@respx.mock
def test_orders_that_break_off_half_way_hold_what_arrived(ask):
    respx.get(ORDERS).mock(side_effect=[PAGE, *[httpx.Response(503)] * 10])
    with pytest.raises(IncompleteReadError, match="after 2 rows") as raised:
        ask(get_customer_orders, SOMEBODY)
    assert ([order.id for order in raised.value.rows], raised.value.expected) == (["1", "2"], 5)


@respx.mock
def test_orders_that_never_came_say_what_was_wrong_itself(ask):
    respx.get(ORDERS).mock(return_value=httpx.Response(503))
    with pytest.raises(ServiceUnavailableError):
        ask(get_customer_orders, SOMEBODY)


@respx.mock
def test_a_server_that_does_not_count_is_read_until_a_page_is_empty(ask):
    pages = [httpx.Response(200, json=rows) for rows in ([{"id": "1"}], [{"id": "2"}], [])]
    route = respx.get(ORDERS).mock(side_effect=pages)
    assert len(ask(get_customer_orders, SOMEBODY)) == 2
    assert [call.request.url.params.get("id") for call in route.calls] == [None, "gt.1", "gt.2"]


@respx.mock
def test_long_numbers_in_what_is_no_json_are_still_no_json(ask):
    respx.get(f"{URL}/rest/v1/admin_customer_notes").mock(
        return_value=httpx.Response(200, content=b'[{"total": 12345678901234567890.5,')
    )
    with pytest.raises(UnexpectedResponseError, match="not JSON"):
        ask(get_admin_customer_notes, SOMEBODY)


@respx.mock
def test_a_count_that_is_missing_is_no_count_of_nobody(ask):
    respx.get(VIEW).mock(return_value=httpx.Response(200, json=[]))
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(UnexpectedResponseError, match="lacks the requested count"):
        ask(get_directory_stats)


@respx.mock
def test_searching_an_empty_shop_finds_nobody(ask):
    respx.get(VIEW).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
    found = ask(search_customers, "ana", tier="gold")
    assert (found.items, found.total, found.pages) == ([], 0, 0)
    assert ask(get_directory_stats).total == 0


@respx.mock
def test_a_status_that_row_level_security_keeps_is_a_refusal(ask):
    respx.patch(PROFILES).mock(return_value=httpx.Response(200, json=[]))
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[{"id": SOMEBODY}]))
    with pytest.raises(PermissionDeniedError, match="not change the status"):
        ask(update_customer_status, SOMEBODY, "banned")


def test_banned_is_locked_at_any_time_and_a_naive_moment_is_refused():
    from datetime import datetime

    assert is_locked(CustomerProfile(id=SOMEBODY, account_status="banned"))
    assert not is_locked(CustomerProfile(id=SOMEBODY))
    with pytest.raises(InvalidInputError, match="time zone"):
        is_locked(CustomerProfile(id=SOMEBODY), at=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("wrong", [7, None, b"x", "not-an-id"])
def test_an_id_of_another_kind_is_refused_without_being_repeated(ask, wrong):
    with pytest.raises(InvalidInputError, match="must be a UUID"):
        ask(get_admin_customer_notes, wrong)
