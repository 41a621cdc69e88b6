"""What a connection tells hooks of its requests: no event holds a body, a key, a query or personal data."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypedDict, TypeVar
from uuid import UUID

from admin_crm._core.log import log
from admin_crm.errors import AdminCRMError

Service = Literal["rest", "auth", "storage", "functions", "other"]
E = TypeVar("E")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvent:
    """What `on_request` receives: a request is about to be sent."""

    operation: str
    """The public function, such as ``search_customers``."""
    customer_id: UUID | None
    """The customer whom the function was called for."""
    method: str
    """The HTTP method."""
    service: Service
    """The service that is asked; ``rest`` is the database."""
    path: str
    """The URL's path without its query; ids are ``{id}``, the names of files ``{path}``."""
    attempt: int
    """Which try it is; the first is 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseEvent(RequestEvent):
    """What `on_response` receives, once for each request: its response was read, or it failed."""

    status: int | None
    """The HTTP status; None where no response came."""
    seconds: float
    """Seconds from sending the request until its response was read to the end, or the request failed."""
    bytes: int
    """The size of the response's body as it was received, compressed or not."""
    request_id: str | None
    """The server's id of the request, to quote to support."""
    error: str | None
    """The class of what broke the request, such as ``ReadTimeout``; None where a response was read."""


class Retry(NamedTuple):
    """What `on_retry` receives: a try failed, and another one follows. A try may be several requests."""

    operation: str | None
    """The public function."""
    attempt: int
    """The number of the try that failed; the first is 1."""
    delay: float
    """Seconds until the next try."""
    error: AdminCRMError
    """Why it failed."""

    @property
    def customer_id(self) -> UUID | None:
        """The customer whom the function was called for."""
        return self.error.customer_id

    @property
    def reason(self) -> str:
        """The class of the error, such as ``RateLimitedError``."""
        return type(self.error).__name__

    @property
    def status(self) -> int | None:
        """The HTTP status of the response, where one came."""
        return self.error.status

    @property
    def request_id(self) -> str | None:
        """The server's id of the request that failed, where it sent one."""
        return self.error.request_id


RequestHook = Callable[[RequestEvent], None]
ResponseHook = Callable[[ResponseEvent], None]
RetryHook = Callable[[Retry], None]


class Hooks(TypedDict):
    """The hooks of a connection, as its constructors take them."""

    on_request: RequestHook | None
    on_response: ResponseHook | None
    on_retry: RetryHook | None


def checked_hook(hook: Any, name: str) -> Any:
    """Return a hook that can be called, or None; a coroutine function would never be awaited."""
    if hook is None:
        return None
    if not callable(hook):
        raise TypeError(f"{name} must be a function, not {type(hook).__name__}")
    if inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(type(hook).__call__):
        raise TypeError(f"{name} must be a plain function, also with AsyncAdminCRM: it is called and not awaited")
    return hook


def tell(hook: Callable[[E], object], event: E) -> None:
    """Call a hook. What it raises is logged and changes nothing: the request was, or will be, sent all the same."""
    try:
        answer = hook(event)
    except Exception:  # noqa: BLE001 (whatever it is, it is not the call's)
        log.exception("a hook raised; the call goes on")
        return
    if inspect.iscoroutine(answer):
        answer.close()
        log.error("a hook returned a coroutine, which nobody awaits; pass a plain function")
