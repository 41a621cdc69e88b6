"""Pictures of the directory: segments, health, tiers and spending."""

# matplotlib leaves the types of keyword arguments out.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from admin_crm._core.backends import Frame
from admin_crm.analysis import customer_columns
from admin_crm.labels import CustomerTier, HealthStatus, Segment, canonical_health, canonical_segment
from admin_crm.models import AdminCustomer
from admin_crm.plots import canvas
from admin_crm.plots.words import Language, Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_BARS = 12
_SEGMENT_COLOURS = {
    Segment.CHAMPION: canvas.GREEN, Segment.LOYAL: canvas.BLUE, Segment.NEW: canvas.SKY, Segment.REGULAR: canvas.SKY,
    Segment.AT_RISK: canvas.ORANGE, Segment.NEARLY_LOST: canvas.VERMILLION,
}  # fmt: skip
_HEALTH_COLOURS = {
    HealthStatus.HEALTHY: canvas.GREEN, HealthStatus.STABLE: canvas.SKY, HealthStatus.NEEDS_ATTENTION: canvas.ORANGE,
}  # fmt: skip
_TIER_COLOURS = {
    CustomerTier.BRONZE: "#B87333", CustomerTier.SILVER: "#A8B0B8", CustomerTier.GOLD: "#E6B422",
    CustomerTier.PLATINUM: "#3B4B5A",
}  # fmt: skip


def segments(
    customers: Iterable[AdminCustomer] | Frame,
    *,
    ax: Axes | None = None,
    language: Language = "es",
    today: date | None = None,
) -> Axes:
    """Draw how many customers each segment has, by the shop's own labels, the largest first.

    Args:
        customers: customers, or a frame with the column `segment`.
        ax: the axes to draw into; by default those of a new figure.
        language: of everything but the shop's labels: ``es`` or ``en``.
        today: the date in the caption; by default today in UTC.

    Returns:
        The axes. From the thirteenth label on, labels are drawn as one bar.

    Raises:
        ImportError: matplotlib is not installed.
        InvalidInputError: the frame lacks the column, or there is no such language.

    Examples:
        >>> plots.segments(customers_frame(crm))
        >>> plots.segments(customers).figure.savefig("segments.png")
    """
    words = Words(language)
    counts = _counts(customers, "segment", words("no_segment"))
    colours = {label: _SEGMENT_COLOURS.get(name) for label in counts if (name := canonical_segment(label))}
    return _bars(ax, words, "segments", _largest_first(counts, words), colours, today)


def health(
    customers: Iterable[AdminCustomer] | Frame,
    *,
    ax: Axes | None = None,
    language: Language = "es",
    today: date | None = None,
) -> Axes:
    """Draw how many customers have each health status, by the shop's own labels, from healthy to inactive.

    Args:
        customers: customers, or a frame with the column `health_status`.
        ax: the axes to draw into; by default those of a new figure.
        language: of everything but the shop's labels: ``es`` or ``en``.
        today: the date in the caption; by default today in UTC.

    Returns:
        The axes. Labels that the library does not know come last.

    Raises:
        ImportError: matplotlib is not installed.
        InvalidInputError: the frame lacks the column, or there is no such language.

    Examples:
        >>> plots.health(customers_frame(crm), language="en")
    """
    words = Words(language)
    counts = _counts(customers, "health_status", words("no_health"))
    colours = {label: _HEALTH_COLOURS.get(name) for label in counts if (name := canonical_health(label))}
    return _bars(ax, words, "health", _in_order(counts, canonical_health, list(HealthStatus), words), colours, today)


def tiers(
    customers: Iterable[AdminCustomer] | Frame,
    *,
    ax: Axes | None = None,
    language: Language = "es",
    today: date | None = None,
) -> Axes:
    """Draw how many customers each loyalty tier has, from bronze to platinum.

    Args:
        customers: customers, or a frame with the column `tier`.
        ax: the axes to draw into; by default those of a new figure.
        language: ``es`` or ``en``; the names of the four tiers are translated, others are the shop's own.
        today: the date in the caption; by default today in UTC.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        InvalidInputError: the frame lacks the column, or there is no such language.

    Examples:
        >>> plots.tiers(get_all_customers(crm))
    """
    words = Words(language)
    known = {words(tier.value): tier for tier in CustomerTier}
    counts: Counter[str] = Counter()
    for label, count in _counts(customers, "tier", words("no_tier")).items():
        name = label.strip().lower()
        counts[words(name) if name in known.values() else label] += count
    colours = {label: _TIER_COLOURS[tier] for label, tier in known.items()}
    return _bars(ax, words, "tiers", _in_order(counts, known.get, list(CustomerTier), words), colours, today)


