"""Several reads of one call at once: on threads with a sync connection, as tasks with an async one."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar, overload

from admin_crm._core import scope
from admin_crm._core.connection import Connection, Link, link_of
from admin_crm._core.loop import check_loop
from admin_crm._core.threads import Outcome, ThreadedReads
from admin_crm.errors import AdminCRMError

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
G = TypeVar("G")


@overload
async def gather(crm: Connection, first: Coroutine[Any, Any, A], second: Coroutine[Any, Any, B], /) -> tuple[A, B]: ...
@overload
async def gather(
    crm: Connection,
    first: Coroutine[Any, Any, A],
    second: Coroutine[Any, Any, B],
    third: Coroutine[Any, Any, C],
    fourth: Coroutine[Any, Any, D],
    fifth: Coroutine[Any, Any, E],
    sixth: Coroutine[Any, Any, F],
    /,
) -> tuple[A, B, C, D, E, F]: ...
@overload
async def gather(
    crm: Connection,
    first: Coroutine[Any, Any, A],
    second: Coroutine[Any, Any, B],
    third: Coroutine[Any, Any, C],
    fourth: Coroutine[Any, Any, D],
    fifth: Coroutine[Any, Any, E],
    sixth: Coroutine[Any, Any, F],
    seventh: Coroutine[Any, Any, G],
    /,
) -> tuple[A, B, C, D, E, F, G]: ...
@overload
async def gather(crm: Connection, *reads: Coroutine[Any, Any, T]) -> Sequence[T]: ...
async def gather(crm: Connection, *reads: Coroutine[Any, Any, Any]) -> Sequence[Any]:
    """Run reads concurrently; the connection's limiter decides how many requests are under way at once.

    Once all have ended, raises the first failure in their order, if there was one.
    """
    if len(reads) == 1:
        return [await reads[0]]
    return [_result(outcome) for outcome in await _outcomes(link_of(crm), reads)]


async def gather_outcomes(crm: Connection, *reads: Coroutine[Any, Any, T]) -> list[T | AdminCRMError]:
    """Run reads concurrently, and return what each came to: its value, or why it failed."""
    if len(reads) == 1:
        try:
            return [await reads[0]]
        except AdminCRMError as error:
            return [error]
    outcomes = await _outcomes(link_of(crm), reads)
    return [error if isinstance(error, AdminCRMError) else _result((value, error)) for value, error in outcomes]


async def pause(link: Link, seconds: float) -> None:
    """Wait between two tries."""
    if link.is_async:
        await asyncio.sleep(seconds)
    else:
        scope.sleep(seconds)


async def run_blocking(crm: Connection, function: Callable[[], T]) -> T:
    """Run blocking file I/O: in a thread for an asynchronous connection, directly for a synchronous one."""
    link = link_of(crm)
    if not link.is_async:
        return function()
    check_loop(link.shared)
    return await asyncio.to_thread(function)


async def run_to_end(crm: Connection, function: Callable[[], T]) -> T:
    """Run blocking file I/O as `run_blocking` does; a call that is cancelled waits until the thread has ended.

    So nobody closes the file while the thread still writes to it. Not for what may block forever, such as a pipe.
    """
    link = link_of(crm)
    if not link.is_async:
        return function()
    check_loop(link.shared)
    thread = asyncio.ensure_future(asyncio.to_thread(function))
    try:
        return await asyncio.shield(thread)
    finally:
        while not thread.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([thread])
        if not thread.cancelled():
            thread.exception()  # has been seen: nobody awaits the thread of a cancelled call


async def _outcomes(link: Link, reads: Sequence[Coroutine[Any, Any, Any]]) -> Sequence[Outcome]:
    try:
        return await _on_tasks(link, reads) if link.is_async else ThreadedReads(link, reads).run()
    finally:
        # After a cancellation or Ctrl-C, what has not begun never does.
        for each in reads:
            if inspect.getcoroutinestate(each) == inspect.CORO_CREATED:
                each.close()


async def _on_tasks(link: Link, reads: Sequence[Coroutine[Any, Any, Any]]) -> Sequence[Outcome]:
    """Run reads on as many tasks as requests may be under way, each one read after the other."""
    check_loop(link.shared)
    outcomes: list[Outcome] = [(None, asyncio.CancelledError())] * len(reads)  # unless a read comes to its end
    todo = deque(enumerate(reads))

    async def work() -> None:
        while todo:
            number, read = todo.popleft()
            outcomes[number] = await _outcome(read)

    try:
        async with asyncio.TaskGroup() as tasks:  # ends after all of them, also where the call is cancelled
            for _ in range(min(len(reads), link.shared.limiter.maximum)):
                tasks.create_task(work())
    except BaseExceptionGroup as stopped:
        raise stopped.exceptions[0] from None  # it is no `Exception`, and is raised as it is
    return outcomes


async def _outcome(read: Coroutine[Any, Any, Any]) -> Outcome:
    try:
        return await read, None
    except Exception as error:  # noqa: BLE001 (raised once all have ended)
        return None, error


def _result(outcome: Outcome) -> Any:
    value, error = outcome
    if error is not None:
        raise error
    return value
