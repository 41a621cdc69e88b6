"""The one place where requests are sent: it waits for a slot, sends, measures, translates errors, and retries."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, cast

import httpx

from admin_crm._core import context, exchange, scope
from admin_crm._core.connection import Connection, Link, link_of
from admin_crm._core.context import CallContext
from admin_crm._core.loop import check_loop
from admin_crm._core.meanings import NOT_ALLOWED, SIGN_IN_AGAIN, TOKEN_REFUSED
from admin_crm._core.operation import run_sync
from admin_crm._core.session import Session
from admin_crm._core.sign_in import keep_session
from admin_crm._core.transfer import Transfer
from admin_crm._core.translate import translate
from admin_crm.errors import (
    AdminCRMError,
    AuthenticationError,
    ClientStateError,
    RateLimitedError,
    RequestTimeoutError,
    ServiceUnavailableError,
    UnexpectedResponseError,
)

T = TypeVar("T")
R = TypeVar("R")

ANSWER_LOST = (RequestTimeoutError, ServiceUnavailableError, UnexpectedResponseError)
"""Errors after which nobody knows whether the request was executed."""
_STATEMENT_TIMEOUT = "57014"
ANONYMOUS_HINT = "a publishable key has anonymous rights only; connect with the secret key or AdminCRM.sign_in"


async def send(
    crm: Connection,
    request: Callable[[], T | Awaitable[T]],
    read: Callable[[T], R],
    *,
    repeatable: bool,
    database: bool = False,
    transfer: Transfer | None = None,
) -> R:
    """Send a request, read its response, and repeat both where that is harmless.

    Args:
        crm: the connection, whose settings say how often and how long to try.
        request: sends the request when called; every try calls it again.
        read: turns the response into what the caller wants, or raises.
        repeatable: whether the request may reach the server twice. What provably never reached it is always
            sent again.
        database: whether it is a request to the database, as many of which are under way at once as it can take.
        transfer: how the file gets on that is sent or received, if it is one.

    Raises:
        AdminCRMError: whatever the server or the network said, translated.
    """
    link, started_at = link_of(crm), time.monotonic()
    try:
        return await _attempt(link, request, read, database=database)
    except AdminCRMError as error:
        first = error
    from admin_crm._core.retry import retry

    return await retry(
        link,
        lambda: _attempt(link, request, read, database=database),
        first,
        started_at,
        repeatable=repeatable,
        transfer=transfer,
    )


async def send_steps(
    crm: Connection,
    steps: Callable[[], Coroutine[Any, Any, T]],
    read: Callable[[T], R],
    *,
    repeatable: bool = True,
    database: bool = False,
    transfer: Transfer | None = None,
) -> R:
    """Send several requests, or one whose response is read as it arrives, as one try: all of it is repeated or none."""
    link = link_of(crm)

    def request() -> T | Awaitable[T]:
        return steps() if link.is_async else run_sync(context.current() or CallContext("steps"), steps())

    return await send(crm, request, read, repeatable=repeatable, database=database, transfer=transfer)


async def _attempt(link: Link, request: Callable[[], T | Awaitable[T]], read: Callable[[T], R], *, database: bool) -> R:
    shared = link.shared
    shared.check_open()
    if link.is_async:
        check_loop(shared)
    scope.check()
    await keep_session(link)
    session = link.rights.session
    slot = await shared.limiter.acquire(adaptive=database, is_async=link.is_async)
    try:
        try:
            scope.check()
            sent = request()
            response = cast("T", await sent if inspect.isawaitable(sent) else sent)
        except BaseException as error:
            exchange.failed(error)
            raise
        finally:
            seconds = shared.limiter.release(slot)
        with shared.limiter.reading():
            result = read(response)
    except Exception as error:
        scope.check()  # an interrupted call breaks its requests, which is nobody's failure
        translated = translate(error)
        if translated is None:
            if shared.closed and isinstance(error, RuntimeError):
                raise ClientStateError("the connection is closed", hint="open a new one") from error
            raise
        if _is_overload(translated):
            shared.limiter.overloaded(slot)
        if is_statement_timeout(translated) and slot.running == 1:
            translated.retryable = False  # it was alone, so it would take as long again
        _complete(link, translated, session)
        if translated is error:
            raise
        raise translated from error
    if database and isinstance(response, httpx.Response):
        call = context.current()
        # Requests of one function to one table take about the same time.
        shared.limiter.answered(slot, (call and call.operation, response.request.url.path), seconds)
    return result


def is_statement_timeout(error: AdminCRMError) -> bool:
    """Return whether the database ended a request at its statement timeout."""
    return error.code == _STATEMENT_TIMEOUT


def timed_out_alone(error: AdminCRMError) -> bool:
    """Return whether it did so although no other request of the connection was beside it."""
    return is_statement_timeout(error) and not error.retryable


def _is_overload(error: AdminCRMError) -> bool:
    return isinstance(error, RateLimitedError) or is_statement_timeout(error) or error.status == 503


def _complete(link: Link, error: AdminCRMError, session: Session | None) -> None:
    """Add the call to an error, and what its hint cannot say without knowing whose rights were refused."""
    context.add_context(error)
    rights = link.rights
    if isinstance(error, AuthenticationError):
        error.own_credentials = not rights.is_given
    if error.hint == NOT_ALLOWED and rights.is_anonymous:
        error.hint = ANONYMOUS_HINT
    elif error.code in TOKEN_REFUSED and rights.is_signed_in:
        error.hint = SIGN_IN_AGAIN
        if session is not None and rights.session is session:
            rights.session = session.refused()
