"""Personal data in what a notebook or a terminal stores by itself: masked, until somebody asks to see it (R8)."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, Self, cast

from admin_crm._core import validation as check
from admin_crm._core.rows import Json

_EMAILS = frozenset({"email"})
_PHONES = frozenset({"phone", "customer_phone", "whatsapp"})
_NEITHER = re.compile(r"(?:^|_)(?:id|path|url|image|number|code)$")
"""Names of fields that hold neither, though their values may look like a phone number."""
# It begins where a run of such characters does: tried at each of them, a long text would take hours.
_EMAIL = re.compile(r"(?<![^\s@\"<>(),;:])[^\s@\"<>(),;:]+@(?=[^\s@\"<>(),;:])")
# No phone number is longer; without a bound, digits with spaces between them would take hours too.
_NUMBER = re.compile(r"(?<![\w-])(?!\d{4}-\d\d-\d\d(?!\d))\+?\d[\d ().-]{6,30}\d(?![\w-])")


class PersonalDataShown:
    """Shows personal data from the moment it is made; as a context manager, until the end of the block."""

    def __init__(self, *, shown: bool) -> None:
        self._before = _switch.shown
        _switch.shown = shown

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _switch.shown = self._before

    def __repr__(self) -> str:
        return f"<personal data is {'shown' if _switch.shown else 'masked'}>"


class _Switch:
    shown = False


_switch = _Switch()


def show_personal_data(shown: bool = True) -> PersonalDataShown:
    """Show e-mail addresses and phone numbers unmasked in representations, or mask them again.

    Whatever a notebook or a terminal shows by itself, text and tables of customers, pages, details and lists, masks
    them, because notebooks are saved and shared. A single field such as `customer.email` always shows itself.

    Args:
        shown: whether they are shown from now on, in the whole process.

    Returns:
        A context manager: at the end of a ``with`` block, what was set before holds again.

    Raises:
        InvalidInputError: `shown` is neither True nor False.

    Needs no connection.

    Examples:
        >>> with show_personal_data():
        ...     print(customers[0])
    """
    return PersonalDataShown(shown=check.boolean(shown, "shown"))


def mask_email(email: str | None) -> str | None:
    """Keep the domain: ``…@example.com``."""
    if not email or "@" not in email:
        return email
    return f"…@{email.rpartition('@')[2]}"


def mask_phone(phone: str | None) -> str | None:
    """Keep the last two digits: ``…41``."""
    return f"…{phone[-2:]}" if phone else phone


def mask_text(text: str) -> str:
    """Mask the e-mail addresses and phone numbers in a text that somebody wrote."""
    return _NUMBER.sub(lambda found: f"…{found[0][-2:]}", _EMAIL.sub("…@", text))


def shown(name: str | None, value: Any) -> Any:
    """Return the value of a field as representations show it: masked, unless personal data is shown."""
    return value if _switch.shown else masked(name or "", value)


def masked(name: str, value: Any) -> Any:
    """Return the value of a field of this name with e-mail addresses and phone numbers masked, whatever is shown."""
    if isinstance(value, str):
        if type(value) is not str or _NEITHER.search(name):  # a label of ours; an id, a path
            return value
        if name in _EMAILS:
            return mask_email(value)
        return mask_phone(value) if name in _PHONES else mask_text(value)
    if isinstance(value, dict):
        return {masked("", key): masked(str(key), each) for key, each in cast("Json", value).items()}
    if isinstance(value, list):
        return [masked(name, each) for each in cast("list[object]", value)]
    return value
