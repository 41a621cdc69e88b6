"""The faults that the proxy injects, and how often each is chosen."""

from __future__ import annotations

import email.utils
import random
import time
from collections import deque
from enum import StrEnum
from typing import NamedTuple


class Fault(StrEnum):
    """A fault between a client and its server."""

    REFUSED = "connection refused"
    RESET_BEFORE = "reset before the server worked"
    RESET_AFTER = "reset after the server worked"
    DELAYED = "delayed"
    STALLED = "answered too late"
    TRUNCATED = "answer truncated"
    TOO_MANY = "429 with Retry-After"
    UNAVAILABLE = "503 with Retry-After"
    HTML_520 = "520 HTML"
    HTML_200 = "200 HTML"


WEIGHTS = dict.fromkeys(Fault, 1.0) | {Fault.STALLED: 0.04}
"""The relative frequency of each fault; a late response is rare, because it costs a whole timeout."""
_HTML = b"<!doctype html><html><head><title>Web server</title></head><body><h1>Hello</h1></body></html>"
_REASONS = {
    200: "OK",
    429: "Too Many Requests",
    503: "Service Unavailable",
    520: "Web Server Returned an Unknown Error",
}


class Choice(NamedTuple):
    """One fault; `worked`: whether the server executes the request first; `variant` (0 to 1): the form of the fault."""

    fault: Fault
    worked: bool
    variant: float


class _Plan(NamedTuple):
    fault: Fault
    method: str
    path: str
    worked: bool
    variant: float


class Chooser:
    """Chooses a fault, or none, for each request; the same seed gives the same faults."""

    def __init__(self, seed: int, rate: float) -> None:
        self.rate = rate
        self._random = random.Random(seed)  # noqa: S311 (reproducible, not cryptography)
        self._plans: deque[_Plan] = deque()

    def plan(self, fault: Fault, method: str = "", path: str = "", *, worked: bool = True, variant: float = 0) -> None:
        """Inject a fault into the next request with this method and path, whatever the rate is."""
        self._plans.append(_Plan(fault, method, path, worked, variant))

    def choose(self, method: str, target: str) -> Choice | None:
        """Choose the fault of the next request."""
        for plan in self._plans:
            if plan.method in ("", method) and plan.path in target:
                self._plans.remove(plan)
                return Choice(plan.fault, plan.worked, plan.variant)
        # Always draw four numbers, so that the choice for a request does not depend on the previous choice.
        hit, which, worked, variant = (self._random.random() for _ in range(4))
        if hit >= self.rate:
            return None
        return Choice(_weighted(which), worked < 0.5, variant)


def answer_for(choice: Choice) -> tuple[int, dict[str, str], bytes]:
    """Return the status, headers and body of a fault that is a response."""
    if choice.fault in (Fault.TOO_MANY, Fault.UNAVAILABLE):
        status = 429 if choice.fault is Fault.TOO_MANY else 503
        headers = {"Content-Type": "application/json", "Retry-After": _retry_after(choice.variant)}
        return status, headers, b'{"message": "not now"}'
    return 520 if choice.fault is Fault.HTML_520 else 200, {"Content-Type": "text/html; charset=utf-8"}, _HTML


def head_of(status: int, headers: dict[str, str]) -> bytes:
    """Return the head of a response as bytes."""
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _retry_after(variant: float) -> str:
    """Return a Retry-After value: zero, one second, or a date within the next second."""
    if variant < 0.7:
        return "0"
    return "1" if variant < 0.85 else email.utils.formatdate(time.time() + 1, usegmt=True)


def _weighted(point: float) -> Fault:
    left = point * sum(WEIGHTS.values())
    for fault, weight in WEIGHTS.items():
        left -= weight
        if left < 0:
            return fault
    return Fault.DELAYED
