"""OpenTelemetry (extra `otel`): a span for each call, its requests below, and metrics.

Loaded only where `Settings(telemetry=True)` asks for it. It uses the API alone and the providers that the process
has set; it sets none, and sends no header to the shop's servers. Names are those of the semantic conventions for
HTTP clients.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextvars import Token
from functools import cache, partial
from importlib.metadata import version
from uuid import UUID

import httpx
from opentelemetry import context, metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from admin_crm._core.events import RequestEvent, ResponseEvent, Retry

_NAME = "admin_crm"
# The conventions' own buckets for durations in seconds.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
# Instrumented HTTP clients look at this key: they would tell of our requests once more, with the queries.
_SUPPRESS = getattr(context, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY", None)

Attributes = dict[str, AttributeValue]


@cache
def process_telemetry() -> Telemetry:
    """Return the one telemetry of the process; providers may be set before it or after."""
    return Telemetry()


def customer_hash(customer_id: UUID) -> str:
    """Return what stands for a customer in a span: the first 16 digits of the SHA-256 of the id."""
    return hashlib.sha256(str(customer_id).encode("ascii")).hexdigest()[:16]


class Telemetry:
    """The tracer and the instruments of this library."""

    def __init__(self) -> None:
        release = version("admin-crm")
        self.tracer, meter = trace.get_tracer(_NAME, release), metrics.get_meter(_NAME, release)
        self.requests = meter.create_histogram(
            "http.client.request.duration", "s", "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )  # fmt: skip
        self.operations = meter.create_histogram(
            "admin_crm.operation.duration", "s", "Duration of calls of admin_crm's functions.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )  # fmt: skip
        self._retries = meter.create_counter("admin_crm.retries", "{retry}", "Tries that failed and were repeated.")

    def operation(self, name: str, customer_id: UUID | None) -> OperationSpan:
        """Start the span of a call, below the span that is current."""
        return OperationSpan(self, name, customer_id)

    def request(self, event: RequestEvent, url: httpx.URL) -> RequestSpan:
        """Start the span of a request, below the span that is current."""
        return RequestSpan(self, event, url)

    def retried(self, retry: Retry) -> None:
        """Count a retry."""
        self._retries.add(1, {"admin_crm.operation": retry.operation or "", "error.type": retry.reason})


class OperationSpan:
    """The span of one call, which ends once."""

    def __init__(self, telemetry: Telemetry, name: str, customer_id: UUID | None) -> None:
        self._telemetry, self._name, self._started_at = telemetry, name, time.perf_counter()
        attributes: Attributes = {"admin_crm.operation": name}
        if customer_id is not None:
            attributes["admin_crm.customer.hash"] = customer_hash(customer_id)
        self._span = telemetry.tracer.start_span(f"{_NAME}.{name}", attributes=attributes)

    def attach(self) -> Callable[[], None]:
        """Make the span the current one; returns what makes that current again which was so before."""
        return partial(context.detach, context.attach(trace.set_span_in_context(self._span)))

    def end(self, error: BaseException | None) -> None:
        """End the span; of an error only its class is told."""
        attributes: Attributes = {"admin_crm.operation": self._name}
        if error is not None and not isinstance(error, GeneratorExit):
            attributes["error.type"] = type(error).__name__
            _mark_failed(self._span, type(error).__name__)
        self._telemetry.operations.record(
            time.perf_counter() - self._started_at, attributes, trace.set_span_in_context(self._span)
        )
        self._span.end()


class RequestSpan:
    """The span of one HTTP request, current until the head of its response has arrived."""

    def __init__(self, telemetry: Telemetry, event: RequestEvent, url: httpx.URL) -> None:
        self._telemetry = telemetry
        self._place: Attributes = {
            "http.request.method": event.method,
            "server.address": url.host,
            "server.port": url.port or {"http": 80, "https": 443}[url.scheme],
        }
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        attributes = {**self._place, "url.full": f"{origin}{event.path}", "url.template": event.path}
        if event.attempt > 1:
            attributes["http.request.resend_count"] = event.attempt - 1
        self._span = telemetry.tracer.start_span(
            f"{event.method} {event.path}", kind=SpanKind.CLIENT, attributes=attributes
        )
        current = trace.set_span_in_context(self._span)
        self._token: Token[Context] | None = context.attach(
            current if _SUPPRESS is None else context.set_value(_SUPPRESS, value=True, context=current)
        )

    def answered(self) -> None:
        """Make the span current that was so before."""
        if self._token is not None:
            context.detach(self._token)
            self._token = None

    def end(self, event: ResponseEvent) -> None:
        """End the span."""
        self.answered()
        told: Attributes = {}
        if event.status is not None:
            told["http.response.status_code"] = event.status
        failure = event.error or (str(event.status) if event.status is not None and event.status >= 400 else None)
        self._span.set_attributes(told)
        if event.request_id is not None:
            self._span.set_attribute("admin_crm.request_id", event.request_id)
        if event.status is not None:
            self._span.set_attribute("http.response.body.size", event.bytes)
        if failure is not None:
            told["error.type"] = failure
            _mark_failed(self._span, failure)
        in_span = trace.set_span_in_context(self._span)
        self._telemetry.requests.record(event.seconds, {**self._place, **told}, in_span)
        self._span.end()


def _mark_failed(span: Span, kind: str) -> None:
    """Mark a span as failed, without the error's message and traceback."""
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))
