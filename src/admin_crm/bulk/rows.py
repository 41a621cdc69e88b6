"""The customers to create: read out of dicts, models, a CSV file or a frame, and all checked before any is created."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, cast

from pydantic import SecretStr

from admin_crm._core import validation as check
from admin_crm.bulk.csv_file import read_csv_file
from admin_crm.errors import InvalidInputError, InvalidTypeError
from admin_crm.models import AddressData, CreateCustomerData

if TYPE_CHECKING:
    from admin_crm._core.backends import Frame

    Rows = Iterable[CreateCustomerData | Mapping[str, Any]] | str | os.PathLike[str] | Frame

_OF_CUSTOMER = [name for name in CreateCustomerData.model_fields if name != "address"]
_OF_ADDRESS = [name for name in AddressData.model_fields if name != "customer_id"]
_PLAIN = ("street", "number", "colony", "city", "state", "zip_code", "references")
"""Fields of the address that need no `address.` before them: nothing else of a customer has these names."""
_COLUMNS = {
    **{name: name for name in _OF_CUSTOMER},
    **{f"address.{name}": f"address.{name}" for name in _OF_ADDRESS},
    **{name: f"address.{name}" for name in _PLAIN},
}
"""The fields that columns stand for."""
_NEEDED = ("email", "full_name", "phone")
_NEEDED_OF_ADDRESS = ("street", "number", "colony", "zip_code")
_DIGITS = ("phone", "whatsapp", "address.phone", "address.zip_code")
"""Texts of digits: as a number they have lost leading zeros and the plus sign."""
_ROUNDED = re.compile(r"\d+([.,]\d+)?[eE]\+?\d+")


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """A row of the list, checked."""

    name: str
    """Such as ``row 37``."""
    customer: CreateCustomerData | InvalidInputError
    """The customer, or what is wrong with the row."""


def checked_rows(rows: Rows) -> list[Row]:
    """Return the rows of a list of customers, each checked, and a second one with the same e-mail address refused.

    The rows of a CSV file have the numbers that a spreadsheet shows: the first one below the header is row 2. Others
    are counted from 1.

    Raises:
        InvalidInputError: the file cannot be read as CSV, or the columns are not those of customers.
        InvalidTypeError: it is neither a list, a path nor a frame.
        OSError: the file cannot be read.
    """
    first: dict[str, str] = {}
    return [_unless_known(row, first) for row in _each(rows)]


def _each(rows: Any) -> Iterator[Row]:
    if isinstance(rows, str | os.PathLike):
        return _of_file(cast("str", rows))
    if isinstance(rows, Mapping | CreateCustomerData | bytes):
        raise _no_list(cast("object", rows), "put a single customer in a list")
    columns = getattr(rows, "column_names", None) or getattr(rows, "columns", None)
    if columns is not None:
        return _of_frame(rows, list(columns))
    if not isinstance(rows, Iterable):
        raise _no_list(rows, "collect an asynchronous stream first")
    listed = cast("Iterable[object]", rows)
    return (Row(f"row {number}", _of_item(item)) for number, item in enumerate(listed, 1))


def _of_file(path: str) -> Iterator[Row]:
    records = iter(read_csv_file(path))
    fields = _raised(_fields(next(records).cells))
    for number, cells in records:
        customer = _customer(_named(fields, cells))
        if any(cell.strip() for cell in cells[len(fields) :]):
            customer = InvalidInputError("the row has more cells than the header", argument="rows")
        yield Row(f"row {number}", customer)


def _of_frame(frame: Any, columns: Sequence[object]) -> Iterator[Row]:
    fields = _raised(_fields(columns))
    for number, cells in enumerate(_records(frame), 1):
        yield Row(f"row {number}", _customer(_named(fields, cells)))


def _records(frame: Any) -> Iterable[Iterable[object]]:
    """Return the rows of a frame, with None where a value is missing."""
    if hasattr(frame, "to_pylist"):
        return zip(*(column.to_pylist() for column in frame.columns), strict=True)
    if hasattr(frame, "iter_rows"):
        return cast("Iterable[Iterable[object]]", frame.iter_rows())
    if hasattr(frame, "itertuples"):
        known = frame.astype(object).where(frame.notna(), None)
        return cast("Iterable[Iterable[object]]", known.itertuples(index=False, name=None))
    raise _no_list(frame, "collect a lazy frame first")


def _of_item(item: object) -> CreateCustomerData | InvalidInputError:
    if isinstance(item, CreateCustomerData):
        return _without_customer_id(item)
    if not isinstance(item, Mapping):
        return InvalidTypeError(f"the row must be a mapping, not {type(item).__name__}", argument="rows")
    cells = dict(cast("Mapping[object, object]", item))
    address = cells.pop("address", None)
    fields = _fields(list(cells), complete=False)
    if isinstance(fields, InvalidInputError):
        return fields
    named = _named(fields, cells.values())
    if address is None:
        return _customer(named)
    if any(field.startswith("address.") for field in named):
        return InvalidInputError("the row has an address and columns of one", argument="rows")
    return _customer(named, address)


def _raised(fields: list[str] | InvalidInputError) -> list[str]:
    """Raise an error here, where no local variable holds what may be the first row of a list without a header (R8)."""
    if isinstance(fields, InvalidInputError):
        raise fields
    return fields


def _fields(columns: Sequence[object], *, complete: bool = True) -> list[str] | InvalidInputError:
    """Return the field that each column stands for, an empty one for a column without a name; or what is wrong.

    Args:
        columns: the names of the columns.
        complete: whether the columns that every customer needs must be there.
    """
    fields = [_COLUMNS.get(_written(column), "") for column in columns]
    unknown = [str(column) for column, field in zip(columns, fields, strict=True) if not field and _written(column)]
    if unknown and not any(fields):
        # Perhaps the first row of a list without a header: no message quotes it.
        return InvalidInputError("no column has a known name", argument="rows", hint=f"the names are {_names()}")
    if unknown:
        shown = ", ".join(check.shown(each) for each in unknown)
        return InvalidInputError(f"unknown columns: {shown}", argument="rows", hint=_meant(unknown))
    twice = sorted({field for field in fields if field and fields.count(field) > 1})
    if twice:
        return InvalidInputError(f"there are two columns for {', '.join(twice)}", argument="rows")
    missing = [name for name in _NEEDED if name not in fields]
    if any(field.startswith("address.") for field in fields):
        missing += [f"address.{name}" for name in _NEEDED_OF_ADDRESS if f"address.{name}" not in fields]
    if missing and complete:
        hint = f"the names are {_names()}"
        return InvalidInputError(f"columns are missing: {', '.join(missing)}", argument="rows", hint=hint)
    return fields


def _written(column: object) -> str:
    """Return a column's name as fields are written: ``Full name`` and ``ZIP-code`` are full_name and zip_code."""
    return re.sub(r"[\s-]+", "_", str(column).strip()).casefold()


