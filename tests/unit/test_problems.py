"""What a web back end answers: a status for every error, and problem details in which nobody is named."""

from __future__ import annotations

import json
import pickle

import httpx
import pytest
import respx
from httpx import Response

import admin_crm
from admin_crm import (
    AdminCRMError,
    AuthenticationError,
    BulkError,
    BulkResult,
    ConflictError,
    EvidenceNotDeletedError,
    InvalidInputError,
    PartialModerationError,
    PermissionDeniedError,
    RateLimitedError,
    ServiceUnavailableError,
    get_admin_customer_details,
    get_admin_customer_notes,
    get_customer_narrative,
    list_customer_evidence,
    search_customers,
    send_customer_notification,
    update_admin_customer_notes,
    update_customer_status,
)
from admin_crm._core.connection import link_of
from admin_crm._core.secret_key import with_secret_key
from admin_crm._core.session import Login
from helpers import ANON, KEY, NOTES, QUICK, SOMEBODY, URL
from project_server import jwt

USER = jwt(role="authenticated", sub=SOMEBODY)
STATUSES = {
    "AdminCRMError": 500, "InvalidInputError": 422, "InvalidTypeError": 422, "ClientStateError": 500,
    "AuthenticationError": 401, "PermissionDeniedError": 403, "NotFoundError": 404, "CustomerNotFoundError": 404,
    "ConflictError": 409, "RateLimitedError": 429, "RequestTimeoutError": 504, "ServiceUnavailableError": 503,
    "UnexpectedResponseError": 502, "IncompleteReadError": 502, "SchemaMismatchError": 501, "EdgeFunctionError": 502,
    "EvidenceNotDeletedError": 404, "PartialPrivacyError": 500, "CustomerCreationError": 500,
    "PartialModerationError": 500, "BulkError": 500,
}  # fmt: skip
"""By default; what else decides is tested below."""


def made(name: str) -> AdminCRMError:
    needed = {"result": BulkResult("op")} if name == "BulkError" else {}
    error = getattr(admin_crm, name)("what happened", **needed)
    assert isinstance(error, AdminCRMError)
    return error


def caused(error: AdminCRMError, cause: Exception) -> AdminCRMError:
    error.__cause__ = cause
    return error


def test_every_class_of_errors_has_a_status():
    names = {name for name in admin_crm.__all__ if name.endswith("Error")}
    assert {name: made(name).http_status for name in names} == STATUSES


@pytest.mark.parametrize("name", STATUSES)
def test_problem_details_of_every_class_are_json_and_say_what_happened(name):
    details = json.loads(json.dumps(made(name).problem()))
    assert details == {
        "type": f"urn:admin-crm:problem:{name}",
        "title": details["title"],
        "status": STATUSES[name],
        "detail": "what happened",
        "retryable": details["retryable"],
    }
    assert details["title"].endswith(" error")
    assert details["title"][0].isupper()
    assert pickle.loads(pickle.dumps(made(name))).problem() == details


def test_problem_details_have_what_is_known_and_nothing_else():
    error = RateLimitedError("too many", retry_after=2.5, hint="wait", operation="op", code="429", request_id="r-1")
    error.customer_id = SOMEBODY
    assert error.problem() == {
        "type": "urn:admin-crm:problem:RateLimitedError", "title": "Rate limited error", "status": 429,
        "detail": "too many", "hint": "wait", "operation": "op", "code": "429", "request_id": "r-1",
        "retryable": True, "retry_after": 2.5,
    }  # fmt: skip
    assert AdminCRMError("x").problem()["title"] == "Admin CRM error"
    assert InvalidInputError("x", argument="page").problem()["argument"] == "page"


def test_an_error_of_the_apps_own_has_the_status_of_its_base():
    class ShopClosedError(PermissionDeniedError):
        """The shop is closed."""

    class TeapotError(AdminCRMError, http_status=418):
        """The app says so."""

    assert (ShopClosedError("x").http_status, TeapotError("x").http_status) == (403, 418)
    assert ShopClosedError("x").problem()["title"] == "Shop closed error"


