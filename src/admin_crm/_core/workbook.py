"""Excel workbooks with one sheet, written row by row (extra `excel`).

A cell of Excel knows no time zone, so moments are written as the shop's clock shows them. Texts are texts, whatever
they begin with: nothing is a formula or a link.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, tzinfo
from decimal import Decimal
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, cast

from pydantic import BaseModel

from admin_crm._core.backends import require
from admin_crm._core.table_files import Rows, json_text, local_moment

MOST_ROWS = 1_048_575
"""How many rows a sheet holds below its header."""
LONGEST_TEXT = 32_767
"""How many UTF-16 units a cell holds."""

_FIRST_DAY = date(1900, 3, 1)
"""Excel takes 1900 for a leap year: what is before this day would be another day there."""
_LARGEST_NUMBER = 10**15
_WIDTHS = {"id": 38, "full_name": 28, "email": 30, "created_at": 19, "phone": 18, "whatsapp": 18}


class _Output:
    """The open file, until it is let go of: a broken archive still writes its end when it is collected."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file: IO[bytes] = file

    def let_go(self) -> None:
        self._file = io.BytesIO()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Workbook:
    """An Excel workbook that is being written.

    Args:
        file: the open file.
        columns: the names of the columns, for the first row.
        title: the name of the sheet.
        zone: the shop's time zone.
        folder: where to put temporary files, which are gone when the workbook is finished or abandoned.
    """

    def __init__(self, file: IO[bytes], columns: Sequence[str], *, title: str, zone: tzinfo, folder: Path) -> None:
        excel = require("xlsxwriter", "excel")
        self._zone = zone
        self._rows = 0
        self.shortened = 0
        """How many texts are longer than a cell holds, and are cut."""
        self._scratch = TemporaryDirectory(dir=folder, prefix=".")
        options = {"constant_memory": True, "tmpdir": self._scratch.name, "use_zip64": True}
        self._output = _Output(file)
        self._book: Any = excel.Workbook(self._output, options)
        self._book.set_properties({"comments": f"Times are those of {zone}."})
        self._sheet: Any = self._book.add_worksheet(title)
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        bold = self._book.add_format({"bold": True})
        self._sheet.freeze_panes(1, 0)
        for place, name in enumerate(columns):
            self._sheet.set_column(place, place, _WIDTHS.get(name, 14))
            self._sheet.write_string(0, place, name, bold)

    def write(self, rows: Rows) -> None:
        """Write rows of cells, `MOST_ROWS` at most."""
        for row in rows:
            self._rows += 1
            for place, cell in enumerate(row):
                if cell is not None:
                    self._write_cell(place, cell)

    def finish(self) -> None:
        """Put the workbook together."""
        errors = require("xlsxwriter.exceptions", "excel")
        try:
            self._book.close()
        except errors.FileCreateError as error:
            raise error.args[0] from None  # the disk's own error
        self._scratch.cleanup()

    def abandon(self) -> None:
        """Remove the temporary files."""
        self._output.let_go()
        for sheet in self._book.worksheets():
            with suppress(OSError):  # a full disk refuses the rest again
                sheet.row_data_fh.close()
        self._scratch.cleanup()

    def _write_cell(self, place: int, cell: object) -> None:
        sheet, row = self._sheet, self._rows
        match cell:
            case bool():
                sheet.write_boolean(row, place, cell)
            case Decimal() | float() | int() if (number := _number(cell)) is not None:
                sheet.write_number(row, place, number)
            case datetime() if (moment := _local(cell, self._zone)) is not None:
                sheet.write_datetime(row, place, moment, self._moment)
            case datetime():
                self._write_text(place, local_moment(cell, self._zone))
            case date() if cell >= _FIRST_DAY:
                sheet.write_datetime(row, place, cell, self._day)
            case BaseModel() | dict() | list():
                self._write_text(place, json_text(cast("object", cell)))
            case _:
                self._write_text(place, str(cell))

    def _write_text(self, place: int, text: str) -> None:
        fitting = _fitting(text)
        self.shortened += len(fitting) < len(text)
        self._sheet.write_string(self._rows, place, fitting)


def _fitting(text: str) -> str:
    """Return as much of a text as a cell holds."""
    if 2 * len(text) <= LONGEST_TEXT:  # even where each character is two units
        return text
    return text.encode("utf-16-le")[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")


def _number(value: Decimal | float) -> float | None:
    """Return a number as Excel holds it, 15 digits; None where that is another number."""
    try:
        number = float(value)
    except OverflowError:
        return None
    if not isfinite(number) or abs(number) >= _LARGEST_NUMBER:
        return None
    return number if isinstance(value, float) or Decimal(repr(number)) == value else None


def _local(value: datetime, zone: tzinfo) -> datetime | None:
    try:
        local = value.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return None
    return local if local.date() >= _FIRST_DAY else None
