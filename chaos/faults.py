"""The faults that the proxy knows, and how often each is chosen."""

from __future__ import annotations

import email.utils
import random
import time
from collections import deque
from enum import StrEnum
from typing import NamedTuple


class Fault(StrEnum):
    """What can go wrong between a client and its server."""

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
"""How often each fault is chosen, relative to the others; one that is too late costs a whole timeout."""
_HTML = b"<!doctype html><html><head><title>Web server</title></head><body><h1>Hello</h1></body></html>"
_REASONS = {
    200: "OK",
    429: "Too Many Requests",
    503: "Service Unavailable",
    520: "Web Server Returned an Unknown Error",
}


class Choice(NamedTuple):
    """One fault: `worked` is whether the server does its work first, `variant` (0 to 1) which form it takes."""

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
    """Chooses a fault, or none, for one request after the other: the same ones for the same seed."""

    def __init__(self, seed: int, rate: float) -> None:
        self.rate = rate
        self._random = random.Random(seed)  # noqa: S311 (repeatable, not secret)
        self._plans: deque[_Plan] = deque()

    def plan(self, fault: Fault, method: str = "", path: str = "", *, worked: bool = True, variant: float = 0) -> None:
        """Give the next request of a method and path a fault, whatever the rate."""
        self._plans.append(_Plan(fault, method, path, worked, variant))

    def choose(self, method: str, target: str) -> Choice | None:
        """Choose for the next request."""
        for plan in self._plans:
            if plan.method in ("", method) and plan.path in target:
                self._plans.remove(plan)
                return Choice(plan.fault, plan.worked, plan.variant)
        # Always as many numbers, so that the choice for one request does not depend on the one before.
        hit, which, worked, variant = (self._random.random() for _ in range(4))
        if hit >= self.rate:
            return None
        return Choice(_weighted(which), worked < 0.5, variant)


def answer_for(choice: Choice) -> tuple[int, dict[str, str], bytes]:
    """Return the status, headers and body of a fault that is an answer."""
    if choice.fault in (Fault.TOO_MANY, Fault.UNAVAILABLE):
        status = 429 if choice.fault is Fault.TOO_MANY else 503
        headers = {"Content-Type": "application/json", "Retry-After": _retry_after(choice.variant)}
        return status, headers, b'{"message": "not now"}'
    return 520 if choice.fault is Fault.HTML_520 else 200, {"Content-Type": "text/html; charset=utf-8"}, _HTML


def head_of(status: int, headers: dict[str, str]) -> bytes:
    """Return the head of an answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _retry_after(variant: float) -> str:
    """Say when to come back: at once, in a second, or at a date about half a second from now."""
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
