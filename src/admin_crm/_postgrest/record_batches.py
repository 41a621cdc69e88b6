"""The directory's rows as Arrow record batches, decoded without a model for each row.

A page whose values all have their usual form goes straight from JSON into columns. Where one value has not, the page is
decoded as models, which know what odd values mean (R5). The result is the same, value by value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, NamedTuple, overload
from uuid import UUID

import pyarrow as pa
from pydantic import BaseModel
from pydantic_core import from_json

from admin_crm._core.context import return_no_rows
from admin_crm._postgrest import arrow
from admin_crm._postgrest.arrow import AMOUNT, DAY, INTEGER, MOMENT, TEXT, Array, Kind, array_of
from admin_crm._postgrest.arrow import compute as _compute
from admin_crm._postgrest.columns import OTHER_NAMES, column_names
from admin_crm._postgrest.decode import collector_paused, decode_rows
from admin_crm.labels import canonical_health, canonical_segment

_FIELDS = {
    "id": arrow.KEY, "full_name": TEXT, "email": arrow.EMAIL, "phone": TEXT, "whatsapp": TEXT, "birthdate": DAY,
    "created_at": MOMENT, "account_status": TEXT, "tier": TEXT, "segment": TEXT, "health_status": TEXT,
    "total_orders": INTEGER, "total_spent": AMOUNT, "recency_as_sent": INTEGER, "frequency": INTEGER,
    "monetary": AMOUNT, "avatar_url": TEXT, "ai_preferences": arrow.OBJECT, "ia_context": arrow.OBJECT,
    "last_order_date": MOMENT, "updated_at": MOMENT, "suspension_end": MOMENT,
}  # fmt: skip
"""The fields of a customer; every other column of the view is kept as JSON."""


class _Column(NamedTuple):
    fields: tuple[str, ...]
    type: pa.DataType
    compute: Callable[..., Array]


def _recency(as_sent: Array, frequency: Array) -> Array:
    never = _compute.fill_null(_compute.equal(frequency, 0), fill_value=False)
    return _compute.if_else(never, pa.scalar(None, pa.int64()), as_sent)


def _labels(canonical: Callable[[str], str | None]) -> Callable[[Array], Array]:
    def compute(labels: Array) -> Array:
        encoded = labels.dictionary_encode()
        names = [canonical(label) for label in encoded.dictionary.to_pylist()]
        return pa.array([None if name is None else str(name) for name in names], pa.string()).take(encoded.indices)

    return compute


def _contactable(phone: Array, whatsapp: Array) -> Array:
    return _compute.or_(_is_filled(phone), _is_filled(whatsapp))


def _is_filled(texts: Array) -> Array:
    length = _compute.utf8_length(_compute.utf8_trim_whitespace(texts))
    return _compute.fill_null(_compute.greater(length, 0), fill_value=False)


def _age(birthdate: Array) -> Array:
    today = datetime.now(UTC).date()
    month_and_day = _compute.add(_compute.multiply(_compute.month(birthdate), 100), _compute.day(birthdate))
    is_ahead = _compute.greater(month_and_day, today.month * 100 + today.day).cast(pa.int64())
    age = _compute.subtract(_compute.subtract(today.year, _compute.year(birthdate)), is_ahead)
    return _compute.if_else(_compute.greater_equal(age, 0), age, pa.scalar(None, pa.int64()))


_COMPUTED = {
    "recency_days": _Column(("recency_as_sent", "frequency"), pa.int64(), _recency),
    "canonical_segment": _Column(("segment",), pa.string(), _labels(canonical_segment)),
    "canonical_health": _Column(("health_status",), pa.string(), _labels(canonical_health)),
    "is_contactable": _Column(("phone", "whatsapp"), pa.bool_(), _contactable),
    "age": _Column(("birthdate",), pa.int64(), _age),
}


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
    """Decodes rows of the directory as record batches that all have one schema.

    Args:
        model: the model of a row, for values in an unusual form.
        columns: the names of the columns; a batch also has the key, `id`.
        newest_first: whether tables are sorted by `created_at`, which a batch then has too, and not by the key.
    """

    def __init__(self, model: type[BaseModel], columns: Sequence[str], *, newest_first: bool = False) -> None:
        self.model = model
        self.columns = list(columns)
        self._newest_first = newest_first
        order: list[str] = ["id", "created_at"] if newest_first else ["id"]
        self._made = {name: _column(name) for name in dict.fromkeys([*order, *columns])}
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
        arrays = {field: array_of(_kind(field), [_value(row, field) for row in rows], field) for field in self.fields}
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
            if _is_unknown(name):
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
            arrays[field] = _kind(field).from_json([None if name is None else row[name] for row in rows])
        if arrays["id"].null_count:
            raise ValueError  # that is no row
        return arrays

    def _batch(self, arrays: dict[str, Array]) -> pa.RecordBatch:
        columns = [column.compute(*(arrays[field] for field in column.fields)) for column in self._made.values()]
        return pa.record_batch(columns, schema=self.schema)


def _column(name: str) -> _Column:
    field = OTHER_NAMES.get(name, name)
    return _COMPUTED.get(name) or _Column((field,), _kind(field).type, _unchanged)


def _unchanged(array: Array) -> Array:
    return array


def _is_unknown(name: str) -> bool:
    return name not in _COMPUTED and _kind(OTHER_NAMES.get(name, name)) is arrow.JSON


def _check_rows(rows: list[Any]) -> None:
    """Raise where JSON is no list of objects that have the same columns."""
    if type(rows) is not list or not all(type(row) is dict and row.keys() == rows[0].keys() for row in rows):
        raise ValueError


def _distinct(table: pa.Table) -> pa.Table:
    if _compute.count_distinct(table["id"]).as_py() == len(table):
        return table
    numbered = table.select(["id"]).append_column("row", pa.array(range(len(table)), pa.int64()))
    return table.take(numbered.group_by("id").aggregate([("row", "max")])["row_max"])


def _kind(field: str) -> Kind:
    return _FIELDS.get(field, arrow.JSON)


def _value(row: BaseModel, field: str) -> Any:
    values = vars(row)
    return values[field] if field in values else (row.model_extra or {}).get(field)
