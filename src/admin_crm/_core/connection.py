"""What lies behind an `AdminCRM`: whose rights, which limits, and what all views of one connection share.

The public classes in `client` show only what users need. The rest of the library reaches what it needs of
a connection through `link_of`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from admin_crm._core.claims import Claims, claims_of
from admin_crm._core.events import Hooks
from admin_crm._core.facts import ServerFacts
from admin_crm._core.limiter import Limiter
from admin_crm._core.observers import Observers, observers_of
from admin_crm._core.session import Login, Renewal, Session
from admin_crm._core.validation import settings_or_default
from admin_crm.errors import ClientStateError, InvalidInputError, InvalidTypeError
from admin_crm.settings import Settings

if TYPE_CHECKING:
    import socket

Key = str | SecretStr

_numbers = itertools.count(1)
_BY_NAME = "pass a client of supabase-py by its name: supabase=client"
_HANDLE = "key-added-when-sent-"
LATEST_CLIENTS = 1000
"""Of how many views the rights are kept for queries that outlive the view and its supabase-py client."""


@dataclass(eq=False)
class Rights:
    """Whose rights requests have: a key, and where somebody is signed in, a token or a session.

    supabase-py is given the `handle` in place of the key. The key replaces it when a request is sent, so
    that no header, local variable or traceback before that holds it.
    """

    key: SecretStr
    token: SecretStr | None = None
    login: Login | None = None
    """What the session is opened with, where the connection keeps it: at its first request, and when it has ended."""
    session: Session | None = None
    renewal: Renewal | None = None
    client: Any = None
    """supabase-py's client with these rights, made when it is first used."""
    owns_client: bool = True
    """Whether the client is ours; one of the app's own may be signed in and out at any time."""
    is_given: bool = False
    """Whether the token was given to `as_user`, and is not the connection's own."""
    sees_customers: bool = False
    """Whether the directory's view has shown a row to a key."""
    handle: str = field(default_factory=lambda: f"{_HANDLE}{next(_numbers)}")

    @property
    def bearer(self) -> str:
        """The token that requests are sent with.

        Raises:
            ClientStateError: the session is not opened yet; the key alone would have other rights.
        """
        if not self.owns_client:
            return str(self.client.options.headers["Authorization"]).removeprefix("Bearer ")
        if self.login is not None and self.session is None:
            raise ClientStateError(
                "this connection has not signed in yet", hint="the first call of a function signs in"
            )
        secret = self.session.access_token if self.session else self.token or self.key
        return secret.get_secret_value()

    @property
    def claims(self) -> Claims:
        """What the token that requests are sent with says of itself."""
        return Claims("authenticated") if self.login and not self.session else claims_of(self.bearer)

    @property
    def is_signed_in(self) -> bool:
        """Whether a user's token or session goes with the key."""
        return self.login is not None or self.bearer != self.key.get_secret_value()

    @property
    def is_anonymous(self) -> bool:
        """Whether these are no more rights than anybody has: a publishable key alone."""
        return self.claims.role == "anon"

    @property
    def is_secret(self) -> bool:
        """Whether these are the secret key's rights, which bypass row-level security."""
        return self.claims.role == "service_role"