def spend(
    customers: Iterable[AdminCustomer] | Frame,
    *,
    ax: Axes | None = None,
    language: Language = "es",
    today: date | None = None,
) -> Axes:
    """Draw how much customers have spent: a histogram on a logarithmic scale, with the median.

    Customers who have spent nothing are told in the caption.

    Args:
        customers: customers, or a frame with the column `monetary`: all orders that are not cancelled.
        ax: the axes to draw into; by default those of a new figure.
        language: ``es`` or ``en``.
        today: the date in the caption; by default today in UTC.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        InvalidInputError: the frame lacks the column, or there is no such language.

    Examples:
        >>> plots.spend(customers_frame(crm))
    """
    words = Words(language)
    amounts = customer_columns(customers, "monetary")["monetary"].astype("float64").to_numpy()
    ax = canvas.axes_for(ax)
    import numpy as np

    spent = amounts[np.isfinite(amounts) & (amounts > 0)]
    without = len(amounts) - len(spent)
    notes = canvas.caption(len(amounts), today, words("no_spend", n=without) if without else "")
    canvas.label(ax, words("spend"), notes, x=words("amount"), y=words("customers"))
    if not len(spent):
        return canvas.no_data(ax, words("no_data"))
    low, high = float(spent.min()), float(spent.max())
    edges: list[float] = np.geomspace(low / 1.05, high * 1.05, min(40, 5 + int(len(spent) ** 0.5))).tolist()
    heights, *_ = ax.hist(spent, bins=edges, color=canvas.BLUE, edgecolor="white", linewidth=0.6)
    ax.set_xscale("log")
    ax.set_xlim(edges[0], edges[-1])
    _label_amounts(ax, low, high)
    ax.set_ylim(0, float(np.max(heights)) * 1.15)  # room for the median's text
    median = float(np.median(spent))
    ax.axvline(median, color=canvas.VERMILLION, linewidth=1.5)
    on_the_left = median > (low * high) ** 0.5
    ax.annotate(
        words("median", value=f"{median:,.0f}"), (median, 1), xycoords=("data", "axes fraction"),
        xytext=(-5 if on_the_left else 5, -3), textcoords="offset points", va="top",
        ha="right" if on_the_left else "left", fontsize="small", color=canvas.VERMILLION,
    )  # fmt: skip
    canvas.thousands(ax.yaxis)
    canvas.open_frame(ax)
    return ax


def _label_amounts(ax: Axes, low: float, high: float) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter

    subs = (1.0, 2.0, 5.0) if high / low < 1_000 else (1.0,)
    ax.xaxis.set_major_locator(LogLocator(subs=subs, numticks=9))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}" if low >= 1 else "{x:,g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())


def _counts(customers: Iterable[AdminCustomer] | Frame, column: str, missing: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for label, count in customer_columns(customers, column)[column].value_counts(dropna=False).items():
        counts[label if isinstance(label, str) and label.strip() else missing] += int(count)
    return counts


def _largest_first(counts: Mapping[str, int], words: Words) -> dict[str, int]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    if len(ordered) <= _MOST_BARS:
        return dict(ordered)
    rest = ordered[_MOST_BARS - 1 :]
    others = {words("others", n=len(rest)): sum(count for _, count in rest)}
    return {**dict(ordered[: _MOST_BARS - 1]), **others}


def _in_order(
    counts: Mapping[str, int], meaning: Callable[[str], object], order: Sequence[object], words: Words
) -> dict[str, int]:
    """Return counts in the order of what their labels mean, and what is unknown after it."""
    known = sorted((label for label in counts if meaning(label) in order), key=lambda each: order.index(meaning(each)))
    rest = _largest_first({label: count for label, count in counts.items() if label not in known}, words)
    return {**{label: counts[label] for label in known}, **rest}


def _bars(
    ax: Axes | None,
    words: Words,
    title: str,
    counts: Mapping[str, int],
    colours: Mapping[str, str | None],
    today: date | None,
) -> Axes:
    ax = canvas.axes_for(ax, height=1.4 + 0.36 * max(3, len(counts)))
    total = sum(counts.values())
    canvas.label(ax, words(title), canvas.caption(total, today))
    if not counts:
        return canvas.no_data(ax, words("no_data"))
    canvas.bars(ax, list(counts), list(counts.values()), [colours.get(each) or canvas.GREY for each in counts], total)
    return ax
