"""The app's tests. They need no server: a fake answers in the shop's place.

pytest examples/fastapi_app
"""

import base64
import json
import warnings
from collections.abc import Iterator
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient

from admin_crm import (
    AdminCRMError,
    AuthenticationError,
    ConflictError,
    CustomerNotFoundError,
    DirectoryStats,
    Notification,
    Page,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    ServiceUnavailableError,
)
from admin_crm.testing import FakeAsyncAdminCRM, make_customer, make_detail, make_order
from app import app, connection

ANA, BEA = "a0a0a0a0-0000-4000-8000-000000000001", "b0b0b0b0-0000-4000-8000-000000000002"
SOMEBODY = "/customers/c0ffee00-0000-4000-8000-000000000001"


@pytest.fixture
def crm() -> Iterator[FakeAsyncAdminCRM]:
    """What answers in the shop's place."""
    fake = FakeAsyncAdminCRM()
    app.dependency_overrides[connection] = lambda: fake
    yield fake
    app.dependency_overrides.clear()


@pytest.fixture
def browser() -> TestClient:
    """A browser in which Ana is signed in."""
    return TestClient(app, headers=signed_in(ANA))


def signed_in(user: str) -> dict[str, str]:
    """The header of a request that a user's browser sends. Nobody checks the signature: there is no server."""
    claims = base64.urlsafe_b64encode(json.dumps({"sub": user, "role": "authenticated"}).encode())
    return {"Authorization": f"Bearer e30.{claims.decode().rstrip('=')}.c2lnbmVk"}


def test_a_search_answers_a_page_of_customers(crm: FakeAsyncAdminCRM, browser: TestClient) -> None:
    found = make_customer(full_name="Lucía Fernández", email="lucia@correo.example", monetary=Decimal(1500))
    crm.set_answers(search_customers=Page([found], total=41, page=2, page_size=20))
    answer = browser.get("/customers", params={"q": "lucia", "segment": "champion", "page": 2}).json()
    assert (answer["total"], answer["page"], answer["page_size"]) == (41, 2, 20)
    [row] = answer["items"]
    assert (row["full_name"], row["email"], row["monetary"]) == ("Lucía Fernández", "lucia@correo.example", "1500.00")
    [call] = crm.calls
    assert (call.name, call.arguments) == ("search_customers", {"text": "lucia", "segment": "champion", "page": 2})


def test_each_request_has_the_rights_of_whoever_sends_it(crm: FakeAsyncAdminCRM, browser: TestClient) -> None:
    crm.set_answers(search_customers=Page([], total=0, page=1, page_size=20))
    for user in (ANA, BEA, ANA):
        assert browser.get("/customers", headers=signed_in(user)).status_code == 200
    assert [call.user for call in crm.calls] == [ANA, BEA, ANA]


def test_nobody_is_served_without_a_token(crm: FakeAsyncAdminCRM, browser: TestClient) -> None:
    assert TestClient(app).get("/customers").status_code in {401, 403}  # 403 before FastAPI 0.122
    assert browser.get("/customers", headers={"Authorization": "Bearer sb_publishable_key"}).status_code == 401
    assert crm.calls == []


def test_a_customers_page_has_orders_and_amounts_with_their_cents(crm: FakeAsyncAdminCRM, browser: TestClient) -> None:
    crm.set_answers(get_admin_customer_details=make_detail(), get_customer_orders=[make_order(total=Decimal("99.5"))])
    page = browser.get(SOMEBODY).json()
    assert page["orders_summary"]["total_orders"] == len(page["orders"])
    assert browser.get(f"{SOMEBODY}/orders").json()[0]["total"] == "99.50"


def test_a_notification_is_sent_once_for_each_key(crm: FakeAsyncAdminCRM, browser: TestClient) -> None:
    sent = Notification(id=ANA, user_id=BEA, title="Hola", message="¡Gracias!")
    crm.set_answers(send_customer_notification=sent)
    message = {"title": "Hola", "message": "¡Gracias!"}
    answer = browser.post(f"{SOMEBODY}/notifications", json=message, headers={"Idempotency-Key": "thanks-1"})
    assert (answer.status_code, answer.json()["id"]) == (201, ANA)
    assert crm.calls[0].arguments["idempotency_key"] == "thanks-1"


def test_the_figures_of_the_directory(crm: FakeAsyncAdminCRM, browser: TestClient) -> None:
    figures = DirectoryStats(
        total=3, new_this_month=1, contactable=2, contactable_percent=66.7, birthdays_this_month=0,
        by_segment={"champion": 3}, by_health_status={}, revenue=Decimal("1E+3"), revenue_delivered=None,
    )  # fmt: skip
    crm.set_answers(get_directory_stats=figures)
    answer = browser.get("/stats").json()
    assert (answer["by_segment"], answer["revenue"], answer["revenue_delivered"]) == ({"champion": 3}, "1000.00", None)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CustomerNotFoundError("the customer does not exist"), 404),
        (PermissionDeniedError("the signed-in user is not listed in admin_users"), 403),
        (AuthenticationError("JWT expired", hint="the session has ended: sign in again"), 401),
        (ConflictError("changed meanwhile"), 409),
        (RequestTimeoutError("no response in time"), 504),
        (ServiceUnavailableError("could not connect to the server"), 503),
    ],
)
def test_an_error_is_told_as_problem_details(
    crm: FakeAsyncAdminCRM, browser: TestClient, error: AdminCRMError, status: int
) -> None:
    crm.set_answers(update_customer_status=error)
    answer = browser.put(f"{SOMEBODY}/status", json={"status": "banned"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["status"], problem["detail"]) == (status, error.message)
    assert problem["type"] == f"urn:admin-crm:problem:{type(error).__name__}"
    assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


def test_a_busy_shop_says_when_to_come_again(crm: FakeAsyncAdminCRM, browser: TestClient) -> None:
    crm.set_answers(get_directory_stats=RateLimitedError("too many requests", retry_after=29.5))
    answer = browser.get("/stats")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["retryable"]) == (429, "30", True)


def test_the_schema_has_every_answer_and_amounts_are_strings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schemas = app.openapi()["components"]["schemas"]
    assert {"AdminCustomer", "AdminCustomerDetail", "Order", "DirectoryStats", "Problem"} <= set(schemas)
    assert {"type": "string", "format": "decimal"} in schemas["Order"]["properties"]["total"]["anyOf"]
