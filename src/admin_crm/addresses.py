"""A customer's addresses: added, corrected, and which of them is the default."""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import EllipsisType
from typing import Any, NoReturn
from uuid import UUID, uuid4

from admin_crm._core import validation as check
from admin_crm._core.connection import link_of
from admin_crm._core.gather import pause
from admin_crm._core.rows import Json
from admin_crm._postgrest.decode import read_rows
from admin_crm._postgrest.query import (
    check_exists,
    customer_not_found,
    fetch,
    fetch_one,
    insert_once,
    send_query,
    writable,
)
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import (
    AdminCRMError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
)
from admin_crm.models import Address, AddressData, CustomerProfile

__all__ = ["AddressData", "add_customer_address", "set_default_address", "update_customer_address"]

_REQUIRED = ("type", "street", "number", "colony", "city", "state", "zip_code")
_LONG = ("notes", "references")
_MAX_ATTEMPTS = 10


@operation
async def add_customer_address(
    crm: AnyCRM, customer_id: UUID | str, address: AddressData | Mapping[str, Any]
) -> Address:
    """Add an address to a customer.

    What the address omits comes from the customer (recipient and phone), the setting `address_label`, or the
    database's defaults (city and state). With `is_default=True` the other addresses are no longer the default;
    without `is_default` the address becomes the default if the customer has none.

    Args:
        crm: the connection; a secret key or an administrator's session.
        customer_id: the customer.
        address: the address, as `AddressData` or as a mapping with the same fields.

    Returns:
        The address as stored.

    Raises:
        InvalidInputError: the address is invalid, or its `customer_id` is another customer's.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: these credentials are not allowed to write addresses.

    Reads `customer_profiles`, reads and writes `addresses`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> home = AddressData(street="Calle 5 de Mayo", number="7", colony="Centro", zip_code="72000")
        >>> add_customer_address(crm, customer_id, home)
    """
    customer, data = check.uuid(customer_id), check.data(address, AddressData, "address", "the address")
    if data.customer_id not in (None, customer):
        raise InvalidInputError("address.customer_id is another customer's id", argument="address")
    table, profiles = crm.settings.addresses_table, crm.settings.profiles_table
    profile = await fetch_one(crm, profiles, customer, CustomerProfile, column="id")
    if profile is None:
        raise customer_not_found()
    is_default = data.is_default
    if is_default is None:
        is_default = not await _default_ids(crm, customer)
    row = data.to_row(label=crm.settings.address_label, full_name=profile.full_name, phone=profile.phone)
    row |= {"id": str(uuid4()), "customer_id": str(customer), "is_default": is_default}
    added = await insert_once(crm, table, row, Address, "address")
    if is_default:
        await _keep_one_default(crm, customer, UUID(row["id"]), "the address was added")
    return added


@operation
async def update_customer_address(
    crm: AnyCRM,
    address_id: UUID | str,
    *,
    type: str | EllipsisType = ...,  # noqa: A002 (the column's name)
    label: str | EllipsisType | None = ...,
    full_name: str | EllipsisType | None = ...,
    street: str | EllipsisType = ...,
    number: str | EllipsisType = ...,
    colony: str | EllipsisType = ...,
    city: str | EllipsisType = ...,
    state: str | EllipsisType = ...,
    zip_code: str | EllipsisType = ...,
    phone: str | EllipsisType | None = ...,
    notes: str | EllipsisType | None = ...,
    references: str | EllipsisType | None = ...,
) -> Address:
    """Correct an address; arguments that are omitted keep their value, None clears it.

    Which address is the default is changed with `set_default_address`.

    Args:
        crm: the connection; a secret key or an administrator's session.
        address_id: the `id` of the address.
        type: shipping or billing.
        label: the customer's name for the address; this and all others are at most 200 characters.
        full_name: the recipient.
        street: the street; it cannot be cleared, nor can number, colony, city, state and zip_code.
        number: the house number.
        colony: the neighbourhood (colonia).
        city: the city.
        state: the state.
        zip_code: the postal code.
        phone: the recipient's phone number.
        notes: delivery notes, at most 2,000 characters.
        references: landmarks, at most 2,000 characters.

    Returns:
        The address after the change.

    Raises:
        InvalidInputError: no argument is passed, or a value is invalid.
        NotFoundError: the address does not exist, or is not visible with these credentials.
        PermissionDeniedError: these credentials can see the address but not change it.

    Writes `addresses`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> update_customer_address(crm, address.id, number="9", references=None)
    """
    address = check.uuid(address_id, "address_id")
    given = {
        "type": type, "label": label, "full_name": full_name, "street": street, "number": number, "colony": colony,
        "city": city, "state": state, "zip_code": zip_code, "phone": phone, "notes": notes, "references": references,
    }  # fmt: skip
    changes = {name: _value(name, value) for name, value in given.items() if not isinstance(value, EllipsisType)}
    if not changes:
        raise InvalidInputError("pass at least one column of the address", argument="street")
    updated = await _update(crm, changes, id=address)
    if not updated:
        await _explain_untouched(crm, address)
    return updated[0]


