"""Columns of one kind: from JSON in its usual form only, from a model's values whatever they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest

from admin_crm._core.context import CallContext, enter, leave
from admin_crm._postgrest.arrow import (
    AMOUNT,
    DAY,
    EMAIL,
    INTEGER,
    JSON,
    KEY,
    MOMENT,
    OBJECT,
    TEXT,
    array_of,
    as_text,
    typed,
)  # fmt: skip
from admin_crm.models import AIPreferences

ID = "7e1b2c3d-0000-4000-8000-000000000001"
FIRST = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))


@pytest.mark.parametrize(
    ("kind", "values", "kept"),
    [
        (TEXT, ["a", None, ""], ["a", None, ""]),
        (KEY, [ID], [ID]),
        (EMAIL, ["a@b", "Sin Email", None, ""], ["a@b", None, None, None]),
        (INTEGER, [1, None, -(2**63)], [1, None, -(2**63)]),
        (AMOUNT, [1, 2.5, None], [1.0, 2.5, None]),
        (OBJECT, [None], [None]),
        (JSON, [{"a": "ñ"}, "a", 1, None], ['{"a": "ñ"}', '"a"', "1", None]),
    ],
)
def test_values_in_their_usual_form_become_a_column(kind, values, kept):
    column = kind.from_json(values)
    assert column.type == kind.type
    assert column.to_pylist() == kept


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (TEXT, 1), (KEY, ID.upper()), (KEY, "1"), (EMAIL, 1), (DAY, "infinity"), (DAY, "0000-01-01"), (DAY, 1),
        (MOMENT, "infinity"), (MOMENT, "2026-01-01T00:00:00"), (MOMENT, "0001-01-01T00:00:00+14:00"),
        (MOMENT, "9999-12-31T23:59:59-10:00"), (MOMENT, 1), (INTEGER, True), (INTEGER, 2**63), (INTEGER, 1.0),
        (INTEGER, "1"), (AMOUNT, "1"), (AMOUNT, False), (AMOUNT, float("inf")), (AMOUNT, 2**60 + 1), (OBJECT, {}),
    ],
)  # fmt: skip
def test_any_other_value_is_left_to_the_model(kind, value):
    with pytest.raises((ValueError, OverflowError)):
        kind.from_json([None, value])


@pytest.mark.parametrize(
    ("kind", "values", "kept"),
    [
        (INTEGER, [1, 2**63, None], [1, None, None]),
        (AMOUNT, [Decimal("0.1"), Decimal("1e400")], [0.1, None]),
        (MOMENT, [datetime(2026, 1, 1, tzinfo=UTC), FIRST, "infinity"], [datetime(2026, 1, 1, tzinfo=UTC), None, None]),
        (OBJECT, [AIPreferences(interests=["té"])], ['{"interests":["té"]}']),
    ],
)
def test_what_a_column_cannot_hold_is_missing_and_counted(kind, values, kept):
    call = CallContext("test")
    token = enter(call)
    try:
        assert array_of(kind, values, "field").to_pylist() == kept
    finally:
        leave(token)
    lost = len([value for value, held in zip(values, kept, strict=True) if value is not None and held is None])
    assert call.unreadable == ["field"] * lost


def test_json_becomes_numbers_flags_or_strings_or_stays_text():
    assert typed(pa.chunked_array([["1", None], ["2.5"]])).to_pylist() == [1.0, None, 2.5]
    assert typed(pa.chunked_array([["true"], ["1"]])).to_pylist() == ["true", "1"]
    assert as_text(pa.chunked_array([["1", '"a"', "[1]", None]])).to_pylist() == ["1", "a", "[1]", None]
