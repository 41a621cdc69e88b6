"""A frame of a customer's timeline."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from admin_crm import AdminCRM, InvalidInputError, InvalidTypeError, Order, TimelineEvent, timeline_frame
from helpers import KEY, URL

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ORDER = Order(id="1", order_number="A-1", total=Decimal("9.50"), status="pending")
EVENTS = [
    TimelineEvent(kind="order", at=AT, title="A-1: 9.50 (pending)", row=ORDER),
    TimelineEvent(kind="loyalty_points", at=AT, title="-5 points", points=-5, row=None),
]


def test_events_become_rows_in_their_order():
    frame = timeline_frame(EVENTS)
    assert frame["kind"].tolist() == ["order", "loyalty_points"]
    assert frame.loc[0, ["order_number", "status", "total"]].tolist() == ["A-1", "pending", 9.5]
    assert frame["points"].sum() == -5
    assert frame["at"][0].to_pydatetime() == AT
    assert timeline_frame([]).dtypes.equals(frame.dtypes)


def test_titles_hold_texts_of_a_person_and_need_the_word():
    assert "title" not in timeline_frame(EVENTS).columns
    assert timeline_frame(EVENTS, personal=True, backend="polars")["title"].to_list() == [e.title for e in EVENTS]


def test_a_connection_needs_a_customer_and_events_need_none():
    with AdminCRM(URL, KEY) as crm, pytest.raises(InvalidInputError, match="a timeline needs a customer"):
        timeline_frame(crm)
    with pytest.raises(InvalidInputError, match="for reading with a connection"):
        timeline_frame(EVENTS, "7e1b2c3d-0000-4000-8000-000000000001")
    with pytest.raises(InvalidTypeError, match="or events, not str"):
        timeline_frame(["a"])