@operation
async def set_default_address(crm: AnyCRM, customer_id: UUID | str, address_id: UUID | str) -> Address:
    """Make an address the customer's default, and all others not.

    The new default is set before the others are unset, so there is always one; the result is checked. Safe to repeat.

    Args:
        crm: the connection; a secret key or an administrator's session.
        customer_id: the customer.
        address_id: the `id` of the address.

    Returns:
        The default address.

    Raises:
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        NotFoundError: the customer has no such address.
        PermissionDeniedError: these credentials can see the address but not change it.
        ConflictError: other administrators keep changing the default.
        AdminCRMError: the address is a default, but another one could not be unset; call the function again.

    Reads and writes `addresses`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> set_default_address(crm, customer_id, customer.addresses[1].id)
    """
    customer, address = check.uuid(customer_id), check.uuid(address_id, "address_id")
    updated = await _update(crm, {"is_default": True}, id=address, customer_id=customer)
    if not updated:
        await check_exists(crm, customer)
        await _explain_untouched(crm, address, customer)
    await _keep_one_default(crm, customer, address, "the address is a default now")
    return updated[0]


async def _keep_one_default(crm: AnyCRM, customer: UUID, address: UUID, done: str) -> None:
    """Unset the other defaults; if somebody else chose another one at the same time, choose once more."""
    try:
        for attempt in range(_MAX_ATTEMPTS):
            await _update(crm, {"is_default": False}, but=address, customer_id=customer, is_default=True)
            defaults = await _default_ids(crm, customer)
            if defaults == [address]:
                return
            await pause(link_of(crm), random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 (jitter, not cryptography)
            if address not in defaults:
                await _update(crm, {"is_default": True}, id=address, customer_id=customer)
        raise ConflictError("other administrators keep changing the default address", retryable=True)
    except AdminCRMError as error:
        error.message = f"{done}, but another one may still be a default too: {error.message}"
        error.hint = f"call set_default_address(crm, {str(customer)!r}, {str(address)!r})"
        raise


async def _default_ids(crm: AnyCRM, customer: UUID) -> list[UUID | str | None]:
    table = crm.settings.addresses_table
    rows = await fetch(
        crm,
        lambda: (
            crm.supabase.table(table)
            .select("id,customer_id")
            .eq("customer_id", str(customer))
            .is_("is_default", "true")
        ),
        Address,
    )
    return [row.id for row in rows]


async def _update(crm: AnyCRM, changes: Json, *, but: UUID | None = None, **where: UUID | bool) -> list[Address]:
    """Set columns of the addresses that match, and return those."""

    def query() -> Any:
        rows = writable(crm, crm.settings.addresses_table).update(changes)
        for column, value in where.items():
            rows = rows.eq(column, str(value).lower())
        return rows if but is None else rows.neq("id", str(but))

    # Safe to repeat: it sets a fixed state.
    return await send_query(crm, query, lambda response: read_rows(response, Address))


async def _explain_untouched(crm: AnyCRM, address: UUID, customer: UUID | None = None) -> NoReturn:
    """Raise for an address that an update did not touch."""
    row = await fetch_one(crm, crm.settings.addresses_table, address, Address, column="id")
    if row is None or customer not in (None, row.customer_id):
        raise NotFoundError(
            "the customer has no such address" if customer else "the address does not exist, or is not visible",
            hint="use an id from the addresses of get_admin_customer_details",
        )
    raise PermissionDeniedError(
        "these credentials can see the address but not change it",
        hint="connect as an administrator or with the secret key",
    )


def _value(name: str, value: object) -> str | None:
    if value is None and name not in _REQUIRED:
        return None
    if name == "type" and value not in ("shipping", "billing"):
        raise InvalidInputError("type must be shipping or billing", argument="type")
    return check.text(value, name, max_length=2_000 if name in _LONG else 200)
