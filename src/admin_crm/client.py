"""AdminCRM and AsyncAdminCRM: which project, with whose rights, for how long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

import httpx

from admin_crm._core.connection import Connection, Key, Retry, RetryHook, plain
from admin_crm._core.translate import error_from
from admin_crm._core.transport import async_pool, sync_pool
from admin_crm.errors import AdminCRMError, AuthenticationError, ClientStateError
from admin_crm.settings import Settings

if TYPE_CHECKING:
    from supabase import AsyncClient, Client
    from supabase_auth.types import Session

__all__ = ["AdminCRM", "AnyCRM", "AsyncAdminCRM", "Retry", "RetryHook", "throw_away"]


class AdminCRM(Connection["Client"]):
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
            answer = crm.supabase.auth.sign_in_with_password({"email": email, "password": plain(password)})
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
                self._renew_session()

    def _renew_session(self) -> None:
        session = self._shared.session
        if self._session_is_ending() and session is not None:  # unless another thread has renewed it meanwhile
            answer = self.supabase.auth.refresh_session(session.refresh_token)
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


class AsyncAdminCRM(Connection["AsyncClient"]):
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
            answer = await crm.supabase.auth.sign_in_with_password({"email": email, "password": plain(password)})
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
                await self._renew_session()

    async def _renew_session(self) -> None:
        session = self._shared.session
        if self._session_is_ending() and session is not None:  # unless another task has renewed it meanwhile
            answer = await self.supabase.auth.refresh_session(session.refresh_token)
            self._shared.session = _session_of(answer.session)

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


def _session_of(session: Session | None) -> Session:
    if session is None:
        raise AuthenticationError("the server gave no session", hint="sign in again")
    return session


def _sign_in_error(error: Exception) -> AdminCRMError:
    told = error_from(error)
    told.operation = "sign_in"
    return told
