"""A ban that bans: which steps follow on which, what is refused, and what a failure leaves behind."""

from __future__ import annotations

import logging
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from admin_crm import (
    AuthenticationError,
    ConflictError,
    CustomerNotFoundError,
    InvalidInputError,
    PartialModerationError,
    PermissionDeniedError,
    RequestTimeoutError,
    ServiceUnavailableError,
    UnexpectedResponseError,
    moderate_customer,
)
from helpers import ANON, KEY, QUICK, SOMEBODY, URL, Ask
from moderation_server import token_of

REASON = "Compró con tarjetas robadas"
ME = "7e1b2c3d-0000-4000-8000-00000000000a"


@pytest.fixture
def session(caller: Any) -> Ask:
    """Ask as a signed-in administrator, without a secret key."""
    return Ask(caller, caller.open(URL, ANON, access_token=token_of(ME), settings=QUICK))


@pytest.fixture
def both(caller: Any) -> Ask:
    """Ask as a signed-in administrator whose connection has the secret key too."""
    return Ask(caller, caller.open(URL, ANON, access_token=token_of(ME), secret_key=KEY, settings=QUICK))


def test_a_ban_sets_the_status_then_the_sign_in_and_says_what_stays_open(ask: Any, shop: Any) -> None:
    before = datetime.now(UTC)
    done = ask(moderate_customer, SOMEBODY, "banned", reason=REASON)
    assert (done.profile.account_status, done.previous.account_status) == ("banned", "active")
    assert (done.sign_in, done.logged, done.administrator_checked) == ("banned", False, True)
    assert done.banned_until == shop.banned_until(SOMEBODY)
    assert done.tokens_valid_until - before - timedelta(hours=1) < timedelta(seconds=20)
    assert shop.writes == ["status", "876000h"]


def test_a_suspension_bans_until_its_end(ask: Any, shop: Any) -> None:
    end = datetime.now(UTC) + timedelta(days=3)
    done = ask(moderate_customer, SOMEBODY, "suspended", suspension_end=end, reason=REASON)
    assert done.profile.suspension_end == end
    assert abs(done.banned_until - end) < timedelta(seconds=10)


def test_active_lifts_the_ban_and_no_token_is_to_be_waited_for(ask: Any, shop: Any) -> None:
    ask(moderate_customer, SOMEBODY, "banned", reason=REASON)
    done = ask(moderate_customer, SOMEBODY, "active", reason="Fue un error")
    assert (done.sign_in, done.banned_until, done.tokens_valid_until) == ("allowed", None, None)
    assert done.previous.account_status == "banned"
    assert shop.bans[SOMEBODY] is None
    assert shop.members.call_count == 1  # whoever unlocks need not be no administrator


def test_tokens_last_as_long_as_the_project_says(caller: Any, shop: Any) -> None:
    crm = caller.open(URL, KEY, settings=QUICK.model_copy(update={"token_seconds": 60}))
    done = caller(moderate_customer, crm, SOMEBODY, "banned", reason=REASON)
    assert done.tokens_valid_until < datetime.now(UTC) + timedelta(seconds=61)


def test_a_session_alone_changes_the_status_and_says_what_it_could_not(session: Ask, shop: Any) -> None:
    done = session(moderate_customer, SOMEBODY, "banned", reason=REASON)
    assert (done.profile.account_status, done.sign_in, done.tokens_valid_until) == ("banned", "not_enforced", None)
    assert done.administrator_checked is False
    assert shop.writes == ["status"]


def test_with_both_rights_the_session_writes_and_the_key_bans(both: Ask, shop: Any) -> None:
    assert both(moderate_customer, SOMEBODY, "banned", reason=REASON).sign_in == "banned"
    assert shop.update.calls.last.request.headers["authorization"] == f"Bearer {token_of(ME)}"
    for route in (shop.members, shop.ban):
        assert route.calls.last.request.headers["authorization"] == f"Bearer {KEY}"


def test_a_sign_in_that_is_not_to_be_banned_is_left_alone(ask: Any, shop: Any) -> None:
    done = ask(moderate_customer, SOMEBODY, "banned", reason=REASON, enforce_sign_in=False)
    assert (done.sign_in, done.administrator_checked) == ("not_enforced", True)
    assert shop.writes == ["status"]


def test_without_the_key_a_ban_that_is_required_is_refused_before_anything_is_written(session: Ask, shop: Any) -> None:
    with pytest.raises(PermissionDeniedError, match="secret key"):
        session(moderate_customer, SOMEBODY, "banned", reason=REASON, enforce_sign_in=True)
    assert shop.writes == []


# Administrators, and oneself --------------------------------------------------------------------------


def test_an_administrator_is_locked_only_by_force(ask: Any, shop: Any) -> None:
    shop.admins.add(SOMEBODY)
    with pytest.raises(PermissionDeniedError, match="is an administrator") as raised:
        ask(moderate_customer, SOMEBODY, "suspended", reason=REASON)
    assert raised.value.code == "AC001"
    assert "force=True" in str(raised.value)
    assert str(raised.value.customer_id) == SOMEBODY
    assert shop.writes == []
    done = ask(moderate_customer, SOMEBODY, "suspended", reason=REASON, force=True)
    assert (done.sign_in, done.administrator_checked) == ("banned", False)


