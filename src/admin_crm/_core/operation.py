"""One definition, two colours: `operation`, `call`, `gather`.

A public function is written once, as a coroutine function under `@operation`. Given an `AsyncAdminCRM`
its caller gets the coroutine; given an `AdminCRM` the coroutine is run to its end with a single `send`,
because nothing in it ever waits: with a synchronous client every call has its answer when it returns.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload
from uuid import UUID

from admin_crm._core.translate import error_from
from admin_crm._core.transport import at_most
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM
from admin_crm.errors import AdminCRMError, PermissionDeniedError

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")

log = logging.getLogger("admin_crm")


class Operation(Protocol[P, T_co]):
    """A function that returns with an `AdminCRM` and is awaited with an `AsyncAdminCRM`."""

    @overload
    def __call__(self, crm: AdminCRM, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(self, crm: AsyncAdminCRM, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T_co]: ...


def operation(function: Callable[Concatenate[AnyCRM, P], Coroutine[Any, Any, T]]) -> Operation[P, T]:
    """Let a coroutine function answer in the colour of its connection."""
    name = function.__name__
    second = list(inspect.signature(function).parameters)[1:2]
    about_customer = second[0] if second and second[0] in ("customer_id", "user_id") else None

    @functools.wraps(function)
    def answer(crm: AnyCRM, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        if not isinstance(crm, AdminCRM | AsyncAdminCRM):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"{name}() needs an AdminCRM or AsyncAdminCRM first, not {type(crm).__name__}")
        customer = (args[0] if args else kwargs.get(about_customer)) if about_customer else None
        crm = crm.named(name, _uuid_or_none(customer))
        coroutine = _told(crm, function(crm, *args, **kwargs))
        return coroutine if isinstance(crm, AsyncAdminCRM) else finish(coroutine)

    return answer


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never has to wait, and return what it returns."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("an operation may only await admin_crm's own helpers")


async def call(
    crm: AnyCRM,
    send: Callable[[], T | Awaitable[T]],
    read: Callable[[T], R],
    *,
    repeatable: bool,
) -> R:
    """Send a request, read its answer, and repeat both where that is harmless.

    Args:
        crm: the connection, whose settings say how often and how long to try.
        send: makes the request when called; every try calls it again.
        read: turns the answer into what the caller wants, or raises.
        repeatable: whether the server may be asked twice. What provably never reached it is always
            sent again.

    Raises:
        AdminCRMError: whatever went wrong, translated.
    """

    async def attempt() -> R:
        try:
            await crm.ready()
            with at_most(crm.timeout):
                outcome = send()
                answer = await outcome if inspect.isawaitable(outcome) else outcome
            return read(cast("T", answer))
        except Exception as error:
            told = error_from(error)
            _tell(crm, told)
            if told is error:
                raise
            raise told from error

    begun = time.monotonic()
    try:
        return await attempt()
    except AdminCRMError as error:
        failure = error
    from admin_crm._core.retry import try_again

    return await try_again(crm, attempt, failure, begun, repeatable=repeatable)


@overload
async def gather(crm: AnyCRM, first: Coroutine[Any, Any, A], second: Coroutine[Any, Any, B], /) -> tuple[A, B]: ...
@overload
async def gather(
    crm: AnyCRM,
    first: Coroutine[Any, Any, A],
    second: Coroutine[Any, Any, B],
    third: Coroutine[Any, Any, C],
    fourth: Coroutine[Any, Any, D],
    fifth: Coroutine[Any, Any, E],
    sixth: Coroutine[Any, Any, F],
    /,
) -> tuple[A, B, C, D, E, F]: ...
@overload
async def gather(crm: AnyCRM, *calls: Coroutine[Any, Any, T]) -> Sequence[T]: ...
async def gather(crm: AnyCRM, *calls: Coroutine[Any, Any, Any]) -> Sequence[Any]:
    """Run calls side by side, as many at a time as the settings allow.

    Once all have ended, raises the first failure in their order, if there was one.
    """
    limit = crm.settings.concurrency
    if isinstance(crm, AsyncAdminCRM):
        slots = asyncio.Semaphore(limit)
        try:
            outcomes = await asyncio.gather(*(_outcome(each, slots) for each in calls))
        finally:
            # After a cancellation, what has not begun never does.
            for each in calls:
                if inspect.getcoroutinestate(each) == inspect.CORO_CREATED:
                    each.close()
        return [_result(outcome) for outcome in outcomes]
    # Loaded late, as asyncio does: it costs a hundredth of supabase-py's import.
    from concurrent.futures import ThreadPoolExecutor, wait

    # A client that an app made itself may speak HTTP/2, which threads must not share: then in turn.
    workers = max(1, min(len(calls), limit)) if crm.owns_pool else 1
    threads = ThreadPoolExecutor(workers, thread_name_prefix="admin_crm")
    try:
        futures = [threads.submit(contextvars.copy_context().run, finish, each) for each in calls]
        wait(futures)
    finally:
        # After a Ctrl-C, what has not begun never does.
        threads.shutdown(cancel_futures=True)
        for each in calls:
            each.close()
    return [future.result() for future in futures]


async def pause(crm: AnyCRM, seconds: float) -> None:
    """Wait, in the colour of the connection."""
    if isinstance(crm, AsyncAdminCRM):
        await asyncio.sleep(seconds)
    else:
        time.sleep(seconds)  # noqa: ASYNC251 (there is no loop in this colour)


async def _told(crm: AnyCRM, coroutine: Coroutine[Any, Any, T]) -> T:
    """Let errors raised by the function itself say which operation and customer they are about."""
    try:
        return await coroutine
    except AdminCRMError as error:
        _tell(crm, error)
        raise


def _tell(crm: AnyCRM, error: AdminCRMError) -> None:
    error.operation = error.operation or crm.operation
    error.customer_id = error.customer_id or crm.customer_id
    if isinstance(error, PermissionDeniedError) and crm.is_visitor:
        error.hint = "this is a publishable key, which everybody has; connect with the secret key or AdminCRM.sign_in"


async def _outcome(each: Coroutine[Any, Any, T], slots: asyncio.Semaphore) -> tuple[T | None, Exception | None]:
    async with slots:
        try:
            return await each, None
        except Exception as error:  # noqa: BLE001 (raised once all have ended)
            return None, error


def _result(outcome: tuple[T | None, Exception | None]) -> T:
    value, error = outcome
    if error is not None:
        raise error
    return cast("T", value)


def _uuid_or_none(value: object) -> UUID | None:
    try:
        return value if isinstance(value, UUID) else UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
