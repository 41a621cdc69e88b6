"""What all pictures share: axes in, axes out, no settings changed, nothing personal; and a few that are compared."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from admin_crm import InvalidInputError, InvalidTypeError, plots
from pictures import TODAY, customers, orders

PLOTS = [getattr(plots, name) for name in plots.__all__]
OF_ORDERS = (plots.cohorts, plots.retention, plots.orders_by_month)
PICTURES = Path(__file__).with_name("pictures")
PINNED = "3.10.9"
"""The matplotlib that has drawn the pictures to compare with."""
TOLERANCE = 3.0
"""Root mean square difference of the pixels, of 255."""


COMPARED = [plots.segments, plots.rfm_heatmap, plots.cohorts, plots.retention]


def rows_for(plot, count=60):
    return orders(count) if plot in OF_ORDERS else customers(count)


@pytest.mark.parametrize("plot", PLOTS)
def test_a_picture_goes_into_the_axes_that_are_given(canvas, plot):
    figure, (left, right) = plt.subplots(1, 2)
    before = dict(mpl.rcParams)
    assert plot(rows_for(plot), ax=right) is right
    assert right.figure is figure
    assert not left.has_data()
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("plot", PLOTS)
def test_a_picture_has_a_title_in_the_language_and_no_name_of_a_customer(canvas, plot, tmp_path):
    titles = {language: plot(rows_for(plot), language=language).get_title(loc="left") for language in ("es", "en")}
    assert titles["es"] != titles["en"]
    ax = plot(rows_for(plot))
    ax.figure.savefig(tmp_path / "picture.svg")
    with mpl.rc_context({"svg.fonttype": "none"}):
        ax.figure.savefig(tmp_path / "texts.svg")
    assert "Secreta" not in (tmp_path / "texts.svg").read_text("utf-8")


@pytest.mark.parametrize("plot", PLOTS)
def test_what_is_wrong_is_said(canvas, plot):
    with pytest.raises(InvalidInputError, match="language must be es or en"):
        plot([], language="fr")
    with pytest.raises(InvalidInputError, match="today"):
        plot([], today="2026-11-28")
    with pytest.raises(InvalidTypeError, match="ax must be Axes of matplotlib, not list"):
        plot([], ax=[])


def test_without_matplotlib_an_import_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"admin-crm\[plots\]"):
        plots.segments([])


@pytest.mark.skipif(mpl.__version__ != PINNED, reason=f"the pictures are those of matplotlib {PINNED}")
@pytest.mark.parametrize("plot", COMPARED, ids=lambda plot: plot.__name__)
def test_a_picture_looks_as_it_did_when_somebody_looked_at_it(canvas, plot, tmp_path):
    from matplotlib.testing.compare import compare_images

    drawn = tmp_path / f"{plot.__name__}.png"
    rows = rows_for(plot, 600 if plot is plots.retention else 60)
    plot(rows, today=TODAY).figure.savefig(drawn, dpi=50)
    assert compare_images(str(PICTURES / drawn.name), str(drawn), tol=TOLERANCE) is None
