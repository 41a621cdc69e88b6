"""Links that open a chat with a customer in WhatsApp."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm.errors import InvalidInputError, InvalidTypeError
from admin_crm.models import AdminCustomer, CustomerProfile
from admin_crm.settings import Settings

# A word before the number is harmless; after it, it is an extension or a second number.
_NUMBER = re.compile(r"[^+\d]*(\+|00)?([0-9\s().\u2010-\u2015-]+)")
_SEPARATORS = re.compile(r"[^0-9]")
_SHORTEST, _LONGEST = 8, 15
"""How many digits an international number has."""
_LONGEST_WRITTEN = 40
"""How many characters a number is written with at most."""
_NATIONAL = 10
"""How many digits after the country code show that a number without + has its code already."""


def whatsapp_link(
    customer: AdminCustomer | CustomerProfile | str | int, text: str = "", *, settings: Settings | None = None
) -> str:
    """Return the link that opens a WhatsApp chat with a customer, with a text to send.

    A number that begins with + or 00 keeps its country code. So does one that begins with the shop's own code and has
    at least 10 digits after it. Any other number gets the shop's code, without zeros before it.

    Args:
        customer: the customer, whose WhatsApp number is used, otherwise the phone number; or a number.
        text: the text, at most 5,000 characters; the administrator can change it before it is sent.
        settings: has the shop's `country_code`; by default 52, Mexico.

    Returns:
        A link such as ``https://wa.me/525512345678?text=Hola``.

    Raises:
        InvalidInputError: the customer has no usable number, or the text is too long.

    Reads nothing.

    Examples:
        >>> whatsapp_link("55 1234 5678", "Hola, ¿todo bien?")
        'https://wa.me/525512345678?text=Hola%2C%20%C2%BFtodo%20bien%3F'
    """
    code = check.settings_or_default(settings).country_code
    check.bounded_text(text, "text", max_length=5_000)
    numbers = [_digits(number, code) for number in _numbers(customer)]
    usable = next((number for number in numbers if number), None)
    if usable is None:
        raise InvalidInputError(
            "there is no usable WhatsApp or phone number",
            argument="customer",
            customer_id=_id(customer),
            hint="correct the number in the customer's profile",
        )
    return f"https://wa.me/{usable}" + (f"?text={quote(text, safe='')}" if text else "")


def _numbers(customer: object) -> list[str]:
    """Return the numbers to try, the preferred one first."""
    if isinstance(customer, AdminCustomer | CustomerProfile):
        return [number for number in (customer.whatsapp, customer.phone) if number]
    if isinstance(customer, str | int) and not isinstance(customer, bool):
        return [str(customer)]
    raise InvalidTypeError(
        f"customer must be a customer or a phone number, not {type(customer).__name__}", argument="customer"
    )


def _id(customer: object) -> UUID | None:
    return customer.id if isinstance(customer, AdminCustomer | CustomerProfile) else None


def _digits(number: str, code: str) -> str | None:
    """Return a number's digits with a country code; None if it is no phone number."""
    number = number.strip()
    if len(number) > _LONGEST_WRITTEN:
        return None
    written = _NUMBER.fullmatch(unicodedata.normalize("NFKC", number).replace("(0)", ""))
    if written is None:
        return None
    digits = _SEPARATORS.sub("", written[2])
    if not written[1]:
        digits = digits.lstrip("0")
        if not (digits.startswith(code) and len(digits) >= len(code) + _NATIONAL):
            digits = code + digits if digits else ""
    valid = _SHORTEST <= len(digits) <= _LONGEST and not digits.startswith("0")
    return digits if valid else None
