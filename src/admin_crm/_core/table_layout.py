"""Which kind of file a path asks for, and what a table looks like in it."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import IO, Any, Literal, cast

from admin_crm._core.backends import require
from admin_crm._core.table_files import CsvFile, JsonLinesFile, ParquetFile, TableFile
from admin_crm._core.workbook import MOST_ROWS, Workbook
from admin_crm.errors import InvalidInputError, InvalidTypeError

FileFormat = Literal["csv", "jsonl", "parquet", "xlsx"]
Dialect = Literal["standard", "excel"]

_FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".xlsx": "xlsx"}
_PACKAGES = {"parquet": ("pyarrow.parquet", "notebook"), "xlsx": ("xlsxwriter", "excel")}
_SEPARATORS = {"standard": ",", "excel": ";"}
_SEPARATED_BY = (",", ";", "\t", "|")


@dataclass(frozen=True)
class TableLayout:
    """What the file is, and what a table looks like in it."""

    path: Path
    format: str
    title: str
    """What the rows are: ``customers``."""
    for_excel: bool
    separator: str

    @property
    def most_rows(self) -> int | None:
        """How many rows the file may have; None for any number."""
        return MOST_ROWS if self.format == "xlsx" else None

    def check_rows(self, rows: int) -> None:
        """Raise where there are more rows than the file may have."""
        if self.most_rows is not None and rows > self.most_rows:
            raise InvalidInputError(
                f"there are more than the {self.most_rows:,} {self.title} that a sheet of Excel holds",
                argument="path",
                hint="write a .csv or .parquet file",
            )

    @contextmanager
    def open(self, file: IO[bytes], columns: list[str], zone: tzinfo, schema: Any = None) -> Generator[TableFile]:
        """Begin the table in an open file; one that is not finished is abandoned.

        Args:
            file: the open file.
            columns: the names of the columns.
            zone: the shop's time zone.
            schema: for Parquet, the schema of all pieces.
        """
        table = self._begin(file, columns, zone, schema)
        try:
            yield table
        except BaseException:
            table.abandon()
            raise

    def _begin(self, file: IO[bytes], columns: list[str], zone: tzinfo, schema: Any) -> TableFile:
        match self.format:
            case "csv":
                return CsvFile(file, columns, separator=self.separator, zone=zone if self.for_excel else None)
            case "jsonl":
                return JsonLinesFile(file, columns)
            case "parquet":
                return ParquetFile(file, schema)
            case _:
                return Workbook(file, columns, title=self.title, zone=zone, folder=self.path.parent)


def table_layout(title: str, path: object, file_format: str | None, dialect: str, separator: str | None) -> TableLayout:
    """Check where a table goes, and how.

    Args:
        title: what the rows are.
        path: the caller's path.
        file_format: csv, jsonl, parquet or xlsx; by default what the path's suffix says.
        dialect: standard or excel, of CSV.
        separator: what stands between two cells of CSV; by default what the dialect has.

    Raises:
        InvalidInputError: the path says no format, or an option is not for it.
        ImportError: a package is missing that the format needs.
    """
    if not isinstance(path, str | os.PathLike):
        raise InvalidTypeError(f"path must be a string or a path object, not {type(path).__name__}", argument="path")
    target = Path(os.fsdecode(cast("str", path)))
    found = _format_of(target, file_format)
    _check_csv(found, dialect, separator)
    if found in _PACKAGES:
        require(*_PACKAGES[found])
    return TableLayout(target, found, title, dialect == "excel", separator or _SEPARATORS[dialect])


def _format_of(path: Path, file_format: str | None) -> str:
    known = list(dict.fromkeys(_FORMATS.values()))
    if file_format is not None and file_format not in known:
        raise InvalidInputError(f"format must be one of {', '.join(known)}", argument="format")
    found = file_format or _FORMATS.get(path.suffix.lower())
    if found is None:
        raise InvalidInputError(
            f"path must end with {', '.join(list(_FORMATS)[:-1])} or .xlsx",
            argument="path",
            hint=f"or pass format=, one of {', '.join(known)}",
        )
    return found


def _check_csv(file_format: str, dialect: str, separator: str | None) -> None:
    if dialect not in _SEPARATORS:
        raise InvalidInputError("dialect must be standard or excel", argument="dialect")
    if separator is not None and separator not in _SEPARATED_BY:
        raise InvalidInputError("separator must be a comma, a semicolon, a tab or |", argument="separator")
    for argument, given in (("dialect", dialect != "standard"), ("separator", separator is not None)):
        if given and file_format != "csv":
            raise InvalidInputError(f"{argument} is for CSV, not for {file_format}", argument=argument)
