"""The tier by the amount spent, and the summary of orders."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import AdminCustomer, CustomerTier, Order, tier_progress
from admin_crm._postgrest.decode import adapter_of, decode
from admin_crm.customers import _summarize_orders
from admin_crm.errors import InvalidInputError

ID = "7e1b2c3d-0000-4000-8000-000000000001"


def read(model, **row):
    return decode(json.dumps([{"id": ID, **row}]).encode(), adapter_of(model))[0]


@pytest.mark.parametrize(
    ("spent", "tier", "following", "left"),
    [
        (0, "bronze", "silver", 5000),
        ("4999.99", "bronze", "silver", "0.01"),
        (5000, "silver", "gold", 15000),
        (20000, "gold", "platinum", 30000),
        (50000, "platinum", None, None),
        (10**9, "platinum", None, None),
    ],
)
def test_a_tier_is_reached_at_its_threshold(spent, tier, following, left):
    progress = tier_progress(Decimal(spent))
    assert (progress.tier, progress.next_tier) == (tier, following)
    assert progress.amount_to_next == (None if left is None else Decimal(left))


def test_tier_progress_takes_a_customer_and_refuses_an_invalid_amount():
    assert tier_progress(read(AdminCustomer, total_spent=7500)).tier is CustomerTier.SILVER
    assert tier_progress(read(AdminCustomer)).tier is CustomerTier.BRONZE
    for wrong in (Decimal(-1), Decimal("nan"), float("inf")):
        with pytest.raises(InvalidInputError):
            tier_progress(wrong)


def test_an_order_without_a_total_is_no_order_of_zero():
    summary = _summarize_orders([Order(id="1", total=Decimal(30)), Order(id="2"), Order(id="3", total=Decimal(10))])
    assert (summary.total_spent, summary.total_orders, summary.aov) == (Decimal(40), 3, Decimal(20))
    assert _summarize_orders([Order(id="1")]).aov == 0


@given(st.lists(st.decimals(min_value=0, max_value=10**8, places=2), max_size=20))
def test_the_summary_of_orders_adds_up(totals):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    orders = [Order(id=str(n), total=total, created_at=start + timedelta(days=n)) for n, total in enumerate(totals)]
    summary = _summarize_orders(orders)
    assert (summary.total_spent, summary.total_orders) == (sum(totals, Decimal(0)), len(totals))
    assert summary.last_order_date == (start + timedelta(days=len(totals) - 1) if totals else None)
    assert abs(summary.aov * len(totals) - summary.total_spent) <= Decimal("0.005") * max(len(totals), 1)
