"""AdminCRM and AsyncAdminCRM: which project, with whose rights, for how long."""

from __future__ import annotations

import asyncio
import copy
import os
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from pydantic import SecretStr, ValidationError

from admin_crm._translate import error_from
from admin_crm._transport import async_pool, sync_pool
from admin_crm.errors import AdminCRMError, AuthenticationError, ClientStateError, InvalidInputError
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


class _Shared(Generic[ClientT]):
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


_all_shared: weakref.WeakSet[_Shared[Any]] = weakref.WeakSet()


class _Connection(Generic[ClientT]):
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
        self._shared: _Shared[ClientT] = _Shared(supabase)
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


class AdminCRM(_Connection["Client"]):
    """A connection with an administrator's rights, for synchronous code.

    Args:
        url: the project's URL, such as ``https://<ref>.supabase.co``.
        key: the secret or service_role key; or, with `access_token`, the publishable key.
        anon_key: the publishable or anon key, needed only by `create_customer_with_details`.
        access_token: an administrator's token, for shops whose view asks who is looking.
        supabase: a supabase-py client that the app already has, instead of url and key.
        settings: names, limits and timeouts.
        on_retry: called before every repeated try.

    Example:
        >>> with AdminCRM.from_env() as crm:
        ...     customers = get_all_customers(crm)
    """

    @classmethod
    def sign_in(
        cls,
        url: str,
        publishable_key: Key,
        email: str,
        password: Key,
        *,
        settings: Settings | None = None,
        on_retry: RetryHook | None = None,
    ) -> Self:
        """Connect as an administrator, whose session is renewed as long as the connection is used.

        Raises:
            AuthenticationError: the address or password was not accepted.

        Example:
            >>> crm = AdminCRM.sign_in(url, publishable_key, "ana@shop.example", password)
        """
        crm = cls(url, publishable_key, anon_key=publishable_key, settings=settings, on_retry=on_retry)
        try:
            answer = crm.supabase.auth.sign_in_with_password({"email": email, "password": _plain(password)})
            crm._shared.session = _session_of(answer.session)
        except Exception as error:
            crm.close()
            raise _sign_in_error(error) from error
        return crm

    @property
    def supabase(self) -> Client:
        """The supabase-py client underneath, for what this library does not offer."""
        shared = self._shared
        if shared.client is None:
            with shared.lock:
                if shared.client is None:
                    from supabase import Client
                    from supabase.lib.client_options import SyncClientOptions

                    self._check_open()
                    shared.pool = pool = sync_pool(self.settings)
                    options = SyncClientOptions(httpx_client=pool, auto_refresh_token=False, persist_session=False)
                    options.headers.update(self._headers())
                    shared.client = Client(self.url, self._key.get_secret_value(), options)
        return shared.client

    async def ready(self) -> None:
        """Make sure that a request can be sent: open, and with a session that is still good."""
        self._check_open()
        if self._session_is_ending():
            with self._shared.lock:
                if self._session_is_ending() and self._shared.session is not None:
                    answer = self.supabase.auth.refresh_session(self._shared.session.refresh_token)
                    self._shared.session = _session_of(answer.session)

    def close(self) -> None:
        """Close the pool; calls under way end with an error. A supabase-py client given by the app stays open."""
        shared = self._shared
        shared.closed = True
        pool, shared.pool = shared.pool, None
        if isinstance(pool, httpx.Client):
            pool.close()

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncAdminCRM(_Connection["AsyncClient"]):
    """A connection with an administrator's rights, for asynchronous code; takes what `AdminCRM` takes.

    One connection belongs to one event loop, the first that it is used on.

    Example:
        >>> async with AsyncAdminCRM.from_env() as crm:
        ...     customers = await get_all_customers(crm)
    """

    @classmethod
    async def sign_in(
        cls,
        url: str,
        publishable_key: Key,
        email: str,
        password: Key,
        *,
        settings: Settings | None = None,
        on_retry: RetryHook | None = None,
    ) -> Self:
        """Connect as an administrator; see `AdminCRM.sign_in`.

        Example:
            >>> crm = await AsyncAdminCRM.sign_in(url, publishable_key, "ana@shop.example", password)
        """
        crm = cls(url, publishable_key, anon_key=publishable_key, settings=settings, on_retry=on_retry)
        try:
            answer = await crm.supabase.auth.sign_in_with_password({"email": email, "password": _plain(password)})
            crm._shared.session = _session_of(answer.session)
        except Exception as error:
            await crm.close()
            raise _sign_in_error(error) from error
        return crm

    @property
    def supabase(self) -> AsyncClient:
        """The supabase-py client underneath, for what this library does not offer."""
        shared = self._shared
        if shared.client is None:
            from supabase import AsyncClient
            from supabase.lib.client_options import AsyncClientOptions

            self._check_open()
            shared.pool = pool = async_pool(self.settings)
            options = AsyncClientOptions(httpx_client=pool, auto_refresh_token=False, persist_session=False)
            options.headers.update(self._headers())
            shared.client = AsyncClient(self.url, self._key.get_secret_value(), options)
        return shared.client

    async def ready(self) -> None:
        """Make sure that a request can be sent: open, on its own loop, with a session that is still good."""
        self._check_open()
        shared, loop = self._shared, asyncio.get_running_loop()
        if shared.loop is None:
            shared.loop = loop
        elif shared.loop is not loop:
            raise ClientStateError(
                "this connection belongs to another event loop",
                hint="open one AsyncAdminCRM per loop, inside the coroutine given to asyncio.run",
            )
        if self._session_is_ending():
            async with shared.refreshing:
                if self._session_is_ending() and shared.session is not None:
                    answer = await self.supabase.auth.refresh_session(shared.session.refresh_token)
                    shared.session = _session_of(answer.session)

    async def close(self) -> None:
        """Close the pool; calls under way end with an error. A supabase-py client given by the app stays open."""
        shared = self._shared
        shared.closed = True
        pool, shared.pool = shared.pool, None
        if isinstance(pool, httpx.AsyncClient):
            await pool.aclose()

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


