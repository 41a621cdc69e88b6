"""Columns are read in every spelling that shops use, exact about money and time."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import httpx
import pytest

from admin_crm import AdminCustomer, CustomerTier
from admin_crm._postgrest.decode import read_rows

ID = "7e1b2c3d-0000-4000-8000-000000000001"


def read(model, **row):
    return read_rows(httpx.Response(200, json=[{"id": ID, **row}]), model)[0]


def test_either_name_of_a_column_is_read():
    one = read(AdminCustomer, phone="1", customer_tier="gold")
    sent = {"customer_id": ID, "customer_phone": "1", "tier": "gold"}
    (other,) = read_rows(httpx.Response(200, json=[sent]), AdminCustomer)
    assert (one.id, one.phone, one.tier) == (other.id, other.phone, other.tier) == (UUID(ID), "1", CustomerTier.GOLD)


@pytest.mark.parametrize(("sent", "read_as"), [("Sin Email", None), ("", None), (None, None), ("a@b", "a@b")])
def test_a_placeholder_is_not_an_email(sent, read_as):
    assert read(AdminCustomer, email=sent).email == read_as


@pytest.mark.parametrize("number", ["0.1", "1234567890123456.78", "99999999999999999999.99", '"12.30"', "7", "-0.05"])
def test_money_keeps_every_digit(number):
    page = f'[{{"id": "{ID}", "total_spent": {number}}}]'
    (customer,) = read_rows(httpx.Response(200, content=page), AdminCustomer)
    assert customer.total_spent == Decimal(number.strip('"'))


@pytest.mark.parametrize(
    "text",
    ["2026-11-22T16:01:28.019+00:00", "2026-11-22T16:01:28.019Z", "2026-11-22 16:01:28.019+00",
     "2026-11-22T10:01:28.019-06:00", "2026-11-22T16:01:28.019"],
)  # fmt: skip
def test_every_format_of_a_timestamp_is_read_and_has_a_time_zone(text):
    moment = read(AdminCustomer, created_at=text).created_at
    assert moment == datetime(2026, 11, 22, 16, 1, 28, 19000, tzinfo=UTC)
    assert moment.utcoffset() is not None


def test_an_invalid_timestamp_is_none_and_kept_as_it_was_sent():
    for wrong in ("yesterday", "", [], {}):
        row = read(AdminCustomer, created_at=wrong)
        assert (row.created_at, row.unreadable) == (None, {"created_at": wrong})
