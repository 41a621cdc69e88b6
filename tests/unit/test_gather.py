"""Several reads of one call at once, on threads or as tasks, and their end."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import httpx
import pytest
import respx

from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    ConflictError,
    get_admin_customer_details,
    get_admin_customer_notes,
    get_all_customers,
)
from admin_crm._core.gather import gather, gather_outcomes
from admin_crm.client import operation
from helpers import KEY, QUICK, URL

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"


def test_gathered_reads_run_concurrently_and_end_before_the_first_failure_is_raised(caller):
    crm = caller.open(URL, KEY)
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
        caller(three, crm)
    assert sorted(ended) == [0, 1, 2]


def test_gathering_nothing_gives_nothing(caller):
    @operation
    async def none(crm):
        return await gather(crm)

    assert list(caller(none, caller.open(URL, KEY))) == []


def test_context_variables_reach_gathered_calls(caller):
    word: contextvars.ContextVar[str] = contextvars.ContextVar("word")

    async def read() -> str:
        return word.get()

    @operation
    async def both(crm):
        word.set("hola")
        return list(await gather(crm, *[read() for _ in range(3)]))

    assert caller(both, caller.open(URL, KEY)) == ["hola"] * 3


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
def test_a_single_read_starts_no_thread():
    started = threading.active_count()
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((threading.active_count(), threading.current_thread()))
        return httpx.Response(200, json=[{"id": SOMEBODY}], headers={"content-range": "0-0/1"})

    respx.get(f"{URL}/rest/v1/customer_intelligence_360").mock(side_effect=answer)
    with AdminCRM(URL, KEY, settings=QUICK) as crm:
        assert len(get_all_customers(crm)) == 1
    assert seen == [(started, threading.main_thread())]


def test_what_each_read_came_to_can_be_had_without_raising(caller):
    async def step(number: int) -> int:
        if number % 2:
            raise ConflictError(f"step {number}")
        return number

    @operation
    async def some(crm, count):
        return await gather_outcomes(crm, *(step(number) for number in range(count)))

    crm = caller.open(URL, KEY)
    assert [getattr(each, "message", each) for each in caller(some, crm, 3)] == [0, "step 1", 2]
    assert caller(some, crm, 1) == [0]


@respx.mock
def test_a_bug_on_a_thread_is_raised_once_all_reads_have_ended(caller):
    async def step(number: int) -> int:
        if number:
            raise ValueError(f"step {number}")
        return number

    @operation
    async def three(crm):
        return await gather(crm, step(0), step(1), step(2))

    with pytest.raises(ValueError, match="step 1"):
        caller(three, caller.open(URL, KEY))


@respx.mock
def test_what_is_no_ordinary_exception_ends_all_threads_and_comes_through():
    class Stop(BaseException):
        pass

    async def step(number: int) -> int:
        if threading.current_thread() is not threading.main_thread():
            raise Stop
        return number

    @operation
    async def many(crm):
        return await gather(crm, *(step(number) for number in range(20)))

    before = set(threading.enumerate())
    meeting = threading.Event()

    async def wait_for_the_thread() -> int:
        if threading.current_thread() is threading.main_thread():
            meeting.wait(30)
            return 0
        meeting.set()
        raise Stop

    @operation
    async def two(crm):
        return await gather(crm, wait_for_the_thread(), wait_for_the_thread())

    with AdminCRM(URL, KEY) as crm, pytest.raises(Stop):
        two(crm)
    assert set(threading.enumerate()) == before


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