AnyCRM = AdminCRM | AsyncAdminCRM


@asynccontextmanager
async def throw_away(crm: AnyCRM) -> AsyncGenerator[AnyCRM]:
    """Open a connection of the same colour that has only the anon key, and close it at the end."""
    stranger = type(crm)(crm.url, crm.anon_key, settings=crm.settings, on_retry=crm.on_retry)
    try:
        yield stranger.named(crm.operation or "", None).with_options(timeout=crm.timeout)
    finally:
        closing = stranger.close()
        if closing is not None:
            await closing


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
    plain = _plain(key or "").strip()
    if not plain:
        raise InvalidInputError(f"{argument} is empty", argument=argument)
    if not plain.isascii() or not plain.isprintable() or " " in plain:
        raise InvalidInputError(f"{argument} holds characters that no key has", argument=argument)
    return SecretStr(plain)


def _settings_from_env() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        wrong = ", ".join(f"ADMIN_CRM_{'_'.join(map(str, each['loc'])).upper()}" for each in error.errors())
        raise InvalidInputError(f"the environment or .env sets {wrong} wrongly", argument="settings") from error


def _plain(key: Key) -> str:
    return key.get_secret_value() if isinstance(key, SecretStr) else key


def _kind_of(key: SecretStr) -> str:
    plain = key.get_secret_value()
    for prefix, kind in (("sb_secret_", "with a secret key"), ("sb_publishable_", "with a publishable key")):
        if plain.startswith(prefix):
            return kind
    return "with a legacy key" if plain.count(".") == 2 else "with a key"


def _session_of(session: Session | None) -> Session:
    if session is None:
        raise AuthenticationError("the server gave no session", hint="sign in again")
    return session


def _sign_in_error(error: Exception) -> AdminCRMError:
    told = error_from(error)
    told.operation = "sign_in"
    return told
