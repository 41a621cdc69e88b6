"""Workbooks: texts are texts, moments are the shop's, and nothing is left beside the file."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from admin_crm import AIPreferences, CustomerTier
from admin_crm._core.workbook import LONGEST_TEXT, Workbook

MEXICO = ZoneInfo("America/Mexico_City")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
TEXT = st.text(st.sampled_from("=+-@{}<&\"'\t\r\nñ😀_x0041 a1")) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff")
)


def begun(folder, columns, file=None):
    return Workbook(file or io.BytesIO(), columns, title="customers", zone=MEXICO, folder=folder)


def cells(folder, *rows):
    file = io.BytesIO()
    book = begun(folder, [f"c{n}" for n in range(len(rows[0]))], file)
    book.write(rows)
    book.finish()
    sheet = openpyxl.load_workbook(io.BytesIO(file.getvalue())).active
    assert sheet is not None
    assert sheet.title == "customers"
    return [list(row) for row in sheet.iter_rows(min_row=2)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(TEXT.filter(bool), min_size=1, max_size=5))
@example(["=1+1", "{=1}", "http://evil.example", "mailto:a@b.example", "_x0041_", "5", "a\rb"])
def test_every_text_is_a_text_and_reads_back_as_it_was(tmp_path, texts):
    (row,) = cells(tmp_path, texts)
    assert [unescape(cell.value) for cell in row] == texts
    assert {cell.data_type for cell in row} == {"s"}
    assert not any(cell.hyperlink for cell in row)


def test_values_have_their_kinds(tmp_path):
    moment = NOON.replace(microsecond=500_000)
    row = [UUID(int=1), None, True, CustomerTier.GOLD, Decimal("-12.30"), 7, 0.5, date(1990, 2, 3), moment,
           {"a": ["=1"]}, AIPreferences(interests=["té"]), [1]]  # fmt: skip
    (read,) = cells(tmp_path, row)
    assert [cell.value for cell in read[:7]] == [str(UUID(int=1)), None, True, "gold", -12.3, 7, 0.5]
    assert [str(cell.value) for cell in read[7:9]] == ["1990-02-03 00:00:00", "2026-05-01 06:00:00.500000"]
    assert read[7].is_date
    assert read[8].number_format == "yyyy-mm-dd hh:mm:ss"
    assert read[9].value == '{"a":["=1"]}'
    assert '"interests":["té"]' in str(read[10].value)
    assert read[11].value == "[1]"


def test_what_excel_has_no_date_for_is_a_text(tmp_path):
    edge = datetime.max.replace(tzinfo=timezone(-timedelta(hours=10)))
    (read,) = cells(tmp_path, [date(1899, 12, 31), date(1900, 2, 28), date(1900, 3, 1), NOON.replace(year=1600), edge])
    assert [cell.value for cell in read[:2]] == ["1899-12-31", "1900-02-28"]
    assert (str(read[2].value), read[2].is_date) == ("1900-03-01 00:00:00", True)
    assert str(read[3].value).startswith("1600-05-01 05:")
    assert str(read[4].value).startswith("9999-12-31 23:59:59")


@pytest.mark.parametrize(
    "number", [Decimal("12345678901234567.10"), Decimal("1e999"), 10**400, 2**60, Decimal("0.12345678901234567891")]
)
def test_a_number_with_more_digits_than_excel_holds_is_a_text(tmp_path, number):
    ((cell,),) = cells(tmp_path, [number])
    assert cell.value == str(number)


def test_a_text_that_a_cell_cannot_hold_is_cut_and_counted(tmp_path):
    file = io.BytesIO()
    book = begun(tmp_path, ["a"], file)
    book.write([["x" * LONGEST_TEXT], ["ñ" * (LONGEST_TEXT + 1)], ["😀" * LONGEST_TEXT]])
    book.finish()
    sheet = openpyxl.load_workbook(io.BytesIO(file.getvalue())).active
    assert sheet is not None
    lengths = [len(str(cell).encode("utf-16-le")) // 2 for (cell,) in sheet.iter_rows(min_row=2, values_only=True)]
    assert (lengths, book.shortened) == ([LONGEST_TEXT, LONGEST_TEXT, LONGEST_TEXT - 1], 2)


def test_the_workbook_says_whose_times_it_has(tmp_path):
    file = io.BytesIO()
    begun(tmp_path, ["a"], file).finish()
    assert "America/Mexico_City" in str(openpyxl.load_workbook(io.BytesIO(file.getvalue())).properties.description)


@pytest.mark.parametrize("end", ["finish", "abandon"])
def test_no_temporary_file_is_left(tmp_path, end):
    book = begun(tmp_path, ["a"])
    book.write([["x"]])
    assert [each.name for each in tmp_path.iterdir()] != []
    getattr(book, end)()
    assert [each.name for each in tmp_path.iterdir()] == []


class FullDisk(io.BytesIO):
    def write(self, _):
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_the_disks_own_error(tmp_path):
    book = begun(tmp_path, ["a"], FullDisk())
    book.write([["x"]])
    with pytest.raises(OSError, match="No space left") as raised:
        book.finish()
    assert type(raised.value) is OSError
    book.abandon()
    assert [each.name for each in tmp_path.iterdir()] == []