def test_who_is_signed_in_locks_himself_only_by_force(session: Ask, shop: Any) -> None:
    shop.add(ME)
    with pytest.raises(PermissionDeniedError, match="is the signed-in user"):
        session(moderate_customer, ME, "banned", reason=REASON)
    assert shop.writes == []
    assert session(moderate_customer, ME, "active", reason=REASON).profile.account_status == "active"
    assert session(moderate_customer, ME, "banned", reason=REASON, force=True).profile.account_status == "banned"


def test_a_shop_without_a_table_of_administrators_cannot_be_asked(ask: Any, shop: Any) -> None:
    missing = {"code": "42P01", "message": 'relation "public.admin_users" does not exist'}
    shop.members.mock(return_value=httpx.Response(404, json=missing))
    assert ask(moderate_customer, SOMEBODY, "banned", reason=REASON).administrator_checked is False


# What goes wrong ---------------------------------------------------------------------------------------


def test_who_does_not_exist_is_not_found(ask: Any, shop: Any) -> None:
    with pytest.raises(CustomerNotFoundError):
        ask(moderate_customer, UUID(int=7), "banned", reason=REASON)
    assert shop.writes == []


def test_a_ban_that_fails_says_what_stands_and_how_to_go_on(ask: Any, shop: Any) -> None:
    works = shop.ban.side_effect
    shop.ban.mock(return_value=httpx.Response(401, json={"code": 401, "error_code": "bad_jwt", "msg": "no"}))
    end = datetime.now(UTC) + timedelta(days=3)
    with pytest.raises(PartialModerationError, match="not the ban of the sign-in") as raised:
        ask(moderate_customer, SOMEBODY, "suspended", suspension_end=end, reason=REASON, actor="ana")
    error = pickle.loads(pickle.dumps(raised.value))
    assert error.completed == ("status",)
    assert isinstance(raised.value.__cause__, AuthenticationError)
    assert REASON not in f"{error!s} {error!r}"
    assert str(error.customer_id) == SOMEBODY
    shop.ban.mock(side_effect=works)
    done = ask(moderate_customer, **error.resume)
    assert (done.sign_in, done.profile.suspension_end) == ("banned", end)


@pytest.mark.parametrize(
    "lost", [httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.Response(200, text="<html>", headers={"etag": "1"})]
)
def test_a_status_whose_answer_is_lost_for_good_may_be_resumed(ask: Any, shop: Any, lost: Any) -> None:
    works = shop.update.side_effect
    shop.update.mock(**{"side_effect" if isinstance(lost, Exception) else "return_value": lost})
    with pytest.raises(PartialModerationError, match="may or may not be set") as raised:
        ask(moderate_customer, SOMEBODY, "banned", reason=REASON)
    assert raised.value.completed == ()
    assert isinstance(raised.value.__cause__, RequestTimeoutError | ServiceUnavailableError | UnexpectedResponseError)
    shop.update.mock(side_effect=works)
    assert ask(moderate_customer, **raised.value.resume).sign_in == "banned"


def test_what_was_never_sent_is_no_half_done_work(ask: Any, shop: Any) -> None:
    shop.update.mock(side_effect=httpx.ConnectError("x"))
    with pytest.raises(ServiceUnavailableError):
        ask(moderate_customer, SOMEBODY, "banned", reason=REASON)


