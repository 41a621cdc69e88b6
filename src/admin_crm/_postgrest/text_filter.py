"""PostgREST's filter for a text: in the name, phone or WhatsApp, or at the beginning of the id."""

from __future__ import annotations

import re
from urllib.parse import quote
from uuid import UUID

from admin_crm._core.text_pattern import number_pattern, text_pattern


def text_filter(text: str, key: str, columns: frozenset[str], *, length: int | None = None) -> str:
    """Return the condition for PostgREST's `or`; an empty string for an empty text.

    The text is sent as a regular expression: `ilike` cannot match a literal `*`, because PostgREST replaces it
    with a wildcard, and it knows nothing of accents.

    Args:
        text: the text to find, matched literally.
        key: the name of the view's key column.
        columns: the view's columns; where they are not known, the usual ones are used.
        length: search for the beginning of the text only, of this many letters.
    """
    if not text:
        return ""
    phone = "phone" if "phone" in columns or "customer_phone" not in columns else "customer_phone"
    names = [name for name in ("full_name", phone, "whatsapp") if name in columns or not columns]
    number = quoted(number_pattern(text, length=length))
    name = quoted(text_pattern(text, length=length))
    conditions = [f"{each}.match.{name if each == 'full_name' else number}" for each in names]
    return ",".join([*conditions, *_ids(text, key)])


def fitting_length(text: str, columns: frozenset[str], room: int) -> int | None:
    """Return how many letters of a text a URL has room for; None if for all of them.

    Args:
        text: the text to find.
        columns: the view's columns.
        room: how many characters of the URL its filter may take.
    """
    length: int | None = None
    while (length is None or length > 1) and url_length(
        text_filter(text, "customer_id", columns, length=length)
    ) > room:
        length = (len(text) if length is None else length) * 3 // 4
    return length


def url_length(text: str) -> int:
    """Return the length of a text in a URL."""
    return len(quote(text, safe=""))


def quoted(value: str) -> str:
    """Quote a value so that PostgREST's filter syntax takes it literally."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _ids(text: str, key: str) -> list[str]:
    """Return the condition for ids that start with a text: a range, because uuid columns know no patterns."""
    digits = text.lower().replace("-", "")
    if len(digits) > 32 or not re.fullmatch(r"[0-9a-f]+", digits):
        return []
    low, high = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    # Dashes in the text must be at the positions where a UUID has them.
    if "-" in text and not str(low).startswith(text.lower()):
        return []
    return [f"and({key}.gte.{low},{key}.lte.{high})"]
