"""Several reads of one call at once, on threads or as tasks."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import httpx
import pytest
import respx

from admin_crm import AdminCRM, AsyncAdminCRM, ConflictError, get_admin_customer_details
from admin_crm._core.gather import gather, gather_outcomes, run_to_end
from admin_crm.client import operation
from helpers import KEY, QUICK, SOMEBODY, URL


def test_gathered_reads_run_concurrently_and_end_before_the_first_failure_is_raised(caller):
    crm = caller.open(URL, KEY)
    ended = []
    meeting = threading.Barrier(3, timeout=300)

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


def test_gathering_nothing_returns_nothing(caller):
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


def test_a_cancelled_operation_ends_after_all_of_its_reads():
    async def main() -> None:
        arrived, ended = asyncio.Event(), []

        async def read(rounds: int) -> None:
            arrived.set()
            try:
                await asyncio.Event().wait()
            finally:
                for _ in range(rounds):  # it closes what it has open
                    await asyncio.sleep(0)
                ended.append(rounds)

        @operation
        async def both(crm):
            await gather(crm, read(0), read(9))

        async with AsyncAdminCRM(URL, KEY) as crm:
            task = asyncio.create_task(both(crm))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert ended == [0, 9]

    asyncio.run(main())


class Stop(BaseException):
    pass


@pytest.mark.parametrize("stop", [Stop, asyncio.CancelledError])
def test_an_exception_that_is_not_an_error_is_raised_as_it_is_once_all_reads_have_ended(stop):
    async def main() -> None:
        ended = []

        async def read(number: int) -> int:
            await asyncio.sleep(0)
            ended.append(number)
            if not number:
                raise stop
            return number

        @operation
        async def both(crm):
            return await gather(crm, read(0), read(1))

        async with AsyncAdminCRM(URL, KEY) as crm:
            with pytest.raises(stop):
                await both(crm)
            assert ended[0] == 0
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_outcomes_are_returned_without_raising(caller):
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


@pytest.mark.parametrize("fails", [False, True])
def test_a_call_that_is_cancelled_waits_for_what_its_thread_writes(fails):
    ended = []

    async def main() -> None:
        begun, go_on = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def write() -> None:
            loop.call_soon_threadsafe(begun.set)
            assert go_on.wait(300)
            ended.append(True)
            if fails:
                raise OSError("the disk is full")

        async with AsyncAdminCRM(URL, KEY) as crm:
            task = asyncio.create_task(run_to_end(crm, write))
            await begun.wait()
            for _ in range(3):  # impatience changes nothing
                task.cancel()
                await asyncio.sleep(0)
                assert not task.done()
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert ended == [True]

    asyncio.run(main())


def test_what_is_written_blocks_or_not_and_fails_alike(caller):
    @operation
    async def divide(crm, by):
        return await run_to_end(crm, lambda: 6 / by)

    crm = caller.open(URL, KEY)
    assert caller(divide, crm, 2) == 3
    with pytest.raises(ZeroDivisionError):
        caller(divide, crm, 0)
