"""Tables in files: what is read back is what was written, whatever customers call themselves."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from admin_crm import AIPreferences, CustomerTier
from admin_crm._core import table_files
from admin_crm._core.csv_cells import formula_free
from admin_crm._core.table_files import CsvFile, JsonLinesFile, ParquetFile

ID = UUID("7e1b2c3d-0000-4000-8000-000000000001")
NOON = datetime(2026, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)
MEXICO = ZoneInfo("America/Mexico_City")
HOSTILE = st.text(st.sampled_from("=+-@;,\"'\t\r\n|ñ😀\u2028 a1\\")) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)


def written_csv(*rows, columns=None, separator=",", zone=None):
    file = io.BytesIO()
    table = CsvFile(file, columns or [f"c{n}" for n in range(len(rows[0]))], separator=separator, zone=zone)
    table.write(rows)
    table.finish()
    return file.getvalue()


def read_csv(content, separator=","):
    return list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=separator))[1:]


@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=4), st.sampled_from([",", ";", "\t", "|"]))
@example([("a\rb", "\r"), ("\n", '"')], ",")
def test_a_csv_file_read_back_has_every_text_and_no_formula(rows, separator):
    assert read_csv(written_csv(*rows, separator=separator), separator) == [
        [formula_free(first), formula_free(second)] for first, second in rows
    ]


def test_cells_of_csv_are_what_programs_read():
    row = [ID, None, True, CustomerTier.GOLD, Decimal("-1234.50"), 0.5, 7, date(44, 3, 15), NOON,
           {"a": ["x;=1", -5]}, AIPreferences(interests=["té"])]  # fmt: skip
    (read,) = read_csv(written_csv(row))
    assert read[:9] == [
        str(ID), "", "true", "gold", "-1234.50", "0.5", "7", "0044-03-15", "2026-05-01T12:00:00.250000Z",
    ]  # fmt: skip
    assert json.loads(read[9]) == {"a": ["x;=1", -5]}
    assert ";=" not in read[9]
    assert json.loads(read[10])["interests"] == ["té"]


def test_cells_of_csv_for_excel_are_what_the_shops_clock_and_a_decimal_comma_say():
    content = written_csv([Decimal("-1234.50"), 0.5, NOON, date(2026, 5, 1)], separator=";", zone=MEXICO)
    assert content.startswith("\ufeffc0;c1".encode())
    assert read_csv(content, ";") == [["-1234,50", "0,5", "2026-05-01 06:00:00", "2026-05-01"]]


def test_with_commas_excel_gets_decimal_points():
    content = written_csv([Decimal("1.5"), NOON], zone=MEXICO)
    assert content.startswith(b"\xef\xbb\xbfc0,c1")
    assert read_csv(content) == [["1.5", "2026-05-01 06:00:00"]]


@pytest.mark.parametrize(
    "edge",
    [datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
     datetime.max.replace(tzinfo=timezone(-timedelta(hours=10)))],
)  # fmt: skip
def test_moments_on_the_edge_of_what_a_datetime_holds_are_written_as_they_are(edge):
    assert read_csv(written_csv([edge])) == [[edge.isoformat()]]
    assert read_csv(written_csv([edge], zone=MEXICO))[0][0].startswith(edge.isoformat(" ", "seconds")[:10])


def test_pandas_reads_a_csv_file_for_excel_and_one_for_programs():
    plain = pd.read_csv(io.BytesIO(written_csv([Decimal("1.5"), NOON, True], columns=["total", "at", "new"])))
    excel = written_csv([Decimal("1.5"), NOON, True], columns=["total", "at", "new"], separator=";", zone=MEXICO)
    european = pd.read_csv(io.BytesIO(excel), sep=";", decimal=",")
    assert plain["total"].tolist() == european["total"].tolist() == [1.5]
    assert list(european.columns) == ["total", "at", "new"]
    assert plain["new"].tolist() == european["new"].tolist() == [True]


def test_json_lines_keep_money_exact_and_json_as_it_is():
    file = io.BytesIO()
    table = JsonLinesFile(file, ["id", "total", "at", "tier", "note", "none"])
    table.write([[ID, Decimal("12345678901234567.10"), NOON, CustomerTier.GOLD, {"a": [1.5, None]}, None]])
    table.write([[ID, None, None, None, "a\nb\u2028", float("inf")]])
    table.finish()
    first, second = map(json.loads, file.getvalue().removesuffix(b"\n").split(b"\n"))
    assert first == {
        "id": str(ID), "total": "12345678901234567.10", "at": "2026-05-01T12:00:00.250000Z", "tier": "gold",
        "note": {"a": [1.5, None]}, "none": None,
    }  # fmt: skip
    assert (second["note"], second["none"]) == ("a\nb\u2028", None)


def test_small_pieces_become_large_groups_of_a_parquet_file(monkeypatch):
    monkeypatch.setattr(table_files, "_ROW_GROUP", 5)
    file, piece = io.BytesIO(), pa.table({"a": ["x", "y"]})
    table = ParquetFile(file, piece.schema)
    for _ in range(4):
        table.write(piece)
    table.finish()
    read = pq.ParquetFile(io.BytesIO(file.getvalue()))
    assert [read.metadata.row_group(n).num_rows for n in range(read.num_row_groups)] == [6, 2]
    assert read.read()["a"].to_pylist() == ["x", "y"] * 4


def test_a_parquet_file_without_rows_has_its_columns():
    file, schema = io.BytesIO(), pa.schema([("id", pa.string())])
    ParquetFile(file, schema).finish()
    assert pq.read_table(io.BytesIO(file.getvalue())).schema.equals(schema)


@pytest.mark.parametrize("closed", [False, True])
def test_a_parquet_file_that_is_abandoned_complains_of_nothing(closed):
    file = io.BytesIO()
    table = ParquetFile(file, pa.schema([("a", pa.string())]))
    table.write(pa.table({"a": ["x"]}))
    if closed:
        file.close()  # as where the disk is full
    table.abandon()
