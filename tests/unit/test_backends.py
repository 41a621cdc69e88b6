"""Arrow tables as pandas, polars or Arrow frames."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from admin_crm import InvalidInputError
from admin_crm._core.backends import converter_to, require

TABLE = pa.table(
    {
        "text": pa.array(["a", None]),
        "count": pa.array([1, None]),
        "amount": pa.array([1.5, None]),
        "flag": pa.array([True, None]),
        "day": pa.array([date(1600, 1, 2), date(9999, 12, 31)]),
        "moment": pa.array([datetime(1600, 1, 2, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
    }
)


def test_a_pandas_frame_has_dtypes_in_which_a_value_may_be_missing():
    frame = converter_to("pandas")(TABLE)
    dtypes = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    assert dtypes == {
        "text": "string", "count": "Int64", "amount": "float64", "flag": "boolean", "day": "datetime64[us]",
        "moment": "datetime64[us, UTC]",
    }  # fmt: skip
    assert frame.loc[1, ["text", "count", "amount", "flag", "moment"]].isna().all()
    assert frame["day"].dt.year.tolist() == [1600, 9999]
    assert frame["moment"][0].to_pydatetime() == datetime(1600, 1, 2, tzinfo=UTC)


def test_a_polars_frame_has_the_same_values():
    assert converter_to("polars")(TABLE).to_dicts() == TABLE.to_pylist()


@pytest.mark.parametrize("backend", ["pyarrow", "arrow"])
def test_an_arrow_table_stays_as_it_is(backend):
    assert converter_to(backend)(TABLE) is TABLE


@pytest.mark.parametrize("backend", ["pandas2", "", None, 3])
def test_an_unknown_backend_is_an_invalid_input(backend):
    with pytest.raises(InvalidInputError, match="pandas, polars or pyarrow"):
        converter_to(backend)


@pytest.mark.parametrize(
    ("missing", "backend", "extra"),
    [("pyarrow", "arrow", "notebook"), ("pandas", "pandas", "notebook"), ("polars", "polars", "polars")],
)
def test_a_missing_package_is_an_import_error_that_names_the_extra(monkeypatch, missing, backend, extra):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=rf"requires {missing}: pip install 'admin-crm\[{extra}\]'"):
        converter_to(backend)


def test_a_package_is_named_without_its_parts(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.dataframe", None)
    with pytest.raises(ImportError, match=r"requires dask: .*admin-crm\[dask\]"):
        require("dask.dataframe", "dask")
