"""`AdminCRM` and `AsyncAdminCRM`: connections to a project with an administrator's rights."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, Self, TypeVar, cast, overload

import httpx

from admin_crm._core.base import BaseConnection, hidden, secret
from admin_crm._core.connection import Key, keep_rights
from admin_crm._core.events import Hooks, RequestEvent, RequestHook, ResponseEvent, ResponseHook, Retry, RetryHook
from admin_crm._core.loop import check_loop
from admin_crm._core.operation import call_async, call_of, call_sync, in_both_forms
from admin_crm._core.session import Login
from admin_crm._core.sign_in import sign_in, stop_renewal
from admin_crm._core.transport import http_of, interrupt, taken_from
from admin_crm.settings import Settings

if TYPE_CHECKING:
    from supabase import AsyncClient, Client

__all__ = [
    "AdminCRM",
    "AnyCRM",
    "AsyncAdminCRM",
    "Operation",
    "RequestEvent",
    "RequestHook",
    "ResponseEvent",
    "ResponseHook",
    "Retry",
    "RetryHook",
    "operation",
]

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class AdminCRM(BaseConnection):
    """A connection with an administrator's rights, for synchronous code.

    Args:
        url: the project's URL, such as ``https://<ref>.supabase.co``.
        key: the secret or service_role key; or, with `access_token`, the publishable key.
        anon_key: the publishable or anon key, needed only by `create_customer_with_details`.
        access_token: an administrator's token, for shops whose view is gated on `auth.uid()`.
        secret_key: the secret key, beside an administrator's token, for what only it can do.
        supabase: a supabase-py client that the app already has, instead of url and key.
        settings: names, limits and timeouts; the defaults if left out. Nothing is read from the environment.
        on_request: called with a `RequestEvent` before each request.
        on_response: called with a `ResponseEvent` when a response was read, or a request has failed.
        on_retry: called with a `Retry` before each retry.

    Raises:
        InvalidInputError: the URL or a key cannot be one.
        TypeError: a hook is not a plain function.

    Examples:
        ```python
        with AdminCRM.from_env() as crm:
            customers = get_all_customers(crm)
        ```
    """

    _is_async = False

    if TYPE_CHECKING:

        def __init__(
            self,
            url: str | None = None,
            key: Key | None = None,
            *,
            anon_key: Key | None = None,
            access_token: Key | None = None,
            secret_key: Key | None = None,
            supabase: Client | None = None,
            settings: Settings | None = None,
            on_request: RequestHook | None = None,
            on_response: ResponseHook | None = None,
            on_retry: RetryHook | None = None,
        ) -> None: ...

    @classmethod
    def sign_in(
        cls,
        url: str,
        publishable_key: Key,
        email: str,
        password: Key,
        *,
        secret_key: Key | None = None,
        settings: Settings | None = None,
        on_request: RequestHook | None = None,
        on_response: ResponseHook | None = None,
        on_retry: RetryHook | None = None,
    ) -> Self:
        """Sign in as an administrator; the session is refreshed automatically while the connection is used.

        Anybody can sign in; it is reading the directory that needs an administrator.

        Args:
            url: the project's URL.
            publishable_key: the publishable or anon key.
            email: the administrator's e-mail address.
            password: the administrator's password, which is not kept.
            secret_key: the secret key, for what only it can do, such as deleting evidence in most shops.
            settings: names, limits and timeouts.
            on_request: called before each request.
            on_response: called after each response or failed request.
            on_retry: called before each retry.

        Raises:
            AuthenticationError: the e-mail address or password is wrong.

        Examples:
            ```python
            crm = AdminCRM.sign_in(url, publishable_key, "ana@shop.example", password)
            ```
        """
        login, email, password = Login(secret(email), secret(password)), "", ""
        publishable_key, secret_key = secret(publishable_key), hidden(secret_key)
        hooks = Hooks(on_request=on_request, on_response=on_response, on_retry=on_retry)
        crm = cls(url, publishable_key, anon_key=publishable_key, secret_key=secret_key, settings=settings, **hooks)
        try:
            call_sync(call_of(crm._link, "sign_in"), sign_in(crm._link, login))
        except BaseException:
            crm.close()
            raise
        return crm

    @property
    def supabase(self) -> Client:
        """The underlying supabase-py client, for everything that this library does not cover."""
        link = self._link
        if link.rights.client is None:
            with link.shared.lock:
                if link.rights.client is None:
                    from supabase import Client
                    from supabase.lib.client_options import SyncClientOptions

                    options = SyncClientOptions(
                        httpx_client=http_of(link), auto_refresh_token=False, persist_session=False
                    )
                    link.rights.client = client = Client(self.url, link.rights.handle, options)
                    keep_rights(link.shared, client, link.rights)
        return cast("Client", link.rights.client)

    def close(self) -> None:
        """Close the connection; calls under way end with an error. A supabase-py client of the app stays open."""
        link = self._link
        if not link.owns_shared:
            return
        http = taken_from(link.shared)
        if isinstance(http, httpx.Client):
            http.close()
            interrupt(link.shared)
        stop_renewal(link)

    def __enter__(self) -> Self:
        self._link.shared.check_open()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncAdminCRM(BaseConnection):
    """A connection with an administrator's rights, for asynchronous code; takes what `AdminCRM` takes.

    One connection belongs to one event loop of asyncio, the first that it is used on.

    Examples:
        ```python
        async with AsyncAdminCRM.from_env() as crm:
            customers = await get_all_customers(crm)
        ```
    """

    _is_async = True

    if TYPE_CHECKING:

        def __init__(
            self,
            url: str | None = None,
            key: Key | None = None,
            *,
            anon_key: Key | None = None,
            access_token: Key | None = None,
            secret_key: Key | None = None,
            supabase: AsyncClient | None = None,
            settings: Settings | None = None,
            on_request: RequestHook | None = None,
            on_response: ResponseHook | None = None,
            on_retry: RetryHook | None = None,
        ) -> None: ...

    @classmethod
    async def sign_in(
        cls,
        url: str,
        publishable_key: Key,
        email: str,
        password: Key,
        *,
        secret_key: Key | None = None,
        settings: Settings | None = None,
        on_request: RequestHook | None = None,
        on_response: ResponseHook | None = None,
        on_retry: RetryHook | None = None,
    ) -> Self:
        """Sign in as an administrator; see `AdminCRM.sign_in`.

        Examples:
            ```python
            crm = await AsyncAdminCRM.sign_in(url, publishable_key, "ana@shop.example", password)
            ```
        """
        login, email, password = Login(secret(email), secret(password)), "", ""
        publishable_key, secret_key = secret(publishable_key), hidden(secret_key)
        hooks = Hooks(on_request=on_request, on_response=on_response, on_retry=on_retry)
        crm = cls(url, publishable_key, anon_key=publishable_key, secret_key=secret_key, settings=settings, **hooks)
        try:
            check_loop(crm._link.shared)
            await call_async(call_of(crm._link, "sign_in"), sign_in(crm._link, login))
        except BaseException:
            await crm.close()
            raise
        return crm

    @property
    def supabase(self) -> AsyncClient:
        """The underlying supabase-py client, for everything that this library does not cover."""
        link = self._link
        if link.rights.client is None:
            from supabase import AsyncClient
            from supabase.lib.client_options import AsyncClientOptions

            options = AsyncClientOptions(httpx_client=http_of(link), auto_refresh_token=False, persist_session=False)
            link.rights.client = client = AsyncClient(self.url, link.rights.handle, options)
            keep_rights(link.shared, client, link.rights)
            client.realtime.access_token = link.rights.bearer  # it opens a socket of its own
        return cast("AsyncClient", link.rights.client)

    async def close(self) -> None:
        """Close the connection; calls under way end with an error. A supabase-py client of the app stays open.

        Raises:
            ClientStateError: the connection was used on another event loop than the running one.
        """
        link = self._link
        if not link.owns_shared:
            return
        if link.shared.loop is not None:
            check_loop(link.shared)
        http = taken_from(link.shared)
        renewal = stop_renewal(link)
        try:
            if renewal is not None:
                await asyncio.wait([renewal])
        finally:
            if isinstance(http, httpx.AsyncClient):
                await http.aclose()

    async def __aenter__(self) -> Self:
        self._link.shared.check_open()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


AnyCRM = AdminCRM | AsyncAdminCRM


class Operation(Protocol[P, T_co]):
    """A function that returns a result for an `AdminCRM` and a coroutine for an `AsyncAdminCRM`."""

    @overload
    def __call__(self, crm: AdminCRM, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(self, crm: AsyncAdminCRM, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T_co]: ...


def operation(function: Callable[Concatenate[AnyCRM, P], Coroutine[Any, Any, T]]) -> Operation[P, T]:
    """Make a public function of a coroutine function: called with an `AdminCRM`, awaited with an `AsyncAdminCRM`."""
    return cast("Operation[P, T]", in_both_forms(function))
