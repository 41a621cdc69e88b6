"""Rows that hold values their model cannot: everything else in them is read, value by value (R5).

Customers, models and old code write rows, so any column of type jsonb, date or text may hold anything. A page with
such a value fails validation as a whole; it is then read a second time here. A value that a field cannot hold is left
out, and its column is kept as it was sent in `row.unreadable`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from admin_crm._core import context
from admin_crm._core.fields import UNREADABLE
from admin_crm._core.rows import Json

M = TypeVar("M", bound=BaseModel)

DEEPEST = 200
"""How many levels of JSON are read; a value that is nested deeper is kept as text."""
LONGEST_FLOAT = 15
"""Digits up to which a JSON number is read as a float without losing any."""

_HALF_PAIR = rb"\ud"
_STRING = rb'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(_STRING + rb"|[\[\]{},]", re.DOTALL)
_KEY = re.compile(rb"(" + _STRING + rb")\s*:\s*", re.DOTALL)

Place = tuple[str | int, ...]


def read_leniently(content: bytes, adapter: TypeAdapter[list[M]]) -> list[M]:
    """Read each row of a page by itself, and those that are not readable whole value by value.

    Raises:
        ValidationError: a row lacks its id, or the page is no list of rows.
        ValueError: the page is not JSON.
    """
    return [_read_row(row, adapter) for row, _ in _children(content, b"[")]


def columns_of(row: bytes) -> dict[str, bytes]:
    """Split a JSON object into the texts of its values.

    Raises:
        ValueError: it is no JSON object.
    """
    return {name: text for name, (text, _) in _columns(row)}


def parse(text: bytes) -> Any:
    """Parse JSON, numbers with more digits than a float holds as Decimal."""
    return json.loads(text, parse_float=_number)


def read_raw(content: bytes) -> list[Json]:
    """Read rows as the shop has them: every column, numbers with all their digits, JSON of the shop's own unchanged.

    A value that is nested too deep, or no Unicode, is kept as text.

    Raises:
        ValueError: the text is no JSON list of rows.
    """
    return [{name: _raw(*value) for name, value in _columns(row)} for row, _ in _children(content, b"[")]


def restore_floats(rows: list[M]) -> list[M]:
    """Turn the Decimals of `parse` back into floats wherever a model does not declare a number: in the shop's JSON."""
    for row in rows:
        _restore_floats(row)
    return rows


def _number(text: str) -> float | Decimal:
    return float(text) if len(text) <= LONGEST_FLOAT else Decimal(text)


def _restore_floats(row: BaseModel) -> None:
    values = vars(row)
    for name, value in values.items():
        if isinstance(value, BaseModel):
            _restore_floats(value)
        elif isinstance(value, list | dict):
            values[name] = _with_floats(value)
    extra = row.model_extra
    if extra:
        extra.update({name: _with_floats(value) for name, value in extra.items()})


def _with_floats(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _with_floats(each) for key, each in cast("Json", value).items()}
    if isinstance(value, list):
        return [_with_floats(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, BaseModel):
        _restore_floats(value)
    return value


def _read_row(text: bytes, adapter: TypeAdapter[list[M]]) -> M:
    try:
        return adapter.validate_json(b"[" + text + b"]")[0]
    except ValidationError:
        pass
    columns = dict(_columns(text))
    values: Json = {}
    unreadable: Json = {}
    for name, (value, depth) in columns.items():
        try:
            values[name] = _parse_value(value, depth)
        except (ValueError, RecursionError):
            unreadable[name] = value.decode()
    row = _validate(values, columns, unreadable, adapter)
    _restore_floats(row)
    if unreadable:
        vars(row)[UNREADABLE] = unreadable
        context.count_unreadable(unreadable)
    return row


def _validate(
    values: Json, columns: dict[str, tuple[bytes, int]], unreadable: Json, adapter: TypeAdapter[list[M]]
) -> M:
    """Validate a row; as long as it fails, leave out what it fails on."""
    first: ValidationError | None = None
    while True:
        try:
            return adapter.validate_python([values])[0]
        except ValidationError as error:
            first = first or error
            places = {_place(values, each["loc"][1:]) for each in error.errors(include_url=False)}
        if () in places:
            raise first  # it lacks a column without which it is no row
        for place in sorted(places, key=_order, reverse=True):
            column = cast("str", place[0])
            unreadable.setdefault(column, _with_floats(_parse_value(*columns[column])))
            _leave_out(values, place)


def _order(place: Place) -> list[tuple[str, str | int]]:
    return [(type(part).__name__, part) for part in place]


def _place(values: Json, location: Place) -> Place:
    """Return where in a row the value is that an error is about; behind it, pydantic names the types it tried."""
    value: Any = values
    for depth, part in enumerate(location):
        try:
            value = value[part]
        except (LookupError, TypeError):
            return location[:depth]
    return location


def _leave_out(values: Json, place: Place) -> None:
    container: Any = values
    for part in place[:-1]:
        container = container[part]
    del container[place[-1]]


def _parse_value(text: bytes, depth: int) -> Any:
    if depth > DEEPEST:
        raise ValueError
    if _HALF_PAIR in text.lower():
        json.dumps(json.loads(text), ensure_ascii=False).encode()  # raises where it is no Unicode
    return parse(text)


def _raw(text: bytes, depth: int) -> Any:
    try:
        value = _parse_value(text, depth)
    except (ValueError, RecursionError):
        return text.decode()
    return Decimal(text.decode()) if isinstance(value, float) else _with_floats_inside(value)


def _with_floats_inside(value: Any) -> Any:
    return _with_floats(value) if isinstance(value, list | dict) else value


def _columns(row: bytes) -> Iterator[tuple[str, tuple[bytes, int]]]:
    for pair, depth in _children(row, b"{"):
        key = _KEY.match(pair)
        if key is None:
            raise ValueError("not a JSON object")
        yield json.loads(key[1]), (pair[key.end() :], depth)


def _children(text: bytes, opening: bytes) -> Iterator[tuple[bytes, int]]:
    """Split a JSON list or object into the texts of its children, each with how deep it is nested."""
    depth = deepest = start = 0
    for token in _TOKEN.finditer(text):
        kind = token[0]
        if kind in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth - 1)
            if depth == 1:
                if kind != opening:
                    break
                start = token.end()
        elif kind in (b"]", b"}"):
            depth -= 1
            if depth == 0:
                if child := text[start : token.start()].strip():
                    yield child, deepest
                return
        elif kind == b"," and depth == 1:
            yield text[start : token.start()].strip(), deepest
            start, deepest = token.end(), 0
    raise ValueError("not a whole JSON list of rows")
