"""Which Arrow column holds the values of a field: made of JSON as it is, or of what a model has read.

Made of JSON, a column takes values in their usual form only, and raises `ValueError` or `OverflowError` for all others.
What those mean is for the model to say, so both ways give the same values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute
from pydantic import BaseModel, TypeAdapter

from admin_crm._core.context import count_unreadable
from admin_crm._core.fields import Timestamp

Array = Any
"""A column; pyarrow itself is not typed."""
compute: Any = pyarrow.compute

_NULL = type(None)
_KEY = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_MOMENT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-](0\d|1[0-5]):[0-5]\d)$"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MOMENT = round((datetime(1, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()) * 1_000_000
_LAST_MOMENT = round((datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH).total_seconds() + 86_400) * 1_000_000 - 1
_FIRST_DAY = date(1, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
_LAST_INTEGER = 2**63 - 1
_timestamp: TypeAdapter[datetime] = TypeAdapter(Timestamp)


class Kind(NamedTuple):
    """A kind of column."""

    type: pa.DataType
    """The type of the Arrow column."""
    from_json: Callable[[list[Any]], Array]
    """Makes a column of values as JSON has them."""
    from_model: Callable[[Any], Any]
    """Turns a value of a model's field into one that Arrow takes."""


def array_of(kind: Kind, values: Iterable[Any], field: str) -> Array:
    """Make a column of a model's values; what Arrow cannot hold is null, and counted as unreadable (R5)."""
    made: list[Any] = []
    for value in values:
        try:
            made.append(None if value is None else kind.from_model(value))
        except (ValueError, OverflowError):
            made.append(None)
            count_unreadable([field])
    return pa.array(made, kind.type)


def typed(texts: Array) -> Array:
    """Turn a column of JSON into numbers, flags or strings, where it holds nothing else."""
    values = _parsed(texts)
    types = set(map(type, values)) - {_NULL}
    try:
        if types == {bool}:
            return pa.array(values, pa.bool_())
        if types == {int}:
            return pa.array(values, pa.int64())
        if types and types <= {int, float}:
            return pa.array(values, pa.float64())
    except (ValueError, OverflowError):
        pass
    return _as_text(values)


def as_text(texts: Array) -> Array:
    """Turn a column of JSON into strings, whatever it holds: pieces of one table must have one type."""
    return _as_text(_parsed(texts))


def _parsed(texts: Array) -> list[Any]:
    return [None if text is None else json.loads(text) for text in texts.to_pylist()]


def _as_text(values: Sequence[Any]) -> Array:
    return pa.array([each if each is None or isinstance(each, str) else _dumped(each) for each in values], pa.string())


def _check_types(values: list[Any], *types: type) -> None:
    """Raise where a value has another type; JSON's true and false are no numbers."""
    if not set(map(type, values)) <= {_NULL, *types}:
        raise ValueError


def _check_all(condition: Array) -> None:
    if compute.all(condition).as_py() is False:
        raise ValueError


def _strings(values: list[Any]) -> Array:
    _check_types(values, str)
    return pa.array(values, pa.string())


def _matching(values: list[Any], pattern: str) -> Array:
    strings = _strings(values)
    _check_all(compute.match_substring_regex(strings, pattern))
    return strings


def _keys(values: list[Any]) -> Array:
    return _matching(values, _KEY)


def _addresses(values: list[Any]) -> Array:
    _check_types(values, str)
    return pa.array([value if value and "@" in value else None for value in values], pa.string())


def _days(values: list[Any]) -> Array:
    days = _strings(values).cast(pa.date32())
    _check_all(compute.greater_equal(days.cast(pa.int32()), _FIRST_DAY))
    return days


def _unchanged(value: Any) -> Any:
    return value


def _moments(values: list[Any]) -> Array:
    moments = _matching(values, _MOMENT).cast(pa.timestamp("us", "UTC"))
    numbers = moments.cast(pa.int64())
    _check_all(compute.greater_equal(numbers, _FIRST_MOMENT))
    _check_all(compute.less_equal(numbers, _LAST_MOMENT))
    return moments


def _moment(value: object) -> datetime:
    return _timestamp.validate_python(value).astimezone(UTC)


def _integers(values: list[Any]) -> Array:
    _check_types(values, int)
    return pa.array(values, pa.int64())


def _integer(value: int) -> int:
    if abs(value) > _LAST_INTEGER:
        raise OverflowError
    return value


def _amounts(values: list[Any]) -> Array:
    _check_types(values, int, float)
    amounts = pa.array(values, pa.float64())
    _check_all(compute.is_finite(amounts))
    return amounts


def _amount(value: Decimal) -> float:
    number = float(value)
    if not isfinite(number):
        raise OverflowError
    return number


def _nothing(values: list[Any]) -> Array:
    _check_types(values)
    return pa.array(values, pa.string())


def _object(value: BaseModel) -> str:
    return value.model_dump_json(exclude_unset=True)


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json(values: list[Any]) -> Array:
    return pa.array([None if value is None else _dumped(value) for value in values], pa.string())


TEXT = Kind(pa.string(), _strings, str)
KEY = Kind(pa.string(), _keys, str)
EMAIL = Kind(pa.string(), _addresses, str)
DAY = Kind(pa.date32(), _days, _unchanged)
MOMENT = Kind(pa.timestamp("us", "UTC"), _moments, _moment)
INTEGER = Kind(pa.int64(), _integers, _integer)
AMOUNT = Kind(pa.float64(), _amounts, _amount)
OBJECT = Kind(pa.string(), _nothing, _object)
"""A model inside of the row, as JSON: only the model says what of it can be read."""
JSON = Kind(pa.string(), _json, _dumped)
"""What the library does not know, as JSON."""
