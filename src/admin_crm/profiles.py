"""A customer's profile, corrected."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import EllipsisType
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.rows import Json
from admin_crm._postgrest.query import update_of_customer
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import InvalidInputError, InvalidTypeError
from admin_crm.models import CustomerProfile

__all__ = ["update_customer_profile"]


@operation
async def update_customer_profile(
    crm: AnyCRM,
    customer_id: UUID | str,
    *,
    full_name: str | EllipsisType = ...,
    phone: str | EllipsisType | None = ...,
    whatsapp: str | EllipsisType | None = ...,
    birthdate: date | EllipsisType | None = ...,
) -> CustomerProfile:
    """Correct a customer's name, numbers or birthdate; arguments that are omitted keep their value, None clears it.

    Args:
        crm: the connection; a secret key or an administrator's session.
        customer_id: the customer.
        full_name: the full name, at most 200 characters; it cannot be cleared.
        phone: the phone number, at most 200 characters.
        whatsapp: the WhatsApp number, at most 200 characters; it does not follow `phone`.
        birthdate: the date of birth, not in the future.

    Returns:
        The profile after the change.

    Raises:
        InvalidInputError: no argument is passed, or a value is invalid.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: these credentials can see the customer but not change the profile.

    Writes `customer_profiles`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> update_customer_profile(crm, customer_id, phone="+52 55 1234 5678", birthdate=date(1990, 5, 1))
    """
    customer = check.uuid(customer_id)
    changes: Json = {}
    for name, value in (("full_name", full_name), ("phone", phone), ("whatsapp", whatsapp)):
        if value is None and name != "full_name":
            changes[name] = None
        elif not isinstance(value, EllipsisType):
            changes[name] = check.text(value, name, max_length=200)
    if not isinstance(birthdate, EllipsisType):
        changes["birthdate"] = None if birthdate is None else _birthdate(birthdate).isoformat()
    if not changes:
        raise InvalidInputError("pass full_name, phone, whatsapp or birthdate", argument="full_name")
    return await update_of_customer(crm, crm.settings.profiles_table, customer, changes, CustomerProfile, "profile")


def _birthdate(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidTypeError(f"birthdate must be a date, not {type(value).__name__}", argument="birthdate")
    if value > (datetime.now(UTC) + timedelta(days=1)).date():  # somewhere it is tomorrow already
        raise InvalidInputError("birthdate must not be in the future", argument="birthdate")
    return value
