"""A shop that has installed `admin-crm sql moderation`: what is decided is done and recorded in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from admin_crm import (
    AccountStatus,
    ConflictError,
    CustomerNotFoundError,
    InvalidInputError,
    PermissionDeniedError,
    get_customer_timeline,
    get_moderation_history,
)
from admin_crm._postgrest.moderation_log import moderate_by_function
from admin_crm.client import operation
from admin_crm.local import LocalStack
from admin_crm.sql import moderation_sql
from helpers import user_id_of
from shop_user import ShopUser, standing_of, suspended_user
from shops import MODERATED, local_only

pytestmark = [local_only, *MODERATED]

call = operation(moderate_by_function)


@pytest.fixture
def session(stack: LocalStack) -> Iterator[ShopUser]:
    with suspended_user(stack) as user:
        yield user


def log_of(stack: LocalStack, customer: str) -> list[dict[str, object]]:
    return stack.execute_sql(f"select * from moderation_log where customer_id = '{customer}' order by created_at")


def moderate(asked, customer, status="banned", **changes):
    arguments = {
        "entry_id": uuid4(), "customer": UUID(customer), "status": AccountStatus(status), "suspension_end": None,
        "reason": "three returns", "actor": None, "end_sessions": False, "force": False,
    }  # fmt: skip
    return asked(call, **(arguments | changes))


def test_status_and_record_are_written_together(by_admin, by_key, customer):
    end = datetime.now(UTC) + timedelta(days=3)
    for asked, who in ((by_admin, UUID(user_id_of(by_admin.crm))), (by_key, None)):
        answer = moderate(asked, customer, "suspended", suspension_end=end, actor="Ana", reason="tres devoluciones")
        assert (answer.profile.account_status, answer.profile.suspension_end) == (AccountStatus.SUSPENDED, end)
        assert (answer.previous_status, answer.previous_suspension_end) == (AccountStatus.ACTIVE, None)
        assert (answer.sessions_ended, answer.repeated) == (None, False)
        lifted = moderate(asked, customer, "active", reason="aclarado")
        assert (lifted.previous_status, lifted.previous_suspension_end) == (AccountStatus.SUSPENDED, end)
        history = asked(get_moderation_history, customer)[:2]
        assert [(each.status, each.reason, each.actor, each.actor_id) for each in history] == [
            (AccountStatus.ACTIVE, "aclarado", None, who),
            (AccountStatus.SUSPENDED, "tres devoluciones", "Ana", who),
        ]
        events = [each for each in asked(get_customer_timeline, customer) if each.kind == "moderation"]
        assert [each.title for each in events[:2]] == ["active: aclarado", "suspended: tres devoluciones"]


def test_a_status_that_cannot_be_written_leaves_no_record(by_key, customer, stack):
    stack.execute_sql(
        "alter table customer_profiles add constraint refusing"
        f" check (id <> '{customer}' or account_status <> 'banned') not valid"
    )
    try:
        with pytest.raises(InvalidInputError):
            moderate(by_key, customer)
    finally:
        stack.execute_sql("alter table customer_profiles drop constraint refusing")
    assert log_of(stack, customer) == []
    assert standing_of(stack, customer)["account_status"] == "active"


def test_a_record_that_cannot_be_written_leaves_no_status(by_key, customer, stack):
    with pytest.raises(InvalidInputError):
        moderate(by_key, customer, reason=None)
    assert log_of(stack, customer) == []
    assert standing_of(stack, customer)["account_status"] == "active"


def test_a_repeated_call_changes_nothing_and_answers_the_same(by_admin, customer, stack):
    entry = uuid4()
    first = moderate(by_admin, customer, "banned", entry_id=entry)
    again = moderate(by_admin, customer, "banned", entry_id=entry)
    assert (first.repeated, again.repeated) == (False, True)
    assert again.model_dump(exclude={"repeated"}) == first.model_dump(exclude={"repeated"})
    moderate(by_admin, customer, "active")
    late = moderate(by_admin, customer, "banned", entry_id=entry)
    assert (late.repeated, late.profile.account_status) == (True, AccountStatus.ACTIVE)
    assert [row["status"] for row in log_of(stack, customer)] == ["banned", "active"]


def test_calls_with_one_id_at_the_same_time_do_it_once(customer, stack):
    """A client that gave up waiting asks again while its first call is still under way."""
    arguments = {
        "p_id": str(uuid4()), "p_customer_id": customer, "p_status": "banned", "p_suspension_end": None,
        "p_reason": "three returns",
    }  # fmt: skip
    url, headers = f"{stack.url}/rest/v1/rpc/moderate_customer", {"apikey": stack.secret_key}
    with ThreadPoolExecutor(8) as pool, httpx.Client(trust_env=False, timeout=300) as http:
        answers = list(pool.map(lambda _: http.post(url, json=arguments, headers=headers).json(), range(8)))
    assert sorted(each["repeated"] for each in answers) == [False] + [True] * 7
    assert {each["previous_status"] for each in answers} == {"active"}
    assert len(log_of(stack, customer)) == 1


def test_the_id_of_another_entry_is_refused(by_admin, customer, stack):
    entry = uuid4()
    moderate(by_admin, customer, "banned", entry_id=entry)
    for another, status in ((stack.customer_id, "banned"), (customer, "active")):
        with pytest.raises(ConflictError, match="another entry"):
            moderate(by_admin, another, status, entry_id=entry)
    assert standing_of(stack, customer)["account_status"] == "banned"


def test_an_end_stays_with_a_suspension_only(by_key, customer):
    answer = moderate(by_key, customer, "banned", suspension_end=datetime.now(UTC) + timedelta(days=1))
    assert answer.profile.suspension_end is None
    assert by_key(get_moderation_history, customer)[0].suspension_end is None


def test_an_administrator_is_locked_by_force_only(by_admin, by_key, customer, stack):
    stack.execute_sql(f"insert into admin_users (id) values ('{customer}')")
    for asked in (by_admin, by_key):
        with pytest.raises(PermissionDeniedError, match="is an administrator") as raised:
            moderate(asked, customer)
        assert (raised.value.status, raised.value.code) == (400, "AC001")
        assert "force=True" in raised.value.hint
    assert log_of(stack, customer) == []
    assert moderate(by_key, customer, "active").profile.account_status == "active"
    assert moderate(by_admin, customer, force=True).profile.account_status == "banned"


def test_nobody_locks_himself_but_by_force(caller, session, stack):
    stack.execute_sql(f"insert into admin_users (id) values ('{session.id}')")
    crm = caller.open(stack.url, stack.publishable_key, access_token=session.token)

    def asked(function, **arguments):
        return caller(function, crm, **arguments)

    with pytest.raises(PermissionDeniedError, match="is the signed-in user"):
        moderate(asked, session.id)
    assert moderate(asked, session.id, force=True).profile.account_status == "banned"
    assert log_of(stack, session.id)[0]["actor_id"] == session.id


def test_an_unknown_customer_is_not_found(by_admin, by_key):
    for asked in (by_admin, by_key):
        with pytest.raises(CustomerNotFoundError):
            moderate(asked, str(uuid4()))
        with pytest.raises(CustomerNotFoundError):
            asked(get_moderation_history, uuid4())


def test_the_record_outlives_the_customer(by_key, customer, stack):
    moderate(by_key, customer)
    stack.execute_sql(f"delete from auth.users where id = '{customer}'")
    assert [each.reason for each in by_key(get_moderation_history, customer)] == ["three returns"]


def test_only_administrators_and_the_secret_key_moderate_and_read_the_record(session, by_key, stack):
    moderate(by_key, session.id, "suspended")
    arguments = {
        "p_id": str(uuid4()), "p_customer_id": session.id, "p_status": "active", "p_suspension_end": None,
        "p_reason": "me", "p_force": True,
    }  # fmt: skip
    refused = session.rest("POST", "rpc/moderate_customer", arguments)
    assert (refused.status_code, refused.json()["code"]) == (403, "42501")
    url, headers = f"{stack.url}/rest/v1/rpc/moderate_customer", {"apikey": stack.publishable_key}
    visitor = httpx.post(url, json=arguments, headers=headers, trust_env=False, timeout=300)
    assert (visitor.status_code, visitor.json()["code"]) == (401, "42501")
    assert session.rest("GET", "moderation_log").json() == []
    assert len(log_of(stack, session.id)) == 1


def test_nobody_but_the_function_writes_the_record(by_admin, by_key, session, customer, stack):
    moderate(by_key, customer)
    entry = log_of(stack, customer)
    row = {"id": str(uuid4()), "customer_id": customer, "status": "active", "reason": "never happened"}
    for asked in (by_admin, by_key):
        log = asked.crm.supabase.table("moderation_log")
        assert len(asked.caller.wait(log.select("*").eq("customer_id", customer).execute()).data) == 1
        for write in (log.insert(row), log.update({"reason": "x"}).eq("customer_id", customer),
                      log.delete().eq("customer_id", customer)):  # fmt: skip
            with pytest.raises(Exception, match="permission denied for table moderation_log"):
                asked.caller.wait(write.execute())
    assert session.rest("POST", "moderation_log", row).status_code == 403
    assert log_of(stack, customer) == entry


def test_sessions_end_where_wanted(by_admin, session, stack):
    kept = moderate(by_admin, session.id, "suspended")
    assert kept.sessions_ended is None
    assert session.refresh().status_code == 200
    session.refresh_token = stack.execute_sql(
        f"select token from auth.refresh_tokens where user_id::text = '{session.id}' order by created_at desc limit 1"
    )[0]["token"]
    assert moderate(by_admin, session.id, "banned", end_sessions=True).sessions_ended == 1
    ended = session.refresh()
    assert (ended.status_code, ended.json()["error_code"]) == (400, "refresh_token_not_found")
    assert by_admin(get_moderation_history, session.id)[0].sessions_ended == 1
    assert moderate(by_admin, session.id, "banned", end_sessions=True).sessions_ended == 0


# The SQL -------------------------------------------------------------------------------------------


def test_the_sql_may_be_run_again_and_keeps_the_record(by_key, customer, stack):
    moderate(by_key, customer)
    before = log_of(stack, customer)
    stack.execute_sql(f"do $do$ begin execute $sql${moderation_sql()}$sql$; end $do$")
    assert log_of(stack, customer) == before
    assert moderate(by_key, customer, "active").previous_status == AccountStatus.BANNED
    triggers = stack.execute_sql("select count(*) as n from pg_trigger where tgname = 'moderation_guard'")
    assert triggers == [{"n": 1}]
