"""Models keep what they do not know, and show no personal data by themselves."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from admin_crm import AccountStatus, AdminCustomer, AdminNotes, CustomerProfile, HealthStatus, Order
from admin_crm._postgrest.decode import adapter_of, decode

ID = "7e1b2c3d-0000-4000-8000-000000000001"


def read(model, **row):
    return decode(json.dumps([{"id": ID, **row}]).encode(), adapter_of(model))[0]


def test_unknown_columns_and_unknown_values_are_kept():
    customer = read(AdminCustomer, loyalty_level=7, tier="diamond", account_status="dormant", segment="Coleccionista")
    assert customer.model_extra == {"loyalty_level": 7}
    assert (customer.tier, customer.account_status, customer.segment) == ("diamond", "dormant", "Coleccionista")
    assert customer.canonical_segment is None
    assert read(CustomerProfile, account_status="banned").account_status is AccountStatus.BANNED


@pytest.mark.parametrize(
    ("recency", "frequency", "days"), [(365, 0, None), (None, 0, None), (365, 2, 365), (0, 1, 0), (12, None, 12)]
)
def test_a_customer_without_orders_has_no_recency(recency, frequency, days):
    customer = read(AdminCustomer, recency_days=recency, frequency=frequency)
    assert customer.recency_days == days
    assert customer.model_dump()["recency_days"] == days
    assert "recency_as_sent" not in customer.model_dump()


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
