"""Arguments are checked before anything is sent (R3)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from admin_crm._core.redaction import redact
from admin_crm.errors import InvalidInputError

E = TypeVar("E", bound=StrEnum)


def uuid(value: object, argument: str = "customer_id") -> UUID:
    """Return an id as a UUID, from a UUID or its text."""
    if isinstance(value, UUID):
        return value
    if isinstance(value, str):
        try:
            return UUID(value.strip())
        except ValueError:
            pass
    raise InvalidInputError(f"{argument} must be a UUID, not {_named(value)}", argument=argument)


def whole(value: object, argument: str, *, least: int = 1, most: int | None = None) -> int:
    """Return a whole number within its bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InvalidInputError(f"{argument} must be a whole number from {least} up", argument=argument)
    if most is not None and value > most:
        raise InvalidInputError(f"{argument} must be at most {most}", argument=argument)
    return value


def text(value: object, argument: str, *, most: int) -> str:
    """Return a text that is neither blank nor too long, without the space around it."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(f"{argument} must be a text that is not blank", argument=argument)
    return bounded(value.strip(), argument, most=most)


def bounded(value: object, argument: str, *, most: int) -> str:
    """Return a text, perhaps empty, that is not too long and that Postgres can hold."""
    if not isinstance(value, str):
        raise InvalidInputError(f"{argument} must be a text", argument=argument)
    if len(value) > most:
        raise InvalidInputError(f"{argument} must be at most {most} characters long", argument=argument)
    if "\x00" in value or not _encodable(value):
        raise InvalidInputError(f"{argument} holds characters that the database cannot store", argument=argument)
    return value


def member(value: object, kind: type[E], argument: str) -> E:
    """Return a value as a member of its enumeration."""
    try:
        return kind(value)  # type: ignore[arg-type]
    except ValueError:
        raise InvalidInputError(
            f"{argument} must be one of {', '.join(kind)}, not {_named(value)}", argument=argument
        ) from None


def aware(value: object, argument: str) -> datetime:
    """Return a moment that says its time zone."""
    if not isinstance(value, datetime):
        raise InvalidInputError(f"{argument} must be a datetime", argument=argument)
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidInputError(
            f"{argument} must say its time zone, such as datetime(2026, 1, 1, tzinfo=UTC)", argument=argument
        )
    return value


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _named(value: object) -> str:
    return repr(redact(value, 60)) if isinstance(value, str) else type(value).__name__
