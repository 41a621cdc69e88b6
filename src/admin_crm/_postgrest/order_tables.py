"""Exported orders as Arrow tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import pyarrow as pa

from admin_crm._core.table_files import json_text
from admin_crm._postgrest.arrow import AMOUNT, MOMENT, TEXT, array_of

_FLAG = pa.bool_()
_MOMENTS = ("created_at", "updated_at", "whatsapp_sent_at")
_AMOUNTS = ("subtotal", "shipping_cost", "discount", "total")


def order_tables(columns: Sequence[str]) -> Callable[[Iterable[Sequence[Any]]], pa.Table]:
    """Return what makes a table of rows of cells: money as float64, moments in UTC, everything else as text."""

    def table(rows: Iterable[Sequence[Any]]) -> pa.Table:
        by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
        arrays = [_array(name, values) for name, values in zip(columns, by_column, strict=True)]
        return pa.table(dict(zip(columns, arrays, strict=True)))

    return table


def _array(name: str, values: Sequence[Any]) -> Any:
    if name in _MOMENTS:
        return array_of(MOMENT, values, name)
    if name in _AMOUNTS:
        return array_of(AMOUNT, values, name)
    if name == "is_cancelled":
        return pa.array(values, _FLAG)
    return array_of(TEXT, map(_text, values), name)


def _text(value: object) -> str | None:
    if isinstance(value, bool | dict | list):
        return json_text(cast("object", value))
    return None if value is None else str(value)
