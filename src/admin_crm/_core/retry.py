"""Trying again after a failure, where that is harmless (R6).

Loaded by the first failure: importing tenacity takes longer than importing all of this package.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import tenacity
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from admin_crm._core import context
from admin_crm._core.connection import Link
from admin_crm._core.events import Retry, tell
from admin_crm._core.gather import pause
from admin_crm._core.log import log
from admin_crm._core.transfer import Transfer
from admin_crm.errors import AdminCRMError, RateLimitedError, ServiceUnavailableError
from admin_crm.settings import Settings

R = TypeVar("R")


async def retry(
    link: Link,
    attempt: Callable[[], Awaitable[R]],
    failure: AdminCRMError,
    started_at: float,
    *,
    repeatable: bool,
    transfer: Transfer | None = None,
) -> R:
    """Repeat an attempt that failed, as often and as long as the settings say.

    Args:
        link: the connection.
        attempt: makes one try.
        failure: the error of the first try, raised where it must not be followed by another.
        started_at: when the first try began, by the monotonic clock.
        repeatable: whether the request may reach the server twice.
        transfer: how the file gets on that is sent or received, if it is one.
    """
    settings = link.settings
    failures, numbers = [failure], itertools.count(2)

    async def attempt_after_first() -> R:
        if failures:
            raise failures.pop()
        token = context.attempt.set(next(numbers))
        try:
            return await attempt()
        finally:
            context.attempt.reset(token)

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(lambda error: _may_repeat(error, repeatable=repeatable)),
        wait=_FullJitterOrRetryAfter(settings.retry_base_delay, settings.retry_max_delay),
        stop=_TriedEnough(settings, started_at, transfer),
        sleep=functools.partial(pause, link),
        before_sleep=functools.partial(_report, link),
        reraise=True,
    )
    return await retrying(attempt_after_first)


def _may_repeat(error: BaseException, *, repeatable: bool) -> bool:
    if isinstance(error, ServiceUnavailableError) and error.unsent:
        return True
    return repeatable and isinstance(error, AdminCRMError) and error.retryable


class _TriedEnough(stop_base):
    """Says when no other try follows: after as many, or as long, as the settings allow."""

    def __init__(self, settings: Settings, started_at: float, transfer: Transfer | None) -> None:
        self._attempts, self._deadline = settings.retry_attempts, settings.retry_deadline
        self._started_at, self._transfer = started_at, transfer

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        tries, since = retry_state.attempt_number, self._started_at
        if self._transfer is not None:
            since = self._transfer.moved_at
            if self._transfer.tries is not None and self._attempts > 1:
                tries = self._transfer.tries
        return tries >= self._attempts or time.monotonic() + retry_state.upcoming_sleep - since >= self._deadline


class _FullJitterOrRetryAfter(wait_base):
    """Exponential backoff with full jitter, or as long as the server asked for, whichever is longer."""

    def __init__(self, base: float, longest: float) -> None:
        self._jitter = tenacity.wait_random_exponential(multiplier=base, max=longest)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        error = _failure(retry_state)
        requested = error.retry_after if isinstance(error, RateLimitedError | ServiceUnavailableError) else None
        return max(self._jitter(retry_state), requested or 0.0)


def _report(link: Link, state: tenacity.RetryCallState) -> None:
    error, call = _failure(state), context.current()
    retried = Retry(call.operation if call else None, state.attempt_number, state.upcoming_sleep, error)
    log.warning(
        "%s: attempt %d failed (%s), retrying in %.2f s",
        retried.operation, retried.attempt, error.message, retried.delay,
        extra={
            "operation": retried.operation, "attempt": retried.attempt, "delay": retried.delay,
            "error": retried.reason, "status": retried.status, "request_id": retried.request_id,
        },
    )  # fmt: skip
    observers = link.observers
    if observers is not None and observers.telemetry is not None:
        observers.telemetry.retried(retried)
    if observers is not None and observers.on_retry is not None:
        tell(observers.on_retry, retried)


def _failure(state: tenacity.RetryCallState) -> AdminCRMError:
    """Return the error of a failed attempt; only our own errors are retried."""
    return cast("AdminCRMError", state.outcome.exception() if state.outcome else None)
