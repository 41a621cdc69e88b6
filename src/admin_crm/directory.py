"""The customer directory: read all customers, stream, filter, paginate and summarize them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar, overload

from admin_crm._core import validation as check
from admin_crm._core.rows import newest_first
from admin_crm._postgrest.columns import needed_fields
from admin_crm._postgrest.key_ranges import fetch_whole_view
from admin_crm._postgrest.stream import AsyncRowStream, RowStream
from admin_crm._postgrest.view import check_view_is_visible
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM, operation
from admin_crm.labels import folded
from admin_crm.models import AdminCustomer, DirectoryStats, Page

T = TypeVar("T")

_COUNTED = (
    "phone", "whatsapp", "birthdate", "created_at", "total_spent", "monetary", "segment", "health_status",
)  # fmt: skip
"""The fields that the statistics are made from."""


@operation
async def get_all_customers(crm: AnyCRM, *, columns: Sequence[str] | None = None) -> list[AdminCustomer]:
    """Return all customers, newest first, however few rows the server returns per response.

    No duplicates and no omissions, even if customers are inserted or deleted during the read. Where the shop has
    installed the directory function (``admin-crm sql directory``), it is one request, and the rows are one snapshot.

    Args:
        crm: the connection.
        columns: the fields of `AdminCustomer` to fetch, or names of columns that the shop has besides; by default all.
            The other fields are None.

    Returns:
        All customers; those without `created_at` come last.

    Raises:
        PermissionDeniedError: the view is empty for these credentials although customers exist.
        IncompleteReadError: a page could not be fetched; `rows` holds the customers fetched so far.
        SchemaMismatchError: the view does not exist.

    Reads the view `customer_intelligence_360`, through the function `customer_directory` where the shop has it.

    Examples:
        >>> customers = get_all_customers(crm)
        >>> customers[0].full_name
        >>> names = get_all_customers(crm, columns=["full_name", "phone"])
    """
    customers = await fetch_whole_view(crm, AdminCustomer, needed_fields(columns, "created_at"))
    if not customers:
        await check_view_is_visible(crm)
    return newest_first(customers)


@overload
def iter_customers(
    crm: AdminCRM, *, columns: Sequence[str] | None = None, page_size: int | None = None
) -> Iterable[AdminCustomer]: ...
@overload
def iter_customers(
    crm: AsyncAdminCRM, *, columns: Sequence[str] | None = None, page_size: int | None = None
) -> AsyncIterable[AdminCustomer]: ...
def iter_customers(crm: AnyCRM, *, columns: Sequence[str] | None = None, page_size: int | None = None) -> Any:
    """Stream all customers, with only a part of them in memory.

    Each iteration starts from the beginning. The customers come in the order of their ids, the only order that is
    stable under concurrent writes; where the shop has installed the directory function, they come in one response,
    in no particular order.

    Args:
        crm: the connection; with an `AsyncAdminCRM`, iterate with ``async for``.
        columns: the fields of `AdminCustomer` to fetch, or names of columns that the shop has besides; by default all.
        page_size: rows per request; by default 5,000, or `Settings.page_size` if that is less. With a page size the
            directory function is not used.

    Raises:
        InvalidInputError: the page size is less than 1.
        PermissionDeniedError: on iteration, the view is empty for these credentials although customers exist.
        IncompleteReadError: on iteration, a page after the first could not be fetched.

    Reads the view `customer_intelligence_360`.

    Examples:
        >>> for customer in iter_customers(crm):
        ...     print(customer.full_name)
    """
    size = None if page_size is None else check.integer(page_size, "page_size")
    fields = needed_fields(columns)
    if isinstance(crm, AsyncAdminCRM):
        return AsyncRowStream(crm, AdminCustomer, fields, size)
    return RowStream(crm, AdminCustomer, fields, size)


def summarize_customers(customers: Iterable[AdminCustomer], *, today: date | None = None) -> DirectoryStats:
    """Summarize customers as the header of the web admin's directory does; makes no request.

    Args:
        customers: the customers to count.
        today: a date in the month that counts as "this month"; by default today in UTC.

    Examples:
        >>> summarize_customers(get_all_customers(crm)).contactable_percent
    """
    today = today or datetime.now(UTC).date()
    all_customers = list(customers)
    contactable = sum(customer.is_contactable for customer in all_customers)
    return DirectoryStats(
        total=len(all_customers),
        new_this_month=sum(_same_month(customer.created_at, today) for customer in all_customers),
        contactable=contactable,
        contactable_percent=round(100 * contactable / len(all_customers), 1) if all_customers else 0.0,
        birthdays_this_month=sum(
            customer.birthdate is not None and customer.birthdate.month == today.month for customer in all_customers
        ),
        by_segment=_count_labels(customer.canonical_segment or customer.segment for customer in all_customers),
        by_health_status=_count_labels(
            customer.canonical_health or customer.health_status for customer in all_customers
        ),
        revenue=sum(
            (customer.total_spent or customer.monetary or Decimal(0) for customer in all_customers), Decimal(0)
        ),
    )


@operation
async def get_directory_stats(crm: AnyCRM, *, today: date | None = None) -> DirectoryStats:
    """Return the directory's figures: totals, this month, contactable, segments, health, revenue.

    Args:
        crm: the connection.
        today: a date in the month that counts as "this month"; by default today in UTC.

    Raises:
        PermissionDeniedError: the view is empty for these credentials although customers exist.
        IncompleteReadError: a page could not be fetched.

    Reads all rows of the view `customer_intelligence_360`.

    Examples:
        >>> stats = get_directory_stats(crm)
        >>> stats.total, stats.by_segment
    """
    customers = await fetch_whole_view(crm, AdminCustomer, _COUNTED)
    if not customers:
        await check_view_is_visible(crm)
    return summarize_customers(customers, today=today)


def filter_customers(
    customers: Iterable[AdminCustomer],
    text: str = "",
    *,
    segment: str | None = None,
    health_status: str | None = None,
    tier: str | None = None,
    status: str | None = None,
) -> list[AdminCustomer]:
    """Return the customers whose name, phone, WhatsApp or id contains the text, in their original order.

    Case and accents are ignored, and so is the punctuation of phone numbers.

    Args:
        customers: the customers to filter.
        text: the text to find; an empty text matches all customers.
        segment: a canonical segment or a shop's own label.
        health_status: a canonical health status or a shop's own label.
        tier: bronze, silver, gold or platinum.
        status: active, suspended or banned.

    Examples:
        >>> filter_customers(customers, "nandu", segment="champion")
    """
    check.bounded_text(text, "text", max_length=200)
    filters = {"segment": segment, "health_status": health_status, "tier": tier, "account_status": status}
    folded_filters = {
        name: folded(check.bounded_text(value, name.removeprefix("account_"), max_length=100))
        for name, value in filters.items()
        if value is not None
    }
    folded_text, digits = folded(text), _phone_digits(text)
    return [
        customer
        for customer in customers
        if (not folded_text or _contains(customer, folded_text, digits)) and _matches(customer, folded_filters)
    ]


def paginate(items: Sequence[T], page: int = 1, page_size: int = 15) -> Page[T]:
    """Return one page of a sequence, with 15 items per page by default; the first page is 1.

    A page past the last one is empty.

    Raises:
        InvalidInputError: the page or the page size is less than 1.

    Examples:
        >>> paginate(customers, page=2).items
    """
    check.integer(page, "page")
    check.integer(page_size, "page_size")
    start = (page - 1) * page_size
    return Page(items=list(items[start : start + page_size]), total=len(items), page=page, page_size=page_size)


def _same_month(time: datetime | None, today: date) -> bool:
    return time is not None and (time.year, time.month) == (today.year, today.month)


def _count_labels(labels: Iterable[str | None]) -> dict[str, int]:
    return {str(label): count for label, count in Counter(labels).most_common() if label is not None}


def _phone_digits(text: str) -> str:
    """Return the digits of a text that looks like a phone number, otherwise an empty string."""
    digits = "".join(filter(str.isdigit, text))
    return digits if len(digits) >= 3 and all(c.isdigit() or c in " +-().\u00a0" for c in text) else ""


def _contains(customer: AdminCustomer, folded_text: str, digits: str) -> bool:
    texts = (customer.full_name, customer.phone, customer.whatsapp, str(customer.id))
    if any(folded_text in folded(text) for text in texts if text):
        return True
    numbers = (customer.phone, customer.whatsapp)
    return bool(digits) and any(digits in "".join(filter(str.isdigit, number or "")) for number in numbers)


def _matches(customer: AdminCustomer, filters: dict[str, str]) -> bool:
    has = {
        "segment": (customer.segment, customer.canonical_segment),
        "health_status": (customer.health_status, customer.canonical_health),
        "tier": (customer.tier,),
        "account_status": (customer.account_status,),
    }
    return all(value in {folded(label) for label in has[name] if label} for name, value in filters.items())
