"""Pictures of the directory show every customer, by the shop's labels."""

from __future__ import annotations

from uuid import UUID

import pytest

from admin_crm import AdminCustomer, InvalidInputError, customers_frame, plots
from pictures import TODAY, customers

BARS = pytest.mark.parametrize("plot", [plots.segments, plots.health, plots.tiers])


def widths(ax):
    return [round(bar.get_width()) for bar in ax.patches]


def labels(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def texts(ax):
    return [text.get_text() for text in ax.texts]


@BARS
@pytest.mark.parametrize("count", [0, 1, 50])
def test_bars_add_up_to_all_customers(canvas, plot, count):
    ax = plot(customers(count), today=TODAY)
    assert sum(widths(ax)) == count
    assert f"n = {count} · 2026-11-28" in texts(ax)
    assert ("Sin datos" in texts(ax)) == (count == 0)


def test_segments_are_the_shops_labels_the_largest_first(canvas):
    ax = plots.segments(customers(70))
    assert labels(ax) == ["Campeón", "En Riesgo", "Leal", "Regular"]
    assert widths(ax) == [20, 20, 20, 10]
    assert "20  (28.6%)" in texts(ax)


def test_health_goes_from_healthy_to_inactive_and_ends_with_what_is_unknown(canvas):
    assert labels(plots.health(customers(8))) == ["Saludable", "Estable", "Requiere Atención", "Sin dato"]
    assert labels(plots.health(customers(8), language="en"))[-1] == "Not known"


def test_tiers_are_translated_where_they_are_known(canvas):
    assert labels(plots.tiers(customers(5))) == ["Bronce", "Plata", "Oro", "Sin nivel", "diamante"]
    assert labels(plots.tiers(customers(5), language="en"))[:3] == ["Bronze", "Silver", "Gold"]


def test_many_labels_are_one_bar_and_none_is_dropped(canvas):
    many = [AdminCustomer(id=UUID(int=n), segment=f"S{n:02}") for n in range(30)]
    ax = plots.segments(many)
    assert sum(widths(ax)) == 30
    assert labels(ax)[-1] == "Otros (19)"


def test_labels_that_a_font_cannot_draw_or_that_look_like_formulas_are_drawn(canvas):
    odd = ["🏆 Campeón", "$5 a $9", "x_{2", "una etiqueta que no acaba nunca de acabar", "🏆"]
    ax = plots.segments([AdminCustomer(id=UUID(int=n), segment=label) for n, label in enumerate(odd)])
    ax.figure.canvas.draw()
    assert sorted(labels(ax)) == ["$5 a $9", "?", "Campeón", "una etiqueta que no acaba n…", "x_{2"]


@pytest.mark.parametrize("count", [0, 1, 50])
def test_spending_counts_all_who_have_spent_and_says_who_has_not(canvas, count):
    ax = plots.spend(customers(count), today=TODAY)
    spent = sum((each.monetary or 0) > 0 for each in customers(count))
    assert sum(bar.get_height() for bar in ax.patches) == spent
    assert ("4 sin gasto" in " ".join(texts(ax))) == (count == 50)
    if count == 50:
        assert "mediana 900" in texts(ax)


def test_a_frame_needs_only_the_column_that_is_drawn(canvas):
    frame = customers_frame(customers(9), columns=["segment"], backend="polars")
    assert widths(plots.segments(frame)) == widths(plots.segments(customers(9)))
    with pytest.raises(InvalidInputError, match="lacks monetary"):
        plots.spend(frame)
