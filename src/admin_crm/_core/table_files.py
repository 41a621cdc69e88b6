"""Tables that are written to a file piece by piece: CSV, JSON Lines and Parquet. Workbooks are in `workbook.py`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import IO, Any, Protocol, cast

from pydantic import BaseModel
from pydantic_core import to_json

from admin_crm._core.backends import require
from admin_crm._core.csv_cells import formula_free, formula_free_json

Rows = Iterable[Sequence[Any]]
"""Rows of cells, in the order of the columns."""

_ROW_GROUP = 20_000
"""Rows that are written to a Parquet file at once; so many are in memory."""


class TableFile(Protocol):
    """A table that is written piece by piece."""

    def write(self, piece: Any, /) -> None:
        """Write more rows: of cells, or for Parquet an Arrow table."""

    def finish(self) -> None:
        """Write what belongs at the end."""

    def abandon(self) -> None:
        """Let go of everything; what was written is of no use."""


class CsvFile:
    """A CSV file in UTF-8 whose rows end with CR and LF, as RFC 4180 says; no cell is a formula.

    Args:
        file: the open file.
        columns: the names of the columns, for the first row.
        separator: what stands between two cells.
        zone: for Excel, the time zone in which moments are written, and the byte order mark; None for programs.
    """

    def __init__(self, file: IO[bytes], columns: Sequence[str], *, separator: str, zone: tzinfo | None) -> None:
        self._file = file
        self._zone = zone
        # Where cells are separated by semicolons, as Excel does in countries with a decimal comma.
        self._has_decimal_comma = zone is not None and separator == ";"
        self._text = io.StringIO(newline="")
        # The standard library quotes what is in its line end: both characters must be, or a name ends the row.
        self._csv = csv.writer(self._text, delimiter=separator, lineterminator="\r\n")
        if zone is not None:
            self._text.write("\ufeff")
        self._csv.writerow(columns)
        self._flush()

    def write(self, rows: Rows) -> None:
        """Write rows of cells."""
        self._csv.writerows([None if cell is None else self._cell(cell) for cell in row] for row in rows)
        self._flush()

    def finish(self) -> None:
        """There is nothing at the end."""

    def abandon(self) -> None:
        """There is nothing to let go of."""

    def _flush(self) -> None:
        self._file.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()

    def _cell(self, value: object) -> object:
        match value:
            case bool():
                return "true" if value else "false"
            case str():
                return formula_free(str(value))
            case datetime():
                return _moment(value) if self._zone is None else local_moment(value, self._zone)
            case Decimal() | float():
                return str(value).replace(".", ",") if self._has_decimal_comma else str(value)
            case BaseModel() | dict() | list():
                return formula_free_json(json_text(cast("object", value)))
            case _:
                return str(value)


class JsonLinesFile:
    """A file with a JSON object on each line: money as strings with all its digits, moments in UTC.

    Args:
        file: the open file.
        columns: the names of the columns, which are the keys of each object.
    """

    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None:
        self._file = file
        self._columns = columns

    def write(self, rows: Rows) -> None:
        """Write rows of cells."""
        objects = (dict(zip(self._columns, row, strict=True)) for row in rows)
        self._file.write(b"".join(to_json(each, inf_nan_mode="null") + b"\n" for each in objects))

    def finish(self) -> None:
        """There is nothing at the end."""

    def abandon(self) -> None:
        """There is nothing to let go of."""


class ParquetFile:
    """A Parquet file, written in groups of rows.

    Args:
        file: the open file.
        schema: the schema of all pieces.
    """

    def __init__(self, file: IO[bytes], schema: Any) -> None:
        self._arrow = require("pyarrow", "notebook")
        self._writer = require("pyarrow.parquet", "notebook").ParquetWriter(file, schema)
        self._waiting: list[Any] = []

    def write(self, table: Any) -> None:
        """Write an Arrow table."""
        self._waiting.append(table)
        if sum(each.num_rows for each in self._waiting) >= _ROW_GROUP:
            self._write_group()

    def finish(self) -> None:
        """Write the rows that wait, and what the file holds."""
        self._write_group()
        self._writer.close()

    def abandon(self) -> None:
        """Close the writer, which otherwise does so when the garbage collector finds it."""
        with suppress(Exception):
            self._writer.close()
        self._writer.is_open = False

    def _write_group(self) -> None:
        if self._waiting:
            table = self._arrow.concat_tables(self._waiting)
            self._waiting.clear()
            self._writer.write_table(table)


def json_text(value: object) -> str:
    """Return a value as JSON, on one line."""
    return to_json(value, inf_nan_mode="null").decode()


def local_moment(value: datetime, zone: tzinfo) -> str:
    """Return a moment in a time zone as spreadsheets write it: ``2026-05-01 06:30:00``."""
    try:
        return value.astimezone(zone).replace(tzinfo=None).isoformat(" ", "seconds")
    except OverflowError:  # the first or last day that a datetime holds
        return value.isoformat(" ", "seconds")


def _moment(value: datetime) -> str:
    with suppress(OverflowError):  # the first or last day that a datetime holds
        value = value.astimezone(UTC)
    return value.isoformat().replace("+00:00", "Z")
