"""Column types that accept every spelling a shop's server uses (R4, R5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import (
    VERSION,
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from admin_crm._core.html import definitions
from admin_crm._core.personal import shown


class _EmailOrNone:
    """An e-mail address; a string without @, such as the view's `Sin Email`, becomes None. Runs in pydantic-core."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        placeholder = core_schema.with_default_schema(core_schema.none_schema(), default=None, on_error="default")
        return core_schema.union_schema(
            [
                core_schema.str_schema(pattern="@"),
                core_schema.none_schema(),
                core_schema.chain_schema([core_schema.str_schema(), placeholder]),
            ],
            mode="left_to_right",
        )


def _parse_timestamp(value: object) -> object:
    """Parse a timestamp as Postgres prints it (``2026-11-22 16:01:28.019+00``); without a time zone, it is UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


def _plain(amount: Decimal) -> str:
    """Write an amount as people do: no exponent, at least two decimals, and every digit that it has."""
    whole, _, fraction = format(amount, "f").partition(".")
    return f"{whole}.{fraction:0<2}"


Money = Annotated[
    Decimal,
    PlainSerializer(_plain, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "decimal"}, mode="serialization"),
]
"""An amount. In JSON it is a string, such as ``"150.00"``: a number loses its scale, and in browsers digits."""
Email = Annotated[str | None, _EmailOrNone]
Timestamp = Annotated[
    AwareDatetime | Annotated[AwareDatetime, BeforeValidator(_parse_timestamp)], Field(union_mode="left_to_right")
]
Phone = Field(default=None, validation_alias=AliasChoices("phone", "customer_phone"))
TierColumn = Field(default=None, validation_alias=AliasChoices("customer_tier", "tier"))
RowId = Annotated[UUID | str, Field(union_mode="left_to_right")]
"""The id of a row: a UUID, or a text in shops that have other ids; the same however the row was read."""
CustomerId = Field(validation_alias=AliasChoices("id", "customer_id"))


UNREADABLE = "unreadable"
"""Where a row's `__dict__` keeps what could not be read; most rows have no such entry."""


# Models are built on first use. Not with pydantic before 2.14: if two threads build one at once, one of them fails.
_DEFER_BUILD = tuple(map(int, VERSION.split(".")[:2])) >= (2, 14)


class Masked(BaseModel):
    """A model whose `repr` and `str` mask e-mail addresses and phone numbers (R8)."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Return the fields as they are shown."""
        return ((name, shown(name, value)) for name, value in super().__repr_args__())


class Model(Masked):
    """The base of all rows: frozen; unknown columns are kept in `model_extra`."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
        ser_json_inf_nan="null",
        defer_build=_DEFER_BUILD,
    )

    COLUMNS: ClassVar[tuple[str, ...]] = ()
    """The fields that a notebook shows, in a table of many rows too; empty for all."""

    @property
    def unreadable(self) -> Mapping[str, Any]:
        """The columns that hold a value their field cannot, as the server sent them; empty for most rows.

        Such a field is None, or without the values that are odd, such as a null in a list. JSON that is nested
        too deep to be read is kept as text.
        """
        kept: Mapping[str, Any] = vars(self).get(UNREADABLE, {})
        return kept

    def _repr_html_(self) -> str:
        """Show the row in a notebook, one field a line, masked as in `repr`."""
        return definitions(type(self).__name__, displayed(self))


def displayed(row: Model) -> dict[str, Any]:
    """Return what a notebook shows of a row, by name; what the row does not know is left out."""
    values = {name: getattr(row, name) for name in displayed_names(row)}
    return {name: shown(name, value) for name, value in values.items() if value is not None}


def displayed_names(row: Model) -> Sequence[str]:
    """Return the names of what a notebook shows of a row, in their order."""
    return row.COLUMNS or [name for name, field in type(row).model_fields.items() if field.repr]