@pytest.mark.parametrize(
    ("argument", "status"), [("page", 422), (None, 422), ("token", 401), ("url", 500), ("key", 500)]
)
def test_what_only_the_back_end_sets_is_no_fault_of_the_browser(argument, status):
    assert InvalidInputError("x", argument=argument).http_status == status


def test_a_server_that_will_not_recover_by_itself_is_a_bad_gateway():
    assert ServiceUnavailableError("x", retryable=False).http_status == 502


@pytest.mark.parametrize(
    "name", ["PartialPrivacyError", "CustomerCreationError", "PartialModerationError", "BulkError"]
)
def test_half_done_work_has_the_status_of_what_stopped_it(name):
    assert caused(made(name), ConflictError("x")).http_status == 409
    assert caused(made(name), ValueError("x")).http_status == 500


def test_files_that_were_not_deleted_say_why():
    denied = EvidenceNotDeletedError("x", denied=["a"], missing=["b"])
    assert denied.http_status == 403
    assert caused(denied, ServiceUnavailableError("x")).http_status == 503


def test_a_bulk_operation_has_the_status_of_its_first_failure():
    result = BulkResult("notify_customers", failed={SOMEBODY: RateLimitedError("slow down")})
    with pytest.raises(BulkError) as raised:
        result.raise_for_failures()
    assert raised.value.http_status == 429


# Whose credentials were refused


def refused_token() -> Response:
    return Response(401, json={"code": "PGRST303", "message": "JWT expired"})


@pytest.mark.parametrize("rights", ["a browser's token", "its own key", "its own token", "its own key beside a token"])
@respx.mock
def test_a_browser_is_told_to_sign_in_only_where_its_own_token_was_refused(caller, rights):
    respx.get(NOTES).mock(return_value=refused_token())
    own = caller.open(URL, KEY, anon_key=ANON, settings=QUICK)
    with_token = caller.open(URL, ANON, access_token=USER, secret_key=KEY, settings=QUICK)
    crm = {
        "a browser's token": own.as_user(USER).with_options(attempts=2),
        "its own key": own,
        "its own token": with_token,
        "its own key beside a token": with_secret_key(with_token, "reading"),
    }[rights]
    with pytest.raises(AuthenticationError) as raised:
        caller(get_admin_customer_notes, crm, SOMEBODY)
    is_browsers = rights == "a browser's token"
    assert raised.value.http_status == (401 if is_browsers else 500)
    assert raised.value.own_credentials is not is_browsers
    if is_browsers:
        assert raised.value.hint == "the session has ended: sign in again"


@respx.mock
def test_a_wrong_password_is_the_browsers_where_it_is_given_and_the_back_ends_where_it_is_kept(caller):
    wrong = Response(400, json={"error_code": "invalid_credentials", "msg": "Invalid login credentials"})
    respx.post(f"{URL}/auth/v1/token").mock(return_value=wrong)
    with pytest.raises(AuthenticationError) as raised:
        caller.sign_in(URL, ANON, "ana@shop.test", "wrong")
    assert raised.value.http_status == 401
    crm = caller.open(URL, ANON, settings=QUICK)
    link_of(crm).rights.login = Login(admin_crm.settings.SecretStr("a@b.test"), admin_crm.settings.SecretStr("wrong"))
    with pytest.raises(AuthenticationError) as raised:
        caller(get_admin_customer_notes, crm, SOMEBODY)
    assert raised.value.http_status == 500


# Nobody is named


PERSON = ("lucia.fernandez@correo.example", "228 123 45 67", "+522281234567", "Lucía", "Fernández")
"""What a customer is called and reached by, in the spellings that servers and callers use."""
TOLD = "Lucía Fernández <lucia.fernandez@correo.example> 228 123 45 67 +522281234567"


def named_in(error: AdminCRMError) -> list[str]:
    return [each for each in PERSON if each in json.dumps(error.problem(), ensure_ascii=False)]


