"""What a connection is in either colour: whose rights, which settings, what it has learnt of its server."""

from __future__ import annotations

import asyncio
import copy
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from pydantic import SecretStr, ValidationError

from admin_crm.errors import AdminCRMError, ClientStateError, InvalidInputError
from admin_crm.settings import Credentials, Settings

if TYPE_CHECKING:
    from supabase import AsyncClient, Client
    from supabase_auth.types import Session

Key = str | SecretStr
ClientT = TypeVar("ClientT", "Client", "AsyncClient")
REFRESH_BEFORE = 60
"""Seconds before its expiry at which an administrator's session is renewed."""


class Retry(NamedTuple):
    """What a retry hook is told: a try failed and another follows."""

    operation: str | None
    attempt: int
    delay: float
    error: AdminCRMError


RetryHook = Callable[[Retry], None]


class Shared(Generic[ClientT]):
    """What all views of one connection have in common: the client underneath and what was learnt of the server."""

    def __init__(self, client: ClientT | None) -> None:
        self.client: ClientT | None = client
        self.pool: httpx.Client | httpx.AsyncClient | None = None
        self.session: Session | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.closed = False
        self.lock = threading.RLock()
        self.refreshing = asyncio.Lock()
        self.facts: dict[str, object] = {}


_all_shared: weakref.WeakSet[Shared[Any]] = weakref.WeakSet()


class Connection(Generic[ClientT]):
    """The part of a connection that is the same in both colours."""

    def __init__(
        self,
        url: str | None = None,
        key: Key | None = None,
        *,
        anon_key: Key | None = None,
        access_token: Key | None = None,
        supabase: ClientT | None = None,
        settings: Settings | None = None,
        on_retry: RetryHook | None = None,
    ) -> None:
        if supabase is not None:
            if url is not None or key is not None or access_token is not None:
                raise InvalidInputError("give either url and key, or supabase", argument="supabase")
            url, key = str(supabase.supabase_url), supabase.supabase_key
        self.url = _checked_url(url)
        self._key = _checked_key(key, "key")
        self._anon_key = None if anon_key is None else _checked_key(anon_key, "anon_key")
        self._token = None if access_token is None else _checked_key(access_token, "access_token")
        self.settings = settings or _settings_from_env()
        self.on_retry = on_retry
        self.operation: str | None = None
        self.customer_id: UUID | None = None
        self.timeout: float | None = None
        self.owns_pool = supabase is None
        self._shared: Shared[ClientT] = Shared(supabase)
        _all_shared.add(self._shared)

    @classmethod
    def from_env(cls, *, settings: Settings | None = None, on_retry: RetryHook | None = None) -> Self:
        """Connect with what the environment or `.env` says.

        Reads SUPABASE_URL, SUPABASE_SECRET_KEY (or SUPABASE_SERVICE_ROLE_KEY), SUPABASE_PUBLISHABLE_KEY (or
        SUPABASE_ANON_KEY) and, for a shop whose view asks who is looking, an administrator's ADMIN_CRM_ACCESS_TOKEN.

        Raises:
            InvalidInputError: the URL or the key is missing.
        """
        found = Credentials()
        if not found.url:
            raise InvalidInputError("SUPABASE_URL is not set, in the environment or in .env", argument="url")
        if found.access_token is not None and found.publishable_key is not None:
            key, token = found.publishable_key, found.access_token
        elif found.secret_key is not None:
            key, token = found.secret_key, None
        else:
            raise InvalidInputError(
                "no key is set: SUPABASE_SECRET_KEY, or SUPABASE_PUBLISHABLE_KEY with ADMIN_CRM_ACCESS_TOKEN",
                argument="key",
            )
        return cls(
            found.url,
            key,
            anon_key=found.publishable_key,
            access_token=token,
            settings=settings,
            on_retry=on_retry,
        )

    @property
    def anon_key(self) -> SecretStr | None:
        """The anon or publishable key, which only `create_customer_with_details` uses."""
        return self._anon_key

    @property
    def facts(self) -> dict[str, object]:
        """What this connection has learnt of its server, such as which column holds the tier."""
        return self._shared.facts

    def with_options(
        self, *, timeout: float | None = None, attempts: int | None = None, deadline: float | None = None
    ) -> Self:
        """Return this connection with other limits; both share one pool and are closed together.

        Args:
            timeout: seconds for each request, below what its service is given anyway.
            attempts: tries per request, the first included.
            deadline: seconds after which no further try is begun.

        Example:
            >>> patient = crm.with_options(attempts=8, deadline=300)
            >>> customers = get_all_customers(patient)
        """
        for name, value in (("timeout", timeout), ("attempts", attempts), ("deadline", deadline)):
            if value is not None and value <= 0:
                raise InvalidInputError(f"{name} must be above 0", argument=name)
        changes = {"retry_attempts": attempts, "retry_deadline": deadline}
        view = copy.copy(self)
        view.timeout = timeout if timeout is not None else self.timeout
        view.settings = self.settings.model_copy(update={k: v for k, v in changes.items() if v is not None})
        return view

    def named(self, operation: str, customer_id: UUID | None) -> Self:
        """Return this connection as one operation sees it, so that its errors say which it was."""
        view = copy.copy(self)
        view.operation, view.customer_id = operation, customer_id
        return view

    def __repr__(self) -> str:
        rights = "as a signed-in user" if self._token or self._shared.session else _kind_of(self._key)
        return f"{type(self).__name__}({self.url!r}, {rights})"

    @property
    def is_visitor(self) -> bool:
        """Whether this connection has no more rights than anybody: a publishable key and no session."""
        plain = self._key.get_secret_value()
        return plain.startswith("sb_publishable_") and self._token is None and self._shared.session is None

    def _check_open(self) -> None:
        if self._shared.closed:
            raise ClientStateError("the connection is closed", hint="open a new one")

    def _headers(self) -> dict[str, str]:
        session = self._shared.session
        token = session.access_token if session else self._token.get_secret_value() if self._token else None
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _session_is_ending(self) -> bool:
        session = self._shared.session
        return session is not None and (session.expires_at or 0) < time.time() + REFRESH_BEFORE


