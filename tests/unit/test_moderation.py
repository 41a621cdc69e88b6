"""Statuses: suspensions are lifted completely, and a protected status is refused."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    CustomerProfile,
    IncompleteReadError,
    InvalidInputError,
    PermissionDeniedError,
    ServiceUnavailableError,
    is_locked,
    lift_expired_suspensions,
    update_customer_status,
)
from helpers import PROFILES, SOMEBODY


class Profiles:
    """The table of profiles, which returns at most `cap` rows and loses its answers where it is told to."""

    def __init__(self, suspended: int, *, cap: int = 1000, lose: int = 0, read_only: bool = False) -> None:
        self.status = {str(UUID(int=number)): "suspended" for number in range(1, suspended + 1)}
        self.cap, self.lose, self.read_only = cap, lose, read_only
        self.updates = 0
        self.more: dict[str, dict[str, object]] = {}
        respx.get(PROFILES).mock(side_effect=self.read)
        respx.patch(PROFILES).mock(side_effect=self.update)

    def read(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        found = [key for key in self.status if self._matches(key, request)]
        after = next((value[3:] for value in params.get_list("id") if value.startswith("gt.")), "")
        return self._rows([key for key in found if key > after])

    def update(self, request: httpx.Request) -> httpx.Response:
        self.updates += 1
        found = [key for key in self.status if self._matches(key, request)] if not self.read_only else []
        self.status |= dict.fromkeys(found, "active")
        if self.lose:
            self.lose -= 1
            raise httpx.ReadError("lost")
        return self._rows(found)

    def _matches(self, key: str, request: httpx.Request) -> bool:
        params = request.url.params
        wanted = params.get("account_status", f"eq.{self.status[key]}").removeprefix("eq.")
        ids = next((value for value in params.get_list("id") if value.startswith("in.")), key)
        return self.status[key] == wanted and key in ids

    def _rows(self, keys: list[str]) -> httpx.Response:
        rows = ({"id": key, "account_status": self.status[key]} | self.more.get(key, {}) for key in sorted(keys))
        return httpx.Response(200, json=list(rows)[: self.cap], headers={"content-range": f"*/{len(keys)}"})


@pytest.mark.parametrize("cap", [1000, 40, 7])
@respx.mock
def test_all_lifted_suspensions_are_returned_whatever_the_row_limit(ask, cap):
    profiles = Profiles(230, cap=cap)
    lifted = ask(lift_expired_suspensions)
    assert {str(row.id) for row in lifted} == set(profiles.status)
    assert {row.account_status for row in lifted} == {"active"}
    assert set(profiles.status.values()) == {"active"}


@respx.mock
def test_a_lost_answer_costs_no_record_of_who_was_lifted(ask):
    profiles = Profiles(130, lose=1)
    assert {str(row.id) for row in ask(lift_expired_suspensions)} == set(profiles.status)


@respx.mock
def test_a_customer_whose_row_is_odd_costs_no_record_of_who_was_lifted(ask):
    profiles = Profiles(4)
    odd = str(UUID(int=3))
    profiles.more[odd] = {"ai_preferences": [], "birthdate": "infinity", "ia_context": {"propensity_score": "alta"}}
    lifted = {str(row.id): row for row in ask(lift_expired_suspensions)}
    assert lifted.keys() == profiles.status.keys()
    assert {row.account_status for row in lifted.values()} == {"active"}
    assert lifted[odd].unreadable == profiles.more[odd]


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
def test_nothing_due_writes_nothing(ask):
    profiles = Profiles(0)
    assert ask(lift_expired_suspensions) == []
    assert profiles.updates == 0


@respx.mock
def test_credentials_that_may_not_lift_are_refused(ask):
    Profiles(3, read_only=True)
    with pytest.raises(PermissionDeniedError, match="not change the status"):
        ask(lift_expired_suspensions)


@respx.mock
def test_lifting_that_stops_half_way_says_who_was_lifted(ask):
    profiles = Profiles(150)
    update = profiles.update
    respx.patch(PROFILES).mock(side_effect=lambda request: httpx.Response(503) if profiles.updates else update(request))
    with pytest.raises(IncompleteReadError, match="100 of 150 suspensions") as raised:
        ask(lift_expired_suspensions)
    assert (len(raised.value.rows), raised.value.expected) == (100, 150)
    assert isinstance(raised.value.__cause__, ServiceUnavailableError)


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


@respx.mock
def test_a_suspension_that_somebody_else_ended_meanwhile_is_not_counted_as_lifted(ask):
    profiles = Profiles(1)
    update = profiles.update

    def ended_meanwhile(request: httpx.Request) -> httpx.Response:
        profiles.status = dict.fromkeys(profiles.status, "banned")
        return update(request)

    respx.patch(PROFILES).mock(side_effect=ended_meanwhile)
    assert ask(lift_expired_suspensions) == []
