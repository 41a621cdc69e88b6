"""Bans that ban, on the local stack: what the customer meets, and what the shop's tables and auth server hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts import BANNED, answered
from admin_crm import (
    CustomerNotFoundError,
    PermissionDeniedError,
    get_locked_customers,
    is_locked,
    lift_expired_suspensions,
    moderate_customer,
    reconcile_sign_in_bans,
)
from helpers import user_id_of

NOBODY = "00000000-0000-4000-8000-00000000dead"
REASON = "Devoluciones falsas"
WEEK = timedelta(days=7)


def test_a_banned_customer_neither_signs_in_nor_refreshes_and_does_both_when_active(by_key, account):
    session = account.sign_in().json()
    done = by_key(moderate_customer, account.id, "banned", reason=REASON)
    assert (done.sign_in, done.profile.account_status, done.previous.account_status) == ("banned", "banned", "active")
    assert answered(account.sign_in()) == answered(account.refresh(session)) == BANNED
    # What nothing but expiry ends: until then the token opens the shop's data.
    assert account.reads_own_profile(session)
    assert timedelta(minutes=59) < done.tokens_valid_until - datetime.now(UTC) <= timedelta(hours=1)
    done = by_key(moderate_customer, account.id, "active", reason="Fue un error")
    assert (done.sign_in, done.banned_until, done.tokens_valid_until) == ("allowed", None, None)
    assert account.sign_in().status_code == account.refresh(session).status_code == 200
    assert account.banned_until is None


def test_a_suspensions_ban_runs_out_at_its_end(by_key, account):
    end = datetime.now(UTC) + 3 * WEEK
    done = by_key(moderate_customer, account.id, "suspended", suspension_end=end, reason=REASON)
    assert done.profile.suspension_end == end
    assert done.banned_until == account.banned_until
    assert abs(account.banned_until - end) < timedelta(seconds=30)
    assert answered(account.sign_in()) == BANNED


def test_a_session_alone_changes_the_status_and_says_that_the_sign_in_is_open(by_admin, account):
    done = by_admin(moderate_customer, account.id, "banned", reason=REASON)
    assert (done.sign_in, done.administrator_checked) == ("not_enforced", False)
    assert account.status == "banned"
    assert account.sign_in().status_code == 200
    with pytest.raises(PermissionDeniedError, match="secret key"):
        by_admin(moderate_customer, account.id, "active", reason=REASON, enforce_sign_in=True)
    assert account.status == "banned"


def test_a_session_with_the_key_beside_it_bans_too(by_both, account):
    assert by_both(moderate_customer, account.id, "banned", reason=REASON).sign_in == "banned"
    assert answered(account.sign_in()) == BANNED


def test_an_administrator_is_locked_by_force_alone(by_key, by_admin, account, stack):
    stack.execute_sql(f"insert into admin_users (id, role) values ('{account.id}', 'viewer')")
    with pytest.raises(PermissionDeniedError, match="force=True") as raised:
        by_key(moderate_customer, account.id, "banned", reason=REASON)
    assert (raised.value.code, account.status) == ("AC001", "active")
    # A session sees its own row of admin_users alone, and says so.
    assert by_admin(moderate_customer, account.id, "suspended", reason=REASON).administrator_checked is False
    assert by_key(moderate_customer, account.id, "banned", reason=REASON, force=True).sign_in == "banned"
    assert answered(account.sign_in()) == BANNED


def test_who_is_signed_in_does_not_lock_himself(by_admin, by_both):
    for ask in (by_admin, by_both):
        with pytest.raises(PermissionDeniedError, match="the customer is the signed-in user"):
            ask(moderate_customer, user_id_of(ask.crm), "banned", reason=REASON)


def test_a_customer_moderates_nobody(stranger, account):
    with pytest.raises(CustomerNotFoundError):
        stranger(moderate_customer, account.id, "banned", reason=REASON)
    assert account.status == "active"


def test_who_does_not_exist_is_not_found(by_key):
    with pytest.raises(CustomerNotFoundError, match=NOBODY):
        by_key(moderate_customer, NOBODY, "banned", reason=REASON)


# Suspensions that have ended, and those who are locked -------------------------------------------------


def test_the_locked_are_those_whom_is_locked_calls_so(admin, customer, stack):
    def is_listed(status: str, end: str) -> bool:
        stack.execute_sql(
            f"update customer_profiles set account_status = '{status}', suspension_end = {end} where id = '{customer}'"
        )
        locked = admin(get_locked_customers)
        assert all(map(is_locked, locked))
        return customer in [str(each.id) for each in locked]

    assert [
        is_listed("banned", "null"),
        is_listed("suspended", "null"),
        is_listed("suspended", "now() + interval '1 day'"),
        is_listed("suspended", "'infinity'"),
        is_listed("suspended", "now() - interval '1 day'"),
        is_listed("active", "null"),
    ] == [True, True, True, True, False, False]


def test_who_is_no_administrator_sees_nobody_locked_and_is_told_so(stranger):
    with pytest.raises(PermissionDeniedError, match="not listed in admin_users"):
        stranger(get_locked_customers)


def test_lifting_a_suspension_that_has_ended_lets_the_customer_sign_in(by_key, account, stack):
    by_key(lift_expired_suspensions)
    by_key(moderate_customer, account.id, "suspended", suspension_end=datetime.now(UTC) + WEEK, reason=REASON)
    stack.execute_sql(
        f"update customer_profiles set suspension_end = now() - interval '1 second' where id = '{account.id}'"
    )
    assert [str(each.id) for each in by_key(lift_expired_suspensions)] == [account.id]
    assert (account.status, account.banned_until) == ("active", None)
    assert account.sign_in().status_code == 200


# Bans that disagree with the status ---------------------------------------------------------------------


def test_bans_that_disagree_are_found_and_corrected(by_key, account, stack):
    def mismatch(**options):
        found = [each for each in by_key(reconcile_sign_in_bans, **options) if str(each.customer_id) == account.id]
        return found[0] if found else None

    assert mismatch() is None
    account.set_ban("24h")
    assert (mismatch().proposed, mismatch().status) == ("lift", "active")
    stack.execute_sql(f"update customer_profiles set account_status = 'banned' where id = '{account.id}'")
    assert (mismatch().proposed, mismatch().proposed_until) == ("ban", None)
    assert mismatch(apply=True).corrected
    assert mismatch() is None
    assert account.banned_until > datetime.now(UTC) + 5000 * WEEK


def test_a_session_compares_no_bans(by_admin):
    with pytest.raises(PermissionDeniedError, match="needs the secret key"):
        by_admin(reconcile_sign_in_bans)
