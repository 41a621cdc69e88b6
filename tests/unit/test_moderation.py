"""The status as the web admin sets it, and who is locked."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import (
    CustomerProfile,
    InvalidInputError,
    InvalidTypeError,
    PermissionDeniedError,
    is_locked,
    update_customer_status,
)
from admin_crm.testing import make_customer
from helpers import PROFILES, SOMEBODY


@respx.mock
def test_a_ban_of_a_customer_whose_row_is_odd_is_proved_by_its_answer(ask):
    odd = {"suspension_end": "12026-01-01T00:00:00+00:00", "ai_preferences": {"interests": "gotas"}}
    row = {"id": SOMEBODY, "account_status": "banned", **odd}
    update = respx.patch(PROFILES).mock(return_value=httpx.Response(200, json=[row]))
    banned = ask(update_customer_status, SOMEBODY, "banned")
    assert (str(banned.id), banned.account_status, is_locked(banned)) == (SOMEBODY, "banned", True)
    assert banned.unreadable == odd
    assert update.call_count == 1


@respx.mock
def test_a_status_that_row_level_security_protects_is_refused(ask):
    respx.patch(PROFILES).mock(return_value=httpx.Response(200, json=[]))
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[{"id": SOMEBODY}]))
    with pytest.raises(PermissionDeniedError, match="not change the status"):
        ask(update_customer_status, SOMEBODY, "banned")


def test_banned_is_always_locked_and_a_naive_datetime_is_refused():
    from datetime import datetime

    assert is_locked(CustomerProfile(id=SOMEBODY, account_status="banned"))
    assert is_locked(CustomerProfile(id=SOMEBODY, account_status="active")) is False
    assert is_locked(CustomerProfile(id=SOMEBODY)) is None
    with pytest.raises(InvalidInputError, match="time zone"):
        is_locked(CustomerProfile(id=SOMEBODY), at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_customer_of_the_directory_lacks_the_end_of_a_suspension():
    with pytest.raises(InvalidTypeError, match="AdminCustomer") as raised:
        is_locked(make_customer())
    assert "get_admin_customer_details" in str(raised.value)
