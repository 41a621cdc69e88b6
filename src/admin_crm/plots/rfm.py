"""Pictures of recency, frequency and monetary value."""

# matplotlib leaves the types of keyword arguments out.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from admin_crm._core.backends import Frame
from admin_crm.analysis import customer_columns, rfm_table
from admin_crm.models import AdminCustomer
from admin_crm.plots import canvas
from admin_crm.plots.words import Language, Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEW = 300
_ROWS, _COLUMNS = 30, 45


def rfm_heatmap(
    customers: Iterable[AdminCustomer] | Frame,
    *,
    ax: Axes | None = None,
    language: Language = "es",
    today: date | None = None,
) -> Axes:
    """Draw the scores of `rfm_table`: how many customers have each recency and frequency, coloured by mean spending.

    Customers without orders have no scores, and are told in the caption.

    Args:
        customers: customers, or a frame with the columns of `rfm_table`.
        ax: the axes to draw into; by default those of a new figure.
        language: ``es`` or ``en``.
        today: the date in the caption; by default today in UTC.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        InvalidInputError: the frame lacks a column, or there is no such language.

    Examples:
        >>> plots.rfm_heatmap(customers_frame(crm))
    """
    words = Words(language)
    table = rfm_table(customers)
    scored = table[table["r"].notna() & table["f"].notna()]
    without = len(table) - len(scored)
    ax = canvas.axes_for(ax, height=4.8)
    notes = canvas.caption(len(table), today, words("no_orders", n=without) if without else "")
    canvas.label(ax, words("rfm"), notes, x=words("f_score"), y=words("r_score"))
    if scored.empty:
        return canvas.no_data(ax, words("no_data"))
    import numpy as np
    from matplotlib.colors import Normalize

    scores = range(1, 6)
    cells = scored.groupby(["r", "f"])["monetary"].agg(["size", "mean"])
    counts = cells["size"].unstack().reindex(index=scores, columns=scores).astype("float64").to_numpy()
    means = cells["mean"].unstack().reindex(index=scores, columns=scores).astype("float64").to_numpy()
    colours = np.where(np.isnan(counts), np.nan, np.nan_to_num(means))
    texts = [["" if np.isnan(count) else f"{count:,.0f}" for count in row] for row in counts]
    highest = float(np.nanmax(colours))
    canvas.heatmap(ax, colours, texts, norm=Normalize(0, highest if highest > 0 else 1), title=words("mean_amount"))
    ax.set_facecolor("0.95")
    ax.set_xticks(range(5), [str(score) for score in scores])
    ax.set_yticks(range(5), [str(score) for score in scores])
    return ax


def recency_frequency(
    customers: Iterable[AdminCustomer] | Frame,
    *,
    ax: Axes | None = None,
    language: Language = "es",
    today: date | None = None,
) -> Axes:
    """Draw when customers last ordered, and how often: points, or from 300 customers on their number in each cell.

    Customers without orders are told in the caption.

    Args:
        customers: customers, or a frame with the columns `recency_days` and `frequency`.
        ax: the axes to draw into; by default those of a new figure.
        language: ``es`` or ``en``.
        today: the date in the caption; by default today in UTC.

    Returns:
        The axes. Where frequencies differ widely, their axis is logarithmic.

    Raises:
        ImportError: matplotlib is not installed.
        InvalidInputError: the frame lacks a column, or there is no such language.

    Examples:
        >>> plots.recency_frequency(customers_frame(crm))
    """
    words = Words(language)
    table = customer_columns(customers, "recency_days", "frequency").astype("Float64")
    drawn = table[table["recency_days"].notna() & (table["frequency"].fillna(0) > 0)].astype("float64")
    without = len(table) - len(drawn)
    ax = canvas.axes_for(ax, height=4.8)
    notes = canvas.caption(len(table), today, words("no_orders", n=without) if without else "")
    canvas.label(ax, words("recency_frequency"), notes, x=words("days"), y=words("orders"))
    if drawn.empty:
        return canvas.no_data(ax, words("no_data"))
    days, orders = drawn["recency_days"].to_numpy(), drawn["frequency"].to_numpy()
    is_wide = float(orders.max()) > _ROWS
    if len(drawn) < _FEW:
        ax.plot(days, orders, "o", color=canvas.BLUE, alpha=0.55, markeredgewidth=0)
        ax.set_xlim(min(0.0, float(days.min())) - 0.5, max(7.0, float(days.max()) * 1.04 + 0.5))
        ax.set_ylim((0.8, float(orders.max()) * 1.2) if is_wide else (0.5, float(orders.max()) + 0.5))
    else:
        _draw_cells(ax, days, orders, words)
    canvas.thousands(ax.xaxis)
    if is_wide:
        ax.set_yscale("log")
        steps = [step * 10**power for power in range(10) for step in (1, 2, 5)]
        shown = [step for step in steps if step <= orders.max()]
        ax.set_yticks(shown, [f"{step:,}" for step in shown])
        ax.minorticks_off()
    else:
        canvas.thousands(ax.yaxis)
    canvas.open_frame(ax)
    return ax


def _draw_cells(ax: Axes, days: Any, orders: Any, words: Words) -> None:
    import numpy as np
    from matplotlib.colors import LogNorm

    first, last = float(days.min()), float(days.max())
    width = max(1, -(-int(last - first + 1) // _COLUMNS))  # whole days, so that no cell has more of them than others
    across = np.arange(first, last + width + 1, width) - 0.5
    most = float(orders.max())
    steps = np.arange(1, most + 2) if most <= _ROWS else np.unique(np.round(np.geomspace(1, most + 1, _ROWS)))
    counts = cast("Any", np).histogram2d(orders, days, bins=(steps - 0.5, across))[0]
    counts[counts == 0] = np.nan
    norm = LogNorm(1, max(2.0, float(np.nanmax(counts))))
    masked = cast("Any", np).ma.masked_invalid(counts)
    mesh = ax.pcolormesh(across, steps - 0.5, masked, cmap=canvas.COLOUR_MAP, norm=norm)
    canvas.colour_bar(ax, mesh, words("customers"))