@pytest.mark.parametrize(
    "call",
    [
        lambda ask: ask(get_admin_customer_details, TOLD),
        lambda ask: ask(get_admin_customer_details, "Lucía Fernández"),
        lambda ask: ask(search_customers, page=TOLD),
        lambda ask: ask(search_customers, TOLD * 20),
        lambda ask: ask(search_customers, f"{TOLD}\0"),
        lambda ask: ask(send_customer_notification, SOMEBODY, "", TOLD),
        lambda ask: ask(send_customer_notification, SOMEBODY, "Hola", "Hola", idempotency_key=TOLD * 20),
        lambda ask: ask(update_admin_customer_notes, SOMEBODY, tags=TOLD),
        lambda ask: ask(update_admin_customer_notes, SOMEBODY, notes=f"{TOLD}\0"),
        lambda ask: ask(update_admin_customer_notes, SOMEBODY, custom_fields={TOLD: float("nan")}),
        lambda ask: ask(admin_crm.update_customer_profile, SOMEBODY, birthdate=TOLD),
        lambda ask: ask(admin_crm.create_customer_with_details, {"email": TOLD, "full_name": TOLD, "phone": TOLD}),
        lambda ask: ask(admin_crm.add_customer_address, SOMEBODY, {"street": TOLD, "lucia": TOLD}),
        lambda ask: ask(admin_crm.delete_customer_evidence, TOLD),
        lambda ask: ask(admin_crm.adjust_loyalty_points, SOMEBODY, TOLD, TOLD),
        lambda ask: ask(admin_crm.set_default_address, SOMEBODY, TOLD),
        lambda ask: ask(admin_crm.notify_customers, [TOLD], "Hola", TOLD),
        lambda ask: ask.crm.as_user(TOLD),
        lambda ask: admin_crm.whatsapp_link(TOLD, TOLD),
    ],
)  # fmt: skip
def test_an_invalid_argument_is_not_quoted_where_it_may_be_a_person(ask, call):
    with pytest.raises(InvalidInputError) as raised:
        call(ask)
    assert named_in(raised.value) == []


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (409, "23505", f'duplicate key value violates unique constraint "p" Key (email)=({TOLD}) already exists'),
        (400, "22P02", f'invalid input syntax for type date: "{TOLD}"'),
        (400, "23502", f"null value in column x, Failing row contains =({TOLD})"),
        (400, "P0001", "lucia.fernandez@correo.example (228 123 45 67, +522281234567) may not do this"),
        (403, "42501", "lucia.fernandez@correo.example may not"),
        (404, "PGRST205", "no table lucia.fernandez@correo.example"),
        (429, None, "lucia.fernandez@correo.example sends too much"),
        (500, "XX000", "lucia.fernandez@correo.example broke it"),
        (504, None, "lucia.fernandez@correo.example waits"),
    ],
)
@respx.mock
def test_what_a_server_says_reaches_the_browser_without_the_person(ask, status, code, message):
    answer = Response(status, json={"code": code, "message": message, "msg": message, "error": message})
    respx.route().mock(return_value=answer)
    calls = [
        lambda: ask(get_admin_customer_notes, SOMEBODY), lambda: ask(update_customer_status, SOMEBODY, "banned"),
        lambda: ask(list_customer_evidence, SOMEBODY), lambda: ask(get_customer_narrative, SOMEBODY),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(AdminCRMError) as raised:
            call()
        assert named_in(raised.value) == []
        assert SOMEBODY not in json.dumps(raised.value.problem())


@respx.mock
def test_rows_that_cannot_be_read_are_not_quoted(ask):
    respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": TOLD, "notes": TOLD}]))
    with pytest.raises(AdminCRMError) as raised:
        ask(get_admin_customer_notes, SOMEBODY)
    assert named_in(raised.value) == []


def test_half_done_work_names_nobody_either(caller):
    error = PartialModerationError("x", completed=["status"], resume={"reason": TOLD, "user_id": SOMEBODY})
    assert named_in(error) == []
    assert named_in(BulkError("x", result=BulkResult("op", failed={TOLD: ConflictError("x")}))) == []
