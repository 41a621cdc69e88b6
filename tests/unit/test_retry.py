"""Failed requests are retried as often and as long as the settings allow."""

from __future__ import annotations

import logging

import httpx
import pytest
import respx

from admin_crm import RateLimitedError, RequestTimeoutError, ServiceUnavailableError, get_admin_customer_notes
from helpers import KEY, NOTES, QUICK, SOMEBODY, URL

FOUND = httpx.Response(200, json=[{"customer_id": SOMEBODY, "notes": "hola"}])
TOO_MANY = httpx.Response(429, headers={"retry-after": "0"}, json={"message": "slow down"})


@pytest.mark.parametrize(
    "fault",
    [httpx.ConnectError("x"), httpx.ReadError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x"), TOO_MANY,
     *(httpx.Response(status, html="<html>") for status in (408, 502, 503, 504, 520, 522)),
     httpx.Response(200, html="<html>"), httpx.Response(200, content=b'[{"cust')],
    ids=repr,
)  # fmt: skip
@respx.mock
def test_a_read_survives_a_transient_fault(ask, fault):
    respx.get(NOTES).mock(side_effect=[fault, fault, FOUND])
    assert ask(get_admin_customer_notes, SOMEBODY).notes == "hola"


@respx.mock
def test_attempts_are_limited_and_the_last_error_is_raised(ask):
    route = respx.get(NOTES).mock(side_effect=httpx.ReadTimeout("x"))
    with pytest.raises(RequestTimeoutError):
        ask(get_admin_customer_notes, SOMEBODY)
    assert route.call_count == QUICK.retry_attempts
    route.calls.clear()
    with pytest.raises(RequestTimeoutError):
        ask.caller(get_admin_customer_notes, ask.crm.with_options(attempts=2), SOMEBODY)
    assert route.call_count == 2


@respx.mock
def test_a_retry_after_beyond_the_deadline_is_not_waited_for(ask):
    route = respx.get(NOTES).mock(return_value=httpx.Response(429, headers={"retry-after": "3600"}))
    with pytest.raises(RateLimitedError) as raised:
        ask.caller(get_admin_customer_notes, ask.crm.with_options(deadline=5), SOMEBODY)
    assert (route.call_count, raised.value.retry_after) == (1, 3600.0)


@respx.mock
def test_the_servers_retry_after_is_respected(caller):
    waits = []
    crm = caller.open(URL, KEY, settings=QUICK, on_retry=waits.append)
    respx.get(NOTES).mock(side_effect=[httpx.Response(503, headers={"retry-after": "0.02"}), FOUND])
    caller(get_admin_customer_notes, crm, SOMEBODY)
    (retry,) = waits
    assert (retry.operation, retry.attempt) == ("get_admin_customer_notes", 1)
    assert retry.delay >= 0.02
    assert isinstance(retry.error, ServiceUnavailableError)


@respx.mock
def test_every_retry_is_logged(ask, caplog):
    respx.get(NOTES).mock(side_effect=[httpx.ReadError("x"), FOUND])
    with caplog.at_level(logging.WARNING, "admin_crm"):
        ask(get_admin_customer_notes, SOMEBODY)
    assert "attempt 1 failed (the connection broke" in caplog.text
