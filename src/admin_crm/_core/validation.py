"""Validate arguments before a request is sent (R3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import MAXYEAR, date, datetime, tzinfo
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from math import isfinite
from typing import Any, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from admin_crm._core.redaction import redact, shape_of
from admin_crm.errors import InvalidInputError, InvalidTypeError
from admin_crm.settings import ZONE_HINT, Settings, zone_of

E = TypeVar("E", bound=StrEnum)
M = TypeVar("M", bound=BaseModel)
R = TypeVar("R")

DEEPEST_JSON = 100
"""How many levels of JSON are written; far below what every reader of the shop's can read."""
LONGEST_JSON_INTEGER = 14_000
"""Bits of the longest integer that is written: about as many digits as Python converts."""
LARGEST_AMOUNT = 10**15
"""The largest amount of money that can be asked for, in the shop's currency."""
LONGEST_AMOUNT = 40
"""The most digits of such an amount."""

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not one of the fields",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}
"""What to say of the errors of pydantic that users meet most."""

# Python's UUID() also takes underscores, braces and "urn:uuid:", in which a typing error becomes another id.
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{12}", re.ASCII)


def uuid(value: object, argument: str = "customer_id") -> UUID:
    """Return an id as a UUID; accepts a UUID or a string."""
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str):
        raise InvalidTypeError(f"{argument} must be a UUID, not {type(value).__name__}", argument=argument)
    if not _UUID.fullmatch(value.strip()):
        raise InvalidInputError(f"{argument} must be a UUID, not {shape_of(value)}", argument=argument)
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


def boolean(value: object, argument: str) -> bool:
    """Return True or False."""
    if not isinstance(value, bool):
        raise InvalidTypeError(f"{argument} must be True or False, not {type(value).__name__}", argument=argument)
    return value


def amount(value: object, argument: str) -> Decimal:
    """Return an amount of money as a decimal number that is not negative; a float as it is printed."""
    if not isinstance(value, Decimal | int | float) or isinstance(value, bool):
        raise InvalidTypeError(f"{argument} must be a number, not {type(value).__name__}", argument=argument)
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or not 0 <= number <= LARGEST_AMOUNT:
        raise InvalidInputError(f"{argument} must be from 0 to {LARGEST_AMOUNT:,}", argument=argument)
    if len(str(number)) > LONGEST_AMOUNT:
        raise InvalidInputError(f"{argument} has too many digits", argument=argument)
    return number


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
    return storable(value, argument)


def storable(value: str, argument: str) -> str:
    """Return a string that Postgres can store: without NUL and half surrogate pairs."""
    if "\x00" in value or not _encodable(value):
        raise InvalidInputError(f"{argument} contains characters that the database cannot store", argument=argument)
    return value


def json_value(value: object, argument: str, *, max_length: int) -> Any:
    """Return a value as JSON that Postgres can store, and that is read back whole."""
    try:
        plain: object = to_jsonable_python(value, inf_nan_mode="constants")
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"{argument} contains a value that JSON cannot hold", argument=argument) from error
    _check_json(plain, argument, 1)
    length = len(json.dumps(plain, ensure_ascii=False))
    if length > max_length:
        raise InvalidInputError(f"{argument} must be at most {max_length} characters of JSON", argument=argument)
    return plain


def names(value: object, argument: str) -> list[str]:
    """Return a list of names, without duplicates."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidTypeError(f"{argument} must be a list of names, not {type(value).__name__}", argument=argument)
    found = [text(each, argument, max_length=100) for each in cast("Iterable[object]", value)]
    if not found:
        raise InvalidInputError(f"{argument} must name at least one", argument=argument)
    return list(dict.fromkeys(found))


def rows(value: Iterable[R], kind: type | tuple[type, ...], argument: str) -> list[R]:
    """Return rows of the library's, such as customers, that a caller has in any iterable."""
    what = " or ".join(each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,)))
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidTypeError(f"{argument} must be a list of {what}, not {type(value).__name__}", argument=argument)
    found = list(value)
    odd = next((number for number, row in enumerate(found) if not isinstance(row, kind)), None)
    if odd is not None:
        raise InvalidTypeError(f"{argument}[{odd}] must be {what}, not {type(found[odd]).__name__}", argument=argument)
    return found


