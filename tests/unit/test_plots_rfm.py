"""Pictures of recency and frequency show every customer who has ordered."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from admin_crm import AdminCustomer, plots, rfm_table
from pictures import TODAY, customers

PLOTS = pytest.mark.parametrize("plot", [plots.rfm_heatmap, plots.recency_frequency])


def texts(ax):
    return [text.get_text() for text in ax.texts]


@PLOTS
@pytest.mark.parametrize(("count", "without"), [(0, 0), (1, 0), (24, 2)])
def test_the_caption_tells_those_without_orders(canvas, plot, count, without):
    ax = plot(customers(count), today=TODAY)
    more = f" · {without} sin pedidos" if without else ""
    assert texts(ax)[0] == f"n = {count}{more} · 2026-11-28"
    assert ("Sin datos" in texts(ax)) == (count == 0)


def test_the_cells_of_the_heatmap_add_up_to_all_who_have_ordered(canvas):
    ax = plots.rfm_heatmap(customers(100))
    assert sum(int(text) for text in texts(ax) if text.isdigit()) == rfm_table(customers(100))["rfm"].notna().sum()


def test_customers_who_have_spent_nothing_are_drawn_too(canvas):
    free = [AdminCustomer(id=UUID(int=1), frequency=1, recency_days=1, monetary=Decimal(0))]
    assert "1" in texts(plots.rfm_heatmap(free))


@pytest.mark.parametrize("most", [8, 500])
def test_the_cells_of_many_customers_add_up_to_all_of_them(canvas, most):
    count = 5_000
    frame = pd.DataFrame({"recency_days": np.arange(count) % 700, "frequency": np.arange(count) % most + 1})
    ax = plots.recency_frequency(frame)
    assert ax.collections[0].get_array().sum() == count
    assert ax.get_yscale() == ("linear" if most == 8 else "log")


def test_few_customers_are_points(canvas):
    ax = plots.recency_frequency(customers(24))
    assert len(ax.lines[0].get_xdata()) == 22
