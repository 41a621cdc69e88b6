"""Which columns frames of customers and of orders have, and what of a row each is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from admin_crm._postgrest import arrow
from admin_crm._postgrest.arrow import AMOUNT, DAY, INTEGER, MOMENT, TEXT, Array, Kind
from admin_crm._postgrest.arrow import compute as _compute
from admin_crm._postgrest.columns import OTHER_NAMES
from admin_crm.labels import canonical_health, canonical_segment
from admin_crm.models import CANCELLED, OrderItem


class Column(NamedTuple):
    """A column of a frame."""

    fields: tuple[str, ...]
    """The fields of a row that it is made from."""
    type: pa.DataType
    """The type of the Arrow column."""
    compute: Callable[..., Array]
    """Makes it of the arrays of the fields."""


@dataclass(frozen=True)
class Layout:
    """What the library knows of a table's columns."""

    fields: Mapping[str, Kind]
    """The kind of each field; every other column of the table is kept as JSON."""
    computed: Mapping[str, Column]
    """The columns that are made from other fields."""
    other_names: Mapping[str, str]
    """The fields that fill columns which a caller may name as some shops do."""

    def kind(self, field: str) -> Kind:
        """Return the kind of a field."""
        return self.fields.get(field, arrow.JSON)

    def column(self, name: str) -> Column:
        """Return how a column is made."""
        field = self.other_names.get(name, name)
        return self.computed.get(name) or Column((field,), self.kind(field).type, _unchanged)

    def is_unknown(self, name: str) -> bool:
        """Return whether the type of a column follows from its values."""
        return name not in self.computed and self.kind(self.other_names.get(name, name)) is arrow.JSON


def _unchanged(array: Array) -> Array:
    return array


def _recency(as_sent: Array, frequency: Array) -> Array:
    never = _compute.fill_null(_compute.equal(frequency, 0), fill_value=False)
    return _compute.if_else(never, pa.scalar(None, pa.int64()), as_sent)


def _each_label(meaning: Callable[[str], object], kind: pa.DataType) -> Callable[[Array], Array]:
    """Return what looks up each label once, however many rows have it."""

    def compute(labels: Array) -> Array:
        encoded = labels.dictionary_encode()
        return pa.array([meaning(label) for label in encoded.dictionary.to_pylist()], kind).take(encoded.indices)

    return compute


def _name_of(canonical: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda label: None if (name := canonical(label)) is None else str(name)


def _cancelled(status: Array) -> Array:
    found = _each_label(lambda label: label.casefold() in CANCELLED, pa.bool_())(status)
    return _compute.fill_null(found, fill_value=False)


def _contactable(phone: Array, whatsapp: Array) -> Array:
    return _compute.or_(_is_filled(phone), _is_filled(whatsapp))


def _is_filled(texts: Array) -> Array:
    length = _compute.utf8_length(_compute.utf8_trim_whitespace(texts))
    return _compute.fill_null(_compute.greater(length, 0), fill_value=False)


def _age(birthdate: Array) -> Array:
    today = datetime.now(UTC).date()
    month_and_day = _compute.add(_compute.multiply(_compute.month(birthdate), 100), _compute.day(birthdate))
    is_ahead = _compute.greater(month_and_day, today.month * 100 + today.day).cast(pa.int64())
    age = _compute.subtract(_compute.subtract(today.year, _compute.year(birthdate)), is_ahead)
    return _compute.if_else(_compute.greater_equal(age, 0), age, pa.scalar(None, pa.int64()))


def _items(values: list[Any]) -> Array:
    if any(value is not None for value in values):
        raise ValueError  # only the model says what of an item can be read
    return pa.array(values, pa.string())


def _items_as_json(items: Sequence[OrderItem]) -> str:
    return f"[{', '.join(each.model_dump_json(exclude_unset=True) for each in items)}]"


CUSTOMERS = Layout(
    {
        "id": arrow.KEY, "full_name": TEXT, "email": arrow.EMAIL, "phone": TEXT, "whatsapp": TEXT, "birthdate": DAY,
        "created_at": MOMENT, "account_status": TEXT, "tier": TEXT, "segment": TEXT, "health_status": TEXT,
        "total_orders": INTEGER, "total_spent": AMOUNT, "recency_as_sent": INTEGER, "frequency": INTEGER,
        "monetary": AMOUNT, "avatar_url": TEXT, "ai_preferences": arrow.OBJECT, "ia_context": arrow.OBJECT,
        "last_order_date": MOMENT, "updated_at": MOMENT, "suspension_end": MOMENT,
    },
    {
        "recency_days": Column(("recency_as_sent", "frequency"), pa.int64(), _recency),
        "canonical_segment": Column(("segment",), pa.string(), _each_label(_name_of(canonical_segment), pa.string())),
        "canonical_health": Column(
            ("health_status",), pa.string(), _each_label(_name_of(canonical_health), pa.string())
        ),
        "is_contactable": Column(("phone", "whatsapp"), pa.bool_(), _contactable),
        "age": Column(("birthdate",), pa.int64(), _age),
    },
    OTHER_NAMES,
)  # fmt: skip
"""The directory's view."""

ORDERS = Layout(
    {
        "id": arrow.KEY, "customer_id": arrow.KEY, "order_number": TEXT, "created_at": MOMENT, "status": TEXT,
        "payment_method": TEXT, "payment_status": TEXT, "subtotal": AMOUNT, "shipping_cost": AMOUNT, "discount": AMOUNT,
        "total": AMOUNT, "tracking_notes": TEXT, "updated_at": MOMENT, "whatsapp_sent_at": MOMENT,
        "items": Kind(pa.string(), _items, _items_as_json),
    },
    {"is_cancelled": Column(("status",), pa.bool_(), _cancelled)},
    {},
)  # fmt: skip
"""The table of orders."""
