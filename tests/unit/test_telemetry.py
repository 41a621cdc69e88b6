"""OpenTelemetry: spans of calls and their requests, metrics, and nothing personal in either."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import threading
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from admin_crm import (
    AsyncAdminCRM,
    RequestTimeoutError,
    ServiceUnavailableError,
    add_customer_tags,
    get_admin_customer_details,
    get_admin_customer_notes,
    iter_customers,
    search_customers,
)
from admin_crm._core.connection import link_of
from admin_crm._core.gather import gather
from admin_crm._core.send import send
from admin_crm._core.telemetry import customer_hash, process_telemetry
from admin_crm._core.translate import check_success
from admin_crm._core.transport import http_of
from admin_crm.client import AnyCRM, operation
from auth_server import session
from helpers import ANON, KEY, NOTES, QUICK, REST, SOMEBODY, URL, VIEW, Ask, Rows

TOLD = QUICK.model_copy(update={"telemetry": True})
NOTE = httpx.Response(200, json=[{"customer_id": SOMEBODY}], headers={"sb-request-id": "r-1"})
LUCIA = {"id": SOMEBODY, "customer_id": SOMEBODY, "full_name": "Lucía", "email": "lucia@shop.example"}
NOTES_SPAN = "GET /rest/v1/admin_customer_notes"
VIEW_SPAN = "GET /rest/v1/customer_intelligence_360"


@pytest.fixture
def told(caller, traces) -> Ask:
    return Ask(caller, caller.open(URL, KEY, anon_key=ANON, settings=TOLD))


def test_a_connection_that_is_not_told_to_loads_no_opentelemetry():
    probe = (
        "import sys; from admin_crm import AdminCRM, get_admin_customer_notes; crm = AdminCRM('https://shop.test', 'k')"
        "; crm.supabase; print(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_missing_opentelemetry_is_an_import_error_that_says_what_to_install(caller, monkeypatch):
    monkeypatch.setitem(sys.modules, "admin_crm._core.telemetry", None)
    with pytest.raises(ImportError, match=r"admin-crm\[otel\]"):
        caller.open(URL, KEY, settings=TOLD)


@respx.mock
def test_a_call_is_a_span_with_its_request_below(told, traces):
    respx.get(NOTES).mock(return_value=NOTE)
    told(get_admin_customer_notes, SOMEBODY)
    request, call = traces.spans
    assert (call.name, call.kind, call.parent) == (
        "admin_crm.get_admin_customer_notes", SpanKind.INTERNAL, None
    )  # fmt: skip
    assert dict(call.attributes) == {
        "admin_crm.operation": "get_admin_customer_notes",
        "admin_crm.customer.hash": hashlib.sha256(SOMEBODY.encode()).hexdigest()[:16],
    }
    assert (request.name, request.kind) == (NOTES_SPAN, SpanKind.CLIENT)
    assert request.parent.span_id == call.context.span_id
    attributes = dict(request.attributes)
    assert attributes.pop("http.response.body.size") > 0
    assert attributes == {
        "http.request.method": "GET",
        "server.address": "shop.test",
        "server.port": 443,
        "url.full": NOTES,
        "url.template": "/rest/v1/admin_customer_notes",
        "http.response.status_code": 200,
        "admin_crm.request_id": "r-1",
    }
    assert {span.status.status_code for span in traces.spans} == {StatusCode.UNSET}
    assert not trace.get_current_span().is_recording()


@respx.mock
def test_spans_are_children_of_the_applications_span(told, traces):
    respx.get(NOTES).mock(return_value=NOTE)
    with trace.get_tracer("app").start_as_current_span("app"):
        if told.caller.name == "sync":
            told(get_admin_customer_notes, SOMEBODY)
        else:
            current = otel_context.get_current()

            async def in_its_task():
                otel_context.attach(current)
                await get_admin_customer_notes(told.crm, SOMEBODY)

            told.caller.wait(in_its_task())
    assert traces.below(traces.named("app")) == ["admin_crm.get_admin_customer_notes"]


@operation
async def two_at_once(crm: AnyCRM) -> None:
    """Send two requests, on two threads or tasks."""

    def sent() -> Coroutine[Any, Any, None]:
        return send(crm, lambda: http_of(link_of(crm)).get(NOTES), check_success, repeatable=False)

    await gather(crm, sent(), sent())


@respx.mock
def test_requests_on_threads_and_tasks_are_below_their_call(told, traces):
    threads, tasks = threading.Barrier(2), asyncio.Barrier(2)

    def together(request: httpx.Request) -> httpx.Response:
        threads.wait()
        return NOTE

    async def together_on_tasks(request: httpx.Request) -> httpx.Response:
        await tasks.wait()
        return NOTE

    respx.get(NOTES).mock(side_effect=together if told.caller.name == "sync" else together_on_tasks)
    told(two_at_once)
    assert traces.below(traces.named("admin_crm.two_at_once")) == [NOTES_SPAN] * 2


@respx.mock
def test_all_reads_of_a_customers_page_are_below_one_call(told, traces):
    def answer(request: httpx.Request) -> httpx.Response:
        rows = [LUCIA] if "intelligence" in request.url.path or "profiles" in request.url.path else []
        return httpx.Response(200, json=rows, headers={"content-range": f"0-0/{len(rows)}"})

    respx.route().mock(side_effect=answer)
    told(get_admin_customer_details, SOMEBODY)
    call = traces.named("admin_crm.get_admin_customer_details")
    assert len(traces.below(call)) == len(traces.spans) - 1 > 4


@respx.mock
def test_a_function_within_another_is_a_span_below_it(told, traces):
    respx.get(NOTES).mock(return_value=NOTE)
    respx.route(method__in=["POST", "PATCH"]).mock(
        return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY, "tags": ["vip"]}])
    )
    told(add_customer_tags, SOMEBODY, ["vip"])
    roots = [span.name for span in traces.spans if span.parent is None]
    assert roots == ["admin_crm.add_customer_tags"]


@respx.mock
def test_a_retry_is_a_span_of_its_own_with_its_number_and_is_counted(told, traces):
    respx.get(NOTES).mock(side_effect=[httpx.Response(503), httpx.ReadTimeout("ana@shop.example"), NOTE])
    told(get_admin_customer_notes, SOMEBODY)
    first, second, third = (span for span in traces.spans if span.kind is SpanKind.CLIENT)
    assert [span.attributes.get("http.request.resend_count") for span in (first, second, third)] == [None, 1, 2]
    assert [span.attributes.get("error.type") for span in (first, second, third)] == ["503", "ReadTimeout", None]
    assert [span.status.status_code for span in (first, second)] == [StatusCode.ERROR, StatusCode.ERROR]
    assert traces.named("admin_crm.get_admin_customer_notes").status.status_code is StatusCode.UNSET
    points = traces.points()
    assert {
        (point.attributes["admin_crm.operation"], point.attributes["error.type"], point.value)
        for point in points["admin_crm.retries"]
    } == {
        ("get_admin_customer_notes", "ServiceUnavailableError", 1),
        ("get_admin_customer_notes", "RequestTimeoutError", 1),
    }


@respx.mock
def test_metrics_are_those_of_the_conventions(told, traces):
    respx.get(NOTES).mock(side_effect=[httpx.ConnectError("x"), NOTE])
    told(get_admin_customer_notes, SOMEBODY)
    points = traces.points()
    place = {"http.request.method": "GET", "server.address": "shop.test", "server.port": 443}
    told = [dict(point.attributes) for point in points["http.client.request.duration"]]
    assert len(told) == 2
    assert {**place, "error.type": "ConnectError"} in told
    assert {**place, "http.response.status_code": 200} in told
    (duration,) = points["admin_crm.operation.duration"]
    assert dict(duration.attributes) == {"admin_crm.operation": "get_admin_customer_notes"}
    assert (duration.count, duration.explicit_bounds[0], duration.explicit_bounds[-1]) == (1, 0.005, 10)


@respx.mock
def test_a_call_that_fails_says_the_class_of_its_error_and_no_more(told, traces):
    respx.get(NOTES).mock(return_value=httpx.Response(500, json={"message": "ana@shop.example is unknown"}))
    with pytest.raises(ServiceUnavailableError):
        told(get_admin_customer_notes, SOMEBODY)
    call = traces.named("admin_crm.get_admin_customer_notes")
    assert call.attributes["error.type"] == "ServiceUnavailableError"
    assert (call.status.status_code, call.status.description) == (StatusCode.ERROR, None)
    assert [span.events for span in traces.spans] == [()] * len(traces.spans)


@respx.mock
def test_nothing_personal_leaves_the_process(told, traces):
    respx.get(url__startswith=REST).mock(
        return_value=httpx.Response(200, json=[LUCIA], headers={"content-range": "0-0/1"})
    )
    told(search_customers, "Lucía")
    told(get_admin_customer_notes, SOMEBODY)
    shown = traces.text()
    assert customer_hash(UUID(SOMEBODY)) in shown
    for personal in ("Luc", "ilike", "shop.example", SOMEBODY, KEY):
        assert personal not in shown


@pytest.mark.parametrize("ending", ["to its end", "closed early"])
@respx.mock
def test_a_stream_is_a_span_that_ends_with_its_iterator(told, traces, ending):
    rows = [{"id": f"00000000-0000-4000-8000-{number:012}"} for number in range(3)]
    respx.get(VIEW).mock(side_effect=Rows(rows, cap=1))
    stream = iter_customers(told.crm, page_size=1)
    inside = []
    if told.caller.name == "sync":
        iterator = iter(stream)
        next(iterator)
        inside = [trace.get_current_span().is_recording(), len(traces.spans)]
        _ = iterator.close() if ending == "closed early" else list(iterator)
    else:

        async def read():
            iterator = aiter(stream)
            await anext(iterator)
            inside.extend([trace.get_current_span().is_recording(), len(traces.spans)])
            if ending == "closed early":
                await iterator.aclose()
            else:
                assert len([each async for each in iterator]) == 2

        told.caller.wait(read())
    assert inside == [False, 1], "between two rows the application's own span is the current one"
    call = traces.named("admin_crm.iter_customers")
    below = traces.below(call)
    assert set(below) == {VIEW_SPAN}
    assert (len(below) == 1) == (ending == "closed early")
    assert traces.spans[-1] is call
    assert call.status.status_code is StatusCode.UNSET


@respx.mock
def test_signing_in_is_a_span_that_holds_no_address(caller, traces):
    respx.post(f"{URL}/auth/v1/token").mock(return_value=session("one"))
    caller.sign_in(URL, ANON, "ana@shop.example", "a password", settings=TOLD)
    assert traces.below(traces.named("admin_crm.sign_in")) == ["POST /auth/v1/token"]
    assert "ana" not in traces.text()


@respx.mock
async def _cancelled(crm: AsyncAdminCRM) -> None:
    arrived = asyncio.Event()

    async def never(request: httpx.Request) -> httpx.Response:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    respx.get(NOTES).mock(side_effect=never)
    task = asyncio.create_task(get_admin_customer_notes(crm, SOMEBODY))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await crm.close()


def test_a_cancelled_call_ends_its_spans(traces):
    asyncio.run(_cancelled(AsyncAdminCRM(URL, KEY, settings=TOLD)))
    request, call = traces.spans
    assert request.attributes["error.type"] == call.attributes["error.type"] == "CancelledError"


@respx.mock
def test_no_header_of_a_trace_is_sent_to_the_shop(told):
    route = respx.get(NOTES).mock(return_value=NOTE)
    told(get_admin_customer_notes, SOMEBODY)
    assert {"traceparent", "tracestate", "baggage"}.isdisjoint(route.calls.last.request.headers)


@respx.mock
def test_an_instrumented_http_client_does_not_tell_of_our_requests_again(told, traces):
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        # The key that opentelemetry-instrumentation-httpx looks at before it makes a span, with the query.
        seen.append(otel_context.get_value(otel_context._SUPPRESS_HTTP_INSTRUMENTATION_KEY))
        return NOTE

    respx.get(NOTES).mock(side_effect=answer)
    told(get_admin_customer_notes, SOMEBODY)
    assert seen == [True]
    assert otel_context.get_value(otel_context._SUPPRESS_HTTP_INSTRUMENTATION_KEY) is None


@respx.mock
def test_a_request_that_fails_leaves_the_applications_span_current(told, traces):
    respx.get(NOTES).mock(side_effect=httpx.ReadTimeout("x"))
    with pytest.raises(RequestTimeoutError):
        told(get_admin_customer_notes, SOMEBODY)
    assert otel_context.get_current() == {}
    assert len(traces.spans) == QUICK.retry_attempts + 1


@respx.mock
def test_views_of_a_connection_are_told_of_too(told, traces):
    respx.get(NOTES).mock(return_value=NOTE)
    for view in (told.crm.as_user("ana-token"), told.crm.with_options(timeout=5)):
        told.caller(get_admin_customer_notes, view, SOMEBODY)
    assert [span.name for span in traces.spans] == [NOTES_SPAN, "admin_crm.get_admin_customer_notes"] * 2


def test_the_process_has_one_telemetry():
    assert process_telemetry() is process_telemetry()
