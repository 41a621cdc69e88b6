"""The HTTP pool under supabase-py: HTTP/1.1, explicit timeouts, no redirects.

One pool serves PostgREST, auth, storage and functions. It speaks HTTP/1.1 because httpcore's synchronous
HTTP/2 breaks when threads share a connection, and it follows no redirect because a redirect would carry
the key to whatever host it names.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

import httpx

if TYPE_CHECKING:
    from admin_crm.settings import Settings

# A proxy set in the environment serves every other host, but cannot reach this machine's own servers.
_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")

_call_timeout: ContextVar[float | None] = ContextVar("_call_timeout", default=None)


def sync_pool(settings: Settings) -> httpx.Client:
    """Open the pool that an `AdminCRM` hands to supabase-py."""

    def set_timeout(request: httpx.Request) -> None:
        request.extensions["timeout"] = _timeout_for(request, settings)

    return httpx.Client(
        http2=False,
        follow_redirects=False,
        limits=_limits(settings),
        event_hooks={"request": [set_timeout]},
        mounts=dict.fromkeys(_LOOPBACK),
    )


def async_pool(settings: Settings) -> httpx.AsyncClient:
    """Open the pool that an `AsyncAdminCRM` hands to supabase-py."""

    async def set_timeout(request: httpx.Request) -> None:
        request.extensions["timeout"] = _timeout_for(request, settings)

    return httpx.AsyncClient(
        http2=False,
        follow_redirects=False,
        limits=_limits(settings),
        event_hooks={"request": [set_timeout]},
        mounts=dict.fromkeys(_LOOPBACK),
    )


@contextmanager
def at_most(seconds: float | None) -> Generator[None]:
    """Give every request sent inside at most so many seconds, whatever its service is given otherwise."""
    token = _call_timeout.set(seconds)
    try:
        yield
    finally:
        _call_timeout.reset(token)


class _Timeouts(Protocol):
    @property
    def rest_timeout(self) -> float: ...
    @property
    def auth_timeout(self) -> float: ...
    @property
    def storage_timeout(self) -> float: ...
    @property
    def functions_timeout(self) -> float: ...


def _timeout_for(request: httpx.Request, timeouts: _Timeouts) -> dict[str, float | None]:
    path = request.url.path
    seconds = timeouts.rest_timeout
    for service, service_timeout in (
        ("/auth/v1/", timeouts.auth_timeout),
        ("/storage/v1/", timeouts.storage_timeout),
        ("/functions/v1/", timeouts.functions_timeout),
    ):
        if service in path:
            seconds = service_timeout
    limit = _call_timeout.get()
    if limit is not None:
        seconds = min(seconds, limit)
    return httpx.Timeout(seconds, connect=min(seconds, 10.0)).as_dict()


def _limits(settings: Settings) -> httpx.Limits:
    # Below the idle limits of the load balancers in the field (60 s and up), so that a connection is
    # given up by us before the server drops it under a write.
    return httpx.Limits(max_connections=None, max_keepalive_connections=settings.concurrency + 4, keepalive_expiry=20.0)
