"""Pictures of orders: cohorts, retention, and orders by month."""

# matplotlib leaves the types of keyword arguments out.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from admin_crm import analysis
from admin_crm._core import validation as check
from admin_crm._core.backends import Frame
from admin_crm.models import Order
from admin_crm.plots import canvas
from admin_crm.plots.words import Language, Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_COHORTS = 24
_MOST_MONTHS = 120
_MOST_TEXTS = 13
_FEWEST = 20
"""A share of fewer customers says nothing: one of three who comes back is a third."""


def cohorts(
    orders: Iterable[Order] | Frame,
    *,
    ax: Axes | None = None,
    language: Language = "es",
    time_zone: str = "UTC",
    today: date | None = None,
) -> Axes:
    """Draw `admin_crm.cohorts`: how many first buyers of each month bought in each month after it.

    Args:
        orders: orders of all customers, or a frame with the columns `customer_id`, `created_at` and `is_cancelled`.
        ax: the axes to draw into; by default those of a new figure.
        language: ``es`` or ``en``.
        time_zone: the shop's time zone, in which the months begin and end; an IANA name.
        today: the date in the caption; by default today in the time zone.

    Returns:
        The axes: the colour is the share of the cohort, the text the number of customers (up to 13 months). Of more
        than 24 cohorts the newest 24 are drawn, and the caption says so.

    Raises:
        ImportError: matplotlib is not installed.
        InvalidInputError: the frame lacks a column, or there is no such language or time zone.

    Examples:
        >>> plots.cohorts(get_all_orders(crm), time_zone=crm.settings.time_zone)
    """
    words = Words(language)
    counts = analysis.cohorts(orders, time_zone=time_zone)
    buyers = int(counts[0].sum()) if len(counts) else 0
    shown = counts.tail(_MOST_COHORTS).dropna(axis=1, how="all")
    ax = canvas.axes_for(ax, height=2.0 + 0.27 * max(6, len(shown)))
    left_out = words("newest_of", n=len(shown), total=len(counts)) if len(shown) < len(counts) else ""
    notes = canvas.caption(buyers, today, left_out, zone=check.time_zone(time_zone))
    canvas.label(ax, words("cohorts"), notes, x=words("months"), y=words("cohort"))
    if not len(shown):
        return canvas.no_data(ax, words("no_data"))
    import numpy as np
    from matplotlib.colors import Normalize
    from matplotlib.ticker import MultipleLocator, PercentFormatter

    values = shown.astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
    shares = values / values[:, :1]
    has_texts = values.shape[1] <= _MOST_TEXTS
    texts = [["" if np.isnan(value) else f"{value:,.0f}" for value in row] for row in values] if has_texts else None
    later = shares[:, 1:][~np.isnan(shares[:, 1:])]
    # The first month is always 100%, and a cohort of few may have any share: the colours are for the others.
    highest = max(0.01, float(np.quantile(later, 0.95))) if len(later) else 1.0
    norm = Normalize(0, highest, clip=True)
    bar = canvas.heatmap(ax, shares, texts, norm=norm, title=words("retained"))
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_ylim(len(shown) - 0.5, -0.5)
    _month_ticks(ax.yaxis, [str(each) for each in shown.index])
    ax.xaxis.set_major_locator(MultipleLocator(_step(values.shape[1], 15)))
    return ax


