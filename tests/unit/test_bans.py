"""Bans of the auth server: their duration, what the server makes of it, and the list of all users."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from admin_crm import IncompleteReadError, UnexpectedResponseError
from admin_crm._auth.bans import Ban, agrees, ban_for, fetch_ban, fetch_bans, set_ban
from admin_crm.client import operation
from helpers import SOMEBODY
from moderation_server import USERS, customers

setting, listing, fetching = operation(set_ban), operation(fetch_bans), operation(fetch_ban)
NOW = datetime.now(UTC)
CUSTOMER = UUID(SOMEBODY)
WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("status", "end", "ban"),
    [
        ("banned", None, Ban()),
        ("banned", NOW - WEEK, Ban()),  # a leftover of a suspension ends no ban
        ("suspended", None, Ban()),
        ("suspended", NOW + WEEK, Ban(NOW + WEEK)),
        ("suspended", NOW, None),
        ("active", None, None),
        (None, None, None),
    ],
)
def test_the_ban_of_a_status(status: str, end: datetime | None, ban: Ban | None) -> None:
    assert ban_for(status, end, NOW) == ban


@pytest.mark.parametrize(
    ("ban", "until", "same"),
    [
        (None, None, True),
        (None, NOW - WEEK, True),  # it has run out, and stays behind
        (None, NOW + WEEK, False),
        (Ban(), None, False),
        (Ban(), NOW - WEEK, False),
        (Ban(), NOW + WEEK, False),
        (Ban(), NOW + timedelta(hours=87_600), True),
        (Ban(NOW + WEEK), NOW + WEEK + timedelta(minutes=4), True),
        (Ban(NOW + WEEK), NOW + WEEK - timedelta(minutes=6), False),
        (Ban(NOW + timedelta(minutes=1)), NOW - timedelta(seconds=1), False),
        (Ban(NOW + WEEK), None, False),
    ],
)
def test_what_agrees_with_a_ban(ban: Ban | None, until: datetime | None, same: bool) -> None:
    assert agrees(ban, until, NOW) is same


def test_a_ban_lasts_until_its_end_and_one_for_good_for_a_hundred_years(ask: Any, shop: Any) -> None:
    end = datetime.now(UTC) + WEEK
    assert abs(ask(setting, CUSTOMER, Ban(end)) - end) < timedelta(seconds=10)
    for each in (Ban(), Ban(datetime(9999, 1, 1, tzinfo=UTC))):
        assert ask(setting, CUSTOMER, each).year > NOW.year + 98
    assert ask(setting, CUSTOMER, None) is None
    assert shop.bans[SOMEBODY] is None
    assert shop.writes[0].endswith("s")
    assert shop.writes[1:] == ["876000h", "876000h", "none"]


def test_every_try_counts_its_own_seconds(ask: Any, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from admin_crm._auth import bans

    class Later(datetime):
        calls = 0

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            cls.calls += 1
            return NOW + timedelta(seconds=100 * (cls.calls - 1))

    sent: list[str] = []

    def lost_once(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.read())["ban_duration"])
        if len(sent) == 1:
            raise httpx.ReadError("lost")
        return httpx.Response(200, json={"id": SOMEBODY, "banned_until": (NOW + WEEK).isoformat()})

    shop.ban.mock(side_effect=lost_once)
    monkeypatch.setattr(bans, "datetime", Later)
    ask(setting, CUSTOMER, Ban(NOW + WEEK))
    assert sent == ["604800s", "604700s"]


@pytest.mark.parametrize("answered", [None, NOW + timedelta(days=1)])
def test_a_ban_that_the_server_has_not_set_is_no_success(ask: Any, shop: Any, answered: datetime | None) -> None:
    until = {} if answered is None else {"banned_until": answered.isoformat()}
    shop.ban.mock(return_value=httpx.Response(200, json={"id": SOMEBODY, **until}))
    with pytest.raises(UnexpectedResponseError, match="not asked for"):
        ask(setting, CUSTOMER, Ban())


def test_a_ban_that_stays_is_not_lifted(ask: Any, shop: Any) -> None:
    until = (NOW + WEEK).isoformat()
    shop.ban.mock(return_value=httpx.Response(200, json={"id": SOMEBODY, "banned_until": until}))
    with pytest.raises(UnexpectedResponseError, match="banned until"):
        ask(setting, CUSTOMER, None)


def test_nanoseconds_are_read(ask: Any, shop: Any) -> None:
    until = f"{NOW + WEEK:%Y-%m-%dT%H:%M:%S}.123456789Z"
    shop.ban.mock(return_value=httpx.Response(200, json={"id": SOMEBODY, "banned_until": until}))
    assert ask(setting, CUSTOMER, Ban(NOW + WEEK)) is not None


def test_nobody_is_told_from_a_path_that_is_wrong(ask: Any, shop: Any) -> None:
    del shop.bans[SOMEBODY]
    assert ask(fetching, CUSTOMER) is None
    shop.user.mock(return_value=httpx.Response(404, text="404 page not found"))
    with pytest.raises(LookupError):
        ask(fetching, CUSTOMER)


# The list of all users ------------------------------------------------------------------------------


def pages(shop: Any, *answers: tuple[list[str], int | None]) -> None:
    """Answer these pages: their users, and the count of all."""

    def answer(users: list[str], total: int | None) -> httpx.Response:
        headers = {} if total is None else {"x-total-count": str(total)}
        return httpx.Response(200, json={"users": [{"id": each} for each in users]}, headers=headers)

    shop.listed.mock(side_effect=[answer(*each) for each in answers])


def test_all_users_are_read_whatever_the_size_of_the_pages(ask: Any, shop: Any) -> None:
    ids = customers(5)
    pages(shop, (ids[:2], 5), (ids[2:4], 5), (ids[4:], 5))
    assert [str(each) for each in ask(listing)] == ids
    asked = [dict(call.request.url.params) for call in shop.listed.calls]
    assert [each["page"] for each in asked] == ["1", "2", "3"]
    assert {each["sort"] for each in asked} == {"created_at asc"}


def test_who_asks_is_told_how_many_users_are_read(ask: Any, shop: Any) -> None:
    ids, told = customers(5), []
    pages(shop, (ids[:2], 5), (ids[2:4], None), (ids[4:], 5), ([], None))
    ask(listing, lambda done, total: told.append((done, total)))
    assert told[0] == (2, 5)
    assert told[-1][0] == 5


def test_without_a_count_an_empty_page_is_the_end(ask: Any, shop: Any) -> None:
    ids = customers(3)
    pages(shop, (ids[:2], None), (ids[2:], None), ([], None))
    assert len(ask(listing)) == 3


def test_who_signs_up_meanwhile_is_read_too(ask: Any, shop: Any) -> None:
    ids = customers(5)
    pages(shop, (ids[:2], 4), (ids[2:4], 5), (ids[4:], 5))
    assert len(ask(listing)) == 5


def test_a_user_who_is_deleted_meanwhile_costs_nobody_behind(ask: Any, shop: Any) -> None:
    ids = customers(5)
    pages(shop, (ids[:2], 5), (ids[3:], 4), (ids[1:3], 4), (ids[3:], 4))
    assert [str(each) for each in ask(listing)] == ids[1:]
    assert [call.request.url.params["per_page"] for call in shop.listed.calls] == ["1000", "1000", "900", "900"]


def test_a_user_who_comes_twice_hides_nobody(ask: Any, shop: Any) -> None:
    ids = customers(4)
    pages(shop, (ids[:2], 4), ([ids[1], ids[3]], 4), (ids[1:], 4), ([ids[0]], 4))
    assert {str(each) for each in ask(listing)} == set(ids)


def test_a_list_that_never_holds_still_is_incomplete(ask: Any, shop: Any) -> None:
    ids = customers(4)
    pages(shop, *[(ids[:2], 4), (ids[2:3], 3)] * 3)
    with pytest.raises(IncompleteReadError, match="changed again and again"):
        ask(listing)


def test_the_key_is_asked_with(ask: Any, shop: Any) -> None:
    ask(listing)
    assert str(shop.listed.calls.last.request.url).startswith(USERS)
