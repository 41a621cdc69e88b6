"""How values and tables are laid out: strangers' text as plain text, and tables that fit the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

_BORDER = 3
"""What a column takes beside its text; the table takes one more."""


def plain_text(value: object) -> Text:
    """Return a value as plain text: names are customer input, so markup and control codes are neutralized."""
    shown = "—" if value is None or value == "" else str(value)
    return Text("".join(c if c.isprintable() else " " for c in shown))


def money(amount: Decimal | None) -> str:
    """Return an amount with thousands separated."""
    return "—" if amount is None else f"{amount:,.2f}"


def day(moment: date | None) -> str:
    """Return the day of a date or a time."""
    return "—" if moment is None else f"{moment:%Y-%m-%d}"


def yes_or_no(flag: bool | None) -> str | None:
    """Return ``yes`` or ``no``; None if it is unknown."""
    return None if flag is None else "yes" if flag else "no"


def pairs(title: object, values: Mapping[str, object]) -> Table:
    """Return names with their values, a line for each."""
    table = Table(title=plain_text(title), title_justify="left", title_style="bold", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")  # an id is whole in several lines
    for name, value in values.items():
        table.add_row(plain_text(name), plain_text(value))
    return table


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    good: int = 20
    """With so many characters it reads well. A number is never cut."""
    least: int = 7
    """With so many it still says something."""
    number: bool = False


@dataclass
class FittedTable:
    """A table as wide as the terminal: a long text is cut with an ellipsis, and never to nothing.

    The first columns matter most. The last ones are left out where there is no room for them, and the caption says so.
    """

    columns: Sequence[Column]
    rows: list[Sequence[Text]]
    title: str | None = None
    captions: list[str] = field(default_factory=list[str])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the table out for a width."""
        widths = self._widths(options.max_width - 1)
        hidden = [column.name for column in self.columns[len(widths) :]]
        notes = [*self.captions, f"no room for: {', '.join(hidden)}"] if hidden else self.captions
        table = Table(title=self.title, title_justify="left", title_style="bold", caption_justify="left")
        table.caption = Text("\n".join(notes)) if notes else None
        for column, width in zip(self.columns, widths, strict=False):
            table.add_column(
                column.name,
                justify="right" if column.number else "left",
                no_wrap=True,
                overflow="ellipsis",
                width=width,
            )
        for row in self.rows:
            table.add_row(*row[: len(widths)])
        yield table

    def _widths(self, room: int) -> list[int]:
        """Return the widths of the columns that are shown: two or more read well, or all are short."""
        whole = [self._whole(place) for place in range(len(self.columns))]
        wanted = list(zip(self.columns, whole, strict=True))
        good = [width if each.number else min(each.good, width) for each, width in wanted]
        least = [width if each.number else min(each.least, width) for each, width in wanted]
        readable = len(_first_that_fit(room, good))
        widths = _first_that_fit(room, [*good[:readable], *least[readable:]] if readable > 1 else least)
        spare = room - sum(widths) - _BORDER * len(widths)
        for place, width in enumerate(widths):
            more = min(max(spare, 0), whole[place] - width)
            widths[place] += more
            spare -= more
        return widths

    def _whole(self, place: int) -> int:
        return max(cell_len(self.columns[place].name), *(cell_len(row[place].plain) for row in self.rows), 1)


def _first_that_fit(room: int, widths: Iterable[int]) -> list[int]:
    """Return the first widths that have room beside each other, and one in any case."""
    fitting: list[int] = []
    for width in widths:
        if fitting and sum(fitting) + width + _BORDER * (len(fitting) + 1) > room:
            break
        fitting.append(width)
    return fitting


def fitted(
    columns: Iterable[Column | str], rows: Iterable[Sequence[object]], *, title: str | None = None
) -> FittedTable:
    """Return a table of values; a column may be given by its name alone."""
    named = [Column(each) if isinstance(each, str) else each for each in columns]
    return FittedTable(named, [[plain_text(cell) for cell in row] for row in rows], title)
