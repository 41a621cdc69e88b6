"""A signed-in user's session, what it is opened with, and its renewal."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, replace

from pydantic import SecretStr

from admin_crm.errors import AdminCRMError

TRY_AGAIN_AFTER = 5.0
"""Seconds before a renewal that failed is tried again, while the token is still good."""


@dataclass(frozen=True, slots=True)
class Login:
    """An administrator's e-mail address and password; both are shown nowhere."""

    email: SecretStr
    password: SecretStr


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user's tokens and how long they are good."""

    access_token: SecretStr
    refresh_token: SecretStr | None
    """Good for one renewal; None in a forked process, where its parent has it: used twice, it ends the session."""
    expires_at: float
    renew_at: float

    @property
    def is_good(self) -> bool:
        """Whether the server still accepts the access token."""
        return time.time() < self.expires_at - 1

    def refused(self) -> Session:
        """Return the session as one whose access token a server has refused, which must be renewed before its time."""
        return replace(self, expires_at=0.0, renew_at=0.0)

    def inherited(self) -> Session:
        """Return the session as a forked process has it from its parent, which alone renews it."""
        return replace(self, refresh_token=None)


class Renewal:
    """A renewal under way, or the last one that failed."""

    def __init__(self) -> None:
        self.failure: AdminCRMError | None = None
        self.ended_at: float | None = None
        self.work: threading.Thread | asyncio.Task[None] | None = None

    @property
    def is_due_again(self) -> bool:
        """Whether another one may begin."""
        return self.ended_at is not None and time.monotonic() - self.ended_at > TRY_AGAIN_AFTER
