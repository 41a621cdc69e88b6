"""Search the directory, on the server or in a list; the text is matched literally, whatever its case and accents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import cast

from admin_crm._core import validation as check
from admin_crm._core.connection import facts_of
from admin_crm._core.pager import Batch, Pager, fetch_at_offsets
from admin_crm._core.text_pattern import number_pattern, text_pattern
from admin_crm._postgrest.columns import directory_fields
from admin_crm._postgrest.decode import read_total, require_total
from admin_crm._postgrest.query import EXACT_COUNT, Query, send_query
from admin_crm._postgrest.rights import check_search
from admin_crm._postgrest.text_filter import fitting_length, text_filter, url_length
from admin_crm._postgrest.view import fetch_from_view, fetch_view_columns
from admin_crm._postgrest.view_filters import check_labels, filtered_by, label_conditions, tier_column, view_column
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import AdminCRMError
from admin_crm.labels import (
    AccountStatus,
    CustomerTier,
    LabelFilter,
    health_filter,
    label_filters,
    segment_filter,
    status_of,
    tier_of,
)
from admin_crm.models import AdminCustomer, Page, RowList

_PAST_THE_END = "PGRST103"
_COMPARED = ("created_at", "full_name", "phone", "whatsapp")
"""The fields that a text too long for a URL is compared with here."""
_LONGEST_FILTERS = 7_000
"""How many characters of a URL the filters may take: gateways accept 8 KB, and the rest of the URL is short."""


@operation
async def search_customers(
    crm: AnyCRM,
    text: str = "",
    *,
    segment: str | None = None,
    health_status: str | None = None,
    tier: str | CustomerTier | None = None,
    status: str | AccountStatus | None = None,
    columns: Sequence[str] | None = None,
    page: int = 1,
    page_size: int = 15,
) -> Page[AdminCustomer]:
    """Search the directory on the server: the name, phone or WhatsApp contains the text, or the id starts with it.

    The text is matched literally, whatever its case, accents and spaces. The punctuation of phone numbers is
    ignored. Finds the same customers as `filter_customers` on all of them, with one exception: here the text must be
    the beginning of an id, not any part of it, because the server cannot search inside a uuid.

    Args:
        crm: the connection.
        text: the text to find, at most 200 characters; an empty text matches all customers. Of a text too long for
            a URL (about 45 letters), the server finds the beginning, and the rest is compared here.
        segment: a segment in any language and spelling (`champion`, `Champions`, `Campeón` are one), or a shop's own
            label.
        health_status: a health status in any language and spelling, or a shop's own label.
        tier: bronze, silver, gold or platinum.
        status: active, suspended or banned.
        columns: the fields of `AdminCustomer` to fetch, or names of columns that the shop has besides; by default all.
        page: the page number, from 1; a page past the last one is empty.
        page_size: customers per page, at most 10,000.

    Returns:
        The page, newest customers first, with the total and the number of pages. A customer whose id contains the
        text elsewhere than at its beginning is not among them.

    Raises:
        InvalidInputError: an argument is out of bounds, or a label that no customer has is nearly a known one.
        PermissionDeniedError: these credentials do not see the customers: a publishable key alone, a user who is
            no administrator, or a key that the view is closed to.
        SchemaMismatchError: the view has no column for a filter.

    Reads the view `customer_intelligence_360`.

    Needs an administrator's session, or the secret key where the view is open to it.

    Examples:
        >>> found = search_customers(crm, "ñandú", segment="champion")
        >>> found.total, found.items
    """
    text = check.bounded_text(text, "text", max_length=200).strip()
    check.integer(page, "page")
    check.integer(page_size, "page_size", maximum=10_000)
    labels = label_filters(segment, health_status)
    the_tier = None if tier is None else tier_of(tier)
    the_status = None if status is None else status_of(status)

    fields = directory_fields(columns, "created_at")
    view_columns = await fetch_view_columns(crm)
    conditions = label_conditions(crm, labels, view_columns)
    if the_tier is not None:
        conditions.append((tier_column(crm, view_columns), "eq", the_tier))
    if the_status is not None:
        conditions.append((view_column(crm, view_columns, "account_status"), "eq", the_status))
    room = _LONGEST_FILTERS - sum(url_length("".join(each)) for each in conditions)
    length = fitting_length(text, view_columns, room)

    def query(limit: int, offset: int, selected: str, key: str) -> Query:
        rows = filtered_by(crm.supabase.table(crm.settings.view).select(selected, count=EXACT_COUNT), conditions)
        if text:
            rows = rows.or_(text_filter(text, key, view_columns, length=length))
        if "created_at" in view_columns or not view_columns:
            rows = rows.order("created_at", desc=True)
        return cast("Query", rows.order(key).offset(offset).limit(limit))

    if length is None:
        start = (page - 1) * page_size
        pager = await _fetch(crm, query, fields, start, page_size)
        found = Page(items=pager.rows, total=pager.total or 0, page=page, page_size=page_size)
    else:
        pager = await _fetch(crm, query, directory_fields(columns, *_COMPARED), 0, None)
        found = _page_of(filter_customers(pager.rows, text), page, page_size)
    if found.total <= 1:
        await check_search(crm, found.items)
    if not found.total:
        await check_labels(crm, labels, view_columns)
    return found


def filter_customers(
    customers: Iterable[AdminCustomer],
    text: str = "",
    *,
    segment: str | None = None,
    health_status: str | None = None,
    tier: str | CustomerTier | None = None,
    status: str | AccountStatus | None = None,
) -> list[AdminCustomer]:
    """Return the customers whose name, phone, WhatsApp or id contains the text, in their original order.

    The text is matched literally, whatever its case, accents and spaces. The punctuation of phone numbers is
    ignored. Makes no request.

    Args:
        customers: the customers to filter.
        text: the text to find, at most 200 characters; an empty text matches all customers.
        segment: a segment in any language and spelling (`champion`, `Champions`, `Campeón` are one), or a shop's own
            label.
        health_status: a health status in any language and spelling, or a shop's own label.
        tier: bronze, silver, gold or platinum.
        status: active, suspended or banned.

    Raises:
        InvalidInputError: an argument is out of bounds, or a label that no customer has is nearly a known one.

    Examples:
        >>> filter_customers(customers, "nandu", segment="champion")
    """
    text = check.bounded_text(text, "text", max_length=200).strip()
    segments, healths = segment_filter(segment), health_filter(health_status)
    the_tier = None if tier is None else tier_of(tier)
    the_status = None if status is None else status_of(status)
    found = check.rows(customers, AdminCustomer, "customers")
    found = _with_label(found, segments, lambda customer: customer.segment)
    found = _with_label(found, healths, lambda customer: customer.health_status)
    contains = _finder(text)
    return RowList(
        customer
        for customer in found
        if (the_tier is None or customer.tier == the_tier)
        and (the_status is None or customer.account_status == the_status)
        and (not text or contains(customer))
    )


def _finder(text: str) -> Callable[[AdminCustomer], bool]:
    """Return what says whether a customer's name, phone, WhatsApp or id contains a text."""
    in_name, in_number, lower = re.compile(text_pattern(text)), re.compile(number_pattern(text)), text.lower()

    def contains(customer: AdminCustomer) -> bool:
        return bool(
            (customer.full_name and in_name.search(customer.full_name))
            or (customer.phone and in_number.search(customer.phone))
            or (customer.whatsapp and in_number.search(customer.whatsapp))
            or lower in str(customer.id)
            or customer.id.hex.startswith(lower)
        )

    return contains


