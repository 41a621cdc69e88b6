"""What httpx and httpcore log of our requests; their lines about other clients are as they were."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import respx

from admin_crm import get_admin_customer_notes, search_customers
from admin_crm._core import quiet
from helpers import KEY, NOTES, QUICK, SOMEBODY, URL, VIEW

FILTERS = logging.getLogger("httpx").filters
ELSEWHERE = "https://elsewhere.test/?name=Ana"
ROWS = httpx.Response(200, json=[{"id": SOMEBODY}], headers={"content-range": "0-0/1"})


@pytest.fixture(autouse=True)
def nobody_is_connected() -> None:
    for client in list(quiet._clients):  # connections of other tests that nobody closed
        quiet.closed(client)


@respx.mock
def test_httpx_logs_no_line_about_our_requests_and_all_others_as_before(ask, caplog):
    respx.get(VIEW).mock(return_value=ROWS)
    respx.get(ELSEWHERE).mock(return_value=httpx.Response(200))
    with caplog.at_level(logging.DEBUG):
        ask(search_customers, "Lucía")
        httpx.get(ELSEWHERE)
    lines = [
        record.getMessage() for record in caplog.records if record.name == "httpx" and record.levelno >= logging.INFO
    ]
    assert lines == [f'HTTP Request: GET {ELSEWHERE} "HTTP/1.1 200 OK"']
    assert "Luc" not in caplog.text


@respx.mock
def test_httpx_logs_no_query_even_where_its_filters_were_taken_away(ask, caplog, monkeypatch):
    respx.get(VIEW).mock(return_value=ROWS)
    monkeypatch.setattr(logging.getLogger("httpx"), "addFilter", lambda each: None)
    with caplog.at_level(logging.INFO, "httpx"):
        ask(search_customers, "Lucía")
    lines = [record.getMessage() for record in caplog.records if record.name == "httpx"]
    assert set(lines) == {f'HTTP Request: GET {VIEW} "HTTP/1.1 200 OK"'}


@respx.mock
def test_the_logger_of_httpx_is_as_it_was_when_the_last_connection_is_closed(caller):
    respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}]))
    before = list(FILTERS)
    first, second = (caller.open(URL, KEY, settings=QUICK) for _ in range(2))
    assert before == FILTERS
    for crm in (first, second):
        caller(get_admin_customer_notes, crm, SOMEBODY)
        assert len(FILTERS) == len(before) + 1
    caller.wait(first.close())
    assert len(FILTERS) == len(before) + 1
    caller.wait(second.close())
    assert before == FILTERS


class _Shop(BaseHTTPRequestHandler):
    """Answers as PostgREST does, with the query in a header."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b'[{"customer_id": "%s"}]' % SOMEBODY.encode()
        self.send_response(200)
        self.send_header("Content-Location", "/notes?full_name=ilike.Ana")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def shop() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Shop) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_httpcore_logs_how_a_request_goes_but_no_header_of_ours(caller, shop, caplog):
    with caplog.at_level(logging.DEBUG):
        crm = caller.open(shop, KEY, settings=QUICK)
        caller(get_admin_customer_notes, crm, SOMEBODY)
        caller.wait(crm.close())
    heads = [
        record.getMessage() for record in caplog.records if "receive_response_headers.complete" in record.getMessage()
    ]
    assert heads == ["receive_response_headers.complete return_value=(b'HTTP/1.1', 200, b'OK', '<4 headers>')"]
    assert "connect_tcp.complete" in caplog.text
    for secret in (KEY, "Ana", SOMEBODY, "apikey"):
        assert secret not in caplog.text


def test_httpcore_logs_the_headers_of_other_clients_as_before(shop, caplog):
    with caplog.at_level(logging.DEBUG), httpx.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
        client.get(shop)
    assert "ilike.Ana" in caplog.text