def _meant(unknown: Sequence[str]) -> str:
    if all(f"address.{_written(each)}" in _COLUMNS for each in unknown):
        return f"did you mean {', '.join(f'address.{_written(each)}' for each in unknown)}?"
    near = {each: check.nearest(_written(each), _COLUMNS) for each in unknown}
    guesses = [f"{meant!r}" for meant in near.values() if meant]
    return f"did you mean {', '.join(guesses)}?" if guesses else f"the names are {_names()}"


def _names() -> str:
    return ", ".join([*_OF_CUSTOMER, *_PLAIN, *(f"address.{each}" for each in _OF_ADDRESS if each not in _PLAIN)])


def _named(fields: Iterable[str], cells: Iterable[object]) -> dict[str, object]:
    """Return the cells that are not blank, by their fields; a password only as a secret."""
    return {
        field: SecretStr(cell) if field == "password" and isinstance(cell, str) else cell
        for field, cell in zip(fields, cells, strict=False)
        if not _is_blank(cell)
    }


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip()) or (isinstance(cell, float) and isnan(cell))


def _customer(named: dict[str, object], address: object = None) -> CreateCustomerData | InvalidInputError:
    """Return a row's customer, or an error that names the columns but no value, and keeps none by its traceback."""
    if "" in named:
        return InvalidInputError("the row has a value in a column without a name", argument="rows")
    for field in _DIGITS:
        value = named.get(field)
        if isinstance(value, int | float) or (isinstance(value, str) and _ROUNDED.fullmatch(value.strip())):
            return InvalidInputError(
                f"the row is invalid: {field} is a number, which has lost leading zeros, the plus sign or digits",
                argument="rows",
                hint="format the column as text in the spreadsheet, or read the file with dtype=str",
            )
    data: dict[str, object] = {field: value for field, value in named.items() if "." not in field}
    of_address = {field.partition(".")[2]: _text(value) for field, value in named.items() if "." in field}
    if of_address or address is not None:
        data["address"] = of_address or address
    try:
        return _without_customer_id(check.data(data, CreateCustomerData, "rows", "the row"))
    except InvalidInputError as error:
        return InvalidInputError(error.message, argument="rows")


def _text(value: object) -> object:
    """Return a whole number as text: a house number, which a frame keeps as a number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _without_customer_id(customer: CreateCustomerData) -> CreateCustomerData | InvalidInputError:
    if customer.address is None or customer.address.customer_id is None:
        return customer
    return InvalidInputError(
        "the row is invalid: address.customer_id must be omitted, as nobody exists yet", argument="rows"
    )


def _unless_known(row: Row, first: dict[str, str]) -> Row:
    """Refuse a row whose e-mail address an earlier row has."""
    if isinstance(row.customer, InvalidInputError):
        return row
    earlier = first.setdefault(row.customer.email.lower(), row.name)
    if earlier == row.name:
        return row
    return Row(row.name, InvalidInputError(f"the row has the e-mail address of {earlier}", argument="rows"))


def _no_list(rows: object, hint: str) -> InvalidTypeError:
    return InvalidTypeError(
        f"rows must be a list of customers, the path of a CSV file or a frame, not {type(rows).__name__}",
        argument="rows",
        hint=hint,
    )