def _with_label(
    customers: list[AdminCustomer], wanted: LabelFilter | None, label_of: Callable[[AdminCustomer], str | None]
) -> list[AdminCustomer]:
    if wanted is None:
        return customers
    matching = {label for label in set(map(label_of, customers)) if wanted.matches(label)}
    if wanted.nearest is not None and not matching:
        raise wanted.unknown()
    return [customer for customer in customers if label_of(customer) in matching]


async def _fetch(
    crm: AnyCRM,
    query: Callable[[int, int, str, str], Query],
    fields: Sequence[str] | None,
    start: int,
    max_rows: int | None,
) -> Pager[AdminCustomer]:
    """Fetch matching customers from an offset on: so many, or all of them."""

    async def page_at(offset: int) -> Batch[AdminCustomer]:
        limit = crm.settings.page_size if max_rows is None else start + max_rows - offset
        try:
            batch = await fetch_from_view(crm, partial(query, limit, offset), AdminCustomer, fields)
        except AdminCRMError as error:
            if error.status != 416 and error.code != _PAST_THE_END:
                raise
            key = facts_of(crm).view_key or "id"
            return Batch([], await send_query(crm, partial(query, 1, 0, key, key), read_total))
        return Batch(batch.rows, require_total(batch.total))

    # The server may give fewer rows at once than were asked for.
    return await fetch_at_offsets(page_at, lambda customer: customer.id, start=start, max_rows=max_rows)


def _page_of(customers: list[AdminCustomer], page: int, page_size: int) -> Page[AdminCustomer]:
    start = (page - 1) * page_size
    return Page(items=customers[start : start + page_size], total=len(customers), page=page, page_size=page_size)
