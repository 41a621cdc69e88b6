"""Pictures of orders show what the tables of cohorts hold."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from admin_crm import Order, cohorts, orders_frame, plots
from pictures import TODAY, orders

COUNTS = pytest.mark.parametrize("count", [0, 1, 60])


def texts(ax):
    return [text.get_text() for text in ax.texts]


@COUNTS
def test_cohorts_show_the_number_of_customers_in_every_cell(canvas, count):
    ax = plots.cohorts(orders(count), today=TODAY)
    table = cohorts(orders(count))
    buyers = int(table[0].sum()) if len(table) else 0
    assert texts(ax)[0] == f"n = {buyers} · 2026-11-28"
    shown = [int(text) for text in texts(ax)[1:] if text.isdigit()]
    assert sum(shown) == int(table.sum().sum())
    assert len(shown) == int(table.notna().sum().sum())


@pytest.mark.parametrize("count", [0, 1, 60, 600])
def test_retention_draws_a_line_for_all_and_one_for_each_cohort_that_is_large_enough(canvas, count):
    ax = plots.retention(orders(count), today=TODAY)
    table = cohorts(orders(count))
    if table.shape[1] < 2:
        assert "Sin datos" in texts(ax)
        return
    small = int((table[0] < 20).sum())
    told = f" · cohortes de menos de 20, sin línea: {small}" if small else ""
    assert texts(ax)[0] == f"n = {table[0].sum()}{told} · 2026-11-28"
    lines = [line for line in ax.lines if len(line.get_xdata())]
    assert len(lines) == len(table) - small + 1
    assert len(ax.get_legend().get_texts()) == 1 + (small < len(table))
    second = table[1].dropna()
    assert lines[-1].get_ydata()[0] == pytest.approx(second.sum() / table.loc[second.index, 0].sum())


def test_the_line_of_all_ends_where_fewer_than_20_are_old_enough(canvas):
    def order(who, month):
        return Order(id=f"{who} {month}", customer_id=UUID(int=who), created_at=datetime(2026, month, 2, tzinfo=UTC))

    few = [order(who, 1) for who in range(3)]
    many = [order(who, 2) for who in range(10, 40)]
    back = [order(10, 4), order(0, 4)]
    everybody = plots.retention([*few, *many, *back]).lines[1]
    assert np.allclose(everybody.get_ydata(), [0, 1 / 33])


@COUNTS
def test_bars_of_months_add_up_to_all_orders(canvas, count):
    ax = plots.orders_by_month(orders(count), today=TODAY)
    assert sum(bar.get_height() for bar in ax.patches) == count
    assert f"n = {count} · 2026-11-28" in texts(ax)


def test_cancelled_orders_have_a_colour_and_a_word(canvas):
    ax = plots.orders_by_month(orders_frame(orders(60), backend="pyarrow"), language="en")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Orders", "Cancelled"]
    assert ax.containers[1].datavalues.sum() == sum(order.is_cancelled for order in orders(60))


def test_of_more_cohorts_and_months_than_there_is_room_for_the_newest_are_shown_and_the_caption_says_so(canvas):
    long = [
        Order(id=str(n), customer_id=UUID(int=n), created_at=datetime(2000 + n // 12, n % 12 + 1, 2, tzinfo=UTC))
        for n in range(200)
    ]
    assert "las 24 más recientes de 200" in texts(plots.cohorts(long))[0]
    ax = plots.orders_by_month(long)
    assert "las 120 más recientes de 200" in texts(ax)[0]
    assert sum(bar.get_height() for bar in ax.patches) == 120
    assert ax.get_xticklabels()[0].get_text() == "2006-09"


def test_months_are_those_of_the_shop(canvas):
    new_year = [Order(id="1", customer_id=UUID(int=1), created_at=datetime(2026, 1, 1, 3, tzinfo=UTC))]
    ax = plots.orders_by_month(new_year, time_zone="America/Mexico_City")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2025-12"]


def test_a_month_in_which_nobody_came_back_is_zero_and_no_gap(canvas):
    rows = [(1, 1), (1, 4), (2, 4)]
    few = [
        Order(id="1", customer_id=UUID(int=who), created_at=datetime(2026, month, 2, tzinfo=UTC)) for who, month in rows
    ]
    everybody = plots.retention(few).lines[0]
    assert np.allclose(everybody.get_ydata(), [0, 0, 1])
