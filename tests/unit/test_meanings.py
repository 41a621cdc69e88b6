"""Every code and status of the servers has its class of error."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import (
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
from helpers import NOTES, SOMEBODY


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
        (500, "57014", RequestTimeoutError, True),
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
