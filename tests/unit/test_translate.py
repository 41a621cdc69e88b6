"""What servers say becomes one of our errors, and nothing personal or secret comes along."""

from __future__ import annotations

import contextlib
import json
import pickle
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

import admin_crm
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
    list_customer_evidence,
    update_customer_status,
)
from admin_crm._core.headers import retry_after
from admin_crm._core.redaction import mask_email, mask_phone, redact, shape_of
from admin_crm._core.translate import translate
from helpers import KEY, URL

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
PROFILES = f"{URL}/rest/v1/customer_profiles"
NOTES = f"{URL}/rest/v1/admin_customer_notes"


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
def test_each_refusal_has_its_class_and_says_whether_to_try_again(ask, status, code, kind, retryable):
    respx.get(NOTES).mock(return_value=refusal(status, code))
    with pytest.raises(kind) as raised:
        ask(get_admin_customer_notes, SOMEBODY)
    error = raised.value
    assert type(error) is kind
    assert (error.status, error.code, error.retryable) == (status, code, retryable)
    assert error.operation == "get_admin_customer_notes"
    assert str(error.customer_id) == SOMEBODY
    assert SOMEBODY in str(error)


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (httpx.Response(520, html="<html>Web server error</html>"), ServiceUnavailableError, "HTML page"),
        (httpx.Response(200, html="<html>Welcome</html>"), UnexpectedResponseError, "not JSON"),
        (httpx.Response(200, json={"a": 1}), UnexpectedResponseError, "shape"),
        (httpx.Response(200, content=b'[{"customer_id": "7e1b'), UnexpectedResponseError, "not JSON"),
        (httpx.Response(200, json=[{"customer_id": "garbage"}]), UnexpectedResponseError, "customer_id"),
        (httpx.Response(301, headers={"location": "https://elsewhere.test/"}), UnexpectedResponseError, "redirects"),
        (httpx.Response(403, content=b""), PermissionDeniedError, "no error message"),
    ],
)
@respx.mock
def test_answers_that_no_postgrest_would_give_are_errors(ask, answer, kind, told):
    respx.get(NOTES).mock(return_value=answer)
    with pytest.raises(kind, match=told):
        ask(get_admin_customer_notes, SOMEBODY)


@respx.mock
def test_a_redirect_is_not_followed_so_the_key_stays_here(ask):
    elsewhere = respx.get("https://elsewhere.test/").mock(return_value=httpx.Response(200, json=[]))
    respx.get(NOTES).mock(return_value=httpx.Response(302, headers={"location": "https://elsewhere.test/"}))
    with pytest.raises(UnexpectedResponseError):
        ask(get_admin_customer_notes, SOMEBODY)
    assert not elsewhere.called


@pytest.mark.parametrize(
    ("broken", "kind", "unsent"),
    [
        (httpx.ConnectError("refused"), ServiceUnavailableError, True),
        (httpx.ConnectTimeout("slow"), ServiceUnavailableError, True),
        (httpx.PoolTimeout("full"), ServiceUnavailableError, True),
        (httpx.ReadError("reset"), ServiceUnavailableError, False),
        (httpx.RemoteProtocolError("cut"), ServiceUnavailableError, False),
        (httpx.ReadTimeout("slow"), RequestTimeoutError, None),
        (httpx.DecodingError("gzip"), UnexpectedResponseError, None),
        (httpx.UnsupportedProtocol("ftp"), InvalidInputError, None),
    ],
)
@respx.mock
def test_a_broken_connection_becomes_our_error_with_its_cause(ask, broken, kind, unsent):
    respx.get(NOTES).mock(side_effect=broken)
    with pytest.raises(kind) as raised:
        ask(get_admin_customer_notes, SOMEBODY)
    assert isinstance(raised.value.__cause__, type(broken))
    assert getattr(raised.value, "unsent", None) is unsent


