"""Customers whose status and sign-in ban disagree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from admin_crm import AuthenticationError, InvalidInputError, PermissionDeniedError, reconcile_sign_in_bans
from helpers import ANON, KEY, QUICK, SOMEBODY, URL, Ask
from moderation_server import ModerationServer, customers, token_of

NOW = datetime.now(UTC)
WEEK = timedelta(days=7)
CENTURY = timedelta(hours=876_000)


@pytest.fixture
def mixed(shop: ModerationServer) -> list[str]:
    """Customers who agree, and then four who do not."""
    kinds: list[tuple[str | None, datetime | None, timedelta | None]] = [
        ("active", None, None),
        ("active", None, -WEEK),
        ("banned", None, CENTURY),
        ("suspended", NOW + WEEK, WEEK),
        ("suspended", NOW - WEEK, None),
        ("frozen", None, WEEK),  # a word that only this shop knows
        (None, None, WEEK),
        ("banned", None, None),
        ("active", None, CENTURY),
        ("suspended", NOW + WEEK, CENTURY),
        ("suspended", NOW - WEEK, WEEK),
    ]
    ids = customers(len(kinds))
    for each, (status, end, rest) in zip(ids, kinds, strict=True):
        shop.add(each, status, end)
        shop.bans[each] = None if rest is None else (NOW + rest).isoformat()
    shop.bans["00000000-0000-4000-8000-0000000000ad"] = (NOW + WEEK).isoformat()  # no customer: an administrator
    shop.add("00000000-0000-4000-8000-0000000000ff", "banned")
    del shop.bans["00000000-0000-4000-8000-0000000000ff"]  # a customer without a user cannot sign in
    return ids[-4:]


def test_those_who_disagree_are_listed_with_what_would_make_them_agree(ask: Any, shop: Any, mixed: list[str]) -> None:
    found = {str(each.customer_id): each for each in ask(reconcile_sign_in_bans)}
    assert sorted(found) == mixed
    proposed = [(found[each].proposed, found[each].proposed_until) for each in mixed]
    assert proposed == [("ban", None), ("lift", None), ("ban", NOW + WEEK), ("lift", None)]
    assert found[mixed[2]].banned_until == NOW + CENTURY
    assert (found[mixed[2]].status, found[mixed[2]].suspension_end) == ("suspended", NOW + WEEK)
    assert {each.corrected for each in found.values()} == {False}
    assert shop.writes == []


def test_applied_the_auth_server_follows_the_status_and_a_second_time_all_agree(
    ask: Any, shop: Any, mixed: list[str]
) -> None:
    done = ask(reconcile_sign_in_bans, apply=True)
    assert sorted(str(each.customer_id) for each in done if each.corrected) == mixed
    assert shop.banned_until(mixed[0]) > NOW + timedelta(days=365)
    assert shop.bans[mixed[1]] is shop.bans[mixed[3]] is None
    assert abs(shop.banned_until(mixed[2]) - NOW - WEEK) < timedelta(minutes=1)
    assert ask(reconcile_sign_in_bans, apply=True) == []
    assert "status" not in shop.writes


def test_what_fails_is_told_beside_what_was_corrected(ask: Any, shop: Any, mixed: list[str]) -> None:
    works = shop.ban.side_effect
    refused = httpx.Response(422, json={"code": 422, "error_code": "validation_failed", "msg": "no"})
    shop.ban.mock(side_effect=lambda request: refused if mixed[1] in str(request.url) else works(request))
    done = {str(each.customer_id): each for each in ask(reconcile_sign_in_bans, apply=True)}
    assert [done[each].corrected for each in mixed] == [True, False, True, True]
    assert isinstance(done[mixed[1]].error, InvalidInputError)
    assert done[mixed[0]].error is None


def test_a_status_that_changes_meanwhile_counts(ask: Any, shop: Any) -> None:
    shop.add(SOMEBODY, "active")
    shop.bans[SOMEBODY] = (NOW + CENTURY).isoformat()
    works, reads = shop.read.side_effect, 0

    def banned_meanwhile(request: httpx.Request) -> httpx.Response:
        nonlocal reads
        reads += 1
        if "eq." in str(request.url.params.get("id")):
            shop.profiles[SOMEBODY]["account_status"] = "banned"
        return works(request)

    shop.read.mock(side_effect=banned_meanwhile)
    (done,) = ask(reconcile_sign_in_bans, apply=True)
    assert (done.proposed, done.corrected) == ("ban", True)
    assert shop.bans[SOMEBODY] is not None


def test_who_is_gone_when_it_is_corrected_is_told(ask: Any, shop: Any) -> None:
    shop.add(SOMEBODY, "banned")
    works = shop.read.side_effect
    shop.read.mock(
        side_effect=lambda request: works(request) if "or" in request.url.params else httpx.Response(200, json=[])
    )
    (done,) = ask(reconcile_sign_in_bans, apply=True)
    assert isinstance(done.error, LookupError)


def test_many_banned_users_are_looked_up_a_hundred_at_a_time(ask: Any, shop: Any) -> None:
    for each in customers(250):
        shop.add(each)
        shop.bans[each] = (NOW + WEEK).isoformat()
    assert len(ask(reconcile_sign_in_bans)) == 250
    assert shop.read.call_count == 4


def test_it_needs_the_secret_key_and_uses_no_other(caller: Any, shop: Any) -> None:
    session = {"access_token": token_of(SOMEBODY), "settings": QUICK}
    with pytest.raises(PermissionDeniedError, match="comparing sign-in bans needs the secret key"):
        caller(reconcile_sign_in_bans, caller.open(URL, ANON, **session))
    both = Ask(caller, caller.open(URL, ANON, secret_key=KEY, **session))
    shop.add(SOMEBODY, "banned")
    assert [each.corrected for each in both(reconcile_sign_in_bans, apply=True)] == [True]
    routes = (shop.read, shop.listed, shop.ban)
    assert {call.request.headers["authorization"] for route in routes for call in route.calls} == {f"Bearer {KEY}"}


def test_a_list_that_cannot_be_read_changes_nothing(ask: Any, shop: Any, mixed: list[str]) -> None:
    shop.listed.mock(return_value=httpx.Response(401, json={"code": 401, "error_code": "bad_jwt", "msg": "no"}))
    with pytest.raises(AuthenticationError):
        ask(reconcile_sign_in_bans, apply=True)
    assert shop.writes == []
