"""What an auth server answers to a sign-in, and the time that sessions go by."""

from __future__ import annotations

import threading
import time

import httpx

from admin_crm._core import session as sessions
from admin_crm._core import sign_in as signing_in
from admin_crm._core.connection import link_of
from helpers import ANON, QUICK, SOMEBODY, URL

USER = {
    "id": SOMEBODY, "aud": "authenticated", "email": "ana@shop.test", "app_metadata": {}, "user_metadata": {},
    "created_at": "2026-01-01T00:00:00Z", "identities": [],
}  # fmt: skip


def session(token: str, expires_in: int = 3600) -> httpx.Response:
    body = {
        "access_token": token, "refresh_token": f"r-{token}", "token_type": "bearer", "expires_in": expires_in,
        "expires_at": int(time.time()) + expires_in, "user": USER,
    }  # fmt: skip
    return httpx.Response(200, json=body)


class Clock:
    """The time that sessions go by; it moves only when a test moves it."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


def session_clock(monkeypatch):
    """Let sessions go by a clock that only the test moves."""
    clock = Clock()
    monkeypatch.setattr(sessions, "time", clock)
    monkeypatch.setattr(signing_in, "time", clock)
    return clock


def signed_in(caller):
    return caller.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK)


def settle(caller, crm):
    """Wait until a renewal in the background has ended."""
    renewal = link_of(crm).rights.renewal
    if renewal is not None and renewal.ended_at is None:
        if isinstance(renewal.work, threading.Thread):
            renewal.work.join()
        else:
            caller.wait(renewal.work)


def bearers(notes):
    return [call.request.headers["authorization"] for call in notes.calls]
