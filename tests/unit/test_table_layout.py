"""The path says what a file is; what does not fit is refused before anything is written."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from admin_crm import InvalidInputError, InvalidTypeError
from admin_crm._core.table_files import CsvFile, JsonLinesFile, ParquetFile
from admin_crm._core.table_layout import table_layout
from admin_crm._core.workbook import MOST_ROWS, Workbook


def layout(path: Any = "a.csv", file_format: Any = None, dialect: Any = "standard", separator: Any = None) -> Any:
    return table_layout("customers", path, file_format, dialect, separator)


@pytest.mark.parametrize(
    ("path", "found"),
    [("a.csv", "csv"), ("A.CSV", "csv"), ("a.b.jsonl", "jsonl"), (Path("a.ndjson"), "jsonl"), (b"a.parquet", "parquet"),
     ("a.xlsx", "xlsx")],
)  # fmt: skip
def test_the_suffix_says_the_format(path, found):
    if isinstance(path, bytes):
        path = Path(path.decode())
    assert layout(path).format == found


def test_a_format_that_is_named_counts():
    assert layout("customers.txt", "csv").format == "csv"
    assert layout("customers.csv", "jsonl").format == "jsonl"


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"path": "customers"}, "path"),
        ({"path": "customers.xls"}, "path"),
        ({"path": "customers.csv.gz"}, "path"),
        ({"file_format": "tsv"}, "format"),
        ({"dialect": "german"}, "dialect"),
        ({"separator": "::"}, "separator"),
        ({"separator": "a"}, "separator"),
        ({"path": "a.xlsx", "dialect": "excel"}, "dialect"),
        ({"path": "a.parquet", "separator": ";"}, "separator"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, argument):
    with pytest.raises(InvalidInputError) as raised:
        layout(**arguments)
    assert raised.value.argument == argument


@pytest.mark.parametrize("path", [3, None, io.BytesIO()])
def test_anything_but_a_path_is_a_type_error(path):
    with pytest.raises(InvalidTypeError, match="path must be a string or a path object"):
        layout(path)


@pytest.mark.parametrize(
    ("path", "package", "extra"), [("a.parquet", "pyarrow.parquet", "notebook"), ("a.xlsx", "xlsxwriter", "excel")]
)
def test_a_package_that_is_missing_is_named_with_its_extra(monkeypatch, path, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"admin-crm\[{extra}\]"):
        layout(path)


@pytest.mark.parametrize("path", ["a.csv", "a.jsonl"])
def test_text_files_need_no_extra(monkeypatch, path):
    for package in ("pyarrow", "pyarrow.parquet", "xlsxwriter", "pandas", "tqdm"):
        monkeypatch.setitem(sys.modules, package, None)
    layout(path)


def test_each_format_is_written_by_its_own_class(tmp_path):
    kinds = {"a.csv": CsvFile, "a.jsonl": JsonLinesFile, "a.parquet": ParquetFile, "a.xlsx": Workbook}
    for name, kind in kinds.items():
        opened = layout(tmp_path / name).open(io.BytesIO(), ["a"], ZoneInfo("UTC"), pa.schema([("a", pa.string())]))
        with opened as table:
            assert type(table) is kind
            table.finish()


def test_only_a_sheet_has_a_most_number_of_rows():
    layout("a.csv").check_rows(10**9)
    layout("a.xlsx").check_rows(MOST_ROWS)
    with pytest.raises(InvalidInputError, match="more than the 1,048,575 customers") as raised:
        layout("a.xlsx").check_rows(MOST_ROWS + 1)
    assert raised.value.argument == "path"
