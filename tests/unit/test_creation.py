"""Creating customers: lost responses, addresses that are registered already, refusals."""

from __future__ import annotations

import json

import httpx
import pytest
import respx
from supabase_auth.types import AuthResponse

from admin_crm import (
    ConflictError,
    CustomerCreationError,
    PermissionDeniedError,
    RateLimitedError,
    ServiceUnavailableError,
    UnexpectedResponseError,
    create_customer_with_details,
    resume_customer_creation,
)
from admin_crm.creation import _new_password, _read_sign_up
from helpers import ANON, KEY, URL

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
SIGN_UP = f"{URL}/auth/v1/signup"
PROFILES = f"{URL}/rest/v1/customer_profiles"
ADDRESSES = f"{URL}/rest/v1/addresses"
DATA = {
    "email": "ana@x.example", "full_name": "Ana", "phone": "55", "whatsapp": "55",
    "address": {
        "type": "shipping", "label": "Casa", "full_name": "Ana", "street": "Ocho", "number": "8", "colony": "Centro",
        "zip_code": "06000",
    },
}  # fmt: skip
IDENTITY = {
    "id": SOMEBODY, "identity_id": SOMEBODY, "user_id": SOMEBODY, "identity_data": {}, "provider": "email",
    "created_at": "2026-01-01T00:00:00Z", "last_sign_in_at": "2026-01-01T00:00:00Z",
}  # fmt: skip


def user(**changes) -> dict:
    return {
        "id": SOMEBODY, "aud": "authenticated", "email": DATA["email"], "app_metadata": {}, "user_metadata": {},
        "created_at": "2026-01-01T00:00:00Z", "identities": [IDENTITY], **changes,
    }  # fmt: skip


def with_session() -> httpx.Response:
    session = {"access_token": "user-token", "refresh_token": "r", "token_type": "bearer", "expires_in": 3600}
    return httpx.Response(200, json=session | {"user": user()})


def written(request: httpx.Request) -> httpx.Response:
    return httpx.Response(201, json=[json.loads(request.content)])


@respx.mock
def test_a_user_without_identities_means_that_the_address_is_registered(ask):
    respx.post(SIGN_UP).mock(return_value=httpx.Response(200, json=user(identities=[])))
    with pytest.raises(ConflictError, match="already registered"):
        ask(create_customer_with_details, DATA)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (422, "signup_disabled", PermissionDeniedError),
        (422, "email_provider_disabled", PermissionDeniedError),
        (422, "user_already_exists", ConflictError),
        (429, "over_email_send_rate_limit", RateLimitedError),
        (429, "over_request_rate_limit", RateLimitedError),
    ],
)
@respx.mock
def test_a_refused_sign_up_says_why_and_is_not_retried(ask, status, code, kind):
    route = respx.post(SIGN_UP).mock(return_value=httpx.Response(status, json={"error_code": code, "msg": "no"}))
    with pytest.raises(kind) as raised:
        ask(create_customer_with_details, DATA)
    assert (raised.value.code, route.call_count) == (code, 1)


@respx.mock
def test_the_reasons_for_a_weak_password_are_in_the_message(ask):
    weak = {"error_code": "weak_password", "msg": "too weak", "weak_password": {"reasons": ["length", "characters"]}}
    respx.post(SIGN_UP).mock(return_value=httpx.Response(422, json=weak))
    with pytest.raises(Exception, match="length, characters"):
        ask(create_customer_with_details, DATA | {"password": "a"})


@pytest.mark.parametrize(
    "lost", [httpx.ReadError("x"), httpx.ReadTimeout("x"), httpx.Response(502, html="<html>")], ids=repr
)
@respx.mock
def test_a_lost_response_never_signs_up_twice(ask, lost):
    route = respx.post(SIGN_UP).mock(side_effect=lost if isinstance(lost, Exception) else [lost])
    with pytest.raises(CustomerCreationError, match="may or may not exist") as raised:
        ask(create_customer_with_details, DATA)
    assert (raised.value.user_id, raised.value.completed, route.call_count) == (None, (), 1)


@respx.mock
def test_a_sign_up_that_was_never_sent_is_sent_again(ask):
    route = respx.post(SIGN_UP).mock(side_effect=httpx.ConnectError("x"))
    with pytest.raises(ServiceUnavailableError):
        ask(create_customer_with_details, DATA)
    assert route.call_count > 1


@respx.mock
def test_a_response_without_a_user_leaves_open_whether_one_exists(ask):
    respx.post(SIGN_UP).mock(return_value=httpx.Response(200, json={}))
    with pytest.raises(CustomerCreationError, match="may or may not exist"):
        ask(create_customer_with_details, DATA)
    with pytest.raises(UnexpectedResponseError, match="without a user"):
        _read_sign_up(AuthResponse(user=None, session=None))


@respx.mock
def test_the_new_user_writes_their_own_rows_and_keys_are_not_confused(ask):
    sign_up = respx.post(SIGN_UP).mock(return_value=with_session())
    profile = respx.post(PROFILES).mock(side_effect=written)
    address = respx.post(ADDRESSES).mock(side_effect=written)
    created = ask(create_customer_with_details, DATA, redirect_to="https://shop.test/hola")
    assert sign_up.calls.last.request.headers["apikey"] == ANON
    assert sign_up.calls.last.request.url.params["redirect_to"] == "https://shop.test/hola"
    for route in (profile, address):
        assert route.calls.last.request.headers["apikey"] == ANON
        assert route.calls.last.request.headers["authorization"] == "Bearer user-token"
    assert not created.needs_confirmation
    route = respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[]))
    ask.caller.wait(ask.crm.supabase.table("customer_profiles").select("*").execute())
    assert route.calls.last.request.headers["authorization"] == f"Bearer {KEY}"


@respx.mock
def test_rows_that_policies_refuse_the_new_user_are_written_by_the_administrator(ask):
    def for_administrators_only(request: httpx.Request) -> httpx.Response:
        if request.headers["apikey"] == ANON:
            return httpx.Response(403, json={"code": "42501", "message": "new row violates row-level security policy"})
        return written(request)

    respx.post(SIGN_UP).mock(return_value=with_session())
    respx.post(PROFILES).mock(side_effect=for_administrators_only)
    respx.post(ADDRESSES).mock(side_effect=for_administrators_only)
    assert str(ask(create_customer_with_details, DATA).id) == SOMEBODY


@respx.mock
def test_rows_that_were_written_but_are_hidden_stop_the_creation(ask):
    respx.post(SIGN_UP).mock(return_value=httpx.Response(200, json=user()))
    respx.post(PROFILES).mock(return_value=httpx.Response(201, json=[]))
    with pytest.raises(CustomerCreationError) as raised:
        ask(create_customer_with_details, DATA)
    assert (str(raised.value.user_id), raised.value.completed) == (SOMEBODY, ("sign_up",))
    assert "profile and address" in str(raised.value)
    respx.post(PROFILES).mock(side_effect=written)
    respx.post(ADDRESSES).mock(return_value=httpx.Response(201, json=[]))
    with pytest.raises(CustomerCreationError) as raised:
        ask(resume_customer_creation, SOMEBODY, DATA)
    assert raised.value.completed == ("sign_up", "profile")


def test_generated_passwords_satisfy_the_usual_policies_and_differ():
    passwords = {_new_password() for _ in range(50)}
    assert len(passwords) == 50
    for password in passwords:
        assert len(password) == 20
        kinds = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
        assert all(any(map(kind, password)) for kind in kinds)
