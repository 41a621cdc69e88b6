"""CSV files as spreadsheets and databases write them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import InvalidInputError
from admin_crm.bulk.csv_file import read_csv_file
from helpers import shown_with_locals

SECRET = "only-in-the-file-9"


def cells(folder: Path, content: bytes) -> list[Any]:
    path = folder / "list.csv"
    path.write_bytes(content)
    return [(number, cells) for number, cells in read_csv_file(path)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("bom", ["\ufeff", ""], ids=["with BOM", "without"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_every_way_of_writing_a_table_is_read(tmp_path, separator, bom, end):
    lines = [["email", "full_name"], ["a@x.example", "Ñandú, el; «Z»\tO'Neil"]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(lines)
    assert cells(tmp_path, (bom + text.getvalue()).encode()) == [(1, lines[0]), (2, lines[1])]


def test_rows_have_the_numbers_that_a_spreadsheet_shows_and_blank_ones_are_left_out(tmp_path):
    content = b'email;notes\r\n\r\na@x.example;"two\r\nlines"\r\n ; \r\nb@x.example;\r\n'
    assert [number for number, _ in cells(tmp_path, content)] == [1, 3, 5]


@pytest.mark.parametrize(("first", "separator"), [("sep=;", ";"), ("sep=|", "|"), ("sep=", ";")])
def test_excels_own_line_about_the_separator_is_no_row(tmp_path, first, separator):
    content = f"\ufeff{first}\r\nemail{separator}name\r\na@x.example{separator}b, c\r\n".encode()
    assert cells(tmp_path, content) == [(1, ["email", "name"]), (2, ["a@x.example", "b, c"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"email\r\nñ,{SECRET}\r\n".encode("cp1252"), "not encoded in UTF-8"),
        (f'email\r\na,{SECRET}\r\n"b{SECRET}\r\n'.encode(), "damaged in row 3"),
        (f'"email\r\n{SECRET}'.encode(), "damaged in row 1"),
        (b"email\r\n" + SECRET.encode() * 10_000, "damaged in row 2"),
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\r\n ,\r\n", "the file is empty"),
    ],
    ids=["encoding", "quote", "quote in the header", "long cell", "nothing", "blank"],
)
def test_what_cannot_be_read_says_why_and_shows_nothing_of_the_file(tmp_path, content, message):
    with pytest.raises(InvalidInputError, match=message) as raised:
        cells(tmp_path, content)
    assert raised.value.argument == "rows"
    assert SECRET not in shown_with_locals(raised.value)


def test_a_file_that_is_not_there_is_the_disks_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_csv_file(tmp_path / "none.csv")


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), max_size=30)


@given(rows=st.lists(st.lists(TEXT, min_size=3, max_size=3), max_size=8), separator=st.sampled_from(",;\t"))
def test_whatever_python_writes_is_read_back(tmp_path_factory, rows, separator):
    header = ["email", "full_name", "phone"]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    read = cells(tmp_path_factory.getbasetemp(), text.getvalue().encode())
    assert [each for _, each in read] == [header, *(row for row in rows if any(cell.strip() for cell in row))]
