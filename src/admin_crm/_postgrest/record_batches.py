"""Rows of the directory, or of orders, as Arrow record batches, decoded without a model for each row.

A page whose values all have their usual form goes straight from JSON into columns. Where one value has not, the page is
decoded as models, which know what odd values mean (R5). The result is the same, value by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any, overload
from uuid import UUID

import pyarrow as pa
from pydantic import BaseModel
from pydantic_core import from_json

from admin_crm._core.context import return_no_rows
from admin_crm._postgrest import arrow
from admin_crm._postgrest.arrow import Array, array_of
from admin_crm._postgrest.arrow import compute as _compute
from admin_crm._postgrest.columns import column_names
from admin_crm._postgrest.decode import collector_paused, decode_rows
from admin_crm._postgrest.layouts import CUSTOMERS, Layout


class RecordPage(Sequence[dict[str, Any]]):
    """The rows of one response, as a piece of an Arrow table."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> RecordPage: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | RecordPage:
        chosen = range(len(self))[index]
        if isinstance(chosen, range):
            return RecordPage(self.batch.take(pa.array(chosen, pa.int64())))
        row: dict[str, Any] = self.batch.slice(chosen, 1).to_pylist()[0]
        return row

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.batch.to_pylist())


class RecordDecoder:
    """Decodes rows as record batches that all have one schema.

    Args:
        model: the model of a row, for values in an unusual form.
        columns: the names of the columns; a batch also has the key, `id`.
        newest_first: whether tables are sorted by `created_at`, which a batch then has too, and not by the key.
        layout: what is known of the columns.
    """

    def __init__(
        self,
        model: type[BaseModel],
        columns: Sequence[str],
        *,
        newest_first: bool = False,
        layout: Layout = CUSTOMERS,
    ) -> None:
        self.model = model
        self._layout = layout
        self.columns = list(columns)
        self._newest_first = newest_first
        order: list[str] = ["id", "created_at"] if newest_first else ["id"]
        self._made = {name: layout.column(name) for name in dict.fromkeys([*order, *columns])}
        self.fields = list(dict.fromkeys(field for column in self._made.values() for field in column.fields))
        """The fields that the columns are made from."""
        self.schema = pa.schema([(name, column.type) for name, column in self._made.items()])

    def decode(self, content: bytes, *, pause_gc: bool = False) -> RecordPage:
        """Decode a JSON list of rows."""
        try:
            with collector_paused() if pause_gc else nullcontext():
                arrays = self._read_json(content)
        except (ValueError, OverflowError):
            return self.convert(decode_rows(content, self.model, pause_gc=pause_gc))
        return RecordPage(self._batch(arrays))

    def convert(self, rows: Sequence[BaseModel]) -> RecordPage:
        """Make a record batch of models."""
        return_no_rows()
        arrays = {
            field: array_of(self._layout.kind(field), [_value(row, field) for row in rows], field)
            for field in self.fields
        }
        return RecordPage(self._batch(arrays))

    @staticmethod
    def key(row: dict[str, Any]) -> int:
        """Return a row's key as a number."""
        return UUID(row["id"]).int

    def table(
        self, pages: Sequence[Sequence[dict[str, Any]]], *, as_they_come: bool = False, as_text: bool = False
    ) -> pa.Table:
        """Put pages together: the columns that were asked for, every customer once.

        Args:
            pages: the pages; of a customer who comes twice, the later row counts.
            as_they_come: keep all rows in their order.
            as_text: whether columns that the library does not know are strings, whatever they hold.
        """
        table = pa.Table.from_batches([page.batch for page in pages if isinstance(page, RecordPage)], self.schema)
        if not as_they_come:
            table = self._sorted(_distinct(table))
        table = table.select(self.columns)
        for place, name in enumerate(self.columns):
            if self._layout.is_unknown(name):
                table = table.set_column(place, name, (arrow.as_text if as_text else arrow.typed)(table[name]))
        return table

    def _sorted(self, table: pa.Table) -> pa.Table:
        newest = [("created_at", "descending")] if self._newest_first else []
        return table.take(_compute.sort_indices(table, [*newest, ("id", "ascending")]))

    def _read_json(self, content: bytes) -> dict[str, Array]:
        rows: list[dict[str, Any]] = from_json(content, allow_inf_nan=False, cache_strings="keys")
        _check_rows(rows)
        present = rows[0].keys() if rows else set[str]()
        arrays: dict[str, Array] = {}
        for field in self.fields:
            name = next((name for name in column_names(self.model, field) if name in present), None)
            arrays[field] = self._layout.kind(field).from_json([None if name is None else row[name] for row in rows])
        if arrays["id"].null_count:
            raise ValueError  # that is no row
        return arrays

    def _batch(self, arrays: dict[str, Array]) -> pa.RecordBatch:
        columns = [column.compute(*(arrays[field] for field in column.fields)) for column in self._made.values()]
        return pa.record_batch(columns, schema=self.schema)


def _check_rows(rows: list[Any]) -> None:
    """Raise where JSON is no list of objects that have the same columns."""
    if type(rows) is not list or not all(type(row) is dict and row.keys() == rows[0].keys() for row in rows):
        raise ValueError


def _distinct(table: pa.Table) -> pa.Table:
    if _compute.count_distinct(table["id"]).as_py() == len(table):
        return table
    numbered = table.select(["id"]).append_column("row", pa.array(range(len(table)), pa.int64()))
    return table.take(numbered.group_by("id").aggregate([("row", "max")])["row_max"])


def _value(row: BaseModel, field: str) -> Any:
    values = vars(row)
    return values[field] if field in values else (row.model_extra or {}).get(field)
