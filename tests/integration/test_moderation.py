"""Status, suspensions and notifications, on the local stack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from admin_crm import (
    AccountStatus,
    CustomerNotFoundError,
    InvalidInputError,
    NotificationType,
    PermissionDeniedError,
    SchemaMismatchError,
    get_customer_notifications,
    get_customer_timeline,
    get_moderation_history,
    is_locked,
    lift_expired_suspensions,
    send_customer_notification,
    update_customer_status,
)
from helpers import user_id_of

NOBODY = "00000000-0000-4000-8000-00000000dead"


def test_a_suspension_is_stored_with_its_end(admin, customer, stack):
    end = datetime.now(UTC) + timedelta(days=3)
    profile = admin(update_customer_status, customer, "suspended", end)
    assert (profile.account_status, profile.suspension_end) == (AccountStatus.SUSPENDED, end)
    row = stack.execute_sql(f"select account_status from customer_profiles where id = '{customer}'")
    assert row == [{"account_status": "suspended"}]
    assert is_locked(profile)
    assert not is_locked(profile, at=end)


@pytest.mark.parametrize("status", ["active", AccountStatus.BANNED])
def test_active_and_banned_clear_the_end_of_a_suspension(by_key, customer, status):
    by_key(update_customer_status, customer, "suspended", datetime.now(UTC) + timedelta(days=3))
    profile = by_key(update_customer_status, UUID(customer), status)
    assert (profile.account_status, profile.suspension_end) == (status, None)


def test_a_suspension_without_end_locks_until_it_is_lifted(by_key, customer):
    assert is_locked(by_key(update_customer_status, customer, "suspended"))
    assert not is_locked(by_key(update_customer_status, customer, "active"))


def test_the_status_of_an_unknown_customer_cannot_be_changed(admin):
    with pytest.raises(CustomerNotFoundError, match=NOBODY):
        admin(update_customer_status, NOBODY, "banned")


def test_a_customer_may_not_change_the_status_of_others(stranger, customer):
    with pytest.raises(CustomerNotFoundError):
        stranger(update_customer_status, customer, "banned")


def test_a_customer_may_change_the_own_status_as_the_shop_is_deployed(stranger):
    own = user_id_of(stranger.crm)
    assert stranger(update_customer_status, own, "banned").account_status == "banned"
    assert stranger(update_customer_status, own, "active").account_status == "active"


def test_only_overdue_suspensions_are_lifted(admin, customer, stack):
    admin(lift_expired_suspensions)
    stack.execute_sql(
        "update customer_profiles set account_status = 'suspended', suspension_end = now() - interval '1 minute'"
        f" where id = '{customer}'"
    )
    lifted = admin(lift_expired_suspensions)
    assert [(str(each.id), each.account_status, each.suspension_end) for each in lifted] == [
        (customer, AccountStatus.ACTIVE, None)
    ]
    assert admin(lift_expired_suspensions) == []
    assert stack.execute_sql("select count(*) as n from customer_profiles where account_status = 'banned'")[0]["n"] > 0


def test_a_shop_that_keeps_no_record_says_so(by_key, customer):
    with pytest.raises(SchemaMismatchError, match="keeps no record") as raised:
        by_key(get_moderation_history, customer)
    assert (raised.value.kind, raised.value.name) == ("table", "moderation_log")
    assert "moderation" not in {each.kind for each in by_key(get_customer_timeline, customer)}


def test_a_notification_arrives_once_with_its_type(admin, customer):
    sent = admin(send_customer_notification, customer, "Tu pedido", "Va en camino 🚚", "success")
    assert (str(sent.user_id), sent.title, sent.type, sent.is_read) == (
        customer, "Tu pedido", NotificationType.SUCCESS, False,
    )  # fmt: skip
    assert [each.id for each in admin(get_customer_notifications, customer)] == [sent.id]


def test_notifications_are_newest_first_and_unread_only_on_request(by_key, customer, stack):
    first = by_key(send_customer_notification, customer, "uno", "1")
    second = by_key(send_customer_notification, customer, "dos", "2")
    stack.execute_sql(f"update user_notifications set is_read = true where id = '{second.id}'")
    assert [each.title for each in by_key(get_customer_notifications, customer)] == ["dos", "uno"]
    assert [each.id for each in by_key(get_customer_notifications, customer, unread_only=True)] == [first.id]


def test_an_unknown_user_cannot_be_notified(admin):
    with pytest.raises(CustomerNotFoundError):
        admin(send_customer_notification, uuid4(), "Hola", "Nadie")
    with pytest.raises(CustomerNotFoundError):
        admin(get_customer_notifications, uuid4())


def test_a_customer_may_not_notify_others(stranger, customer):
    with pytest.raises(PermissionDeniedError):
        stranger(send_customer_notification, customer, "Hola", "Spam")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("nope", "active"), "customer_id"),
        ((NOBODY, "frozen"), "status"),
        ((NOBODY, "active", datetime.now(UTC) + timedelta(days=1)), "suspension_end"),
        ((NOBODY, "banned", datetime.now(UTC) + timedelta(days=1)), "suspension_end"),
        ((NOBODY, "suspended", datetime.now(UTC) - timedelta(days=1)), "suspension_end"),
        ((NOBODY, "suspended", datetime(2999, 1, 1)), "suspension_end"),  # noqa: DTZ001
        ((NOBODY, "suspended", "2999-01-01"), "suspension_end"),
    ],
)
def test_a_wrong_status_is_refused_before_anything_is_sent(ask, arguments, named):
    # No route is mocked: a request would fail with something else than InvalidInputError.
    with pytest.raises(InvalidInputError) as refused:
        ask(update_customer_status, *arguments)
    assert refused.value.argument == named
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("nope", "a", "b"), "user_id"),
        ((NOBODY, " ", "b"), "title"),
        ((NOBODY, "a", ""), "message"),
        ((NOBODY, "a" * 201, "b"), "title"),
        ((NOBODY, "a", "b\x00"), "message"),
        ((NOBODY, "a", "b", "shout"), "type"),
    ],
)
def test_a_wrong_notification_is_refused_before_anything_is_sent(ask, arguments, named):
    with pytest.raises(InvalidInputError) as refused:
        ask(send_customer_notification, *arguments)
    assert refused.value.argument == named
