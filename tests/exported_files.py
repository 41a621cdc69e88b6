"""Exported files, read by other readers than the library."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq

FORMATS = ["csv", "jsonl", "parquet", "xlsx"]


def rows_in(path: Path) -> list[dict[str, Any]]:
    """The rows of a file that was exported, by the names of their columns, read by somebody else's reader."""
    match path.suffix:
        case ".csv":
            return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))
        case ".jsonl":
            return [json.loads(line) for line in path.read_bytes().splitlines()]
        case ".parquet":
            return pq.read_table(path).to_pylist()
        case _:
            sheet = openpyxl.load_workbook(path).active
            assert sheet is not None
            names, *rows = sheet.iter_rows(values_only=True)
            return [dict(zip(map(str, names), row, strict=True)) for row in rows]
