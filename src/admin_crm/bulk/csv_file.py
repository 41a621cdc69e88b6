"""A CSV file as a spreadsheet or a database writes it: UTF-8, with or without BOM, `,` `;` or tabs between cells."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from admin_crm._core.disk import path_of
from admin_crm.errors import InvalidInputError

_SEPARATORS = ",;\t"
_EXCELS_OWN = "sep="
"""Excel takes the separator from a first line such as `sep=;`, which it does not show."""


class Record(NamedTuple):
    """A row of the file that is not blank."""

    number: int
    """Where a spreadsheet shows it: the header is row 1."""
    cells: list[str]


def read_csv_file(path: str | os.PathLike[str]) -> list[Record]:
    """Return the rows of a CSV file, the header first, without blank ones.

    The separator is the one that divides the header into the most cells.

    Raises:
        InvalidInputError: the file is not UTF-8, not CSV, or empty.
        OSError: the file cannot be read.
    """
    records = _read(path_of(path, "rows"))
    if isinstance(records, InvalidInputError):
        raise records
    return records


# What holds the text of a file returns its errors, and its caller raises: no traceback with local variables shows a
# row, which may have a password (R8).


def _read(path: Path) -> list[Record] | InvalidInputError:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        hint = "in Excel, save it as 'CSV UTF-8 (comma delimited)'"
        return InvalidInputError("the file is not encoded in UTF-8", argument="rows", hint=hint)
    separator = ""
    if text.startswith(_EXCELS_OWN):
        first, _, text = text.partition("\n")
        separator = first.removeprefix(_EXCELS_OWN).strip("\r")
    if len(separator) != 1 or separator == '"':
        separator = max(_SEPARATORS, key=lambda each: _cells_of_header(text, each))
    return _parsed(text, separator)


def _parsed(text: str, separator: str) -> list[Record] | InvalidInputError:
    records: list[Record] = []
    reader, number = _reader(text, separator), 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error:
            hint = "a quote that does not end, or a cell that is too long: save the file again where it comes from"
            return InvalidInputError(f"the file is damaged in row {number}", argument="rows", hint=hint)
        if cells is None:
            return records or InvalidInputError("the file is empty", argument="rows")
        if any(cell.strip() for cell in cells):
            records.append(Record(number, cells))


def _cells_of_header(text: str, separator: str) -> int:
    try:
        return len(next(_reader(text, separator), ()))
    except csv.Error:
        return 0


def _reader(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
