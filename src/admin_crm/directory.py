"""The customer directory: read all customers, stream, paginate and summarize them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar, overload

from admin_crm._core import validation as check
from admin_crm._core.progress import Progress
from admin_crm._core.rows import newest_first
from admin_crm._postgrest.columns import directory_fields
from admin_crm._postgrest.counted import count_customers, counting
from admin_crm._postgrest.decode import ModelDecoder
from admin_crm._postgrest.key_ranges import fetch_pages, in_order_of_key
from admin_crm._postgrest.query import count_rows
from admin_crm._postgrest.rights import check_view
from admin_crm._postgrest.stream import PageReader, stream, streamed
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM, operation
from admin_crm.errors import InvalidTypeError
from admin_crm.labels import canonical_health, canonical_segment
from admin_crm.models import AdminCustomer, CustomerProfile, DirectoryStats, Page, RowList

T = TypeVar("T")

_CUSTOMERS = ModelDecoder(AdminCustomer)
_REGISTERED = (AdminCustomer, CustomerProfile)
"""Who has a day of registration and a birthday."""
_COUNTED = (
    "phone", "whatsapp", "birthdate", "created_at", "total_spent", "monetary", "segment", "health_status",
)  # fmt: skip
"""The fields that the statistics are made from."""


@operation
async def get_all_customers(
    crm: AnyCRM, *, columns: Sequence[str] | None = None, progress: Progress = None
) -> list[AdminCustomer]:
    """Return all customers, newest first, however few rows the server returns per response.

    No duplicates and no omissions, even if customers are inserted or deleted during the read. Where the shop has
    installed the directory function (``admin-crm sql directory``), it is one request, and the rows are one snapshot.

    Args:
        crm: the connection.
        columns: the fields of `AdminCustomer` to fetch, or names of columns that the shop has besides; by default all.
            The other fields are None.
        progress: True for a progress bar (extra `notebook`), or a function of the customers read and all. They are
            then counted first, with one request.

    Returns:
        All customers; those without `created_at` come last.

    Raises:
        PermissionDeniedError: these credentials do not see the customers: a publishable key alone, a user who is
            no administrator, or a key that the view is closed to.
        IncompleteReadError: a page could not be fetched; `rows` holds the customers fetched so far.
        SchemaMismatchError: the view does not exist.

    Reads the view `customer_intelligence_360`, through the function `customer_directory` where the shop has it.

    Needs an administrator's session, or the secret key where the view is open to it.

    Examples:
        >>> customers = get_all_customers(crm)
        >>> customers[0].full_name
        >>> names = get_all_customers(crm, columns=["full_name", "phone"])
    """
    with counting(_CUSTOMERS, progress, await count_customers(crm, progress), "customers") as decoder:
        pages = await fetch_pages(crm, decoder, directory_fields(columns, "created_at"))
    customers = in_order_of_key(_CUSTOMERS, pages)
    await check_view(crm, customers)
    return RowList(newest_first(customers))


@overload
def iter_customers(
    crm: AdminCRM, *, columns: Sequence[str] | None = None, page_size: int | None = None
) -> Iterable[AdminCustomer]: ...
@overload
def iter_customers(
    crm: AsyncAdminCRM, *, columns: Sequence[str] | None = None, page_size: int | None = None
) -> AsyncIterable[AdminCustomer]: ...
@streamed
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
        PermissionDeniedError: on iteration, these credentials do not see the customers: a publishable key alone, a
            user who is no administrator, or a key that the view is closed to.
        IncompleteReadError: on iteration, a page after the first could not be fetched.

    Reads the view `customer_intelligence_360`.

    Needs an administrator's session, or the secret key where the view is open to it.

    Examples:
        >>> for customer in iter_customers(crm):
        ...     print(customer.full_name)
    """
    size = None if page_size is None else check.integer(page_size, "page_size")
    fields = directory_fields(columns)

    def begin() -> PageReader[AdminCustomer]:
        return PageReader(crm, _CUSTOMERS, fields, size)

    return stream(crm, "iter_customers", begin, partial(count_rows, crm, crm.settings.profiles_table))


def summarize_customers(
    customers: Iterable[AdminCustomer], *, today: date | None = None, time_zone: str = "UTC"
) -> DirectoryStats:
    """Summarize customers as the header of the web admin's directory does; makes no request.

    Args:
        customers: the customers to count.
        today: a date in the month that counts as "this month"; by default today in the time zone.
        time_zone: the shop's time zone, an IANA name such as ``America/Mexico_City``; a setting of the connection
            (`crm.settings.time_zone`).

    Raises:
        InvalidInputError: there is no such time zone, or `today` is not a date.

    Examples:
        >>> summarize_customers(get_all_customers(crm)).contactable_percent
    """
    everyone = check.rows(customers, AdminCustomer, "customers")
    contactable = sum(customer.is_contactable for customer in everyone)
    return DirectoryStats(
        total=len(everyone),
        new_this_month=len(new_this_month(everyone, today=today, time_zone=time_zone)),
        contactable=contactable,
        contactable_percent=round(100 * contactable / len(everyone), 1) if everyone else 0.0,
        birthdays_this_month=len(birthdays_this_month(everyone, today=today, time_zone=time_zone)),
        by_segment=_count_labels((each.segment for each in everyone), canonical_segment),
        by_health_status=_count_labels((each.health_status for each in everyone), canonical_health),
        revenue=_total([customer.monetary for customer in everyone]),
        revenue_delivered=_total([customer.total_spent for customer in everyone]),
    )


