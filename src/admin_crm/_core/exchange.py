"""One request and its response, as hooks, the log and OpenTelemetry are told of it.

The HTTP client begins an exchange before it sends a request, if anybody listens. The exchange ends when the
response's body was read or closed, or when the request has failed. It never holds the request itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

import httpx

from admin_crm._core import context
from admin_crm._core.context import CallContext
from admin_crm._core.events import RequestEvent, ResponseEvent, tell
from admin_crm._core.headers import request_id
from admin_crm._core.log import log
from admin_crm._core.safe_url import safe_path, service_of

if TYPE_CHECKING:
    from admin_crm._core.telemetry import RequestSpan

_KEY = "admin_crm.exchange"
_latest: ContextVar[Exchange | None] = ContextVar("admin_crm_exchange", default=None)


class Exchange:
    """A request under way, of one call.

    Args:
        request: the request, about to be sent.
        call: the call that it is part of.
    """

    __slots__ = ("_ended", "_observers", "_span", "_started_at", "event", "request_id", "status")

    def __init__(self, request: httpx.Request, call: CallContext) -> None:
        path = request.url.path
        self.event = RequestEvent(
            operation=call.operation,
            customer_id=call.customer_id,
            method=request.method,
            service=service_of(path),
            path=safe_path(path),
            attempt=context.attempt.get(),
        )
        self.status: int | None = None
        self.request_id: str | None = None
        self._observers, self._ended = call.observers, False
        self._span: RequestSpan | None = None
        if self._observers is not None:
            if self._observers.on_request is not None:
                tell(self._observers.on_request, self.event)
            if self._observers.telemetry is not None:
                self._span = self._observers.telemetry.request(self.event, request.url)
        self._started_at = time.perf_counter()

    def answered(self, response: httpx.Response) -> None:
        """Note that the head of the response has arrived, and wait for the end of its body."""
        self.status, self.request_id = response.status_code, request_id(response.headers)
        if self._span is not None:
            self._span.answered()
        if response.is_closed:
            self.end(size=response.num_bytes_downloaded)
        elif isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _AsyncBody(response, self)
        else:
            response.stream = _Body(response, self)

    def end(self, error: BaseException | None = None, size: int = 0) -> None:
        """Tell of the end of the exchange, once; an iterator that is closed early is no failure."""
        if self._ended:
            return
        self._ended = True
        event, observers = self.event, self._observers
        failure = None if error is None or isinstance(error, GeneratorExit) else type(error).__name__
        ended = ResponseEvent(
            operation=event.operation,
            customer_id=event.customer_id,
            method=event.method,
            service=event.service,
            path=event.path,
            attempt=event.attempt,
            status=self.status,
            seconds=time.perf_counter() - self._started_at,
            bytes=size,
            request_id=self.request_id,
            error=failure,
        )
        _log(ended)
        if self._span is not None:
            self._span.end(ended)
        if observers is not None and observers.on_response is not None:
            tell(observers.on_response, ended)


def begin(request: httpx.Request) -> None:
    """Begin an exchange if anybody listens to the current call; what the app sends itself is no call."""
    call = context.current()
    if call is not None and (call.observers is not None or log.isEnabledFor(logging.DEBUG)):
        request.extensions[_KEY] = exchange = Exchange(request, call)
        _latest.set(exchange)


def answered(response: httpx.Response) -> None:
    """Note that the head of a response has arrived."""
    exchange = response.request.extensions.get(_KEY)
    if exchange is not None:
        _latest.set(None)  # from here on its body says how it ends
        exchange.answered(response)


def failed(error: BaseException) -> None:
    """End the exchange that an error has interrupted, if one was under way."""
    exchange = _latest.get()
    if exchange is not None:
        exchange.end(error)
        _latest.set(None)


class _Body(httpx.SyncByteStream):
    """A response's body that says when it was read, closed or cut."""

    def __init__(self, response: httpx.Response, exchange: Exchange) -> None:
        self._response, self._exchange = response, exchange
        self._stream = cast("httpx.SyncByteStream", response.stream)

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except BaseException as error:
            self._exchange.end(error, self._response.num_bytes_downloaded)
            raise

    def close(self) -> None:
        self._stream.close()
        self._exchange.end(size=self._response.num_bytes_downloaded)


class _AsyncBody(httpx.AsyncByteStream):
    """The same as `_Body`, for an asynchronous client."""

    def __init__(self, response: httpx.Response, exchange: Exchange) -> None:
        self._response, self._exchange = response, exchange
        self._stream = cast("httpx.AsyncByteStream", response.stream)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                yield chunk
        except BaseException as error:
            self._exchange.end(error, self._response.num_bytes_downloaded)
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()
        self._exchange.end(size=self._response.num_bytes_downloaded)


def _log(event: ResponseEvent) -> None:
    """Write one DEBUG record, whose attributes are those of the event, but for the customer."""
    if not log.isEnabledFor(logging.DEBUG):
        return
    ms = round(event.seconds * 1000, 1)
    said = event.error or event.status
    log.debug(
        "%s: %s %s: %s in %.0f ms", event.operation, event.method, event.path, said, ms,
        extra={
            "operation": event.operation, "method": event.method, "service": event.service, "path": event.path,
            "attempt": event.attempt, "status": event.status, "ms": ms, "bytes": event.bytes,
            "request_id": event.request_id, "error": event.error,
        },
    )  # fmt: skip
