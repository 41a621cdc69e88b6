"""What is done with rows, whatever they hold."""

from __future__ import annotations

from datetime import UTC, datetime

from admin_crm import Order
from admin_crm._core.rows import first_or_none, newest_first


def test_rows_are_sorted_newest_first_and_those_without_a_time_come_last():
    orders = [
        Order(id=str(day), created_at=datetime(2026, 1, day, tzinfo=UTC) if day else None) for day in (2, 0, 3, 1)
    ]
    assert [order.id for order in newest_first(orders)] == ["3", "2", "1", "0"]


def test_the_first_row_is_none_where_there_is_none():
    assert first_or_none([]) is None
    assert first_or_none([1, 2]) == 1