def test_a_profile_without_a_user_has_nobody_who_could_sign_in(ask: Any, shop: Any) -> None:
    del shop.bans[SOMEBODY]
    done = ask(moderate_customer, SOMEBODY, "banned", reason=REASON)
    assert (done.sign_in, done.profile.account_status) == ("no_user", "banned")
    with pytest.raises(PartialModerationError, match="no user in auth"):
        ask(moderate_customer, SOMEBODY, "banned", reason=REASON, enforce_sign_in=True)
    assert ask(moderate_customer, SOMEBODY, "active", reason=REASON, enforce_sign_in=True).sign_in == "no_user"


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"customer_id": "nope"}, "customer_id"),
        ({"status": "frozen"}, "status"),
        ({"status": "active", "suspension_end": datetime.now(UTC) + timedelta(days=1)}, "suspension_end"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 2_001}, "reason"),
        ({"actor": ""}, "actor"),
        ({"idempotency_key": ""}, "idempotency_key"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(ask: Any, arguments: dict[str, Any], argument: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        ask(moderate_customer, **{"customer_id": SOMEBODY, "status": "banned", "reason": "x", **arguments})
    assert raised.value.argument == argument


# The record --------------------------------------------------------------------------------------------


def test_the_reason_goes_to_the_structured_log_and_not_into_its_message(
    ask: Any, shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "admin_crm"):
        for _ in range(2):
            ask(moderate_customer, SOMEBODY, "banned", reason=REASON, actor="ana", idempotency_key="caso-7")
    records = [each for each in caplog.records if each.name == "admin_crm"]
    assert {REASON in each.getMessage() for each in records} == {False}
    first, again = [vars(each) for each in records]
    assert (first["reason"], first["actor"], first["customer_id"]) == (REASON, "ana", SOMEBODY)
    assert (first["account_status"], first["previous_status"]) == ("banned", "active")
    assert first["moderation_id"] == again["moderation_id"]


# The shop's own function -------------------------------------------------------------------------------

ON_RECORD = QUICK.model_copy(update={"moderation_function": "moderate_customer"})


@pytest.fixture
def recorded(caller: Any, shop: Any) -> Ask:
    """Ask with the secret key of a shop that has the function."""
    shop.with_function()
    return Ask(caller, caller.open(URL, KEY, settings=ON_RECORD))


def test_with_the_function_status_and_log_are_one_step_and_nothing_is_asked_before(recorded: Ask, shop: Any) -> None:
    end = datetime.now(UTC) + timedelta(days=3)
    arguments = {"suspension_end": end, "reason": REASON, "actor": "ana"}
    done = recorded(moderate_customer, SOMEBODY, "suspended", **arguments)
    assert (done.logged, done.sign_in, done.administrator_checked, done.sessions_ended) == (True, "banned", True, 2)
    assert (done.previous.account_status, done.profile.account_status) == ("active", "suspended")
    assert [call.request.url.path for call in shop.router.calls][:-1] == ["/rest/v1/rpc/moderate_customer"]
    (sent,) = shop.log.values()
    assert (sent["p_reason"], sent["p_actor"], sent["p_end_sessions"], sent["p_force"]) == (REASON, "ana", True, False)


def test_sessions_end_only_with_a_lock_whose_sign_in_is_banned(recorded: Ask, shop: Any) -> None:
    recorded(moderate_customer, SOMEBODY, "banned", reason=REASON, enforce_sign_in=False)
    recorded(moderate_customer, SOMEBODY, "active", reason=REASON)
    assert [sent["p_end_sessions"] for sent in shop.log.values()] == [False, False]


def test_a_ban_that_failed_is_resumed_with_the_same_row_of_the_log(recorded: Ask, shop: Any) -> None:
    works = shop.ban.side_effect
    shop.ban.mock(return_value=httpx.Response(422, json={"code": 422, "error_code": "x", "msg": "no"}))
    with pytest.raises(PartialModerationError) as raised:
        recorded(moderate_customer, SOMEBODY, "banned", reason=REASON)
    assert raised.value.completed == ("status", "log")
    shop.ban.mock(side_effect=works)
    done = recorded(moderate_customer, **raised.value.resume)
    assert (done.sign_in, done.previous.account_status, len(shop.log)) == ("banned", "active", 1)


def test_a_lost_answer_of_the_function_is_resumed_with_the_same_row(recorded: Ask, shop: Any) -> None:
    works = shop.function.side_effect

    def lost(request: httpx.Request) -> httpx.Response:
        works(request)
        raise httpx.ReadTimeout("x")

    shop.function.mock(side_effect=lost)
    with pytest.raises(PartialModerationError, match="may or may not be set") as raised:
        recorded(moderate_customer, SOMEBODY, "banned", reason=REASON)
    shop.function.mock(side_effect=works)
    assert recorded(moderate_customer, **raised.value.resume).sign_in == "banned"
    assert len(shop.log) == 1


def test_a_key_whose_moderation_was_undone_since_bans_nobody(recorded: Ask, shop: Any) -> None:
    recorded(moderate_customer, SOMEBODY, "banned", reason=REASON, idempotency_key="caso-7")
    recorded(moderate_customer, SOMEBODY, "active", reason="Fue un error")
    with pytest.raises(ConflictError, match="changed since, to active"):
        recorded(moderate_customer, SOMEBODY, "banned", reason=REASON, idempotency_key="caso-7")
    assert shop.bans[SOMEBODY] is None
    assert recorded(moderate_customer, SOMEBODY, "banned", reason=REASON).sign_in == "banned"


def test_what_the_function_refuses_is_no_half_done_work(recorded: Ask, shop: Any) -> None:
    shop.function.mock(return_value=httpx.Response(400, json={"code": "AC001", "message": "an administrator"}))
    with pytest.raises(PermissionDeniedError, match="force=True"):
        recorded(moderate_customer, SOMEBODY, "banned", reason=REASON)
    assert shop.writes == []


def test_a_shop_without_the_function_is_asked_for_it_once(caller: Any, shop: Any) -> None:
    missing = httpx.Response(404, json={"code": "PGRST202", "message": "Could not find the function"})
    shop.with_function().mock(return_value=missing)
    recorded = Ask(caller, caller.open(URL, KEY, settings=ON_RECORD))
    for status in ("banned", "active"):
        assert recorded(moderate_customer, SOMEBODY, status, reason=REASON).logged is False
    assert shop.function.call_count == 1
