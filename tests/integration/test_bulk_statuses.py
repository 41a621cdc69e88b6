"""The status of many customers, on the local stack."""

from __future__ import annotations

from uuid import uuid4

import pytest

from accounts import BANNED, answered
from admin_crm import CustomerNotFoundError, get_locked_customers, moderate_customers
from helpers import watch
from shops import MODERATED, named

REASON = "Registros automáticos"


@pytest.fixture
def many(stack):
    """Twelve customers of the test's own."""
    with named(stack, *(f"Cliente {number}" for number in range(12))) as ids:
        yield ids


def statuses(stack, ids) -> set[str]:
    listed = ", ".join(f"'{each}'" for each in ids)
    rows = stack.execute_sql(f"select distinct account_status from customer_profiles where id in ({listed})")
    return {row["account_status"] for row in rows}


def test_many_are_locked_and_reactivated_with_an_outcome_for_each(admin, many, stack):
    nobody = str(uuid4())
    result = admin(moderate_customers, [*many, nobody], "suspended", reason=REASON)
    assert ([str(each) for each in result.done], list(result.failed)) == (many, [nobody])
    assert isinstance(result.failed[nobody], CustomerNotFoundError)
    assert statuses(stack, many) == {"suspended"}
    locked = [each for each in admin(get_locked_customers) if str(each.id) in many]
    assert len(admin(moderate_customers, locked, "active", reason="Fue un error").done) == 12
    assert statuses(stack, many) == {"active"}


def test_their_sign_ins_are_banned_with_the_key(by_key, account, many):
    by_key(moderate_customers, [account.id, *many], "banned", reason=REASON)
    assert answered(account.sign_in()) == BANNED
    by_key(moderate_customers, [account.id, *many], "active", reason=REASON)
    assert account.sign_in().status_code == 200


def test_a_session_alone_writes_them_with_one_request(by_admin, many):
    by_admin(moderate_customers, many[:1], "active", reason=REASON)  # finds out that the shop has no function
    requests = watch(by_admin)
    assert len(by_admin(moderate_customers, many, "banned", reason=REASON).done) == 12
    assert [request.method for request in requests] == ["GET", "PATCH"]


def on_record(test):
    for mark in MODERATED:
        test = mark(test)
    return test


@pytest.mark.once
@on_record
def test_each_has_one_row_in_the_log_whatever_became_of_the_first_call(by_key, many, stack, tmp_path):
    arguments = {"reason": REASON, "journal": tmp_path / "bans.jsonl"}
    by_key(moderate_customers, many[:7], "banned", **arguments)
    # As if the process had been killed before it could note what was done.
    lines = arguments["journal"].read_bytes().splitlines(keepends=True)
    arguments["journal"].write_bytes(lines[0])
    assert len(by_key(moderate_customers, many, "banned", **arguments).done) == 12
    listed = ", ".join(f"'{each}'" for each in many)
    rows = stack.execute_sql(f"select customer_id, reason from moderation_log where customer_id in ({listed})")
    assert sorted(row["customer_id"] for row in rows) == sorted(many)
    assert {row["reason"] for row in rows} == {REASON}
