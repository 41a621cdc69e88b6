"""Tables for notebooks. Whatever a row holds is text here, never markup (R11)."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from admin_crm._core.rows import Json

LONGEST = 60
"""Characters of a text that are shown."""
_NUMBERS = (int, float, Decimal)
_LEFT, _RIGHT = ' style="text-align:left"', ' style="text-align:right"'


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    """Return a table with a line for each row; numbers stand to the right."""
    listed = [list(row) for row in rows]
    right = [any(isinstance(row[place], _NUMBERS) for row in listed) for place in range(len(columns))]
    aligned = [_RIGHT if each else _LEFT for each in right]
    head = "".join(f"<th{style}>{_text(name)}</th>" for name, style in zip(columns, aligned, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{style}>{cell(value)}</td>" for value, style in zip(row, aligned, strict=True)) + "</tr>"
        for row in listed
    )
    title = f'<caption style="text-align:left">{_text(caption)}</caption>' if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def definitions(title: str, values: Mapping[str, Any]) -> str:
    """Return a table with a line for each value, its name before it."""
    lines = "".join(
        f"<tr><th{_LEFT}>{_text(name.replace('_', ' '))}</th><td{_LEFT}>{cell(value)}</td></tr>"
        for name, value in values.items()
    )
    return f'<table><caption style="text-align:left"><b>{_text(title)}</b></caption><tbody>{lines}</tbody></table>'


def cell(value: Any) -> str:
    """Return a value as it is shown in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{value:,.2f}"
    if isinstance(value, dict):
        return "<br>".join(f"{_text(name)}: {cell(each)}" for name, each in cast("Json", value).items())
    if isinstance(value, list):
        return ", ".join(cell(each) for each in cast("list[object]", value))
    return _text(value)


def _text(value: Any) -> str:
    shown = str(value)
    shown = shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
    return html.escape(shown)