@respx.mock
def test_personal_data_in_an_error_never_reaches_anything_that_is_shown(ask, caplog):
    caplog.set_level("DEBUG")
    row = "Failing row contains (7e1b, Ana Secreta, +52 55 1234 5678, ana@secreta.example)."
    respx.patch(PROFILES).mock(
        return_value=refusal(400, "23514", 'new row violates check constraint "x"', details=row, hint=row)
    )
    with pytest.raises(InvalidInputError) as raised:
        ask(update_customer_status, SOMEBODY, "banned")
    shown = (
        "".join(traceback.format_exception(raised.value)) + repr(raised.value) + str(vars(raised.value)) + caplog.text
    )
    for secret in ("Secreta", "1234 5678", "secreta.example", KEY):
        assert secret not in shown


@respx.mock
def test_a_value_that_cannot_be_read_is_described_but_not_repeated(ask):
    respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY, "tags": "Ana Secreta 55"}]))
    with pytest.raises(UnexpectedResponseError) as raised:
        ask(get_admin_customer_notes, SOMEBODY)
    shown = "".join(traceback.format_exception(raised.value)) + str(raised.value.sample)
    assert raised.value.field == "tags"
    assert "Secreta" not in shown
    assert raised.value.sample == "str 'xxx xxxxxxx 99'"


@respx.mock
def test_storage_errors_are_read_from_the_body_whatever_the_http_status(ask):
    route = respx.post(f"{URL}/storage/v1/object/list/customer-evidence")
    for code, error, kind in (
        ("404", "Bucket not found", SchemaMismatchError),
        ("403", "Unauthorized", PermissionDeniedError),
    ):
        route.mock(return_value=httpx.Response(400, json={"statusCode": code, "error": error, "message": "no"}))
        with pytest.raises(kind) as raised:
            ask(list_customer_evidence, SOMEBODY)
        assert raised.value.status == int(code)


@pytest.mark.parametrize(
    "message", ["Invalid Compact JWS", "signature verification failed", '"exp" claim timestamp check failed']
)
@respx.mock
def test_storage_calls_a_bad_token_a_refusal_but_it_is_a_bad_token(ask, message):
    body = {"statusCode": "403", "error": "Unauthorized", "message": message}
    respx.post(f"{URL}/storage/v1/object/list/customer-evidence").mock(return_value=httpx.Response(400, json=body))
    with pytest.raises(AuthenticationError):
        ask(list_customer_evidence, SOMEBODY)


@respx.mock
def test_a_storage_status_that_is_no_number_leaves_the_http_status(ask):
    body = {"statusCode": "odd", "error": "Error", "message": "no", "code": "SlowDown"}
    respx.post(f"{URL}/storage/v1/object/list/customer-evidence").mock(return_value=httpx.Response(429, json=body))
    with pytest.raises(RateLimitedError) as raised:
        ask(list_customer_evidence, SOMEBODY)
    assert raised.value.status == 429


@respx.mock
def test_an_error_within_an_error_is_read_for_its_message(ask):
    body = {"error": {"message": "deep inside", "status": "ODD"}}
    respx.get(NOTES).mock(return_value=httpx.Response(400, json=body))
    with pytest.raises(InvalidInputError, match="deep inside"):
        ask(get_admin_customer_notes, SOMEBODY)


def test_what_is_not_ours_and_has_no_response_is_unreadable():
    told = translate(json.JSONDecodeError("bad", "doc", 0))
    assert isinstance(told, UnexpectedResponseError)
    assert told.retryable


@pytest.mark.parametrize("bug", [TypeError("odd"), ValueError("odd"), KeyError("odd"), OSError("disk full")], ids=repr)
def test_a_bug_or_the_callers_own_error_is_not_translated(bug):
    assert translate(bug) is None


def test_an_error_of_supabase_py_with_only_a_status_is_read_by_it():
    from supabase_auth.errors import AuthError

    class RelayError(AuthError):
        status = 503

    assert isinstance(translate(RelayError("relay", None)), ServiceUnavailableError)


