"""Frames of any library are taken as columns of pandas."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from admin_crm import InvalidInputError, InvalidTypeError, Order
from admin_crm.frames.given import frame_columns_of, is_frame, rows_of

FRAME = pd.DataFrame(
    {"a": pd.array(["x", None], dtype="string"), "b": [1.5, 2.0], "c": [object(), object()]}, index=[7, 8]
)
TABLE = pa.table({"a": ["x", None], "b": [1.5, 2.0]})


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        TABLE,
        pl.DataFrame({"a": ["x", None], "b": [1.5, 2.0]}),
        pa.table({"a": pa.array(["x", None]).dictionary_encode(), "b": [1.5, 2.0]}),
        duckdb.from_arrow(TABLE),
    ],
    ids=["pandas", "pyarrow", "polars", "a dictionary", "duckdb"],
)
def test_the_columns_of_a_frame_are_the_same_in_every_library(frame):
    assert is_frame(frame)
    found = frame_columns_of(frame, ["b", "a"], "look")
    assert list(found.columns) == ["b", "a"]
    assert found["b"].tolist() == [1.5, 2.0]
    assert found["a"][0] == "x"
    assert pd.isna(found["a"][1])


def test_a_missing_column_is_named():
    with pytest.raises(InvalidInputError, match="the frame lacks z, y") as raised:
        frame_columns_of(TABLE, ["a", "z", "y"], "look there")
    assert raised.value.hint == "look there"


def test_rows_are_of_one_kind():
    assert not is_frame([])
    assert rows_of(iter([Order(id="1")]), Order, "it takes orders") == [Order(id="1")]
    with pytest.raises(InvalidTypeError, match="it takes orders, not int"):
        rows_of([Order(id="1"), 2], Order, "it takes orders")
    with pytest.raises(InvalidTypeError, match="it takes orders, not NoneType"):
        rows_of(None, Order, "it takes orders")
