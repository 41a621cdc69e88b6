"""One request as it is told: once, when its response was read, closed or cut; and one DEBUG record."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

import httpx
import pytest
import respx

from admin_crm import (
    AsyncAdminCRM,
    RequestEvent,
    ResponseEvent,
    ServiceUnavailableError,
    get_admin_customer_notes,
    iter_customers,
)
from directory_function import RPC, answer, customers
from helpers import KEY, NOTES, QUICK, SOMEBODY, URL

NOTE = httpx.Response(200, json=[{"customer_id": SOMEBODY}], headers={"sb-request-id": "r-1"})
PACKED = QUICK.model_copy(update={"directory_function": "customer_directory"})


BODY = f'[{{"customer_id": "{SOMEBODY}"}}]'.encode()


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that arrives in parts, and then ends or breaks."""

    def __init__(self, *parts: bytes, error: Exception | None = None) -> None:
        self.parts, self.error = parts, error

    def __iter__(self):
        yield from self.parts
        if self.error is not None:
            raise self.error

    async def __aiter__(self):
        for part in self:
            yield part


@pytest.fixture
def told(caller):
    """A connection, and what its hooks are told."""
    events: list[RequestEvent] = []
    hooks = {"on_request": events.append, "on_response": events.append}
    return caller.open(URL, KEY, settings=QUICK.model_copy(update={"retry_attempts": 1}), **hooks), events


@respx.mock
def test_a_response_is_told_of_when_its_body_was_read(caller, told):
    crm, events = told
    respx.get(NOTES).mock(return_value=httpx.Response(200, stream=Body(BODY[:9], BODY[9:])))
    caller(get_admin_customer_notes, crm, SOMEBODY)
    assert [type(event) for event in events] == [RequestEvent, ResponseEvent]
    assert (events[1].bytes, events[1].error) == (len(BODY), None)


def test_a_response_that_a_users_mock_has_read_already_is_told_of_too(caller, told):
    crm, events = told
    with respx.mock(using="httpx") as server:  # as pytest-httpx does it too
        server.get(NOTES).mock(return_value=NOTE)
        caller(get_admin_customer_notes, crm, SOMEBODY)
    assert [(type(event), getattr(event, "status", None)) for event in events] == [
        (RequestEvent, None), (ResponseEvent, 200)
    ]  # fmt: skip


@respx.mock
def test_a_body_that_breaks_is_told_of_with_its_status_and_the_error(caller, told):
    crm, events = told
    respx.get(NOTES).mock(return_value=httpx.Response(200, stream=Body(BODY[:9], error=httpx.ReadError("x"))))
    with pytest.raises(ServiceUnavailableError):
        caller(get_admin_customer_notes, crm, SOMEBODY)
    assert [type(event) for event in events] == [RequestEvent, ResponseEvent]
    assert (events[1].status, events[1].error, events[1].bytes) == (200, "ReadError", 9)


@respx.mock
def test_a_request_that_never_arrives_is_told_of_once(caller, told):
    crm, events = told
    respx.get(NOTES).mock(side_effect=httpx.ConnectTimeout("x"))
    with pytest.raises(ServiceUnavailableError):
        caller(get_admin_customer_notes, crm, SOMEBODY)
    assert [(type(event), event.attempt) for event in events] == [(RequestEvent, 1), (ResponseEvent, 1)]
    assert (events[1].status, events[1].error, events[1].request_id) == (None, "ConnectTimeout", None)


@respx.mock
def test_what_the_app_sends_itself_is_no_call_and_not_told_of(caller, told):
    crm, events = told
    respx.get(NOTES).mock(return_value=NOTE)
    caller.wait(crm.supabase.table("admin_customer_notes").select("*").execute())
    assert events == []


@respx.mock
def test_a_stream_is_told_of_at_its_end_although_another_request_fails_meanwhile(caller):
    events: list[ResponseEvent] = []
    crm = caller.open(URL, KEY, settings=PACKED, on_response=events.append)
    content = answer(customers(2), customers(2, start=9))
    respx.post(RPC).mock(return_value=httpx.Response(200, stream=Body(content[:-40], content[-40:])))
    respx.get(NOTES).mock(side_effect=httpx.ConnectError("x"))

    def read_and_fail():
        for _ in iter_customers(crm):
            get_admin_customer_notes(crm.with_options(attempts=1), SOMEBODY)

    async def read_and_fail_on_a_loop():
        async with aclosing(aiter(iter_customers(crm))) as rows:
            async for _ in rows:
                await get_admin_customer_notes(crm.with_options(attempts=1), SOMEBODY)

    with pytest.raises(ServiceUnavailableError):
        caller.wait(read_and_fail() if caller.name == "sync" else read_and_fail_on_a_loop())
    assert [(event.operation, event.status, event.error) for event in events] == [
        ("get_admin_customer_notes", None, "ConnectError"), ("iter_customers", 200, None)
    ]  # fmt: skip


@respx.mock
def test_a_cancelled_request_is_told_of():
    events: list[ResponseEvent] = []

    async def cancelled():
        arrived = asyncio.Event()

        async def never(request: httpx.Request) -> httpx.Response:
            arrived.set()
            await asyncio.Event().wait()
            raise AssertionError

        respx.get(NOTES).mock(side_effect=never)
        async with AsyncAdminCRM(URL, KEY, settings=QUICK, on_response=events.append) as crm:
            task = asyncio.create_task(get_admin_customer_notes(crm, SOMEBODY))
            await arrived.wait()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()

    asyncio.run(cancelled())
    assert [(event.status, event.error) for event in events] == [(None, "CancelledError")]


@respx.mock
def test_each_request_is_one_debug_record_with_attributes(ask, caplog):
    respx.get(NOTES).mock(side_effect=[httpx.Response(503), NOTE])
    with caplog.at_level(logging.DEBUG, "admin_crm"):
        ask(get_admin_customer_notes, SOMEBODY)
    first, retry, second = caplog.records
    about = {"operation": "get_admin_customer_notes", "method": "GET", "service": "rest", "error": None}
    for record, more in (
        (first, {"attempt": 1, "status": 503, "request_id": None}),
        (second, {"attempt": 2, "status": 200, "request_id": "r-1"}),
    ):
        assert record.levelno == logging.DEBUG
        assert {name: getattr(record, name) for name in (*about, *more)} == {**about, **more}
        assert record.path == "/rest/v1/admin_customer_notes"
        assert record.ms >= 0
    assert second.message.startswith("get_admin_customer_notes: GET /rest/v1/admin_customer_notes: 200 in ")
    assert retry.levelno == logging.WARNING
    assert (retry.operation, retry.attempt, retry.error, retry.status) == (
        "get_admin_customer_notes", 1, "ServiceUnavailableError", 503
    )  # fmt: skip
    assert SOMEBODY not in caplog.text


@respx.mock
def test_nothing_is_made_of_a_request_to_which_nobody_listens(ask):
    route = respx.get(NOTES).mock(return_value=NOTE)
    ask(get_admin_customer_notes, SOMEBODY)
    assert set(route.calls.last.request.extensions) <= {"timeout", "trace"}
