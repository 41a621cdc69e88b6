"""The function of moderation, and its log: asked for once, answers read whole, refusals told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    AccountStatus,
    ConflictError,
    CustomerNotFoundError,
    NotFoundError,
    PermissionDeniedError,
    SchemaMismatchError,
    Settings,
    UnexpectedResponseError,
)
from admin_crm._postgrest import moderation_log
from admin_crm.client import operation
from helpers import KEY, QUICK, REST, SOMEBODY, URL, Ask

RPC = f"{REST}/rpc/moderate_customer"
ENTRY = UUID(int=7)
END = datetime(2999, 1, 1, tzinfo=UTC)
NO_FUNCTION = {"code": "PGRST202", "message": "Could not find the function public.moderate_customer(p_actor)"}

call = operation(moderation_log.moderate_by_function)
fetch_log = operation(moderation_log.fetch_log)


@pytest.fixture
def crm(caller):
    """A connection that asks for the function."""
    return caller.open(URL, KEY, settings=QUICK.model_copy(update={"moderation_function": "moderate_customer"}))


def moderate(ask, **changes):
    arguments = {
        "entry_id": ENTRY, "customer": UUID(SOMEBODY), "status": AccountStatus.SUSPENDED, "suspension_end": END,
        "reason": "three returns", "actor": "Ana", "end_sessions": True, "force": False,
    }  # fmt: skip
    return ask(call, **(arguments | changes))


def answered(**changes):
    profile = {"id": SOMEBODY, "account_status": "suspended", "suspension_end": END.isoformat()}
    return {
        "profile": profile, "previous_status": "active", "previous_suspension_end": None,
        "sessions_ended": 2, "repeated": False,
    } | changes  # fmt: skip


@respx.mock
def test_the_function_is_called_by_its_names_and_its_answer_read(ask):
    route = respx.post(RPC).respond(200, json=answered())
    found = moderate(ask)
    assert json.loads(route.calls.last.request.content) == {
        "p_id": str(ENTRY), "p_customer_id": SOMEBODY, "p_status": "suspended", "p_suspension_end": END.isoformat(),
        "p_reason": "three returns", "p_actor": "Ana", "p_end_sessions": True, "p_force": False,
    }  # fmt: skip
    assert (found.profile.account_status, found.profile.suspension_end) == (AccountStatus.SUSPENDED, END)
    assert (found.previous_status, found.previous_suspension_end) == (AccountStatus.ACTIVE, None)
    assert (found.sessions_ended, found.repeated) == (2, False)


@respx.mock
def test_a_shop_without_the_function_is_asked_once(ask):
    route = respx.post(RPC).respond(404, json=NO_FUNCTION)
    assert [moderate(ask), moderate(ask)] == [None, None]
    assert route.call_count == 1


@respx.mock
def test_a_function_that_the_settings_do_not_name_is_not_asked_for(caller):
    settings = QUICK.model_copy(update={"moderation_function": None})
    assert moderate(Ask(caller, caller.open(URL, KEY, settings=settings))) is None
    assert respx.calls.call_count == 0


@respx.mock
def test_a_lost_answer_is_asked_for_again_under_the_same_id(ask):
    route = respx.post(RPC).mock(
        side_effect=[httpx.ReadError("lost"), httpx.Response(200, json=answered(repeated=True))]
    )
    assert moderate(ask).repeated
    sent = [json.loads(each.request.content)["p_id"] for each in route.calls]
    assert sent == [str(ENTRY)] * 2


@respx.mock
def test_an_odd_value_in_the_profile_costs_only_itself(ask):
    profile = {"id": SOMEBODY, "birthdate": "infinity", "ia_context": [], "account_status": "banned"}
    respx.post(RPC).respond(200, json=answered(profile=profile))
    found = moderate(ask).profile
    assert (found.account_status, found.birthdate, found.ia_context) == (AccountStatus.BANNED, None, None)
    assert found.unreadable == {"birthdate": "infinity", "ia_context": []}


@pytest.mark.parametrize(
    ("status", "code", "error", "hint"),
    [
        (400, "AC001", PermissionDeniedError, "force=True"),
        (403, "42501", PermissionDeniedError, "administrator"),
        (500, "P0002", CustomerNotFoundError, "check the id"),
        (409, "23503", NotFoundError, ""),
        (409, "23505", ConflictError, ""),
        (404, "42P01", SchemaMismatchError, ""),
        (404, "42883", SchemaMismatchError, ""),
    ],
)
@respx.mock
def test_a_refusal_says_what_to_do_and_the_function_counts_as_there(ask, status, code, error, hint):
    route = respx.post(RPC).respond(status, json={"code": code, "message": "the function refused"})
    for _ in range(2):
        with pytest.raises(error) as raised:
            moderate(ask)
        assert hint in (raised.value.hint or "")
    assert route.call_count == 2


@pytest.mark.parametrize("content", ["[]", "null", "{}", '"done"', '{"repeated": true}', "{", '{"profile": null}'])
@respx.mock
def test_an_answer_of_another_function_is_no_success(ask, content):
    respx.post(RPC).respond(200, text=content, headers={"content-type": "application/json"})
    with pytest.raises(UnexpectedResponseError):
        moderate(ask)


@respx.mock
def test_a_missing_log_says_what_installs_it(caller):
    settings = Settings(moderation_log_table="record", retry_attempts=1)
    asked = Ask(caller, caller.open(URL, KEY, settings=settings))
    respx.get(f"{REST}/record").respond(404, json={"code": "PGRST205", "message": "no table"})
    with pytest.raises(SchemaMismatchError, match="it has no table record") as raised:
        asked(fetch_log, UUID(SOMEBODY))
    assert (raised.value.kind, raised.value.name) == ("table", "record")
    assert "admin-crm sql moderation" in str(raised.value.hint)


@respx.mock
def test_a_missing_column_is_not_a_missing_log(ask):
    refusal = {"code": "42703", "message": "column moderation_log.customer_id does not exist"}
    respx.get(f"{REST}/moderation_log").respond(400, json=refusal)
    with pytest.raises(SchemaMismatchError) as raised:
        ask(fetch_log, UUID(SOMEBODY))
    assert raised.value.kind == "column"
