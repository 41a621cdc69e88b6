"""Models read what shops send, keep what they do not know, and are exact about money and time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from admin_crm import (
    AccountStatus,
    AdminCustomer,
    AdminNotes,
    CustomerProfile,
    CustomerTier,
    HealthStatus,
    Order,
    Segment,
    canonical_health,
    canonical_segment,
    tier_progress,
)
from admin_crm._postgrest.decode import adapter_of, decode
from admin_crm.customers import _summarize_orders
from admin_crm.errors import InvalidInputError
from admin_crm.labels import HEALTH_LABELS, SEGMENT_LABELS, folded

ID = "7e1b2c3d-0000-4000-8000-000000000001"


def read(model, **row):
    return decode(json.dumps([{"id": ID, **row}]).encode(), adapter_of(model))[0]


def test_either_name_of_a_column_is_read():
    one = read(AdminCustomer, phone="1", customer_tier="gold")
    other = decode(
        json.dumps([{"customer_id": ID, "customer_phone": "1", "tier": "gold"}]).encode(), adapter_of(AdminCustomer)
    )[0]
    assert (one.id, one.phone, one.tier) == (other.id, other.phone, other.tier) == (UUID(ID), "1", CustomerTier.GOLD)


def test_unknown_columns_and_unknown_values_are_kept():
    customer = read(AdminCustomer, loyalty_level=7, tier="diamond", account_status="dormant", segment="Coleccionista")
    assert customer.model_extra == {"loyalty_level": 7}
    assert (customer.tier, customer.account_status, customer.segment) == ("diamond", "dormant", "Coleccionista")
    assert customer.canonical_segment is None
    assert read(CustomerProfile, account_status="banned").account_status is AccountStatus.BANNED


@pytest.mark.parametrize(("sent", "read_as"), [("Sin Email", None), ("", None), (None, None), ("a@b", "a@b")])
def test_a_placeholder_is_no_email(sent, read_as):
    assert read(AdminCustomer, email=sent).email == read_as


@pytest.mark.parametrize(
    ("recency", "frequency", "days"), [(365, 0, None), (None, 0, None), (365, 2, 365), (0, 1, 0), (12, None, 12)]
)
def test_no_order_is_no_recency(recency, frequency, days):
    customer = read(AdminCustomer, recency_days=recency, frequency=frequency)
    assert customer.recency_days == days
    assert customer.model_dump()["recency_days"] == days
    assert "recency_as_sent" not in customer.model_dump()


@pytest.mark.parametrize("number", ["0.1", "1234567890123456.78", "99999999999999999999.99", '"12.30"', "7", "-0.05"])
def test_money_keeps_every_digit(number):
    customers = decode(f'[{{"id": "{ID}", "total_spent": {number}}}]'.encode(), adapter_of(AdminCustomer))
    assert customers[0].total_spent == Decimal(number.strip('"'))


@pytest.mark.parametrize(
    "text",
    ["2026-11-22T16:01:28.019+00:00", "2026-11-22T16:01:28.019Z", "2026-11-22 16:01:28.019+00",
     "2026-11-22T10:01:28.019-06:00", "2026-11-22T16:01:28.019"],
)  # fmt: skip
def test_every_spelling_of_a_moment_is_read_and_has_a_zone(text):
    moment = read(AdminCustomer, created_at=text).created_at
    assert moment == datetime(2026, 11, 22, 16, 1, 28, 19000, tzinfo=UTC)
    assert moment.utcoffset() is not None


def test_what_is_no_moment_is_refused():
    for wrong in ("yesterday", "", [], {}):
        with pytest.raises(Exception, match="created_at"):
            read(AdminCustomer, created_at=wrong)


def test_models_are_frozen():
    with pytest.raises(ValidationError):
        read(AdminCustomer).full_name = "otra"


def test_a_notebook_shows_a_customer_without_personal_data_and_without_markup():
    shown = read(AdminCustomer, full_name="<b>Ana</b>", email="ana@x.example", phone="5512345678")._repr_html_()
    assert "ana@" not in shown
    assert "5512345678" not in shown
    assert "<b>Ana" not in shown
    assert "…78" in shown


def test_intelligence_is_nested_as_the_web_admin_has_it():
    customer = read(AdminCustomer, segment="Leal", health_status="Churning")
    assert (customer.intelligence.segment, customer.intelligence.canonical_health) == (
        "Leal",
        HealthStatus.NEEDS_ATTENTION,
    )


@pytest.mark.parametrize("spelling", ["cancelled", "canceled", "cancelado", "Cancelado"])
def test_every_spelling_of_cancelled_is_cancelled(spelling):
    assert read(Order, status=spelling).is_cancelled
    assert not read(Order, status="shipped").is_cancelled
    assert not read(Order).is_cancelled


def test_custom_fields_of_old_rows_may_hold_anything_and_tags_may_be_null():
    notes = decode(
        json.dumps([{"customer_id": ID, "tags": None, "custom_fields": {"a": 1, "b": [True]}}]).encode(),
        adapter_of(AdminNotes),
    )[0]
    assert (notes.tags, notes.custom_fields) == ([], {"a": 1, "b": [True]})


@pytest.mark.parametrize(
    ("label", "segment"),
    [("Campeón", "champion"), ("CAMPEON", "champion"), ("Champions", "champion"), ("churn_risk", "at_risk"),
     ("En Riesgo", "at_risk"), ("casi  perdido", "nearly_lost"), ("Prospects", "prospect"),
     ("nearly_lost", "nearly_lost")],
)  # fmt: skip
def test_segment_labels_of_both_languages_have_one_value(label, segment):
    assert canonical_segment(label) == Segment(segment)


def test_every_known_label_means_its_own_value():
    for segment, labels in SEGMENT_LABELS.items():
        assert {canonical_segment(label) for label in (*labels, segment)} == {segment}
    for health, labels in HEALTH_LABELS.items():
        assert {canonical_health(label) for label in (*labels, health)} == {health}
    assert canonical_health(None) is None
    assert canonical_segment("desconocido") is None


@given(st.text())
def test_folding_is_stable_and_any_label_is_one_value_or_none(text):
    assert folded(folded(text)) == folded(text)
    assert canonical_segment(text) in {None, *Segment}


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


def test_tier_progress_takes_a_customer_and_refuses_what_is_no_amount():
    assert tier_progress(read(AdminCustomer, total_spent=7500)).tier is CustomerTier.SILVER
    assert tier_progress(read(AdminCustomer)).tier is CustomerTier.BRONZE
    for wrong in (Decimal(-1), Decimal("nan"), float("inf")):
        with pytest.raises(InvalidInputError):
            tier_progress(wrong)


@given(st.lists(st.decimals(min_value=0, max_value=10**8, places=2), max_size=20))
def test_an_orders_summary_adds_up(totals):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    orders = [Order(id=str(n), total=total, created_at=start + timedelta(days=n)) for n, total in enumerate(totals)]
    summary = _summarize_orders(orders)
    assert (summary.total_spent, summary.total_orders) == (sum(totals, Decimal(0)), len(totals))
    assert summary.last_order_date == (start + timedelta(days=len(totals) - 1) if totals else None)
    assert abs(summary.aov * len(totals) - summary.total_spent) <= Decimal("0.005") * max(len(totals), 1)
