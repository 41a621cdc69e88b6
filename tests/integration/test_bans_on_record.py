"""Bans in a shop that has installed `admin-crm sql moderation`: one row of the log for each, and sessions that end."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import BANNED, answered
from admin_crm import PartialModerationError, PermissionDeniedError, moderate_customer
from helpers import Ask, user_id_of
from shops import MODERATED

pytestmark = [*MODERATED]
REASON = "Devoluciones falsas"


def log_of(stack, account) -> list[dict[str, Any]]:
    return stack.execute_sql(
        "select status, previous_status, reason, actor, actor_id, sessions_ended from moderation_log"
        f" where customer_id = '{account.id}' order by created_at"
    )


def test_a_ban_is_recorded_and_ends_the_sessions_for_good(by_both, account, stack):
    session = account.sign_in().json()
    done = by_both(moderate_customer, account.id, "banned", reason=REASON, actor="turno de noche")
    assert (done.logged, done.sign_in, done.administrator_checked) == (True, "banned", True)
    assert answered(account.sign_in()) == BANNED
    by_both(moderate_customer, account.id, "active", reason="Fue un error")
    first, second = log_of(stack, account)
    assert (first["status"], first["previous_status"], first["reason"]) == ("banned", "active", REASON)
    assert (first["actor"], first["actor_id"]) == ("turno de noche", user_id_of(by_both.crm))
    assert (second["status"], second["previous_status"], second["sessions_ended"]) == ("active", "banned", None)
    assert account.sign_in().status_code == 200
    # Where the function could end the session, no lifting of the ban revives it.
    assert first["sessions_ended"] == done.sessions_ended
    assert (account.refresh(session).status_code == 200) is (not done.sessions_ended)


def test_a_moderation_that_stopped_half_way_is_resumed_with_one_row(by_key, account, stack, monkeypatch):
    with monkeypatch.context() as refused:
        refused.setattr("admin_crm._auth.bans._duration", lambda ban: "1d")  # the server takes no days
        with pytest.raises(PartialModerationError) as raised:
            by_key(moderate_customer, account.id, "banned", reason=REASON)
    assert raised.value.completed == ("status", "log")
    assert (account.status, account.sign_in().status_code) == ("banned", 200)
    done = by_key(moderate_customer, **raised.value.resume)
    assert (done.sign_in, done.previous.account_status) == ("banned", "active")
    assert answered(account.sign_in()) == BANNED
    assert len(log_of(stack, account)) == 1


def test_a_second_run_with_a_key_of_yours_writes_no_second_row(by_admin, account, stack):
    for _ in range(2):
        by_admin(moderate_customer, account.id, "banned", reason=REASON, idempotency_key="caso-7")
    assert len(log_of(stack, account)) == 1


def test_the_function_knows_the_administrators_for_a_session_alone(by_admin, account, stack):
    stack.execute_sql(f"insert into admin_users (id) values ('{account.id}')")
    with pytest.raises(PermissionDeniedError, match="force=True") as raised:
        by_admin(moderate_customer, account.id, "banned", reason=REASON)
    assert (raised.value.code, account.status, log_of(stack, account)) == ("AC001", "active", [])
    assert by_admin(moderate_customer, account.id, "banned", reason=REASON, force=True).logged


def test_a_banned_customer_cannot_lift_the_own_ban_with_the_last_token(by_key, account, caller, stack):
    session = account.sign_in().json()
    by_key(moderate_customer, account.id, "banned", reason=REASON)
    banned = Ask(caller, caller.open(stack.url, stack.publishable_key, access_token=session["access_token"]))
    with pytest.raises(PermissionDeniedError):
        banned(moderate_customer, account.id, "active", reason="Yo digo")
    assert account.status == "banned"
    assert answered(account.sign_in()) == BANNED
