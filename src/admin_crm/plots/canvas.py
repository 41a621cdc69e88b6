"""What all pictures share: axes, titles with a caption, colours, and texts that a font can draw."""

# matplotlib leaves the types of keyword arguments out.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, cast

from admin_crm._core import validation as check
from admin_crm._core.backends import require
from admin_crm.errors import InvalidTypeError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, SKY, VERMILLION, PURPLE, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#56B4E9", "#D55E00", "#CC79A7", "#999999",
)  # fmt: skip
"""The colours of Okabe and Ito, which colour-blind people tell apart."""
COLOUR_MAP = "cividis"
Colour = tuple[float, float, float, float]
_LIGHT = 0.55
_LONGEST = 28
_SMALL = "small"


def axes_for(ax: Axes | None, *, height: float = 4.2) -> Axes:
    """Return the axes to draw into: the caller's, or those of a new figure.

    Raises:
        ImportError: matplotlib is not installed.
    """
    require("matplotlib", "plots")
    if ax is not None:
        if not hasattr(ax, "set_title"):
            raise InvalidTypeError(f"ax must be Axes of matplotlib, not {type(ax).__name__}", argument="ax")
        return ax
    from matplotlib import pyplot as plt

    _, made = plt.subplots(figsize=(7, height), layout="constrained")
    return made


def label(ax: Axes, title: str, caption: Sequence[str], *, x: str | None = None, y: str | None = None) -> None:
    """Set the title, with a caption of small letters below it, and the titles of both axes."""
    # Below the title and above the axes, where nothing else is, whatever the size of the figure.
    ax.set_title(title, loc="left", pad=20)
    ax.annotate(
        " · ".join(caption), (0, 1), xytext=(0, 5), xycoords="axes fraction", textcoords="offset points",
        ha="left", va="bottom", fontsize=_SMALL, color="0.35", parse_math=False,
    )  # fmt: skip
    ax.set_xlabel(x or "")
    ax.set_ylabel(y or "")


def caption(n: int, today: date | None, *more: str, zone: Any = UTC) -> list[str]:
    """Return the caption: how many, what else there is to say, and the date."""
    day = datetime.now(zone).date() if today is None else check.day(today, "today")
    return [f"n = {n:,}", *(each for each in more if each), day.isoformat()]


def no_data(ax: Axes, text: str) -> Axes:
    """Say that there is nothing to draw."""
    ax.set_xticks([])
    ax.set_yticks([])
    bare(ax)
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color="0.35")
    ax.set_xlabel("")
    ax.set_ylabel("")
    return ax


def bare(ax: Axes) -> None:
    """Take away the frame, which says nothing."""
    for side in ("top", "right", "bottom", "left"):
        ax.spines[side].set_visible(False)


def open_frame(ax: Axes) -> None:
    """Take away the frame's upper and right side."""
    ax.spines["top"].set_visible(False)
    ax.spines["right"].set_visible(False)


def thousands(axis: Any) -> None:
    """Write an axis of whole numbers as such, with separators of thousands."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def bars(ax: Axes, labels: Sequence[str], counts: Sequence[int], colours: Sequence[str], share_of: int) -> None:
    """Draw horizontal bars, the first one on top, each with its count and share at its end."""
    places = range(len(labels))
    drawn = ax.barh(places, counts, color=list(colours), height=0.72)
    texts = [f"{count:,}  ({count / share_of:.1%})" for count in counts]
    ax.bar_label(drawn, texts, padding=4, fontsize=_SMALL)
    ax.set_yticks(places, [drawable(each) for each in labels], parse_math=False)
    ax.set_ylim(max(len(labels), 3) - 0.5, -0.5)
    ax.set_xlim(0, max(counts) * 1.28)
    ax.set_xticks([])
    ax.tick_params(axis="y", length=0)
    bare(ax)
    ax.spines["left"].set_visible(True)


def drawable(text: str) -> str:
    """Return a label without what the font cannot draw, such as emoji, and not too long."""
    from matplotlib import font_manager

    fonts = cast("Any", font_manager)
    font = fonts.get_font(fonts.findfont(fonts.FontProperties()))
    kept = "".join(char if font.get_char_index(ord(char)) else " " for char in text)
    kept = " ".join(kept.split()) or "?"
    return kept if len(kept) <= _LONGEST else kept[: _LONGEST - 1].rstrip() + "…"


def heatmap(ax: Axes, values: Any, texts: Sequence[Sequence[str]] | None, *, norm: Any, title: str) -> Any:
    """Draw a grid of coloured cells with texts in them, and a colour bar beside it.

    Args:
        ax: the axes.
        values: a two-dimensional array; NaN is left blank.
        texts: the text of each cell; None for no texts.
        norm: maps the values to colours.
        title: what the colours mean.

    Returns:
        The colour bar.
    """
    import numpy as np
    from matplotlib import colormaps

    rows, columns = cast("tuple[int, int]", values.shape)
    edges = (np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5)
    mesh = ax.pcolormesh(*edges, np.ma.masked_invalid(values), cmap=COLOUR_MAP, norm=norm, edgecolor="white", lw=1)
    for row in range(rows if texts else 0):
        for column in range(columns):
            if texts and texts[row][column]:
                red, green, blue, _ = cast("Colour", colormaps[COLOUR_MAP](norm(values[row, column])))
                is_light = 0.3 * red + 0.59 * green + 0.11 * blue > _LIGHT
                ax.text(
                    column, row, texts[row][column], ha="center", va="center", fontsize=_SMALL,
                    color="black" if is_light else "white",
                )  # fmt: skip
    bare(ax)
    ax.tick_params(length=0)
    return colour_bar(ax, mesh, title)


def colour_bar(ax: Axes, mesh: Any, title: str) -> Any:
    """Draw a colour bar beside the axes, with whole numbers; an arrow says that a cell may have more."""
    from matplotlib.ticker import StrMethodFormatter

    extend = "max" if mesh.norm.clip else "neither"
    bar: Any = cast("Any", ax.figure).colorbar(mesh, ax=ax, label=title, extend=extend)
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    bar.ax.minorticks_off()
    return bar