class StandIn(Protocol):
    """What answers the calls of a connection that has no server; `admin_crm.testing` has one."""

    def asked(
        self, function: Callable[..., Any], link: Link, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Callable[[], Coroutine[Any, Any, Any]]:
        """Check a call's arguments, and return what answers it."""
        ...

    def refuse_network(self) -> None:
        """Raise: there is no server to send a request to."""
        ...


@dataclass(eq=False)
class Shared:
    """What all views of one connection share: the HTTP client, the limiter, and what was learnt of the server."""

    url: str
    limiter: Limiter
    owns_http: bool = True
    http: httpx.Client | httpx.AsyncClient | None = None
    facts: ServerFacts = field(default_factory=ServerFacts)
    loop: asyncio.AbstractEventLoop | None = None
    closed: bool = False
    last_request_id: str | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    rights: weakref.WeakValueDictionary[str, Rights] = field(default_factory=weakref.WeakValueDictionary[str, Rights])
    latest: dict[str, Rights] = field(default_factory=dict[str, "Rights"])
    """The rights of the latest supabase-py clients: a query made in one expression outlives both view and client."""
    sockets: weakref.WeakSet[socket.socket] = field(default_factory=weakref.WeakSet["socket.socket"])
    stand_in: StandIn | None = None
    """What answers in the server's place, where the connection is a fake."""

    def rights_of(self, handle: str) -> Rights | None:
        """Return the rights that a handle stands for; None for a key that an app sends itself.

        Raises:
            ClientStateError: nothing holds these rights any more; without the key, the server would refuse it.
        """
        rights = self.rights.get(handle) or self.latest.get(handle)
        if rights is None and handle.startswith(_HANDLE):
            raise ClientStateError(
                "the connection that this request belongs to is gone",
                hint="keep crm.supabase in a variable until its requests are sent",
            )
        return rights

    def check_open(self) -> None:
        """Raise where the connection is closed."""
        if self.closed:
            raise ClientStateError("the connection is closed", hint="open a new one")

    def check_network(self) -> None:
        """Raise where the connection is closed, or is a fake that has no server."""
        self.check_open()
        if self.stand_in is not None:
            self.stand_in.refuse_network()


@dataclass(frozen=True)
class Link:
    """How one view of a connection reaches its server."""

    shared: Shared
    rights: Rights
    settings: Settings
    is_async: bool
    observers: Observers | None = None
    """Who is told of its calls and requests."""
    timeout: float | None = None
    owns_shared: bool = True
    """Whether closing this view closes what it shares."""
    secret: Rights | None = None
    """The secret key's rights, where the connection has that key beside a session."""


class Connection(Protocol):
    """What calls need of a connection, whatever its class."""

    _link: Link

    @property
    def settings(self) -> Settings: ...


def link_of(crm: Connection) -> Link:
    """Return what lies behind a connection: the only way from its public face to its inside."""
    return crm._link  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001


def facts_of(crm: Connection) -> ServerFacts:
    """Return what was learnt of a connection's server."""
    return link_of(crm).shared.facts


def rights_in_effect(crm: Connection) -> Claims:
    """Return what a connection's requests are sent with: the claims of its session, or otherwise of its key."""
    return link_of(crm).rights.claims


def open_link(
    url: str | None,
    key: Key | None,
    settings: Settings | None,
    *,
    is_async: bool,
    hooks: Hooks,
    token: Key | None = None,
    client: Any = None,
    secret_key: Key | None = None,
) -> Link:
    """Check what a connection is opened with, and open it; `client` is a supabase-py client of the app's own."""
    address = _checked_url(url)
    settings = settings_or_default(settings)
    observers = observers_of(hooks, telemetry=settings.telemetry, owns_http=client is None)
    rights = Rights(
        checked_key(key, "key"),
        token=None if token is None else checked_key(token, "access_token"),
        client=client,
        owns_client=client is None,
    )
    shared = Shared(address, Limiter(settings.concurrency), owns_http=client is None)
    secret = None if secret_key is None else Rights(_checked_secret_key(secret_key))
    for each in filter(None, (rights, secret)):
        shared.rights[each.handle] = each
    _all_shared.add(shared)
    return Link(shared, rights, settings, is_async=is_async, observers=observers, secret=secret)


def with_rights(link: Link, rights: Rights) -> Link:
    """Return a link to the same server, over the same HTTP client, with other rights."""
    link.shared.rights[rights.handle] = rights
    return Link(
        link.shared, rights, link.settings, link.is_async, link.observers, link.timeout, owns_shared=False
    )  # fmt: skip


def keep_rights(shared: Shared, client: Any, rights: Rights) -> None:
    """Let supabase-py's client, and queries that outlive it, keep their rights where the view is let go of."""
    client.admin_crm_rights = rights
    with shared.lock:
        shared.latest[rights.handle] = replace(rights, client=None)
        while len(shared.latest) > LATEST_CLIENTS:
            del shared.latest[next(iter(shared.latest))]


def checked_key(key: Key | None, argument: str) -> SecretStr:
    """Return a key that may be one; which project it opens, only the server knows."""
    if key is not None and not isinstance(key, str | SecretStr):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidTypeError(f"{argument} must be a string, not {type(key).__name__}", argument=argument)
    secret = key if isinstance(key, SecretStr) else SecretStr(key or "")
    text = secret.get_secret_value().strip()
    valid = text.isascii() and text.isprintable() and " " not in text
    secret, text = SecretStr(text), ""
    if not secret:
        raise InvalidInputError(f"{argument} is {'missing' if key is None else 'empty'}", argument=argument)
    if not valid:
        raise InvalidInputError(
            f"{argument} contains invalid characters",
            argument=argument,
            hint="copy it again from the project's settings",
        )
    return secret


def checked_token(token: SecretStr) -> SecretStr:
    """Return what may be a signed-in user's token; a key is none."""
    secret = checked_key(token, "token")
    if claims_of(secret.get_secret_value()).role in {"service_role", "anon"}:
        raise InvalidInputError(
            "token is a key of the project, not the token of a signed-in user",
            argument="token",
            hint="nobody is signed in where the token is sent from: sign in, and send the session's access token",
        )
    return secret


def _checked_secret_key(key: Key) -> SecretStr:
    secret = checked_key(key, "secret_key")
    if claims_of(secret.get_secret_value()).role != "service_role":
        raise InvalidInputError(
            "secret_key is not a secret key", argument="secret_key", hint="pass the sb_secret_… or service_role key"
        )
    return secret


_all_shared: weakref.WeakSet[Shared] = weakref.WeakSet()


def _after_fork() -> None:
    """Make a forked child process open its own sockets; it must not share the parent's, nor its refresh token."""
    for shared in list(_all_shared):
        shared.lock, shared.loop = threading.RLock(), None
        shared.limiter = Limiter(shared.limiter.maximum)
        shared.sockets = weakref.WeakSet()
        for rights in list(shared.rights.values()):
            rights.renewal = None
            if rights.session is not None:
                rights.session = rights.session.inherited()
            if rights.owns_client:
                rights.client = None
        shared.http = None


if hasattr(os, "register_at_fork"):  # pragma: no branch (on Windows no process forks)
    os.register_at_fork(after_in_child=_after_fork)


def _checked_url(url: str | None) -> str:
    if url is not None and not isinstance(url, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidTypeError(f"url must be a string, not {type(url).__name__}", argument="url", hint=_BY_NAME)
    try:
        parts = urlsplit((url or "").strip())
        valid = parts.scheme in ("http", "https") and (parts.port is None or parts.port > 0)
        # What httpx refuses when a request is made; supabase-py takes no backslash either.
        valid = valid and bool(parts.hostname and httpx.URL(parts.geturl()).host) and "\\" not in parts.netloc
    except (ValueError, httpx.InvalidURL):
        parts, valid = urlsplit(""), False
    if not valid:
        raise InvalidInputError("url must be a URL such as https://<ref>.supabase.co", argument="url")
    if any(f"/{service}/v1" in parts.path for service in ("rest", "auth", "storage", "functions")):
        raise InvalidInputError("url must be the project's base URL, without /rest/v1", argument="url")
    if parts.username or parts.password:
        raise InvalidInputError("url must not contain a user name or password", argument="url")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
