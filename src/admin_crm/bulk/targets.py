"""Whom a bulk operation is for: ids out of ids, customers, a page, a list, a frame, or anything that gives them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from pydantic import BaseModel

from admin_crm._core import validation as check
from admin_crm.errors import InvalidInputError, InvalidTypeError
from admin_crm.models import AdminCustomer, AdminNotes, CreatedCustomer, CustomerProfile, Order

if TYPE_CHECKING:
    from admin_crm._core.backends import Frame

    Customer = UUID | str | AdminCustomer | CustomerProfile | CreatedCustomer | AdminNotes | Order
    Customers = Iterable[Customer] | Frame

_ID_COLUMNS = ("customer_id", "id")
"""Where a frame has the customers' ids; of orders, `id` would be the order's."""


def customer_ids(customers: Customers) -> list[UUID]:
    """Return the ids of customers, in their order and each of them once.

    Args:
        customers: ids, customers, their orders or notes, in a list, a page, or anything that can be iterated over;
            or a frame of pandas, polars or Arrow with a column `customer_id` or `id`.

    Raises:
        InvalidInputError: one of them is no customer and no id; the message says at which place, from 0.
    """
    return list(dict.fromkeys(_id_of(each, place) for place, each in enumerate(_each(customers))))


def _each(customers: Any) -> Iterable[object]:
    single = isinstance(customers, str | bytes | UUID | BaseModel)
    if single or not (hasattr(customers, "__iter__") or hasattr(customers, "to_pylist")):
        raise InvalidTypeError(
            f"customers must be a list, a page or a frame of customers, not {type(customers).__name__}",
            argument="customers",
            hint="put a single customer in a list; collect a lazy frame or an asynchronous stream first",
        )
    columns = getattr(customers, "column_names", None) or getattr(customers, "columns", None)
    if columns is not None:
        customers = _id_column(customers, columns)
    # What Arrow iterates over is not Python's own.
    return cast("Iterable[object]", customers.to_pylist() if hasattr(customers, "to_pylist") else customers)


def _id_column(frame: Any, columns: Iterable[object]) -> Any:
    names = [name for name in _ID_COLUMNS if name in list(columns)]
    if not names:
        raise InvalidInputError(
            f"the frame of customers has no column {' or '.join(_ID_COLUMNS)}",
            argument="customers",
            hint="if the ids are its index, use frame.reset_index()",
        )
    return frame[names[0]]


def _id_of(customer: object, place: int) -> UUID:
    argument = f"customers[{place}]"
    if isinstance(customer, AdminCustomer | CustomerProfile | CreatedCustomer):
        return customer.id
    if isinstance(customer, Order | AdminNotes):
        customer = customer.customer_id
    if not isinstance(customer, UUID | str):
        raise InvalidTypeError(
            f"{argument} must be a customer or an id, not {type(customer).__name__}", argument="customers"
        )
    try:
        return check.uuid(customer, argument)
    except InvalidInputError as error:
        error.argument = "customers"
        raise
