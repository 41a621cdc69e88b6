"""Making the user behind a new customer: old users, lost responses, refusals, each way of creating."""

from __future__ import annotations

import json
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    ConflictError,
    CustomerCreationError,
    InvalidInputError,
    PermissionDeniedError,
    RateLimitedError,
    ServiceUnavailableError,
    create_customer_with_details,
)
from admin_crm._auth.new_user import new_password
from helpers import ANON, KEY, PROFILES, QUICK, SOMEBODY, URL
from sign_up_server import (
    DATA,
    INVITE,
    LOG_OUT,
    SIGN_UP,
    TRIGGER_FAILED,
    USERS,
    known,
    signed_up,
    user,
    with_session,
)

ALONE = {key: value for key, value in DATA.items() if key != "address"}
LOST = [httpx.ReadError("x"), httpx.ReadTimeout("x"), httpx.Response(502, html="<html>")]


@pytest.fixture
def signed_in(caller):
    """A session without a secret key, of somebody whose key may sign up."""
    return caller.open(URL, ANON, anon_key=ANON, access_token="h.e.y", settings=QUICK)


def profiles() -> respx.Route:
    """Take the row of every user that is made."""
    return respx.post(PROFILES).mock(side_effect=lambda sent: httpx.Response(201, json=[json.loads(sent.content)]))


def lost_once(lost, request_seen):
    """Let a request arrive, and lose the answer."""

    def answer(request: httpx.Request) -> httpx.Response:
        request_seen.append(signed_up(request).json())
        if isinstance(lost, Exception):
            raise lost
        return lost

    return answer


# An address that is known ----------------------------------------------------------------------------


@respx.mock
def test_a_user_without_identities_means_that_the_address_is_registered(ask):
    respx.post(SIGN_UP).mock(return_value=httpx.Response(200, json=user(identities=[])))
    known()
    with pytest.raises(ConflictError, match="already registered"):
        ask(create_customer_with_details, DATA)


@respx.mock
def test_an_old_user_in_the_answer_is_a_conflict_and_nothing_is_written(ask):
    respx.post(SIGN_UP).mock(return_value=httpx.Response(200, json=user(user_metadata={"full_name": "Ana"})))
    with pytest.raises(ConflictError, match="never confirmed") as raised:
        ask(create_customer_with_details, DATA)
    assert str(raised.value.customer_id) == SOMEBODY
    assert "resume_customer_creation" in str(raised.value.hint)
    assert [call.request.url.path for call in respx.calls] == ["/auth/v1/signup"]


@respx.mock
def test_the_session_of_an_old_user_is_ended(ask):
    session = {"access_token": "old-users-token", "user": user(email_confirmed_at="2026-01-01T00:00:00Z")}
    respx.post(SIGN_UP).mock(return_value=httpx.Response(200, json=session))
    log_out = respx.post(LOG_OUT).mock(return_value=httpx.Response(204))
    with pytest.raises(ConflictError, match="never confirmed"):
        ask(create_customer_with_details, DATA)
    assert log_out.calls.last.request.headers["authorization"] == "Bearer old-users-token"


@respx.mock
def test_a_refusal_says_whose_address_it_is_where_the_secret_key_may_look(ask, signed_in, caller):
    taken = httpx.Response(422, json={"error_code": "user_already_exists", "msg": "User already registered"})
    respx.post(SIGN_UP).mock(return_value=taken)
    found = known(user(email="bana@x.example", id=str(UUID(int=1))), user())
    with pytest.raises(ConflictError, match="already registered") as raised:
        ask(create_customer_with_details, DATA)
    assert (str(raised.value.customer_id), raised.value.status) == (SOMEBODY, 422)
    assert found.calls.last.request.url.params["filter"] == DATA["email"]
    with pytest.raises(ConflictError, match="already registered") as raised:
        caller(create_customer_with_details, signed_in, DATA)
    assert (raised.value.customer_id, found.call_count) == (None, 1)


# A refusal -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (422, "signup_disabled", PermissionDeniedError),
        (422, "email_provider_disabled", PermissionDeniedError),
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
    assert "anonymous rights" not in str(raised.value.hint)


