"""The cells of an exported row: a customer's or an order's values, by the names of the columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from admin_crm._core.fields import Timestamp
from admin_crm._postgrest.columns import OTHER_NAMES, chosen_columns
from admin_crm.models import AdminCustomer, Order
from admin_crm.models.customers import COMPUTED_FROM

_CUSTOMER: dict[str, tuple[str, ...]] = {**COMPUTED_FROM, "age": ("birthdate",)}
_ORDER: dict[str, tuple[str, ...]] = {"is_cancelled": ("status",)}
_ORDER_COLUMNS = (
    "id", "order_number", "customer_id", "created_at", "status", "is_cancelled", "payment_method", "payment_status",
    "subtotal", "shipping_cost", "discount", "total", "tracking_notes", "items",
)  # fmt: skip
PERSONAL_OF_ORDERS = {"tracking_notes", "mp_payment_data"}
"""What may say who has ordered, or where they live."""


class ExportedCustomer(AdminCustomer):
    """A customer of the directory, with what else the library knows of the view's columns."""

    last_order_date: Timestamp | None = None
    updated_at: Timestamp | None = None
    suspension_end: Timestamp | None = None

    @property
    def age(self) -> int | None:
        """The age in years, today in UTC; None where the birthdate is unknown or lies ahead."""
        return None if self.birthdate is None else _years_since(self.birthdate)


class ExportedOrder(Order):
    """An order, with what else the library knows of the table's columns."""

    updated_at: Timestamp | None = None
    whatsapp_sent_at: Timestamp | None = None


def customer_fields(columns: Sequence[str]) -> list[str]:
    """Return the fields of `ExportedCustomer`, or names of other columns, that some columns are made from."""
    return _fields(_renamed(columns), _CUSTOMER)


def customer_cells(columns: Sequence[str]) -> Callable[[BaseModel], list[Any]]:
    """Return what takes the cells of some columns out of an `ExportedCustomer`."""
    return _cells(_renamed(columns), ExportedCustomer, _CUSTOMER)


def order_columns(columns: Sequence[str] | None, *, personal: bool) -> list[str]:
    """Return the columns of exported orders: those that are asked for, or the usual ones.

    Raises:
        InvalidInputError: a column is personal, and `personal` is not set.
    """
    return chosen_columns(columns, _ORDER_COLUMNS, PERSONAL_OF_ORDERS, personal=personal)


def order_fields(columns: Sequence[str]) -> list[str]:
    """Return the columns of the table that some columns of exported orders are made from, and what every read needs."""
    return _fields(["id", "customer_id", *columns], _ORDER)


def order_cells(columns: Sequence[str]) -> Callable[[BaseModel], list[Any]]:
    """Return what takes the cells of some columns out of an `ExportedOrder`."""
    return _cells(columns, ExportedOrder, _ORDER)


def _renamed(columns: Sequence[str]) -> list[str]:
    return [OTHER_NAMES.get(name, name) for name in columns]


def _fields(columns: Sequence[str], computed: dict[str, tuple[str, ...]]) -> list[str]:
    return list(dict.fromkeys(field for name in columns for field in computed.get(name, (name,))))


def _cells(columns: Sequence[str], model: type[BaseModel], computed: Iterable[str]) -> Callable[[BaseModel], list[Any]]:
    known = {*model.model_fields, *computed}

    def cells(row: BaseModel) -> list[Any]:
        more = row.model_extra or {}
        return [getattr(row, name) if name in known else more.get(name) for name in columns]

    return cells


def _years_since(day: date) -> int | None:
    today = datetime.now(UTC).date()
    years = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    return years if years >= 0 else None
