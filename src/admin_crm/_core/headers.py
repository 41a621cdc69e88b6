"""What a response says beside its content: the request's id, and how long to wait."""

from __future__ import annotations

import email.utils
import re
import time

import httpx

_REQUEST_IDS = ("sb-request-id", "x-request-id", "cf-ray")
_SECONDS = re.compile(r"\bafter (\d{1,6}) seconds?\b")


def request_id(headers: httpx.Headers) -> str | None:
    """Return the server's id of a request, to quote to support."""
    return next((headers[name] for name in _REQUEST_IDS if name in headers), None)


def retry_after(header: str | None) -> float | None:
    """Parse a Retry-After header: seconds, or an HTTP date; None if it is neither."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def seconds_in(message: str) -> float | None:
    """Return how long to wait by an auth server's message, which sends no Retry-After: ``after 57 seconds``."""
    found = _SECONDS.search(message)
    return float(found[1]) if found else None
