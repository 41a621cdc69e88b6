"""The one place that sends: what is repeated, for how long, and what a failure is called."""

from __future__ import annotations

import logging

import httpx
import pytest
import respx

from admin_crm import (
    RateLimitedError,
    RequestTimeoutError,
    ServiceUnavailableError,
    get_admin_customer_notes,
    send_customer_notification,
    update_customer_status,
)
from admin_crm._core.send import send
from admin_crm.client import operation
from helpers import KEY, QUICK, URL

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
NOTES = f"{URL}/rest/v1/admin_customer_notes"
PROFILES = f"{URL}/rest/v1/customer_profiles"
NOTIFICATIONS = f"{URL}/rest/v1/user_notifications"
FOUND = httpx.Response(200, json=[{"customer_id": SOMEBODY, "notes": "hola"}])
SOLD_OUT = httpx.Response(429, headers={"retry-after": "0"}, json={"message": "slow down"})
PROFILE = {"id": SOMEBODY, "account_status": "banned"}


@pytest.mark.parametrize(
    "fault",
    [httpx.ConnectError("x"), httpx.ReadError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x"), SOLD_OUT,
     *(httpx.Response(status, html="<html>") for status in (408, 502, 503, 504, 520, 522)),
     httpx.Response(200, html="<html>"), httpx.Response(200, content=b'[{"cust')],
    ids=repr,
)  # fmt: skip
@respx.mock
def test_a_read_survives_a_passing_fault(ask, fault):
    respx.get(NOTES).mock(side_effect=[fault, fault, FOUND])
    assert ask(get_admin_customer_notes, SOMEBODY).notes == "hola"


@pytest.mark.parametrize("status", [400, 401, 403, 409, 500])
@respx.mock
def test_what_will_not_pass_is_not_asked_again(ask, status):
    route = respx.get(NOTES).mock(return_value=httpx.Response(status, json={"message": "no"}))
    with pytest.raises(Exception, match="no"):
        ask(get_admin_customer_notes, SOMEBODY)
    assert route.call_count == 1


@respx.mock
def test_tries_are_counted_and_the_last_error_is_raised(ask):
    route = respx.get(NOTES).mock(side_effect=httpx.ReadTimeout("x"))
    with pytest.raises(RequestTimeoutError):
        ask(get_admin_customer_notes, SOMEBODY)
    assert route.call_count == QUICK.retry_attempts
    route.calls.clear()
    with pytest.raises(RequestTimeoutError):
        ask.caller(get_admin_customer_notes, ask.crm.with_options(attempts=2), SOMEBODY)
    assert route.call_count == 2


@respx.mock
def test_a_server_that_asks_for_more_patience_than_the_deadline_is_not_waited_for(ask):
    route = respx.get(NOTES).mock(return_value=httpx.Response(429, headers={"retry-after": "3600"}))
    with pytest.raises(RateLimitedError) as raised:
        ask.caller(get_admin_customer_notes, ask.crm.with_options(deadline=5), SOMEBODY)
    assert (route.call_count, raised.value.retry_after) == (1, 3600.0)


@respx.mock
def test_the_server_is_given_the_time_it_asks_for(caller):
    waits = []
    crm = caller.open(URL, KEY, settings=QUICK, on_retry=waits.append)
    respx.get(NOTES).mock(side_effect=[httpx.Response(503, headers={"retry-after": "0.02"}), FOUND])
    caller(get_admin_customer_notes, crm, SOMEBODY)
    (retry,) = waits
    assert (retry.operation, retry.attempt) == ("get_admin_customer_notes", 1)
    assert retry.delay >= 0.02
    assert isinstance(retry.error, ServiceUnavailableError)


@respx.mock
def test_every_retry_is_in_the_log(ask, caplog):
    respx.get(NOTES).mock(side_effect=[httpx.ReadError("x"), FOUND])
    with caplog.at_level(logging.WARNING, "admin_crm"):
        ask(get_admin_customer_notes, SOMEBODY)
    assert "attempt 1 failed (the connection broke" in caplog.text


@respx.mock
def test_a_write_to_a_fixed_state_is_repeated(ask):
    route = respx.patch(PROFILES).mock(side_effect=[httpx.ReadError("lost"), httpx.Response(200, json=[PROFILE])])
    assert ask(update_customer_status, SOMEBODY, "banned").account_status == "banned"
    assert route.call_count == 2


@respx.mock
def test_a_lost_answer_to_our_own_insert_is_recognised_by_our_own_key(ask):
    posted = []

    def lost_then_duplicate(request: httpx.Request) -> httpx.Response:
        posted.append(request.content)
        if len(posted) == 1:
            raise httpx.ReadError("lost")
        return httpx.Response(409, json={"code": "23505", "message": "duplicate key"})

    respx.post(NOTIFICATIONS).mock(side_effect=lost_then_duplicate)
    respx.get(NOTIFICATIONS).mock(
        return_value=httpx.Response(200, json=[{"id": SOMEBODY, "user_id": SOMEBODY, "title": "a", "message": "b"}])
    )
    assert ask(send_customer_notification, SOMEBODY, "a", "b").title == "a"
    assert posted[0] == posted[1]


@respx.mock
def test_a_duplicate_that_cannot_be_read_back_is_not_called_a_success(ask):
    respx.post(NOTIFICATIONS).mock(return_value=httpx.Response(409, json={"code": "23505", "message": "duplicate key"}))
    respx.get(NOTIFICATIONS).mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(Exception, match="not written"):
        ask(send_customer_notification, SOMEBODY, "a", "b")


@pytest.mark.parametrize("bug", [ValueError("odd"), KeyError("odd"), TypeError("odd"), OSError(28, "full")], ids=repr)
@respx.mock
def test_a_bug_or_an_error_of_the_disk_is_raised_unchanged_and_not_retried(ask, bug):
    tries = []

    def read(answer: object) -> object:
        tries.append(answer)
        raise bug

    @operation
    async def buggy(crm):
        return await send(crm, lambda: crm.supabase.postgrest.session.get(NOTES), read, repeatable=True)

    respx.get(NOTES).mock(return_value=FOUND)
    with pytest.raises(type(bug)) as raised:
        ask(buggy)
    assert raised.value is bug
    assert len(tries) == 1


@respx.mock
def test_the_id_of_the_latest_answer_can_be_quoted(ask):
    respx.get(NOTES).mock(return_value=httpx.Response(200, json=FOUND.json(), headers={"sb-request-id": "r-1"}))
    assert ask.crm.last_request_id is None
    ask(get_admin_customer_notes, SOMEBODY)
    assert ask.crm.last_request_id == "r-1"
