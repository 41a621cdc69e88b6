"""Search the directory on the server; the text is escaped and matched literally."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import TypeVar
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.connection import facts_of
from admin_crm._core.pager import Batch, fetch_at_offsets
from admin_crm._postgrest.decode import read_total, require_total
from admin_crm._postgrest.query import EXACT_COUNT, Query, send_query
from admin_crm._postgrest.rights import check_search
from admin_crm._postgrest.view import fetch_from_view, fetch_view_columns
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import AdminCRMError, SchemaMismatchError
from admin_crm.labels import (
    HEALTH_LABELS,
    SEGMENT_LABELS,
    AccountStatus,
    CustomerTier,
    canonical_health,
    canonical_segment,
)
from admin_crm.models import AdminCustomer, Page

L = TypeVar("L", bound=StrEnum)

_PAST_THE_END = "PGRST103"
_ACCENTS = {"a": "áàâäã", "e": "éèêë", "i": "íìîï", "o": "óòôöõ", "u": "úùûü", "n": "ñ", "c": "ç"}
_ACCENTED = {
    each: f"[{plain}{accented}{accented.upper()}]"
    for plain, accented in _ACCENTS.items()
    for each in (plain, plain.upper())
}
_MAX_ACCENT_INSENSITIVE = 40
"""Accent-insensitive matching makes a text about twenty times longer, and the length of a URL is limited."""


@operation
async def search_customers(
    crm: AnyCRM,
    text: str = "",
    *,
    segment: str | None = None,
    health_status: str | None = None,
    tier: str | CustomerTier | None = None,
    status: str | AccountStatus | None = None,
    page: int = 1,
    page_size: int = 15,
) -> Page[AdminCustomer]:
    """Search the directory on the server: the name, phone or WhatsApp contains the text, or the id starts with it.

    The text is matched literally and case-insensitively. An unaccented letter also matches its accented forms.
    The punctuation of phone numbers is ignored.

    Args:
        crm: the connection.
        text: the text to find, at most 200 characters; an empty text matches all customers.
        segment: a canonical segment (matches all its labels) or a shop's own label.
        health_status: a canonical health status (matches all its labels) or a shop's own label.
        tier: bronze, silver, gold or platinum.
        status: active, suspended or banned.
        page: the page number, from 1; a page past the last one is empty.
        page_size: customers per page, at most 10,000.

    Returns:
        The page, newest customers first, with the total and the number of pages.

    Raises:
        InvalidInputError: an argument is out of bounds.
        PermissionDeniedError: these credentials do not see the customers: a publishable key alone, a user who is
            no administrator, or a key that the view is closed to.
        SchemaMismatchError: the view has no column for a filter.

    Reads the view `customer_intelligence_360`.

    Needs an administrator's session, or the secret key where the view is open to it.

    Examples:
        >>> found = search_customers(crm, "ñandú", segment="champion")
        >>> found.total, found.items
    """
    check.bounded_text(text, "text", max_length=200)
    check.integer(page, "page")
    check.integer(page_size, "page_size", maximum=10_000)
    filters = {
        "segment": _label_values(segment, "segment", canonical_segment, SEGMENT_LABELS),
        "health_status": _label_values(health_status, "health_status", canonical_health, HEALTH_LABELS),
        "tier": None if tier is None else [check.member(tier, CustomerTier, "tier")],
        "account_status": None if status is None else [check.member(status, AccountStatus, "status")],
    }
    columns = await fetch_view_columns(crm)
    column_filters = [(_column(crm, name, columns), values) for name, values in filters.items() if values is not None]

    start = (page - 1) * page_size

    def query(offset: int, limit: int, key: str) -> Query:
        rows = crm.supabase.table(crm.settings.view).select("*", count=EXACT_COUNT)
        matches = text_filter(text.strip(), key, columns)
        if matches:
            rows = rows.or_(matches)
        for column, values in column_filters:
            rows = rows.in_(column, values)
        if "created_at" in columns or not columns:
            rows = rows.order("created_at", desc=True)
        return rows.order(key).offset(offset).limit(limit)

    async def page_at(offset: int) -> Batch[AdminCustomer]:
        limit = start + page_size - offset
        try:
            batch = await fetch_from_view(crm, partial(query, offset, limit), AdminCustomer)
        except AdminCRMError as error:
            if error.status != 416 and error.code != _PAST_THE_END:
                raise
            key = facts_of(crm).view_key or "id"
            return Batch([], await send_query(crm, partial(query, 0, 1, key), read_total))
        return Batch(batch.rows, require_total(batch.total))

    # The server may give fewer rows at once than were asked for.
    pager = await fetch_at_offsets(page_at, lambda customer: customer.id, start=start, max_rows=page_size)
    if (pager.total or 0) <= 1:
        await check_search(crm, pager.rows)
    return Page(items=pager.rows, total=pager.total or 0, page=page, page_size=page_size)


def text_filter(text: str, key: str, columns: frozenset[str]) -> str:
    """Return PostgREST's `or` filter for a text; an empty string for an empty text.

    The text is sent as an escaped regular expression: `ilike` cannot match a literal `*`, because PostgREST
    replaces it with a wildcard.
    """
    if not text:
        return ""
    names = [name for name in ("full_name", "phone", "customer_phone", "whatsapp") if name in columns]
    patterns = [(name, escaped(text)) for name in names or ("full_name", "phone", "whatsapp")]
    digits = "".join(filter(str.isdecimal, text))
    if len(digits) >= 4 and re.fullmatch(r"[\d\s()+.-]+", text, re.ASCII):
        patterns += [(name, "[^0-9]*".join(digits)) for name, _ in patterns if name != "full_name"]
    return ",".join([*(f"{name}.imatch.{quoted(pattern)}" for name, pattern in patterns), *_ids(text, key)])


def escaped(text: str) -> str:
    """Escape a text to a Postgres regular expression that matches it literally, in any case.

    Unaccented letters also match their accented forms. Both cases of an accented letter are listed, because
    Postgres may run in a locale that ignores the case of non-ASCII letters.
    """
    patterns = _ACCENTED if len(text) <= _MAX_ACCENT_INSENSITIVE else {}
    return "".join(patterns.get(char) or _char_pattern(char) or char for char in text)


def _char_pattern(char: str) -> str | None:
    """Return the pattern for punctuation (escaped) or a non-ASCII letter (both cases); None for other characters."""
    if char.isascii():
        return None if char.isalnum() or char.isspace() else "\\" + char
    cases = {char, char.lower(), char.upper()}
    return f"[{''.join(sorted(cases))}]" if len(cases) > 1 and all(len(each) == 1 for each in cases) else None


def quoted(value: str) -> str:
    """Quote a value so that PostgREST's filter syntax takes it literally."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _ids(text: str, key: str) -> list[str]:
    """Return the filter for ids that start with a text: a range, because uuid columns do not support patterns."""
    digits = text.lower().replace("-", "")
    if len(digits) > 32 or not re.fullmatch(r"[0-9a-f]+", digits):
        return []
    low, high = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    # Dashes in the text must be at the positions where a UUID has them.
    if "-" in text and not str(low).startswith(text.lower()):
        return []
    return [f"and({key}.gte.{low},{key}.lte.{high})"]


def _label_values(
    value: str | None, argument: str, canonical_of: Callable[[str], L | None], known: Mapping[L, tuple[str, ...]]
) -> list[str] | None:
    if value is None:
        return None
    canonical = canonical_of(check.text(value, argument, max_length=100))
    return sorted({value, *known[canonical]}) if canonical else [value]


def _column(crm: AnyCRM, name: str, columns: frozenset[str]) -> str:
    names = ("customer_tier", "tier") if name == "tier" else (name,)
    for each in names:
        if each in columns or not columns:
            return each
    raise SchemaMismatchError(
        f"the view {crm.settings.view} has no column {' or '.join(names)} to filter by",
        kind="column",
        name=names[0],
        hint="add the column to the view, or use filter_customers on the result of get_all_customers",
    )