def _after_fork() -> None:
    """Let a child process open sockets of its own: the parent's must not be shared."""
    for shared in list(_all_shared):
        shared.lock = threading.RLock()
        shared.refreshing, shared.loop = asyncio.Lock(), None
        if shared.pool is not None:
            shared.client = shared.pool = None


os.register_at_fork(after_in_child=_after_fork)


def _checked_url(url: str | None) -> str:
    parts = urlsplit((url or "").strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInputError("url must be an address such as https://<ref>.supabase.co", argument="url")
    if any(f"/{service}/v1" in parts.path for service in ("rest", "auth", "storage", "functions")):
        raise InvalidInputError("url must be the project's own address, without /rest/v1", argument="url")
    if parts.username or parts.password:
        raise InvalidInputError("url must not hold a user name or password", argument="url")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _checked_key(key: Key | None, argument: str) -> SecretStr:
    text = plain(key or "").strip()
    if not text:
        raise InvalidInputError(f"{argument} is empty", argument=argument)
    if not text.isascii() or not text.isprintable() or " " in text:
        raise InvalidInputError(f"{argument} holds characters that no key has", argument=argument)
    return SecretStr(text)


def _settings_from_env() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        wrong = ", ".join(f"ADMIN_CRM_{'_'.join(map(str, each['loc'])).upper()}" for each in error.errors())
        raise InvalidInputError(f"the environment or .env sets {wrong} wrongly", argument="settings") from error


def plain(key: Key) -> str:
    return key.get_secret_value() if isinstance(key, SecretStr) else key


def _kind_of(key: SecretStr) -> str:
    plain = key.get_secret_value()
    for prefix, kind in (("sb_secret_", "with a secret key"), ("sb_publishable_", "with a publishable key")):
        if plain.startswith(prefix):
            return kind
    return "with a legacy key" if plain.count(".") == 2 else "with a key"
