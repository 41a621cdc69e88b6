"""The HTTP client under supabase-py: HTTP/1.1, explicit timeouts, no redirects, keys added when a request is sent.

One client serves PostgREST, auth, storage and functions. It speaks HTTP/1.1 because httpcore's synchronous
HTTP/2 breaks when threads share a connection, and it follows no redirect because a redirect would carry
the key to whatever host it names.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from functools import cache
from typing import Any

import httpx

from admin_crm._core import context, exchange, quiet
from admin_crm._core.connection import Link, Shared
from admin_crm._core.headers import request_id
from admin_crm._core.safe_url import SafeURL
from admin_crm.settings import Settings

# A proxy from the environment applies to all other hosts; it cannot reach servers on this machine.
_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")
_CONNECT_SECONDS = 10.0
_NEW_SOCKET = ("connection.connect_tcp.complete", "connection.start_tls.complete")


def http_of(link: Link) -> Any:
    """Return the link's HTTP client, opened when it is first used."""
    shared = link.shared
    if shared.http is None:
        with shared.lock:
            if shared.http is None:
                shared.check_network()
                shared.http = _async_client(link) if link.is_async else _sync_client(link)
                quiet.keep_quiet(shared.http)
    return shared.http


def taken_from(shared: Shared) -> httpx.Client | httpx.AsyncClient | None:
    """Mark a connection as closed, and return its HTTP client, which is to be closed, if it had one."""
    shared.closed = True
    http, shared.http = shared.http, None
    shared.latest.clear()
    if http is not None:
        quiet.closed(http)
    return http


def keep_socket(shared: Shared, opened: socket.socket) -> None:
    """Note a socket that was opened just now, so that `interrupt` can break it."""
    with shared.lock:
        shared.sockets.add(opened)
    if shared.closed:
        interrupt(shared)  # nobody would close it: the connection was closed while this one was opened


def interrupt(shared: Shared) -> None:
    """Break every request under way, so that the threads that wait for a response end at once."""
    with shared.lock:
        sockets = list(shared.sockets)
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _sync_client(link: Link) -> httpx.Client:
    shared, settings = link.shared, link.settings

    def prepare(request: httpx.Request) -> None:
        _prepare(request, shared, settings)
        request.extensions["trace"] = trace_quietly if quiet.hears_headers() else trace

    def trace(event: str, info: dict[str, Any]) -> None:
        if event in _NEW_SOCKET:
            keep_socket(shared, info["return_value"].get_extra_info("socket"))

    def trace_quietly(event: str, info: dict[str, Any]) -> None:
        quiet.hide_headers(event, info)
        trace(event, info)

    def note(response: httpx.Response) -> None:
        _note(response, shared)

    return httpx.Client(event_hooks={"request": [prepare], "response": [note]}, **_options(settings))


def _async_client(link: Link) -> httpx.AsyncClient:
    shared, settings = link.shared, link.settings

    async def prepare(request: httpx.Request) -> None:
        _prepare(request, shared, settings)
        if quiet.hears_headers():
            request.extensions["trace"] = quiet.hide_headers_async

    async def note(response: httpx.Response) -> None:
        _note(response, shared)

    return httpx.AsyncClient(event_hooks={"request": [prepare], "response": [note]}, **_options(settings))


def _options(settings: Settings) -> dict[str, Any]:
    """Return what the sync and the async client are opened with."""
    return {
        "http2": False,
        "follow_redirects": False,
        "limits": _limits(settings),
        "verify": _tls(),
        "mounts": dict.fromkeys(_LOOPBACK),
    }


@cache
def _tls() -> ssl.SSLContext:
    """Read the certificate authorities once: that takes longer than all else that opening a connection takes."""
    return httpx.create_ssl_context()


def _prepare(request: httpx.Request, shared: Shared, settings: Settings) -> None:
    """Give a request its timeout, and its key in place of the handle that stands for it."""
    # Not by httpx's `auth=`: supabase-py switches that off for requests to PostgREST.
    request.extensions["timeout"] = _timeout_for(request.url.path, settings)
    rights = shared.rights_of(request.headers.get("apikey", ""))
    if rights is not None:
        if request.headers.get("Authorization") == f"Bearer {rights.handle}":
            request.headers["Authorization"] = f"Bearer {rights.bearer}"
        request.headers["apikey"] = rights.key.get_secret_value()
    exchange.begin(request)
    request.url = SafeURL(request.url)


def _note(response: httpx.Response, shared: Shared) -> None:
    """Keep the server's id of a request, and tell that its response is coming in."""
    shared.last_request_id = request_id(response.headers)
    exchange.answered(response)


def _timeout_for(path: str, settings: Settings) -> dict[str, float | None]:
    seconds = settings.rest_timeout
    for service, service_timeout in (
        ("/auth/v1/", settings.auth_timeout),
        ("/storage/v1/", settings.storage_timeout),
        ("/functions/v1/", settings.functions_timeout),
    ):
        if service in path:
            seconds = service_timeout
    call = context.current()
    if call is not None and call.timeout is not None:
        seconds = min(seconds, call.timeout)
    return {"connect": min(seconds, _CONNECT_SECONDS), "read": seconds, "write": seconds, "pool": seconds}


def _limits(settings: Settings) -> httpx.Limits:
    # Below the idle limits of the load balancers in the field (60 s and up), so that we close a connection
    # before the server drops it under a write.
    return httpx.Limits(max_connections=None, max_keepalive_connections=settings.concurrency + 4, keepalive_expiry=20.0)