def settings_or_default(value: Settings | None) -> Settings:
    """Return settings; the default ones where there are none."""
    if value is None:
        return Settings()
    if not isinstance(value, Settings):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidTypeError(f"settings must be Settings, not {type(value).__name__}", argument="settings")
    return value


def data(value: object, model: type[M], argument: str, what: str) -> M:
    """Return a model, or a mapping with the same fields as one; an error names the fields and quotes no value."""
    if isinstance(value, model):
        return value
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise invalid_fields(error, argument, what) from error


def invalid_fields(error: ValidationError, argument: str, what: str) -> InvalidInputError:
    """Return the error that says which fields of an input are wrong, and why; it quotes no value."""
    wrong = [
        f"{'.'.join(map(str, each['loc'])) or argument} {_WORDS.get(each['type']) or _reason(each['msg'])}"
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return InvalidInputError(f"{what} is invalid: {'; '.join(wrong)}", argument=argument)


def _reason(message: str) -> str:
    """Return pydantic's message as the end of a sentence that begins with the field's name."""
    message = message.removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    return message.replace("should ", "must ", 1)


def member(value: object, enum: type[E], argument: str) -> E:
    """Return a value as a member of the enumeration."""
    if not isinstance(value, str):
        raise InvalidTypeError(f"{argument} must be a string, not {type(value).__name__}", argument=argument)
    try:
        return enum(value)
    except ValueError:
        meant = nearest(value.strip().casefold(), list(enum))
        raise InvalidInputError(
            f"{argument} must be one of {', '.join(enum)}, not {shown(value)}",
            argument=argument,
            hint=None if meant is None else f"did you mean {meant!r}?",
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


def day(value: object, argument: str) -> date:
    """Return a date that has a year after it; the time of day of a datetime does not matter."""
    if not isinstance(value, date):
        raise InvalidTypeError(f"{argument} must be a date, not {type(value).__name__}", argument=argument)
    if value.year == MAXYEAR:
        raise InvalidInputError(f"{argument} must be before the year {MAXYEAR}", argument=argument)
    return value.date() if isinstance(value, datetime) else value


def time_zone(value: object, argument: str = "time_zone") -> tzinfo:
    """Return the time zone of an IANA name, such as ``America/Mexico_City``."""
    if not isinstance(value, str):
        raise InvalidTypeError(f"{argument} must be a string, not {type(value).__name__}", argument=argument)
    try:
        return zone_of(value)
    except ValueError as error:
        raise InvalidInputError(str(error), argument=argument, hint=ZONE_HINT) from None


def nearest(value: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known word that is most alike, to ask whether it was meant; None if none is alike enough."""
    alike = get_close_matches(value, [str(each) for each in known], n=1, cutoff=cutoff)
    return alike[0] if alike else None


def shown(value: str) -> str:
    """Return a value as an error may show it: short, and without personal data."""
    return repr(redact(value, 60))


def _check_json(value: object, argument: str, depth: int) -> None:
    if depth > DEEPEST_JSON:
        raise InvalidInputError(f"{argument} is nested more than {DEEPEST_JSON} levels deep", argument=argument)
    if isinstance(value, str):
        storable(value, argument)
    elif isinstance(value, dict | list):
        items = cast("dict[str, object] | list[object]", value)
        if isinstance(items, dict):
            for name in items:
                storable(name, argument)
            items = list(items.values())
        for each in items:
            _check_json(each, argument, depth + 1)
    elif isinstance(value, float) and not isfinite(value):
        raise InvalidInputError(f"{argument} contains {value}, which JSON cannot hold", argument=argument)
    elif isinstance(value, int) and value.bit_length() > LONGEST_JSON_INTEGER:
        raise InvalidInputError(f"{argument} contains an integer of too many digits", argument=argument)


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
