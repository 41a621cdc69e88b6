"""What the headers of an answer say: how long to wait, and the id to quote to support."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import get_admin_customer_notes
from admin_crm._core.headers import retry_after, seconds_in
from helpers import NOTES, SOMEBODY


def test_retry_after_is_read_as_seconds_or_as_a_date():
    assert retry_after("7") == 7.0
    assert retry_after("-7") == 0.0
    soon = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True))
    assert soon is not None
    assert 25 < soon <= 30
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after("soon") is None
    assert retry_after(f"Wed, {'9' * 20} Oct 2015 07:28:00 GMT") is None
    assert retry_after(None) is None


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("For security purposes, you can only request this after 57 seconds.", 57.0),
        ("you can only request this after 1 second", 1.0),
        ("Request rate limit reached", None),
        ("after 9999999999 seconds", None),
    ],
)
def test_the_seconds_to_wait_are_read_from_the_words_of_the_auth_server(message, seconds):
    assert seconds_in(message) == seconds


@given(st.text())
def test_any_retry_after_header_is_read_or_ignored(header):
    assert retry_after(header) is None or retry_after(header) >= 0


@respx.mock
def test_the_id_of_the_latest_request_is_kept(ask):
    respx.get(NOTES).mock(
        return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}], headers={"sb-request-id": "r-1"})
    )
    assert ask.crm.last_request_id is None
    ask(get_admin_customer_notes, SOMEBODY)
    assert ask.crm.last_request_id == "r-1"
    assert ask.crm.as_user("ana-token").last_request_id == "r-1", "all views of a connection share it"
