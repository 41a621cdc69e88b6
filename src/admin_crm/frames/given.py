"""Rows and frames that a caller has already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from admin_crm._core.backends import converter_to
from admin_crm.errors import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    import pandas as pd

R = TypeVar("R")


def is_frame(source: object) -> bool:
    """Return whether an argument is a frame, and no rows."""
    return hasattr(source, "__arrow_c_stream__")


def rows_of(source: object, kind: type[R], takes: str) -> list[R]:
    """Return the rows that a caller gives.

    Raises:
        InvalidTypeError: it is neither a list nor another iterable of them.
    """
    rows: list[object] = list(cast("Iterable[object]", source)) if isinstance(source, Iterable) else [source]
    odd = next((row for row in rows if not isinstance(row, kind)), None)
    if odd is not None or (rows == [None]):
        raise InvalidTypeError(f"{takes}, not {type(odd).__name__}", argument="source")
    return cast("list[R]", rows)


def frame_columns_of(frame: object, names: Sequence[str], hint: str) -> pd.DataFrame:
    """Return some columns of a frame of any kind in pandas.

    Raises:
        InvalidInputError: the frame lacks some of them.
    """
    convert = converter_to("pandas")
    import pandas as pd
    import pyarrow as pa

    table: Any = frame if isinstance(frame, pd.DataFrame) else pa.table(cast("Any", frame))
    present = set(table.columns if isinstance(table, pd.DataFrame) else table.column_names)
    missing = [name for name in names if name not in present]
    if missing:
        raise InvalidInputError(f"the frame lacks {', '.join(missing)}", argument="source", hint=hint)
    if isinstance(table, pd.DataFrame):
        return table[list(names)].reset_index(drop=True)
    chosen: Any = table.select(list(names))
    return cast("pd.DataFrame", convert(pa.table({name: _plain(chosen[name]) for name in names})))


def _plain(column: Any) -> Any:
    """Return a column of texts as what every version of Arrow and pandas takes."""
    import pyarrow as pa

    kind: Any = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    is_text = pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return column.cast(pa.string() if is_text else kind)
