"""A document of one person: whole, or it says what is missing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from admin_crm import (
    AdminCRMError,
    CustomerNotFoundError,
    PermissionDeniedError,
    SchemaMismatchError,
    ServiceUnavailableError,
    get_customer_data,
)
from helpers import ANON, QUICK, SOMEBODY, URL, Ask, Caller
from privacy_server import PrivacyServer, playing

ADMIN = "7e1b2c3d-0000-4000-8000-00000000000a"
REFUSED = httpx.Response(403, json={"code": "42501", "message": "permission denied"})


@pytest.fixture
def server() -> Iterator[PrivacyServer]:
    server = PrivacyServer()
    with playing(server):
        yield server


@pytest.fixture
def by_session(caller: Caller) -> Ask:
    """Ask as a signed-in user, who is an administrator where `admin_users` says so."""
    claims = base64.urlsafe_b64encode(json.dumps({"sub": ADMIN, "role": "authenticated"}).encode()).decode()
    return Ask(caller, caller.open(URL, ANON, access_token=f"header.{claims}.signature", settings=QUICK))


def test_the_document_has_everything_and_its_numbers_to_the_digit(ask: Ask, server: PrivacyServer) -> None:
    data = ask(get_customer_data, SOMEBODY)
    assert data.missing == []
    assert data.absent == ["order_items"]
    assert {name: count for name, count in data.counts().items() if count != 1} == {
        "orders": 2, "order_items": 0, "files": 2,
    }  # fmt: skip
    assert data.profile["total_spent"] == Decimal("12.5")
    document = json.loads(data.to_json())
    assert document["orders"][0]["total"] == "12.5"
    assert document["account"]["user_metadata"] == {"full_name": "Ana Torres"}
    assert "encrypted_password" not in data.to_json()


def test_a_repr_shows_counts_and_nothing_of_the_person(ask: Ask, server: PrivacyServer) -> None:
    data = ask(get_customer_data, SOMEBODY)
    for shown in (repr(data), str(data), f"{data}", data._repr_html_()):
        assert "orders=2" in shown
        assert not {"Ana", "Ámbar", "55 1111 2222", "ana@x.example"} & set(shown.replace("'", " ").split())
        assert "Ana" not in shown


def test_items_of_orders_are_read_where_the_shop_has_a_table_of_them(ask: Ask, server: PrivacyServer) -> None:
    server.tables["order_items"] = [{"order_id": "o1", "product_id": "p"}, {"order_id": "o9", "product_id": "q"}]
    assert ask(get_customer_data, SOMEBODY).order_items == [{"order_id": "o1", "product_id": "p"}]


def test_a_view_that_is_keyed_by_customer_id_is_read_too(ask: Ask, server: PrivacyServer) -> None:
    server.tables["customer_intelligence_360"] = [{"customer_id": SOMEBODY, "segment": "Leal"}]
    for _ in range(2):
        assert ask(get_customer_data, SOMEBODY).directory["segment"] == "Leal"
    assert server.asked.count(("GET", "customer_intelligence_360")) == 3


def test_a_view_that_is_closed_to_the_secret_key_is_told(ask: Ask, server: PrivacyServer) -> None:
    server.tables["customer_intelligence_360"] = []
    (missing,) = ask(get_customer_data, SOMEBODY).missing
    assert missing.part == "directory"
    assert "as an administrator" in missing.hint


def test_a_session_says_what_it_does_not_see(by_session: Ask, server: PrivacyServer) -> None:
    server.tables["admin_users"] = [{"id": ADMIN}]
    for table in ("customer_coupons", "smart_loyalty_propositions", "referrals"):
        server.tables[table] = []
    server.files = []
    missing = {each.part: each.hint for each in by_session(get_customer_data, SOMEBODY).missing}
    assert list(missing) == ["account", "files", "used_coupons", "offers", "referrals"]
    assert all("secret_key" in hint for hint in missing.values() if hint)


def test_a_table_that_refuses_is_missing_and_one_that_fails_raises(ask: Ask, server: PrivacyServer) -> None:
    server.fails["GET", "addresses"] = REFUSED
    (missing,) = ask(get_customer_data, SOMEBODY).missing
    assert (missing.part, ask(get_customer_data, SOMEBODY).addresses) == ("addresses", [])
    server.fails["GET", "addresses"] = httpx.Response(503, json={"code": "PGRST002", "message": "no schema cache"})
    with pytest.raises(ServiceUnavailableError):
        ask(get_customer_data, SOMEBODY)


@pytest.mark.parametrize("table", ["addresses", "customer_intelligence_360"])
def test_a_column_that_is_missing_is_no_missing_table(ask: Ask, server: PrivacyServer, table: str) -> None:
    message = f"column {table}.customer_number does not exist"
    server.fails["GET", table] = httpx.Response(400, json={"code": "42703", "message": message})
    with pytest.raises(SchemaMismatchError):
        ask(get_customer_data, SOMEBODY)


def test_what_the_shop_does_not_have_is_absent_and_asked_for_once(ask: Ask, server: PrivacyServer) -> None:
    del server.tables["referrals"]
    for _ in range(2):
        assert ask(get_customer_data, SOMEBODY).absent == ["referrals", "order_items"]
    assert server.asked.count(("GET", "referrals")) == 1


def test_who_is_no_administrator_is_refused(by_session: Ask, server: PrivacyServer) -> None:
    with pytest.raises(PermissionDeniedError, match="admin_users"):
        by_session(get_customer_data, SOMEBODY)
    server.tables["customer_profiles"] = []
    with pytest.raises(PermissionDeniedError, match="admin_users"):
        by_session(get_customer_data, SOMEBODY)


def test_nobody_is_not_found(ask: Ask, server: PrivacyServer) -> None:
    server.account, server.tables["customer_profiles"] = None, []
    with pytest.raises(CustomerNotFoundError):
        ask(get_customer_data, SOMEBODY)


@pytest.mark.parametrize("customer", ["", "x", 7])
def test_an_id_that_is_none_is_refused_before_a_request(ask: Ask, server: PrivacyServer, customer: Any) -> None:
    with pytest.raises(AdminCRMError, match="customer_id"):
        ask(get_customer_data, customer)
