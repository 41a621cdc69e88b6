"""One definition, two colours: calls, retries and gathering, whatever the connection's colour."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
import time

import httpx
import pytest
import respx

from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    ConflictError,
    RateLimitedError,
    RequestTimeoutError,
    ServiceUnavailableError,
    get_admin_customer_details,
    get_admin_customer_notes,
    get_all_customers,
    send_customer_notification,
    update_customer_status,
)
from admin_crm._core.operation import finish, gather, operation
from conftest import KEY, QUICK, URL

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
NOTES = f"{URL}/rest/v1/admin_customer_notes"
PROFILES = f"{URL}/rest/v1/customer_profiles"
NOTIFICATIONS = f"{URL}/rest/v1/user_notifications"
FOUND = httpx.Response(200, json=[{"customer_id": SOMEBODY, "notes": "hola"}])
SOLD_OUT = httpx.Response(429, headers={"retry-after": "0"}, json={"message": "slow down"})
PROFILE = {"id": SOMEBODY, "account_status": "banned"}


def test_help_shows_the_true_signature():
    signature = inspect.signature(get_all_customers)
    assert str(signature.return_annotation) == "list[AdminCustomer]"
    assert get_all_customers.__name__ == "get_all_customers"


def test_a_foreign_first_argument_is_refused_by_name():
    with pytest.raises(TypeError, match=r"get_all_customers\(\) needs an AdminCRM"):
        get_all_customers("https://shop.test")


def test_an_operation_that_awaits_something_foreign_is_refused_in_sync_colour():
    @operation
    async def sleepy(crm):
        await asyncio.sleep(0)

    with AdminCRM(URL, KEY) as crm, pytest.raises(RuntimeError, match="may only await"):
        sleepy(crm)


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
        ask.colour(get_admin_customer_notes, ask.crm.with_options(attempts=2), SOMEBODY)
    assert route.call_count == 2


@respx.mock
def test_a_server_that_asks_for_more_patience_than_the_deadline_is_not_waited_for(ask):
    route = respx.get(NOTES).mock(return_value=httpx.Response(429, headers={"retry-after": "3600"}))
    began = time.monotonic()
    with pytest.raises(RateLimitedError) as raised:
        ask.colour(get_admin_customer_notes, ask.crm.with_options(deadline=5), SOMEBODY)
    assert (route.call_count, raised.value.retry_after) == (1, 3600.0)
    assert time.monotonic() - began < 5


@respx.mock
def test_the_server_is_given_the_time_it_asks_for(colour):
    waits = []
    crm = colour.open(URL, KEY, settings=QUICK, on_retry=waits.append)
    respx.get(NOTES).mock(side_effect=[httpx.Response(503, headers={"retry-after": "0.02"}), FOUND])
    colour(get_admin_customer_notes, crm, SOMEBODY)
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


def test_gathered_calls_run_side_by_side_and_end_before_the_first_failure_is_raised(colour):
    crm = colour.open(URL, KEY)
    ended = []
    meeting = threading.Barrier(3, timeout=10)

    async def step(number: int) -> int:
        if crm.__class__ is AdminCRM:
            meeting.wait()  # passes only if all three are on their way at once
        ended.append(number)
        if number:
            raise ConflictError(f"step {number}")
        return number

    @operation
    async def three(crm):
        return await gather(crm, step(0), step(1), step(2))

    with pytest.raises(ConflictError, match="step 1"):
        colour(three, crm)
    assert sorted(ended) == [0, 1, 2]


def test_gathering_nothing_gives_nothing(colour):
    @operation
    async def none(crm):
        return await gather(crm)

    assert list(colour(none, colour.open(URL, KEY))) == []


def test_context_variables_reach_gathered_calls(colour):
    word: contextvars.ContextVar[str] = contextvars.ContextVar("word")

    async def read() -> str:
        return word.get()

    @operation
    async def both(crm):
        word.set("hola")
        return list(await gather(crm, *[read() for _ in range(3)]))

    assert colour(both, colour.open(URL, KEY)) == ["hola"] * 3


@respx.mock
def test_cancelling_an_operation_cancels_all_its_calls():
    async def main() -> None:
        arrived, left = asyncio.Event(), []

        async def hang(request: httpx.Request) -> httpx.Response:
            arrived.set()
            try:
                await asyncio.Event().wait()
            finally:
                left.append(str(request.url.path))
            raise AssertionError

        respx.route().mock(side_effect=hang)
        async with AsyncAdminCRM(URL, KEY, settings=QUICK) as crm:
            task = asyncio.create_task(get_admin_customer_details(crm, SOMEBODY))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert left
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


@respx.mock
def test_ctrl_c_in_a_sync_call_comes_through_and_begins_nothing_new():
    asked = []

    def interrupted(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise KeyboardInterrupt

    respx.route().mock(side_effect=interrupted)
    with AdminCRM(URL, KEY, settings=QUICK) as crm, pytest.raises(KeyboardInterrupt):
        get_admin_customer_notes(crm, SOMEBODY)
    assert len(asked) == 1


def test_finish_returns_what_a_coroutine_returns():
    async def seven() -> int:
        return 7

    assert finish(seven()) == 7