@respx.mock
def test_disabled_sign_ups_say_so(ask):
    refused = httpx.Response(422, json={"error_code": "signup_disabled", "msg": "Signups not allowed"})
    respx.post(SIGN_UP).mock(return_value=refused)
    with pytest.raises(PermissionDeniedError) as raised:
        ask(create_customer_with_details, DATA)
    assert "sign-ups are disabled" in str(raised.value.hint)


@respx.mock
def test_the_reasons_for_a_weak_password_are_in_the_message(ask):
    weak = {"error_code": "weak_password", "msg": "too weak", "weak_password": {"reasons": ["length", "characters"]}}
    respx.post(SIGN_UP).mock(return_value=httpx.Response(422, json=weak))
    with pytest.raises(InvalidInputError, match="length, characters"):
        ask(create_customer_with_details, DATA | {"password": "a"})


@pytest.mark.parametrize(("method", "url"), [("sign_up", SIGN_UP), ("admin", USERS), ("invite", INVITE)])
@respx.mock
def test_a_failing_trigger_means_that_nothing_was_created(ask, method, url):
    route = respx.post(url).mock(return_value=TRIGGER_FAILED)
    with pytest.raises(CustomerCreationError, match="nothing was created") as raised:
        ask(create_customer_with_details, DATA, method=method)
    error = raised.value
    assert (error.user_id, error.completed, error.retryable, error.code) == (None, (), True, "unexpected_failure")
    assert "trigger" in str(error.hint)
    assert route.call_count == 1
    assert len(respx.calls) == 1


# A lost response -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", LOST, ids=repr)
@respx.mock
def test_a_lost_response_never_signs_up_twice(caller, signed_in, lost):
    route = respx.post(SIGN_UP).mock(side_effect=lost if isinstance(lost, Exception) else [lost])
    with pytest.raises(CustomerCreationError, match="may or may not have been created") as raised:
        caller(create_customer_with_details, signed_in, DATA)
    assert (raised.value.user_id, raised.value.completed, route.call_count) == (None, (), 1)
    assert "search_customers" in str(raised.value.hint)
    assert "error.user_id" not in str(raised.value.hint)


@pytest.mark.parametrize("lost", LOST, ids=repr)
@pytest.mark.parametrize(("method", "url"), [("sign_up", SIGN_UP), ("invite", INVITE)])
@respx.mock
def test_the_user_of_a_lost_response_is_found_with_the_secret_key(ask, method, url, lost):
    profiles()
    seen: list[dict] = []
    route = respx.post(url).mock(side_effect=lost_once(lost, seen))
    respx.get(USERS).mock(side_effect=lambda _: httpx.Response(200, json={"users": seen}))
    created = ask(create_customer_with_details, ALONE, method=method)
    assert (str(created.id), created.needs_confirmation, route.call_count) == (SOMEBODY, True, 1)
    assert (created.password is None) is (method == "invite")


@respx.mock
def test_somebody_else_with_the_address_is_not_taken_for_the_user_of_a_lost_response(ask):
    respx.post(SIGN_UP).mock(side_effect=httpx.ReadError("x"))
    known(user())
    with pytest.raises(CustomerCreationError, match="may or may not have been created"):
        ask(create_customer_with_details, DATA)


@respx.mock
def test_a_lookup_that_fails_too_does_not_hide_what_was_lost(ask):
    respx.post(SIGN_UP).mock(side_effect=httpx.ReadError("x"))
    respx.get(USERS).mock(return_value=httpx.Response(403, json={"error_code": "not_admin", "msg": "no"}))
    with pytest.raises(CustomerCreationError, match="may or may not have been created"):
        ask(create_customer_with_details, DATA)


@respx.mock
def test_a_sign_up_that_was_never_sent_is_sent_again(ask):
    route = respx.post(SIGN_UP).mock(side_effect=httpx.ConnectError("x"))
    with pytest.raises(ServiceUnavailableError):
        ask(create_customer_with_details, DATA)
    assert route.call_count > 1