def retention(
    orders: Iterable[Order] | Frame,
    *,
    ax: Axes | None = None,
    language: Language = "es",
    time_zone: str = "UTC",
    today: date | None = None,
) -> Axes:
    """Draw `admin_crm.retention`: which share of first buyers bought again, by months since; a line for each cohort.

    Args:
        orders: as for `cohorts`.
        ax: the axes to draw into; by default those of a new figure.
        language: ``es`` or ``en``.
        time_zone: as for `cohorts`.
        today: as for `cohorts`.

    Returns:
        The axes. The thick line is all cohorts together, of those that are old enough for the month: as far as they
        have 20 customers. Cohorts of fewer than 20 customers have no line of their own, and the caption says so.

    Raises:
        ImportError: matplotlib is not installed.
        InvalidInputError: the frame lacks a column, or there is no such language or time zone.

    Examples:
        >>> plots.retention(orders_frame(crm), time_zone=crm.settings.time_zone)
    """
    words = Words(language)
    counts = analysis.cohorts(orders, time_zone=time_zone)
    buyers = int(counts[0].sum()) if len(counts) else 0
    ax = canvas.axes_for(ax)
    small = int((counts[0] < _FEWEST).sum()) if len(counts) else 0
    left_out = words("small_cohorts", n=small, fewest=_FEWEST) if small else ""
    notes = canvas.caption(buyers, today, left_out, zone=check.time_zone(time_zone))
    canvas.label(ax, words("retention"), notes, x=words("months"), y=words("retained"))
    if counts.shape[1] < 2:
        return canvas.no_data(ax, words("no_data"))
    import numpy as np
    from matplotlib.ticker import PercentFormatter

    values = counts.astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
    started = np.where(np.isnan(values), 0, values[:, :1]).sum(axis=0)[1:]
    everybody = np.nansum(values, axis=0)[1:] / started
    if buyers >= _FEWEST:
        everybody = everybody[started >= _FEWEST]
    large = values[values[:, 0] >= _FEWEST]
    shares = (large / large[:, :1])[:, 1:]
    for row in shares:
        ax.plot(np.arange(1, len(row) + 1), row, color=canvas.SKY, alpha=0.45, linewidth=0.9, zorder=1)
    months = np.arange(1, len(everybody) + 1)
    ax.plot(months, everybody, color=canvas.BLUE, linewidth=2.4, marker="o", markersize=4, zorder=2)
    ax.plot([], [], color=canvas.BLUE, linewidth=2.4, label=words("average"))
    if len(shares):
        ax.plot([], [], color=canvas.SKY, linewidth=1.2, label=words("one_cohort"))
    ax.legend(frameon=False, fontsize="small", loc="upper right")
    drawn = np.concatenate([everybody, shares[~np.isnan(shares)]])
    ax.set_ylim(0, max(0.05, float(drawn.max()) * 1.12))
    ax.set_xlim(0.5, values.shape[1] - 0.5)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    canvas.thousands(ax.xaxis)
    canvas.open_frame(ax)
    return ax


def orders_by_month(
    orders: Iterable[Order] | Frame,
    *,
    ax: Axes | None = None,
    language: Language = "es",
    time_zone: str = "UTC",
    today: date | None = None,
) -> Axes:
    """Draw how many orders each month has, with the cancelled ones apart.

    Args:
        orders: orders, or a frame with the columns `customer_id`, `created_at` and `is_cancelled`.
        ax: the axes to draw into; by default those of a new figure.
        language: ``es`` or ``en``.
        time_zone: the shop's time zone, in which the months begin and end; an IANA name.
        today: the date in the caption; by default today in the time zone.

    Returns:
        The axes. Of more than 120 months the newest 120 are drawn, and the caption says so.

    Raises:
        ImportError: matplotlib is not installed.
        InvalidInputError: the frame lacks a column, or there is no such language or time zone.

    Examples:
        >>> plots.orders_by_month(orders_frame(crm), time_zone=crm.settings.time_zone)
    """
    words = Words(language)
    rows = analysis.monthly_orders(orders, time_zone)
    ax = canvas.axes_for(ax)
    months = rows["month"].to_numpy(dtype="int64")
    first, last = (int(months.min()), int(months.max())) if len(months) else (0, -1)
    total, first = last - first + 1, max(first, last - _MOST_MONTHS + 1)
    left_out = words("newest_of", n=last - first + 1, total=total) if total > _MOST_MONTHS else ""
    notes = canvas.caption(len(rows), today, left_out, zone=check.time_zone(time_zone))
    canvas.label(ax, words("by_month"), notes, y=words("orders"))
    if not len(rows):
        return canvas.no_data(ax, words("no_data"))
    import numpy as np

    cancelled = rows["is_cancelled"].to_numpy(dtype="bool")
    size, is_shown = last - first + 1, months >= first
    kept = np.bincount(months[is_shown & ~cancelled] - first, minlength=size)
    lost = np.bincount(months[is_shown & cancelled] - first, minlength=size)
    places = np.arange(size)
    ax.bar(places, kept, color=canvas.BLUE, label=words("placed"))
    ax.bar(places, lost, bottom=kept, color=canvas.ORANGE, label=words("cancelled"))
    ax.set_xlim(-0.6 - (size < 3), size - 0.4 + (size < 3))
    ax.set_ylim(0, float((kept + lost).max()) * 1.18)
    if lost.any():
        ax.legend(frameon=False, fontsize="small", loc="upper left", ncols=2)
    _month_ticks(ax.xaxis, [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, last + 1)])
    canvas.thousands(ax.yaxis)
    canvas.open_frame(ax)
    return ax


def _month_ticks(axis: Any, months: list[str]) -> None:
    """Label as many months as there is room for."""
    # An axis has room for so many labels of three letters; those side by side take twice as much.
    room = axis.get_tick_space() // 2 if axis.axis_name == "x" else _MOST_COHORTS
    places = range(0, len(months), _step(len(months), max(1, room)))
    axis.set_ticks(places, [months[place] for place in places])


def _step(months: int, room: int) -> int:
    """Return how many months apart the labels are."""
    return next((step for step in (1, 2, 3, 6, 12, 24, 60) if months / step <= room), 120)
