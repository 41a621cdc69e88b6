"""Cells of a CSV file that no spreadsheet runs as a formula: names and notes are written by strangers (R11)."""

from __future__ import annotations

import re

# = + - @ and the characters that spreadsheets, or a copy through one, take for them.
_SIGNS = "=+\\-@\uff1d\ufe66\u207c\u208c\uff0b\ufe62\u207a\u208a\ufb29\uff0d\ufe63\u2212\u207b\u208b\uff20\ufe6b"
# What a spreadsheet skips before a formula: spaces, controls, invisible characters, and the quotes of a cell.
_SKIPPED = '\\s"\x00-\x1f\x7f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff'
_FORMULA = re.compile(f"(^|[;,|\\t\\r\\n])(?=[{_SKIPPED}]*[{_SIGNS}])")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_FORMULA_IN_STRING = re.compile(f'(^"|[;,|])([{_SKIPPED}]*)([{_SIGNS}])')
_SIGN = re.compile(f"[{_SIGNS}]")
_NUMBER = re.compile(r"[+-]?[0-9 ().-]*[0-9][0-9 ().-]*")


def formula_free(cell: object) -> object:
    """Return a cell with an apostrophe before everything that a spreadsheet would run as a formula.

    A cell may be split where its own text has a semicolon, a comma, a tab, a bar or a line break: Excel splits at the
    separator of the reader's country, not of the file. So each such part gets its apostrophe, also where
    spaces or quotes come first. A cell that is nothing but a number, with ``+`` or ``-`` before it, stays as it is:
    phone numbers and amounts. Values that are no strings stay too.

    Examples:
        >>> formula_free("x;=HYPERLINK(A1)"), formula_free("+52 55 1234 5678"), formula_free("-12.50")
        ("x;'=HYPERLINK(A1)", '+52 55 1234 5678', '-12.50')
    """
    # Most texts have no sign at all, and to see that takes a fraction of the time.
    if not isinstance(cell, str) or not _SIGN.search(cell) or _NUMBER.fullmatch(cell):
        return cell
    return _FORMULA.sub(r"\1'", cell)


def formula_free_json(text: str) -> str:
    r"""Return JSON in which no string holds what a spreadsheet would run as a formula; it means the same.

    In a string, the sign of a formula is written as ``\u003d`` or the like. Numbers stay as they are.

    Examples:
        >>> formula_free_json('{"name": "x;=1+1", "price": -5}')
        '{"name": "x;\\u003d1+1", "price": -5}'
    """
    return _STRING.sub(lambda found: _FORMULA_IN_STRING.sub(_escaped, found[0]), text)


def _escaped(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}\\u{ord(found[3]):04x}"
