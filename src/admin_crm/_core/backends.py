"""Arrow tables as the frames that a user wants: pandas, polars, or Arrow itself."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

from admin_crm._core.redaction import redact
from admin_crm.errors import InvalidInputError

Converter = Callable[[Any], Any]
"""Turns an Arrow table into a frame."""


class Frame(Protocol):
    """A frame with the Arrow PyCapsule interface: of pandas, polars, pyarrow, duckdb and others.

    It stands for them where a function takes a frame, so that its type is known without those packages.
    """

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Export the frame as a stream of record batches."""
        ...


def converter_to(backend: str) -> Converter:
    """Return what turns an Arrow table into a frame.

    Raises:
        InvalidInputError: there is no such backend.
        ImportError: a package that it needs is not installed.
    """
    if backend not in _CONVERTERS:
        raise InvalidInputError(
            f"backend must be pandas, polars or pyarrow, not {redact(str(backend), 40)!r}", argument="backend"
        )
    require("pyarrow", "notebook")
    if backend == "pandas":
        require("pandas", "notebook")
    if backend == "polars":
        require("polars", "polars")
    return _CONVERTERS[backend]


def require(package: str, extra: str) -> Any:
    """Import a package of an extra.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        name = package.partition(".")[0]
        raise ImportError(f"this requires {name}: pip install 'admin-crm[{extra}]'") from error


def _to_pandas(table: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    for place, name in enumerate(table.column_names):
        if table[name].type == pa.date32():
            # Dates become timestamps, in a unit in which every year fits.
            table = table.set_column(place, name, table[name].cast(pa.timestamp("us")))
    dtypes: dict[Any, Any] = {
        pa.string(): pd.StringDtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
    return table.to_pandas(types_mapper=dtypes.get)


def _to_polars(table: Any) -> Any:
    return require("polars", "polars").from_arrow(table)


def _as_it_is(table: Any) -> Any:
    return table


_CONVERTERS: dict[str, Converter] = {
    "pandas": _to_pandas,
    "polars": _to_polars,
    "pyarrow": _as_it_is,
    "arrow": _as_it_is,
}