@respx.mock
def test_a_response_without_a_user_leaves_open_whether_one_exists(ask):
    respx.post(SIGN_UP).mock(return_value=httpx.Response(200, json={}))
    known()
    with pytest.raises(CustomerCreationError, match="may or may not have been created"):
        ask(create_customer_with_details, DATA)


# By the administrator --------------------------------------------------------------------------------


@respx.mock
def test_an_administrator_creates_with_the_secret_key_and_a_confirmed_address(ask):
    profile, route = profiles(), respx.post(USERS).mock(side_effect=signed_up)
    created = ask(create_customer_with_details, ALONE | {"email": "Ana@X.example"}, method="admin")
    sent = json.loads(route.calls.last.request.content)
    assert route.calls.last.request.headers["authorization"] == f"Bearer {KEY}"
    assert (sent["id"], sent["email_confirm"], sent["user_metadata"]["full_name"]) == (str(created.id), True, "Ana")
    assert sent["password"] == created.password.get_secret_value()
    assert (created.email, created.needs_confirmation) == ("ana@x.example", False)
    assert profile.called


@respx.mock
def test_a_creation_that_is_repeated_after_a_lost_response_goes_on_with_its_own_user(ask):
    profiles()
    seen: list[dict] = []
    taken = httpx.Response(422, json={"error_code": "email_exists", "msg": "already registered"})
    lose = lost_once(httpx.ReadError("x"), seen)
    route = respx.post(USERS).mock(side_effect=lambda request: taken if seen else lose(request))
    respx.get(USERS).mock(side_effect=lambda _: httpx.Response(200, json={"users": seen}))
    created = ask(create_customer_with_details, ALONE, method="admin")
    assert (str(created.id), route.call_count) == (seen[0]["id"], 2)
    bodies = {call.request.content for call in route.calls}
    assert len(bodies) == 1


@pytest.mark.parametrize(("method", "url"), [("admin", USERS), ("invite", INVITE)])
@respx.mock
def test_an_address_of_somebody_else_is_a_conflict(ask, method, url):
    taken = httpx.Response(422, json={"error_code": "email_exists", "msg": "already registered"})
    respx.post(url).mock(return_value=taken)
    known(user())
    with pytest.raises(ConflictError, match="already registered") as raised:
        ask(create_customer_with_details, DATA, method=method)
    assert (str(raised.value.customer_id), raised.value.code) == (SOMEBODY, "email_exists")


@respx.mock
def test_an_invited_customer_chooses_the_password(ask):
    profiles()
    route = respx.post(INVITE).mock(side_effect=signed_up)
    created = ask(create_customer_with_details, ALONE, method="invite", redirect_to="https://shop.test/hola")
    assert route.calls.last.request.url.params["redirect_to"] == "https://shop.test/hola"
    assert "password" not in json.loads(route.calls.last.request.content)
    assert (created.password, created.needs_confirmation) == (None, True)


@respx.mock
def test_an_invitation_of_somebody_who_was_invited_before_is_a_conflict(ask):
    respx.post(INVITE).mock(return_value=httpx.Response(200, json=user()))
    with pytest.raises(ConflictError, match="never confirmed"):
        ask(create_customer_with_details, DATA, method="invite")


@pytest.mark.parametrize("method", ["admin", "invite"])
@respx.mock
def test_without_a_secret_key_an_administrator_creates_nobody(caller, signed_in, method):
    with pytest.raises(PermissionDeniedError, match="needs the secret key"):
        caller(create_customer_with_details, signed_in, DATA, method=method)
    assert not respx.calls


@respx.mock
def test_a_session_without_an_answer_to_the_sign_out_is_no_failure(ask):
    profiles()
    respx.post(SIGN_UP).mock(side_effect=with_session)
    log_out = respx.post(LOG_OUT).mock(side_effect=httpx.ReadError("x"))
    assert str(ask(create_customer_with_details, ALONE).id) == SOMEBODY
    assert log_out.call_count == 1


def test_generated_passwords_satisfy_the_usual_policies_and_differ():
    passwords = {new_password().get_secret_value() for _ in range(50)}
    assert len(passwords) == 50
    for password in passwords:
        assert len(password) == 20
        kinds = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
        assert all(any(map(kind, password)) for kind in kinds)
