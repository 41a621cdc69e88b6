"""What `AdminCRM` and `AsyncAdminCRM` have in common: rights, settings, and views of one connection."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Self, TypeVar

from pydantic import SecretStr

from admin_crm._core.connection import Key, Link, Rights, checked_key, checked_token, open_link, with_rights
from admin_crm._core.events import Hooks, RequestHook, ResponseHook, RetryHook
from admin_crm._core.observers import Observers, observers_of
from admin_crm._core.session import Login
from admin_crm.errors import InvalidInputError, InvalidTypeError
from admin_crm.settings import Credentials, Settings

C = TypeVar("C", bound="BaseConnection")

_NO_PROJECT = "set it to https://<ref>.supabase.co; without a project, `admin-crm local` starts one and prints it"


class BaseConnection:
    """The part of a connection that is the same for sync and async code."""

    _is_async: bool
    _link: Link
    _anon_key: SecretStr | None

    def __init__(
        self,
        url: str | None = None,
        key: Key | None = None,
        *,
        anon_key: Key | None = None,
        access_token: Key | None = None,
        secret_key: Key | None = None,
        supabase: Any = None,
        settings: Settings | None = None,
        on_request: RequestHook | None = None,
        on_response: ResponseHook | None = None,
        on_retry: RetryHook | None = None,
    ) -> None:
        if supabase is not None:
            _check_kind(supabase, is_async=self._is_async)
            if url is not None or key is not None or access_token is not None:
                raise InvalidInputError("pass either url and key, or supabase", argument="supabase")
            url, key = _address_of(supabase)
        key, access_token, anon_key = hidden(key), hidden(access_token), hidden(anon_key)
        secret_key = hidden(secret_key)
        self._anon_key = None if anon_key is None else checked_key(anon_key, "anon_key")
        self._link = open_link(
            url,
            key,
            settings,
            is_async=self._is_async,
            token=access_token,
            hooks=Hooks(on_request=on_request, on_response=on_response, on_retry=on_retry),
            client=supabase,
            secret_key=secret_key,
        )

    @classmethod
    def from_env(
        cls,
        *,
        settings: Settings | None = None,
        on_request: RequestHook | None = None,
        on_response: ResponseHook | None = None,
        on_retry: RetryHook | None = None,
    ) -> Self:
        """Connect with what the environment says, or `.env` in the working directory.

        Reads SUPABASE_URL, SUPABASE_SECRET_KEY (or SUPABASE_SERVICE_ROLE_KEY), SUPABASE_PUBLISHABLE_KEY (or
        SUPABASE_ANON_KEY), an administrator's ADMIN_CRM_EMAIL and ADMIN_CRM_PASSWORD or
        ADMIN_CRM_ACCESS_TOKEN, and every setting as ADMIN_CRM_<NAME>.

        With an e-mail address and a password the connection signs in at its first call, and again where its
        session has ended. An access token comes before them; without either, the secret key alone connects.
        Beside a session the secret key does what only it can do.

        Raises:
            InvalidInputError: the URL or the key is missing, a setting has a value it does not allow, or
                `.env` is not UTF-8.
        """
        found = Credentials.from_env()
        problem = found.problem
        if problem is not None:
            hint = None if found.url else _NO_PROJECT
            raise InvalidInputError(problem, argument="key" if found.url else "url", hint=hint)
        crm = cls(
            found.url,
            found.publishable_key if found.signs_in else found.secret_key,
            anon_key=found.publishable_key,
            access_token=found.access_token or None,
            secret_key=found.secret_key if found.signs_in else None,
            settings=settings or Settings.from_env(),
            on_request=on_request,
            on_response=on_response,
            on_retry=on_retry,
        )
        if not found.access_token and found.email and found.password:
            crm._link.rights.login = Login(found.email, found.password)
        return crm

    @property
    def url(self) -> str:
        """The project's address."""
        return self._link.shared.url

    @property
    def settings(self) -> Settings:
        """Names, limits and timeouts."""
        return self._link.settings

    @property
    def anon_key(self) -> SecretStr | None:
        """The anon or publishable key; only `create_customer_with_details` uses it."""
        return self._anon_key

    @property
    def on_request(self) -> RequestHook | None:
        """What is called before every request."""
        return hooks_of(self._link)["on_request"]

    @property
    def on_response(self) -> ResponseHook | None:
        """What is called when a response was read, or a request has failed."""
        return hooks_of(self._link)["on_response"]

    @property
    def on_retry(self) -> RetryHook | None:
        """What is called before every repeated try."""
        return hooks_of(self._link)["on_retry"]

    @property
    def last_request_id(self) -> str | None:
        """The server's id of the latest response on this connection, to quote to support.

        All views of the connection share it. Where several threads or tasks use the connection, the response may
        be another one's: an error's `request_id` and a `ResponseEvent`'s are those of their own request.
        """
        return self._link.shared.last_request_id

    def with_options(
        self,
        *,
        timeout: float | None = None,
        attempts: int | None = None,
        deadline: float | None = None,
        on_request: RequestHook | None = None,
        on_response: ResponseHook | None = None,
        on_retry: RetryHook | None = None,
    ) -> Self:
        """Return this connection with other limits or hooks; both share one HTTP client and are closed together.

        Args:
            timeout: seconds for each request, below what its service is allowed anyway.
            attempts: tries for each request, the first included.
            deadline: seconds after which no further try begins.
            on_request: called before each request, instead of this connection's hook.
            on_response: called after each response or failed request, instead of this connection's hook.
            on_retry: called before each retry, instead of this connection's hook.

        Raises:
            InvalidInputError: a limit is not above 0.
            TypeError: a hook is not a plain function.

        Examples:
            ```python
            patient = crm.with_options(attempts=8, deadline=300)
            customers = get_all_customers(patient)
            ```
        """
        for name, value in (("timeout", timeout), ("attempts", attempts), ("deadline", deadline)):
            if value is not None and not isinstance(value, int | float):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidTypeError(f"{name} must be a number, not {type(value).__name__}", argument=name)
            if value is not None and not value > 0:
                raise InvalidInputError(f"{name} must be greater than 0", argument=name)
        changes = {"retry_attempts": attempts, "retry_deadline": deadline}
        settings = self.settings.model_copy(update={k: v for k, v in changes.items() if v is not None})
        kept = hooks_of(self._link)
        hooks = Hooks(
            on_request=on_request or kept["on_request"],
            on_response=on_response or kept["on_response"],
            on_retry=on_retry or kept["on_retry"],
        )
        observers = observers_of(hooks, telemetry=settings.telemetry, owns_http=self._link.shared.owns_http)
        limit = self._link.timeout if timeout is None else timeout
        return with_link(self, replace(self._link, settings=settings, timeout=limit, observers=observers))

    def as_user(self, token: Key) -> Self:
        """Return this connection with another user's rights; both share one HTTP client and one limiter.

        For web back ends: one connection for the process, and for each request the rights of the
        administrator who sent it, without this connection's secret key. No request is made and no socket opened, so
        make one for each request. When the view is let go of, nothing of it stays but its token, in memory, until
        1,000 other views were used or the connection is closed: a query of `supabase` may outlive the view. Closing
        the view closes nothing; close the connection it came from.

        Calls on the view raise `AuthenticationError` where the token has expired or is not this project's; the view
        does not renew it. The browser does, and sends the new token with its next request.

        Args:
            token: the user's access token (a JWT), as the browser sends it.

        Raises:
            InvalidInputError: the token is empty, contains invalid characters or is one of the project's keys, or the
                connection was made from a supabase-py client of your own.

        Examples:
            ```python
            customers = get_all_customers(crm.as_user(token))
            ```
        """
        link, token = self._link, secret(token)
        if not link.shared.owns_http:
            raise InvalidInputError("the connection uses your own supabase-py client", argument="supabase")
        return with_link(
            self,
            with_rights(link, Rights(self._anon_key or link.rights.key, token=checked_token(token), is_given=True)),
        )

    def __repr__(self) -> str:
        link: Link | None = getattr(self, "_link", None)
        if link is None:
            return f"{type(self).__name__}(not connected)"
        rights = "as a signed-in user" if link.rights.is_signed_in else _describe_key(link.rights.key)
        beside = "" if link.secret is None else ", with a secret key"
        return f"{type(self).__name__}({self.url!r}, {rights}{beside})"


