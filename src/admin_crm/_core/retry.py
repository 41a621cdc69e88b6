"""Trying again after a failure, where that is harmless (R6).

Loaded by the first failure: importing tenacity takes longer than all of this package, and entering it costs
a tenth of a request, which requests that succeed need not pay.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import tenacity
from tenacity.wait import wait_base

from admin_crm._core.operation import log, pause
from admin_crm.client import AnyCRM, Retry
from admin_crm.errors import AdminCRMError, RateLimitedError, ServiceUnavailableError

R = TypeVar("R")


async def try_again(
    crm: AnyCRM, attempt: Callable[[], Awaitable[R]], failure: AdminCRMError, begun: float, *, repeatable: bool
) -> R:
    """Repeat an attempt that failed, as often and as long as the settings say.

    Args:
        crm: the connection.
        attempt: makes one try.
        failure: how the first try failed, which is raised where it must not be followed by another.
        begun: when the first try was begun, by the monotonic clock.
        repeatable: whether the server may be asked twice.
    """
    settings = crm.settings
    failures = [failure]

    async def replayed() -> R:
        if failures:
            raise failures.pop()
        return await attempt()

    left = settings.retry_deadline - (time.monotonic() - begun)
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(lambda error: _worth_repeating(error, repeatable=repeatable)),
        wait=_FullJitterOrServersWish(settings.retry_base_delay, settings.retry_max_delay),
        stop=tenacity.stop_after_attempt(settings.retry_attempts) | tenacity.stop_before_delay(left),
        sleep=functools.partial(pause, crm),
        before_sleep=functools.partial(_report_retry, crm),
        reraise=True,
    )
    return await retrying(replayed)


def _worth_repeating(error: BaseException, *, repeatable: bool) -> bool:
    if isinstance(error, ServiceUnavailableError) and error.unsent:
        return True
    return repeatable and isinstance(error, AdminCRMError) and error.retryable


class _FullJitterOrServersWish(wait_base):
    """Exponential back-off with full jitter, or as long as the server asked for, whichever is longer."""

    def __init__(self, base: float, longest: float) -> None:
        self._jitter = tenacity.wait_random_exponential(multiplier=base, max=longest)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        error = _failure(retry_state)
        wish = error.retry_after if isinstance(error, RateLimitedError | ServiceUnavailableError) else None
        return max(self._jitter(retry_state), wish or 0.0)


def _report_retry(crm: AnyCRM, state: tenacity.RetryCallState) -> None:
    error = _failure(state)
    retry = Retry(crm.operation, state.attempt_number, state.upcoming_sleep, error)
    log.warning(
        "%s: attempt %d failed (%s), trying again in %.2f s",
        retry.operation, retry.attempt, error.message, retry.delay,
    )  # fmt: skip
    if crm.on_retry is not None:
        crm.on_retry(retry)


def _failure(state: tenacity.RetryCallState) -> AdminCRMError:
    """Return why a try failed; only our own errors are ever followed by another try."""
    return cast("AdminCRMError", state.outcome.exception() if state.outcome else None)
