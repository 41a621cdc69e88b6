"""The status of many customers: as few requests as the shop allows, and an outcome for each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from admin_crm import (
    AuthenticationError,
    BulkError,
    CustomerNotFoundError,
    InvalidInputError,
    PartialModerationError,
    PermissionDeniedError,
    moderate_customers,
)
from helpers import ANON, KEY, QUICK, URL, Ask
from moderation_server import ModerationServer, customers, token_of

REASON = "Registros automáticos"
REFUSED = httpx.Response(422, json={"code": 422, "error_code": "validation_failed", "msg": "no"})
ON_RECORD = QUICK.model_copy(update={"moderation_function": "moderate_customer"})


@pytest.fixture
def ids(shop: ModerationServer) -> list[str]:
    """Customers of the shop."""
    ids = customers(50)
    for each in ids:
        shop.add(each)
    return ids


@pytest.fixture
def session(caller: Any, ids: list[str]) -> Ask:
    """Ask as a signed-in administrator without a secret key, who is a customer too."""
    return Ask(caller, caller.open(URL, ANON, access_token=token_of(ids[0]), settings=QUICK))


@pytest.fixture
def recorded(caller: Any, shop: ModerationServer) -> Ask:
    """Ask with the secret key of a shop that has the SQL function."""
    shop.with_function()
    return Ask(caller, caller.open(URL, KEY, settings=ON_RECORD))


def test_a_hundred_statuses_are_one_update(ask: Any, shop: Any) -> None:
    for each in customers(250):
        shop.add(each)
    result = ask(moderate_customers, customers(250), "banned", reason=REASON, enforce_sign_in=False, allow=250)
    assert [str(each) for each in result.done] == customers(250)
    assert shop.writes == ["status"] * 3
    assert len(shop.router.calls) == 9


def test_with_the_key_each_sign_in_is_banned_too(ask: Any, shop: Any, ids: list[str]) -> None:
    assert len(ask(moderate_customers, ids, "banned", reason=REASON).done) == 50
    assert shop.writes == ["status", *["876000h"] * 50]
    assert len(ask(moderate_customers, ids, "active", reason=REASON).done) == 50
    assert not any(shop.bans[each] for each in ids)


def test_a_server_that_returns_few_rows_changes_all_of_them(ask: Any, shop: Any, ids: list[str]) -> None:
    shop.max_rows = 7
    assert len(ask(moderate_customers, ids, "suspended", reason=REASON, enforce_sign_in=False).done) == 50


def test_item_37_is_unknown_and_the_others_are_done(ask: Any, shop: Any, ids: list[str]) -> None:
    del shop.profiles[ids[36]]
    result = ask(moderate_customers, ids, "banned", reason=REASON)
    assert (len(result.done), list(result.failed)) == (49, [ids[36]])
    assert isinstance(result.failed[ids[36]], CustomerNotFoundError)


def test_administrators_and_oneself_are_spared(ask: Any, session: Ask, shop: Any, ids: list[str]) -> None:
    shop.admins |= {ids[3], ids[4]}
    result = ask(moderate_customers, ids, "banned", reason=REASON)
    assert sorted(result.failed) == ids[3:5]
    assert {error.code for error in result.failed.values()} == {"AC001"}
    assert {shop.profiles[each]["account_status"] for each in ids[3:5]} == {"active"}
    result = session(moderate_customers, ids, "banned", reason=REASON)
    assert list(result.failed) == ids[:1]
    assert ask(moderate_customers, ids, "banned", reason=REASON, force=True).failed == {}


def test_a_shop_without_a_table_of_administrators_has_none_to_spare(ask: Any, shop: Any, ids: list[str]) -> None:
    missing = {"code": "42P01", "message": 'relation "public.admin_users" does not exist'}
    shop.members.mock(return_value=httpx.Response(404, json=missing))
    assert len(ask(moderate_customers, ids, "banned", reason=REASON).done) == 50


def test_more_locks_than_the_limit_need_permission(ask: Any, shop: Any, ids: list[str], caller: Any) -> None:
    few = Ask(caller, caller.open(URL, KEY, settings=QUICK.model_copy(update={"bulk_limit": 49})))
    for options in ({}, {"allow": 49}, {"allow": 0}):
        with pytest.raises(InvalidInputError, match="lock 50 customers, and at most") as raised:
            few(moderate_customers, ids, "banned", reason=REASON, **options)
        assert raised.value.argument == "allow"
    assert not shop.router.calls.called
    assert len(few(moderate_customers, ids, "active", reason=REASON).done) == 50
    assert len(few(moderate_customers, ids, "banned", reason=REASON, allow=50).done) == 50
    assert len(few(moderate_customers, ids, "banned", reason=REASON, dry_run=True).remaining) == 50


def test_a_dry_run_finds_what_would_fail_and_writes_nothing(ask: Any, shop: Any, ids: list[str]) -> None:
    shop.admins.add(ids[3])
    del shop.profiles[ids[36]]
    result = ask(moderate_customers, ids, "banned", reason=REASON, dry_run=True)
    assert (len(result.remaining), sorted(result.failed)) == (48, [ids[3], ids[36]])
    assert shop.writes == []


def test_a_sign_in_that_cannot_be_banned_is_one_failure_that_resumes(ask: Any, shop: Any, ids: list[str]) -> None:
    works = shop.ban.side_effect
    shop.ban.mock(side_effect=lambda request: REFUSED if ids[7] in str(request.url) else works(request))
    result = ask(moderate_customers, ids, "banned", reason=REASON)
    (error,) = result.failed.values()
    assert isinstance(error, PartialModerationError)
    assert (len(result.done), str(error.resume["customer_id"])) == (49, ids[7])


def test_a_key_that_has_died_stops_everything_and_says_who_is_half_done(ask: Any, shop: Any, ids: list[str]) -> None:
    shop.ban.mock(return_value=httpx.Response(401, json={"code": 401, "error_code": "bad_jwt", "msg": "no"}))
    with pytest.raises(BulkError) as raised:
        ask(moderate_customers, ids, "banned", reason=REASON)
    result = raised.value.result
    assert isinstance(raised.value.__cause__, AuthenticationError)
    assert {type(error) for error in result.failed.values()} == {PartialModerationError}
    assert len(result.failed) + len(result.remaining) == 50
    assert result.done == []


def test_a_status_that_may_not_be_changed_stops_everything(session: Ask, shop: Any, ids: list[str]) -> None:
    shop.update.mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(BulkError, match="not change the status"):
        session(moderate_customers, ids, "banned", reason=REASON)


def test_who_is_deleted_meanwhile_fails_alone(ask: Any, shop: Any, ids: list[str]) -> None:
    works = shop.update.side_effect

    def deleted_meanwhile(request: httpx.Request) -> httpx.Response:
        shop.profiles.pop(ids[9], None)
        return works(request)

    shop.update.mock(side_effect=deleted_meanwhile)
    assert list(ask(moderate_customers, ids, "banned", reason=REASON).failed) == [ids[9]]


def test_a_ban_that_is_required_needs_the_key(session: Ask, ids: list[str]) -> None:
    with pytest.raises(PermissionDeniedError, match="secret key"):
        session(moderate_customers, ids, "banned", reason=REASON, enforce_sign_in=True)


# The shop's own function -------------------------------------------------------------------------------


def test_with_the_function_each_customer_has_a_row_in_the_log(recorded: Ask, shop: Any, ids: list[str]) -> None:
    assert len(recorded(moderate_customers, ids, "banned", reason=REASON).done) == 50
    assert sorted(sent["p_customer_id"] for sent in shop.log.values()) == ids
    assert not shop.update.called


def test_a_shop_without_the_function_is_asked_once(recorded: Ask, shop: Any, ids: list[str]) -> None:
    missing = httpx.Response(404, json={"code": "PGRST202", "message": "Could not find the function"})
    shop.function.mock(return_value=missing)
    assert len(recorded(moderate_customers, ids, "banned", reason=REASON).done) == 50
    assert (shop.function.call_count, shop.update.call_count) == (1, 2)


def test_whom_the_function_refuses_fails_alone(recorded: Ask, shop: Any, ids: list[str]) -> None:
    works = shop.function.side_effect
    answers = {
        ids[2]: httpx.Response(400, json={"code": "AC001", "message": "the customer is an administrator"}),
        ids[3]: httpx.Response(500, json={"code": "P0002", "message": "there is no such customer"}),
    }
    shop.function.mock(
        side_effect=lambda request: answers.get(json.loads(request.content)["p_customer_id"]) or works(request)
    )
    result = recorded(moderate_customers, ids, "banned", reason=REASON)
    assert len(result.done) == 48
    assert {name: type(error) for name, error in result.failed.items()} == {
        ids[2]: PermissionDeniedError,
        ids[3]: CustomerNotFoundError,
    }


def test_who_may_moderate_nobody_is_stopped(recorded: Ask, shop: Any, ids: list[str]) -> None:
    denied = {"code": "42501", "message": "only an administrator moderates customers"}
    shop.function.mock(return_value=httpx.Response(403, json=denied))
    with pytest.raises(BulkError, match="only an administrator"):
        recorded(moderate_customers, ids, "banned", reason=REASON)


def test_a_journal_goes_on_without_a_second_row_in_the_log(
    recorded: Ask, shop: Any, ids: list[str], tmp_path: Path
) -> None:
    works, calls = shop.function.side_effect, 0

    def dies(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        answer = works(request)
        if calls > 20:
            raise httpx.ReadTimeout("x")
        return answer

    shop.function.mock(side_effect=dies)
    arguments = {"reason": REASON, "journal": tmp_path / "bans.jsonl"}
    with pytest.raises(BulkError) as raised:
        recorded(moderate_customers, ids, "banned", **arguments)
    assert raised.value.result.uncertain
    shop.function.mock(side_effect=works)
    more = str(UUID(int=51))
    shop.add(more)
    result = recorded(moderate_customers, [*ids, more], "banned", **arguments)
    assert len(result.done) + len(result.skipped) == 51
    assert sorted(sent["p_customer_id"] for sent in shop.log.values()) == [*ids, more]
    assert all(shop.bans[each] for each in [*ids, more])
    with pytest.raises(InvalidInputError):
        recorded(moderate_customers, ids, "banned", **{**arguments, "reason": "Otra"})