@pytest.mark.parametrize(
    ("code", "message", "kind", "name"),
    [
        ("PGRST205", "Could not find the table 'public.coupons' in the schema cache", "table", "coupons"),
        ("42P01", 'relation "public.order_items" does not exist', "table", "order_items"),
        ("42703", "column customer_intelligence_360.id does not exist", "column", "id"),
        ("42703", 'column "tier" does not exist', "column", "tier"),
        ("PGRST204", "Could not find the 'whatsapp' column of 'customer_profiles' in the schema cache",
         "column", "whatsapp"),
        ("PGRST202", "Could not find the function public.balance(p_id) in the schema cache", "function", "balance"),
        ("PGRST205", "no words that we know", "table", None),
    ],
)  # fmt: skip
@respx.mock
def test_what_a_schema_lacks_is_named_with_its_kind(ask, code, message, kind, name):
    respx.get(NOTES).mock(return_value=refusal(404, code, message))
    with pytest.raises(SchemaMismatchError) as raised:
        ask(get_admin_customer_notes, SOMEBODY)
    assert (raised.value.kind, raised.value.name) == (kind, name)


@respx.mock
def test_a_missing_bucket_is_named(ask):
    missing = {"statusCode": "404", "error": "Bucket not found", "message": "Bucket not found"}
    respx.post(f"{URL}/storage/v1/object/list/customer-evidence").mock(return_value=httpx.Response(400, json=missing))
    with pytest.raises(SchemaMismatchError) as raised:
        ask(list_customer_evidence, SOMEBODY)
    assert (raised.value.kind, raised.value.name) == ("bucket", "customer-evidence")


def test_retry_after_is_read_as_seconds_or_as_a_date():
    assert retry_after("7") == 7.0
    assert retry_after("-7") == 0.0
    soon = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True))
    assert soon is not None
    assert 25 < soon <= 30
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after("soon") is None
    assert retry_after(None) is None


@given(st.text())
def test_any_retry_after_header_is_read_or_ignored(header):
    assert retry_after(header) is None or retry_after(header) >= 0


@pytest.mark.parametrize("name", [name for name in admin_crm.__all__ if name.endswith("Error")])
def test_every_error_survives_pickling_with_all_it_says(name):
    kind = getattr(admin_crm, name)
    error = kind("what happened", operation="op", status=400, code="X", hint="do this", request_id="r")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), vars(again)) == (str(error), vars(error))
    assert isinstance(error, AdminCRMError)


def test_keys_tokens_and_addresses_are_masked_in_text():
    text = (
        "sb_secret_abc123 eyJhbGciOi.eyJzdWIi.c2ln Bearer xyz ana@tienda.example +52 55 1234 5678"
        ' invalid input syntax for type uuid: "Ana" Key (email)=(ana) exists'
    )
    masked = redact(text, limit=500)
    for secret in ("abc123", "eyJ", "xyz", "ana@", "1234", '"Ana"', "(ana)"):
        assert secret not in masked
    assert len(redact("a" * 500)) == 200
    assert shape_of(12.5) == "float '99.9'"
    assert (mask_email("ana@x.example"), mask_email(None), mask_email("nada")) == ("a…@x.example", None, "nada")
    assert (mask_phone("5512345678"), mask_phone(None)) == ("…78", None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4),
    max_leaves=8,
)


@settings(max_examples=50)
@given(status=st.integers(200, 599), body=JSON)
def test_whatever_json_comes_back_gives_a_model_or_our_error(status, body):
    from helpers import QUICK

    content = json.dumps(body).encode()
    with admin_crm.AdminCRM(URL, KEY, settings=QUICK.model_copy(update={"retry_attempts": 1})) as crm, respx.mock:
        respx.route().mock(return_value=httpx.Response(status, content=content))
        for operation in (
            get_admin_customer_notes, list_customer_evidence, admin_crm.get_customer_orders,
            admin_crm.get_admin_customer_details, lambda crm, _: admin_crm.get_all_customers(crm),
            lambda crm, _: admin_crm.search_customers(crm, "ana"),
            lambda crm, who: admin_crm.update_customer_status(crm, who, "banned"),
            lambda crm, who: admin_crm.send_customer_notification(crm, who, "a", "b"),
        ):  # fmt: skip
            with contextlib.suppress(AdminCRMError):
                operation(crm, SOMEBODY)
