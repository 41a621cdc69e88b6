"""What servers say becomes one of our errors, and nothing personal or secret comes along."""

from __future__ import annotations

import contextlib
import json
import traceback

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

import admin_crm
from admin_crm import (
    AdminCRMError,
    AuthenticationError,
    InvalidInputError,
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
from admin_crm._core.translate import translate
from helpers import KEY, NOTES, PROFILES, QUICK, SOMEBODY, URL


def refusal(status: int, code: str | None, message: str = "no", **more: object) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message, "details": None, "hint": None, **more})


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (httpx.Response(520, html="<html>Web server error</html>"), ServiceUnavailableError, "HTML page"),
        (httpx.Response(200, html="<html>Welcome</html>"), UnexpectedResponseError, "not JSON"),
        (httpx.Response(200, json={"a": 1}), UnexpectedResponseError, "shape"),
        (httpx.Response(200, content=b'[{"customer_id": "7e1b'), UnexpectedResponseError, "not JSON"),
        (httpx.Response(200, json=[{"customer_id": "garbage"}]), UnexpectedResponseError, "customer_id"),
        (httpx.Response(301, headers={"location": "https://elsewhere.test/"}), UnexpectedResponseError, "redirects"),
        (httpx.Response(403, content=b""), PermissionDeniedError, "no error message"),
        (httpx.Response(403, content=b"[" * 10_000), PermissionDeniedError, "no error message"),
    ],
)
@respx.mock
def test_answers_that_postgrest_would_not_give_are_errors(ask, answer, kind, words):
    respx.get(NOTES).mock(return_value=answer)
    with pytest.raises(kind, match=words):
        ask(get_admin_customer_notes, SOMEBODY)


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
def test_personal_data_in_an_error_is_never_shown(ask, caplog):
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
def test_an_undecodable_value_is_described_but_not_quoted(ask):
    respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": "Ana Secreta 55"}]))
    with pytest.raises(UnexpectedResponseError) as raised:
        ask(get_admin_customer_notes, SOMEBODY)
    shown = "".join(traceback.format_exception(raised.value)) + str(raised.value.sample)
    assert raised.value.field == "customer_id"
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
def test_a_bad_token_that_storage_reports_as_denied_is_an_authentication_error(ask, message):
    body = {"statusCode": "403", "error": "Unauthorized", "message": message}
    respx.post(f"{URL}/storage/v1/object/list/customer-evidence").mock(return_value=httpx.Response(400, json=body))
    with pytest.raises(AuthenticationError):
        ask(list_customer_evidence, SOMEBODY)


@respx.mock
def test_a_storage_status_that_is_not_a_number_is_ignored(ask):
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


def test_broken_json_is_an_unexpected_response():
    translated = translate(json.JSONDecodeError("bad", "doc", 0))
    assert isinstance(translated, UnexpectedResponseError)
    assert translated.retryable


@pytest.mark.parametrize("bug", [TypeError("odd"), ValueError("odd"), KeyError("odd"), OSError("disk full")], ids=repr)
def test_a_bug_or_the_callers_own_error_is_not_translated(bug):
    assert translate(bug) is None


def test_an_error_of_supabase_py_is_translated_by_its_status():
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
def test_what_the_schema_lacks_is_named_with_its_kind(ask, code, message, kind, name):
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4),
    max_leaves=8,
)


@settings(max_examples=50)
@given(status=st.integers(200, 599), body=JSON)
def test_any_json_gives_a_model_or_one_of_our_errors(status, body):

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


def test_an_error_of_supabase_py_is_translated_by_what_is_behind_it():
    from storage3.utils import StorageException

    for cause, expected in (
        (httpx.ReadTimeout("slow"), RequestTimeoutError),
        (OSError("disk"), UnexpectedResponseError),
        (KeyboardInterrupt(), UnexpectedResponseError),
    ):
        error = StorageException("odd")
        error.__cause__ = cause
        assert isinstance(translate(error), expected)


@pytest.mark.parametrize(("status", "kind"), [(200, UnexpectedResponseError), (403, PermissionDeniedError)])
@respx.mock
def test_json_that_is_nested_too_deep_for_supabase_py_is_an_error_of_ours(ask, status, kind):
    respx.post(f"{URL}/storage/v1/object/list/customer-evidence").mock(
        return_value=httpx.Response(status, content=b"[" * 10_000)
    )
    with pytest.raises(kind):
        ask(list_customer_evidence, SOMEBODY)


def test_a_recursion_of_our_own_stays_what_it_is():
    assert translate(RecursionError("maximum recursion depth exceeded")) is None
