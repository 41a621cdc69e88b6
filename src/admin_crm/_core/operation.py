"""One definition, sync and async.

A public function is written once, as a coroutine function. Given an `AsyncAdminCRM` its caller gets the
coroutine; given an `AdminCRM` the coroutine is run to its end with a single `send`, because nothing in it
ever waits: with a synchronous client every request has its response when it returns.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

from admin_crm._core import context
from admin_crm._core.connection import Link
from admin_crm._core.context import CallContext, add_context
from admin_crm.errors import AdminCRMError

P = ParamSpec("P")
T = TypeVar("T")

_CUSTOMER_PARAMETERS = ("customer_id", "user_id")


def in_both_forms(function: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., Any]:
    """Let a coroutine function be called with a sync connection, and awaited with an async one."""
    name = function.__name__.lstrip("_")  # a step of its own is called by the name that users know
    second = list(inspect.signature(function).parameters)[1:2]
    customer_parameter = second[0] if second and second[0] in _CUSTOMER_PARAMETERS else None

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        link = link_in(name, args, kwargs)
        customer = (args[1] if len(args) > 1 else kwargs.get(customer_parameter)) if customer_parameter else None
        called = call_of(link, name, _uuid_or_none(customer))
        stand_in = link.shared.stand_in
        coroutine = function(*args, **kwargs) if stand_in is None else stand_in.asked(call, link, args, kwargs)()
        del args, kwargs, customer  # a traceback that shows local variables shows no password of theirs
        has_span = called.observers is not None and called.observers.telemetry is not None
        if not link.is_async:
            return call_sync(called, coroutine) if has_span else run_sync(called, coroutine, whole=True)
        awaited = call_async(called, coroutine) if has_span else run_async(called, coroutine, whole=True)
        return _standing_for(function, coroutine, awaited)

    return call


def answered_by_fakes(function: Callable[P, T]) -> Callable[P, T]:
    """Let a plain function that may be given a connection be answered by a fake, as operations are."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        link = getattr(args[0] if args else kwargs.get("crm"), "_link", None)
        if not isinstance(link, Link) or link.shared.stand_in is None:
            return function(*args, **kwargs)
        called, answer = call_of(link, function.__name__), link.shared.stand_in.asked(call, link, args, kwargs)
        found = run_async(called, answer()) if link.is_async else run_sync(called, answer())
        return cast("T", found)

    return call


def link_in(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Link:
    """Return the link of the connection that a public function is called with; raise where there is none."""
    crm: object = args[0] if args else kwargs.get("crm")
    link = getattr(crm, "_link", None)
    if not isinstance(link, Link):
        raise TypeError(f"{name}() needs an AdminCRM or AsyncAdminCRM as its first argument, not {type(crm).__name__}")
    return link


def call_of(link: Link, operation: str, customer_id: UUID | None = None) -> CallContext:
    """Return the context of a call of a public function on a connection."""
    return CallContext(operation, customer_id, link.timeout, link.observers)


def call_sync(called: CallContext, coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a whole call to its end, and tell OpenTelemetry of it."""
    with spanned(called):
        return run_sync(called, coroutine, whole=True)


async def call_async(called: CallContext, coroutine: Coroutine[Any, Any, T]) -> T:
    """Await a whole call, and tell OpenTelemetry of it."""
    with spanned(called):
        return await run_async(called, coroutine, whole=True)


@contextmanager
def spanned(called: CallContext) -> Generator[None]:
    """Let a call have a span, where OpenTelemetry is told, from here to the end of the block."""
    telemetry = None if called.observers is None else called.observers.telemetry
    if telemetry is None:
        yield
        return
    called.span = span = telemetry.operation(called.operation, called.customer_id)
    try:
        yield
    except BaseException as error:
        span.end(error)
        raise
    span.end(None)


def run_sync(called: CallContext, coroutine: Coroutine[Any, Any, T], *, whole: bool = False) -> T:
    """Run a call, or a part of it, to its end; its coroutine never really waits."""
    token = context.enter(called)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    except AdminCRMError as error:
        add_context(error)
        raise
    finally:
        context.leave(token)
        if whole:
            called.warn_of_unreadable()
    coroutine.close()
    raise RuntimeError("an operation may await only admin_crm's own helpers")


async def run_async(called: CallContext, coroutine: Coroutine[Any, Any, T], *, whole: bool = False) -> T:
    """Await a call, or a part of it."""
    token = context.enter(called)
    try:
        return await coroutine
    except AdminCRMError as error:
        add_context(error)
        raise
    finally:
        context.leave(token)
        if whole:
            called.warn_of_unreadable()


def _standing_for(function: Callable[..., Any], inside: Coroutine[Any, Any, T], awaited: Any) -> Any:
    """Let a coroutine look like the function's own, which it awaits, and close that if it never begins itself.

    A task that is cancelled before its first step never begins: Python would warn of a coroutine that nobody awaits.
    """
    awaited.__name__, awaited.__qualname__ = function.__name__, function.__qualname__
    weakref.finalize(awaited, inside.close).atexit = False
    return awaited


def _uuid_or_none(value: object) -> UUID | None:
    try:
        return value if isinstance(value, UUID) else UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
