"""One customer's page: how its parts are merged, and the summary of orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import (
    AdminCustomer,
    Order,
    PermissionDeniedError,
    get_admin_customer_details,
    get_customer_intelligence,
)
from admin_crm._postgrest.orders import summarize_orders
from helpers import NOTES, ORDERS, PROFILES, REST, URL, VIEW

ADDRESSES = f"{REST}/addresses"
ID = "7e1b2c3d-0000-4000-8000-000000000001"


VIEW_ROW = {
    "id": ID, "account_status": "active", "avatar_url": "https://a.test/account.png", "total_orders": 9,
    "total_spent": 900, "frequency": 9, "monetary": 900, "segment": "Leal", "recency_days": 3,
}  # fmt: skip
PROFILE = {
    "id": ID, "account_status": "banned", "avatar_url": "https://a.test/profile.png", "total_orders": 4,
    "total_spent": 400, "referral_code": "VSM-1", "suspension_end": None,
}  # fmt: skip


@pytest.fixture
def shop():
    """A shop whose view computes some columns in its own way."""
    with respx.mock(assert_all_called=False) as server:
        answer(server, PROFILES, PROFILE)
        answer(server, VIEW, VIEW_ROW)
        for url in (ORDERS, NOTES, ADDRESSES):
            answer(server, url)
        server.post(f"{URL}/storage/v1/object/list/customer-evidence").respond(200, json=[])
        yield server


def answer(server, url, *rows):
    server.get(url).respond(200, json=list(rows), headers={"content-range": f"*/{len(rows)}"})


def test_the_page_says_what_the_directory_says_and_the_status_of_the_profile(ask, shop):
    row, detail = ask(get_customer_intelligence, ID), ask(get_admin_customer_details, ID)
    shared = AdminCustomer.model_fields.keys() - {"account_status"}
    assert {name: getattr(detail, name) for name in shared} == {name: getattr(row, name) for name in shared}
    assert (detail.total_orders, detail.total_spent, detail.avatar_url) == (9, 900, "https://a.test/account.png")
    assert detail.account_status == "banned"
    assert detail.model_extra["referral_code"] == "VSM-1"


def test_the_profile_fills_in_what_the_view_does_not_show(ask, shop):
    answer(shop, VIEW)
    detail = ask(get_admin_customer_details, ID)
    assert (detail.total_orders, detail.total_spent) == (4, 400)
    assert (detail.frequency, detail.monetary, detail.segment) == (None, None, None)


def test_a_customer_whom_the_view_does_not_show_is_not_passed_off_as_unknown(ask, shop):
    answer(shop, VIEW)
    with pytest.raises(PermissionDeniedError, match="does not show this customer"):
        ask(get_customer_intelligence, ID)


def test_the_page_keeps_what_could_not_be_read(ask, shop):
    answer(shop, PROFILES, PROFILE | {"suspension_end": "infinity"})
    detail = ask(get_admin_customer_details, ID)
    assert detail.suspension_end is None
    assert detail.unreadable["suspension_end"] == "infinity"


def test_addresses_come_with_the_default_one_first_then_as_they_were_added(ask, shop):
    def row(number, *, default, day):
        created_at = day and f"2026-01-{day:02}T00:00:00Z"
        return {"id": str(UUID(int=number)), "customer_id": ID, "is_default": default, "created_at": created_at}

    answer(
        shop,
        ADDRESSES,
        row(1, default=False, day=3),
        row(2, default=None, day=None),
        row(3, default=False, day=1),
        row(4, default=False, day=1),
        row(5, default=True, day=4),
    )
    detail = ask(get_admin_customer_details, ID)
    assert [address.id.int for address in detail.addresses] == [5, 3, 4, 1, 2]
    assert detail.default_address == detail.addresses[0]
    answer(shop, ADDRESSES, row(1, default=False, day=3))
    assert ask(get_admin_customer_details, ID).default_address is None


def test_an_order_without_a_total_is_no_order_of_zero():
    summary = summarize_orders([Order(id="1", total=Decimal(30)), Order(id="2"), Order(id="3", total=Decimal(10))])
    assert (summary.total_spent, summary.total_orders, summary.aov) == (Decimal(40), 3, Decimal(20))
    assert summarize_orders([Order(id="1")]).aov == 0


@given(st.lists(st.decimals(min_value=0, max_value=10**8, places=2), max_size=20))
def test_the_summary_of_orders_adds_up(totals):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    orders = [Order(id=str(n), total=total, created_at=start + timedelta(days=n)) for n, total in enumerate(totals)]
    summary = summarize_orders(orders)
    assert (summary.total_spent, summary.total_orders) == (sum(totals, Decimal(0)), len(totals))
    assert summary.last_order_date == (start + timedelta(days=len(totals) - 1) if totals else None)
    assert abs(summary.aov * len(totals) - summary.total_spent) <= Decimal("0.005") * max(len(totals), 1)