def new_this_month(
    customers: Iterable[AdminCustomer], *, today: date | None = None, time_zone: str = "UTC"
) -> list[AdminCustomer]:
    """Return the customers who registered this month, in their original order; makes no request.

    Args:
        customers: the customers to choose from.
        today: a date in the month that counts as "this month"; by default today in the time zone.
        time_zone: the shop's time zone, in which the month begins and ends; an IANA name.

    Raises:
        InvalidInputError: there is no such time zone, or `today` is not a date.

    Examples:
        >>> new_this_month(get_all_customers(crm), time_zone=crm.settings.time_zone)
    """
    zone = check.time_zone(time_zone)
    day = _today(today, zone)
    everyone = check.rows(customers, _REGISTERED, "customers")
    return RowList(customer for customer in everyone if _in_month(customer.created_at, day, zone))


def birthdays_this_month(
    customers: Iterable[AdminCustomer], *, today: date | None = None, time_zone: str = "UTC"
) -> list[AdminCustomer]:
    """Return the customers whose birthday is this month, by the day of the month; makes no request.

    Args:
        customers: the customers to choose from.
        today: a date in the month that counts as "this month"; by default today in the time zone.
        time_zone: the shop's time zone, which decides what month it is now; an IANA name.

    Raises:
        InvalidInputError: there is no such time zone, or `today` is not a date.

    Examples:
        >>> birthdays_this_month(get_all_customers(crm), time_zone=crm.settings.time_zone)
    """
    day = _today(today, check.time_zone(time_zone))
    everyone = check.rows(customers, _REGISTERED, "customers")
    dated = [(customer.birthdate, customer) for customer in everyone if customer.birthdate is not None]
    dated = [(birthdate, customer) for birthdate, customer in dated if birthdate.month == day.month]
    return RowList(customer for _, customer in sorted(dated, key=lambda each: each[0].day))


@operation
async def get_directory_stats(crm: AnyCRM, *, today: date | None = None, progress: Progress = None) -> DirectoryStats:
    """Return the directory's figures: totals, this month, contactable, segments, health, revenue.

    Months are those of `Settings.time_zone`. `new_this_month` and `birthdays_this_month` list the customers behind
    those two figures.

    Args:
        crm: the connection.
        today: a date in the month that counts as "this month"; by default today in the shop's time zone.
        progress: as for `get_all_customers`.

    Raises:
        InvalidInputError: `today` is not a date.
        PermissionDeniedError: these credentials do not see the customers: a publishable key alone, a user who is
            no administrator, or a key that the view is closed to.
        IncompleteReadError: a page could not be fetched.

    Reads all rows of the view `customer_intelligence_360`.

    Needs an administrator's session, or the secret key where the view is open to it.

    Examples:
        >>> stats = get_directory_stats(crm)
        >>> stats.total, stats.by_segment
    """
    if today is not None:
        check.day(today, "today")
    with counting(_CUSTOMERS, progress, await count_customers(crm, progress), "customers") as decoder:
        customers = in_order_of_key(decoder, await fetch_pages(crm, decoder, _COUNTED))
    await check_view(crm, customers)
    return summarize_customers(customers, today=today, time_zone=crm.settings.time_zone)


def paginate(items: Sequence[T], page: int = 1, page_size: int = 15) -> Page[T]:
    """Return one page of a sequence, with 15 items per page by default; the first page is 1.

    A page past the last one is empty.

    Args:
        items: what to cut into pages.
        page: the page, from 1.
        page_size: how many items a page has.

    Raises:
        InvalidInputError: the page or the page size is less than 1.
        InvalidTypeError: `items` is no list or other sequence; a frame is none.

    Examples:
        >>> paginate(customers, page=2).items
    """
    if not isinstance(items, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidTypeError(f"items must be a list, not {type(items).__name__}", argument="items")
    check.integer(page, "page")
    check.integer(page_size, "page_size")
    start = (page - 1) * page_size
    return Page(items=list(items[start : start + page_size]), total=len(items), page=page, page_size=page_size)


def _today(today: date | None, zone: tzinfo) -> date:
    return datetime.now(zone).date() if today is None else check.day(today, "today")


def _in_month(time: datetime | None, day: date, zone: tzinfo) -> bool:
    if time is None:
        return False
    try:
        local = time.astimezone(zone)
    except OverflowError:  # a customer may write a date on the edge of what a datetime holds
        return False
    return (local.year, local.month) == (day.year, day.month)


def _count_labels(labels: Iterable[str | None], canonical_of: Callable[[str | None], StrEnum | None]) -> dict[str, int]:
    """Count labels by their canonical name, or under their own where they have none; each is looked up once."""
    counts: Counter[str] = Counter()
    for label, count in Counter(labels).items():
        if label is not None:
            counts[str(canonical_of(label) or label)] += count
    return dict(counts.most_common())


def _total(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """Return the sum of the known amounts; None where none is known, and 0 in an empty shop."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known or not amounts else None
