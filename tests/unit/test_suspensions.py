"""Suspensions: who is locked is found, and all that have ended are lifted, in the profile and at sign-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    IncompleteReadError,
    PermissionDeniedError,
    ServiceUnavailableError,
    get_locked_customers,
    lift_expired_suspensions,
)
from helpers import ANON, PROFILES, QUICK, SOMEBODY, URL, Ask
from moderation_server import NO_USER, USERS, ModerationServer, customers, token_of

NOW = datetime.now(UTC)
WEEK = timedelta(days=7)


class Profiles:
    """The table of profiles, which returns at most `cap` rows and loses its answers where it is told to."""

    def __init__(
        self, suspended: int, *, cap: int = 1000, lose: int = 0, read_only: bool = False, counts: bool = True
    ) -> None:
        self.status = {str(UUID(int=number)): "suspended" for number in range(1, suspended + 1)}
        self.cap, self.lose, self.read_only = cap, lose, read_only
        self.updates, self.counts = 0, counts
        self.more: dict[str, dict[str, object]] = {}
        respx.get(PROFILES).mock(side_effect=self.read)
        respx.patch(PROFILES).mock(side_effect=self.update)
        respx.get(url__startswith=f"{USERS}/").mock(return_value=NO_USER)

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
        count = len(keys) if self.counts else "*"
        return httpx.Response(200, json=list(rows)[: self.cap], headers={"content-range": f"*/{count}"})


@pytest.mark.parametrize("cap", [1000, 40, 7])
@respx.mock
def test_all_lifted_suspensions_are_returned_whatever_the_row_limit(ask, cap):
    profiles = Profiles(130, cap=cap)
    lifted = ask(lift_expired_suspensions)
    assert {str(row.id) for row in lifted} == set(profiles.status)
    assert {row.account_status for row in lifted} == {"active"}
    assert set(profiles.status.values()) == {"active"}


@respx.mock
def test_all_lifted_suspensions_are_returned_by_a_server_that_does_not_count(ask):
    profiles = Profiles(23, cap=7, counts=False)
    assert {str(row.id) for row in ask(lift_expired_suspensions)} == set(profiles.status)


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
def test_a_suspension_that_somebody_else_ended_meanwhile_is_not_counted_as_lifted(ask):
    profiles = Profiles(1)
    update = profiles.update

    def ended_meanwhile(request: httpx.Request) -> httpx.Response:
        profiles.status = dict.fromkeys(profiles.status, "banned")
        return update(request)

    respx.patch(PROFILES).mock(side_effect=ended_meanwhile)
    assert ask(lift_expired_suspensions) == []


# The ban of the sign-in ---------------------------------------------------------------------------------


@pytest.fixture
def expired(shop: ModerationServer) -> list[str]:
    """Five customers whose suspension has ended: two are still banned, one has no user."""
    ids = customers(5)
    for each in ids:
        shop.add(each, "suspended", NOW - WEEK)
    shop.bans |= {ids[0]: (NOW + WEEK).isoformat(), ids[1]: (NOW + 5 * WEEK).isoformat(), ids[2]: NOW.isoformat()}
    del shop.bans[ids[4]]
    return ids


def test_with_the_key_the_bans_that_are_left_are_lifted_too(ask: Any, shop: Any, expired: list[str]) -> None:
    assert [str(row.id) for row in ask(lift_expired_suspensions)] == expired
    assert shop.writes == ["status", "none", "none"]
    assert shop.bans[expired[0]] is shop.bans[expired[1]] is None
    assert shop.bans[expired[2]] is not None  # it has run out


def test_without_the_key_nobody_asks_the_auth_server(caller: Any, shop: Any, expired: list[str]) -> None:
    session = Ask(caller, caller.open(URL, ANON, access_token=token_of(SOMEBODY), settings=QUICK))
    assert len(session(lift_expired_suspensions)) == 5
    assert not shop.user.called


def test_a_ban_that_could_not_be_lifted_is_told_with_all_that_were_reactivated(
    ask: Any, shop: Any, expired: list[str]
) -> None:
    shop.ban.mock(return_value=httpx.Response(422, json={"code": 422, "error_code": "x", "msg": "no"}))
    with pytest.raises(IncompleteReadError, match="2 of these customers may still be banned") as raised:
        ask(lift_expired_suspensions)
    assert [str(row.id) for row in raised.value.rows] == expired
    assert all(each in str(raised.value.hint) for each in ("reconcile_sign_in_bans", *expired[:2]))
    assert expired[2] not in str(raised.value.hint)


def test_what_is_left_of_both_kinds_is_told_at_once(ask: Any, shop: Any) -> None:
    for each in customers(150):
        shop.add(each, "suspended", NOW - WEEK)
    works = shop.update.side_effect
    shop.user.mock(return_value=httpx.Response(403, json={"code": 403, "error_code": "not_admin", "msg": "no"}))
    shop.update.mock(side_effect=lambda request: httpx.Response(503) if shop.writes else works(request))
    with pytest.raises(IncompleteReadError, match="100 of 150") as raised:
        ask(lift_expired_suspensions)
    assert "call lift_expired_suspensions again for the rest; call reconcile" in str(raised.value.hint)


# Who is locked ------------------------------------------------------------------------------------------


def test_banned_customers_and_those_suspended_until_later_are_locked(ask: Any, shop: Any) -> None:
    ids = customers(5)
    states = [("banned", None), ("suspended", None), ("suspended", NOW + WEEK), ("suspended", NOW - WEEK), (None, None)]
    for each, (status, end) in zip(ids, states, strict=True):
        shop.add(each, status, end)
    assert [str(row.id) for row in ask(get_locked_customers)] == ids[:3]


@respx.mock
def test_who_sees_nobody_is_told_that_nobody_is_locked_only_where_that_is_known(caller: Any) -> None:
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
    respx.get(url__regex=".*/admin_users").mock(return_value=httpx.Response(200, json=[]))
    session = Ask(caller, caller.open(URL, ANON, access_token=token_of(SOMEBODY), settings=QUICK))
    with pytest.raises(PermissionDeniedError, match="not listed in admin_users"):
        session(get_locked_customers)
