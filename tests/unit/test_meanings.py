"""Every code and status of the servers has its class of error."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import (
    AdminCRMError,
    AuthenticationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    SchemaMismatchError,
    ServiceUnavailableError,
    UnexpectedResponseError,
    get_admin_customer_notes,
)
from admin_crm._core.translate import error_from_response
from helpers import ANON, KEY, NOTES, SOMEBODY, URL


def refusal(status: int, code: str | None, message: str = "no", **more: object) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message, "details": None, "hint": None, **more})


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (404, "PGRST205", SchemaMismatchError, False),
        (404, "42P01", SchemaMismatchError, False),
        (400, "42703", SchemaMismatchError, False),
        (400, "PGRST204", SchemaMismatchError, False),
        (401, "PGRST301", AuthenticationError, False),
        (401, "PGRST303", AuthenticationError, False),
        (403, "42501", PermissionDeniedError, False),
        (401, "42501", PermissionDeniedError, False),
        (406, "PGRST116", NotFoundError, False),
        (409, "23505", ConflictError, False),
        (409, "23503", NotFoundError, False),
        (400, "23514", InvalidInputError, False),
        (400, "22P02", InvalidInputError, False),
        (500, "57014", RequestTimeoutError, False),  # alone, it would take as long again
        (503, "PGRST002", ServiceUnavailableError, True),
        (504, "PGRST003", ServiceUnavailableError, True),
        (408, None, RequestTimeoutError, True),
        (429, None, RateLimitedError, True),
        (502, None, ServiceUnavailableError, True),
        (524, None, ServiceUnavailableError, True),
        (500, "XX000", ServiceUnavailableError, False),
        (418, None, UnexpectedResponseError, False),
    ],
)
@respx.mock
def test_each_refusal_has_its_class_and_says_whether_to_retry(ask, status, code, kind, retryable):
    respx.get(NOTES).mock(return_value=refusal(status, code))
    with pytest.raises(kind) as raised:
        ask(get_admin_customer_notes, SOMEBODY)
    error = raised.value
    assert type(error) is kind
    assert (error.status, error.code, error.retryable) == (status, code, retryable)
    assert error.operation == "get_admin_customer_notes"
    assert str(error.customer_id) == SOMEBODY
    assert SOMEBODY in str(error)


def of_auth(status: int, code: str, message: str = "no") -> AdminCRMError:
    """Return the error of what an auth server says."""
    body = {"code": status, "error_code": code, "msg": message}
    request = httpx.Request("POST", f"{URL}/auth/v1/token")
    return error_from_response(httpx.Response(status, json=body, request=request))


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (400, "refresh_token_not_found", AuthenticationError, "sign in again"),
        (400, "refresh_token_already_used", AuthenticationError, "sign in again"),
        (403, "session_not_found", AuthenticationError, "sign in again"),
        (403, "session_expired", AuthenticationError, "sign in again"),
        (400, "user_banned", AuthenticationError, "lift the ban"),
        (400, "captcha_failed", PermissionDeniedError, "captcha protection is on"),
    ],
)
def test_what_ends_or_prevents_a_session_says_what_to_do(status, code, kind, words):
    error = of_auth(status, code)
    assert type(error) is kind
    assert words in str(error.hint)


@pytest.mark.parametrize("code", ["over_email_send_rate_limit", "over_request_rate_limit"])
def test_the_auth_servers_words_say_how_long_to_wait(code):
    error = of_auth(429, code, "For security purposes, you can only request this after 57 seconds.")
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 57.0
    assert of_auth(429, code).retry_after is None


@pytest.mark.parametrize(
    ("status", "code", "key", "token", "words"),
    [
        (401, "PGRST301", ANON, "a-token", "sign in again"),
        (401, "PGRST303", ANON, "a-token", "sign in again"),
        (401, "PGRST303", KEY, None, "check the key"),
        (401, None, ANON, "a-token", "check the key"),
        (401, "42501", ANON, None, "anonymous rights"),
        (403, "42501", ANON, "a-token", "row-level security"),
        (403, "captcha_failed", ANON, None, "captcha"),
    ],
)
@respx.mock
def test_a_hint_fits_the_rights_that_were_refused(caller, status, code, key, token, words):
    respx.get(NOTES).mock(return_value=refusal(status, code))
    with pytest.raises(AdminCRMError) as raised:
        caller(get_admin_customer_notes, caller.open(URL, key, access_token=token), SOMEBODY)
    assert words in str(raised.value.hint)
