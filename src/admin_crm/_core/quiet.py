"""What httpx and httpcore log of our requests: nothing that says what was searched for, or for whom.

httpx logs the URL of every request at INFO, and httpcore the headers of every response at DEBUG, among them
`Content-Location` with the query. Our requests carry a URL that shows no query; and while one of our HTTP clients
is open, httpx's logger leaves its lines about them out. Lines about other clients are as they were.
"""

from __future__ import annotations

import logging
import threading
import weakref
from typing import Any

from admin_crm._core.safe_url import SafeURL

_httpx, _httpcore = logging.getLogger("httpx"), logging.getLogger("httpcore.http11")
_lock = threading.Lock()
_clients: weakref.WeakSet[Any] = weakref.WeakSet()
_HEAD = "http11.receive_response_headers.complete"


def keep_quiet(client: Any) -> None:
    """Leave out httpx's lines about our requests while a client is open."""
    with _lock:
        _clients.add(client)
        _httpx.addFilter(_is_of_others)


def closed(client: Any) -> None:
    """Leave httpx's logger as it was, once no client of ours is open any more."""
    with _lock:
        _clients.discard(client)
        if not _clients:
            _httpx.removeFilter(_is_of_others)


def hears_headers() -> bool:
    """Return whether anybody has httpcore log the headers of responses."""
    return _httpcore.isEnabledFor(logging.DEBUG)


def hide_headers(event: str, info: dict[str, Any]) -> None:
    """Take the headers out of what httpcore logs of an event; a `trace` of a request is called before it logs."""
    if event == _HEAD:
        version, status, reason, headers, *rest = info["return_value"]
        info["return_value"] = (version, status, reason, f"<{len(headers)} headers>", *rest)


async def hide_headers_async(event: str, info: dict[str, Any]) -> None:
    """The same as `hide_headers`, for an asynchronous client."""
    hide_headers(event, info)


def _is_of_others(record: logging.LogRecord) -> bool:
    return not (isinstance(record.args, tuple) and any(isinstance(each, SafeURL) for each in record.args))
