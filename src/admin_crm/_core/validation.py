"""Validate arguments before a request is sent (R3)."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from admin_crm._core.redaction import redact
from admin_crm.errors import InvalidInputError, InvalidTypeError

E = TypeVar("E", bound=StrEnum)

# Python's UUID() also takes underscores, braces and "urn:uuid:", in which a typing error becomes another id.
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{12}", re.ASCII)


def uuid(value: object, argument: str = "customer_id") -> UUID:
    """Return an id as a UUID; accepts a UUID or a string."""
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str):
        raise InvalidTypeError(f"{argument} must be a UUID, not {type(value).__name__}", argument=argument)
    if not _UUID.fullmatch(value.strip()):
        raise InvalidInputError(f"{argument} must be a UUID, not {_shown(value)}", argument=argument)
    return UUID(value.strip())


def integer(value: object, argument: str, *, minimum: int = 1, maximum: int | None = None) -> int:
    """Return an integer within its bounds."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidTypeError(f"{argument} must be an integer, not {type(value).__name__}", argument=argument)
    if value < minimum:
        raise InvalidInputError(f"{argument} must be at least {minimum}, not {value}", argument=argument)
    if maximum is not None and value > maximum:
        raise InvalidInputError(f"{argument} must be at most {maximum}", argument=argument)
    return value


def text(value: object, argument: str, *, max_length: int) -> str:
    """Return a string that is neither empty nor too long, without the space around it."""
    if isinstance(value, str) and not value.strip():
        raise InvalidInputError(f"{argument} must be a non-empty string", argument=argument)
    return bounded_text(value, argument, max_length=max_length).strip()


def bounded_text(value: object, argument: str, *, max_length: int) -> str:
    """Return a string, perhaps empty, that is not too long and that Postgres can store."""
    if not isinstance(value, str):
        raise InvalidTypeError(f"{argument} must be a string, not {type(value).__name__}", argument=argument)
    if len(value.strip()) > max_length:
        raise InvalidInputError(f"{argument} must be at most {max_length} characters long", argument=argument)
    if "\x00" in value or not _encodable(value):
        raise InvalidInputError(f"{argument} contains characters that the database cannot store", argument=argument)
    return value


def member(value: object, enum: type[E], argument: str) -> E:
    """Return a value as a member of the enumeration."""
    if not isinstance(value, str):
        raise InvalidTypeError(f"{argument} must be a string, not {type(value).__name__}", argument=argument)
    try:
        return enum(value)
    except ValueError:
        raise InvalidInputError(
            f"{argument} must be one of {', '.join(enum)}, not {_shown(value)}", argument=argument
        ) from None


def aware(value: object, argument: str) -> datetime:
    """Return a datetime that has a time zone."""
    if not isinstance(value, datetime):
        raise InvalidTypeError(f"{argument} must be a datetime, not {type(value).__name__}", argument=argument)
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidInputError(
            f"{argument} must have a time zone, such as datetime(2026, 1, 1, tzinfo=UTC)", argument=argument
        )
    return value


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: str) -> str:
    return repr(redact(value, 60))