def with_link(crm: C, link: Link) -> C:
    """Return a view of a connection that reaches its server by another link."""
    clone = copy.copy(crm)
    clone.__dict__["_link"] = link
    return clone


def hooks_of(link: Link) -> Hooks:
    """Return the hooks of a connection, for another one that is to have them too."""
    observers = link.observers or Observers()
    return Hooks(on_request=observers.on_request, on_response=observers.on_response, on_retry=observers.on_retry)


def hidden(key: Key | None) -> SecretStr | None:
    """Return a key that may be left out as a secret."""
    return None if key is None else secret(key)


def secret(key: Key) -> SecretStr:
    """Return a key or password as a secret, which shows itself nowhere.

    Anything else stays what it is, for `checked_key` to refuse: were it refused here, the keys beside it would show.
    """
    return SecretStr(key) if isinstance(key, str) else key


def _address_of(client: Any) -> tuple[str, SecretStr]:
    try:
        return str(client.supabase_url), SecretStr(client.supabase_key)
    except AttributeError:
        kind = type(client).__name__
    raise InvalidTypeError(f"supabase must be a client of supabase-py, not {kind}", argument="supabase")


def _describe_key(key: SecretStr) -> str:
    secret_value = key.get_secret_value()
    for prefix, description in (("sb_secret_", "with a secret key"), ("sb_publishable_", "with a publishable key")):
        if secret_value.startswith(prefix):
            return description
    return "with a legacy key" if secret_value.count(".") == 2 else "with a key"


def _check_kind(client: Any, *, is_async: bool) -> None:
    """Raise where a client of supabase-py is of the other kind: its requests would be awaited, or not."""
    from supabase import AsyncClient, Client

    if isinstance(client, Client if is_async else AsyncClient):
        wanted, other = ("AsyncClient", "AdminCRM") if is_async else ("Client", "AsyncAdminCRM")
        raise InvalidTypeError(
            f"supabase must be a {wanted} of supabase-py, not {type(client).__name__}",
            argument="supabase",
            hint=f"for this one use {other}(supabase=client)",
        )
