"""Select customers by what they are, what they bought and how they are tagged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from admin_crm._core import validation as check
from admin_crm._core.birthdays import BirthdayWindow
from admin_crm._core.progress import Progress, is_wanted
from admin_crm._core.rows import newest_first
from admin_crm._postgrest.columns import directory_fields
from admin_crm._postgrest.criteria import Criteria
from admin_crm._postgrest.rights import check_search
from admin_crm._postgrest.selected_rows import fetch_selected
from admin_crm._postgrest.view import fetch_view_columns
from admin_crm._postgrest.view_filters import check_labels
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import InvalidInputError
from admin_crm.labels import AccountStatus, CustomerTier, label_filters, status_of, tier_of
from admin_crm.models import AdminCustomer, RowList


@operation
async def select_customers(
    crm: AnyCRM,
    *,
    segment: str | None = None,
    health_status: str | None = None,
    tier: str | CustomerTier | None = None,
    status: str | AccountStatus | None = None,
    tags: Iterable[str] | None = None,
    without_tags: Iterable[str] | None = None,
    spent_min: Decimal | float | None = None,
    spent_max: Decimal | float | None = None,
    orders_min: int | None = None,
    last_order_before: datetime | None = None,
    last_order_after: datetime | None = None,
    created_after: datetime | None = None,
    birthday_within: int | None = None,
    contactable: bool | None = None,
    locked: bool | None = None,
    columns: Sequence[str] | None = None,
    progress: Progress = None,
) -> list[AdminCustomer]:
    """Return all customers who match every filter that is given, newest first; without a filter, all customers.

    The server applies the filters. Spending, orders and the last order are those of all orders that are not cancelled,
    which the view counts: `monetary`, `frequency` and the last order's date. The profile's `total_spent` and
    `total_orders` count delivered orders only, and are not used.

    Args:
        crm: the connection.
        segment: a segment in any language and spelling (`champion`, `Champions`, `Campeón` are one), or a shop's own
            label.
        health_status: a health status in any language and spelling, or a shop's own label.
        tier: bronze, silver, gold or platinum.
        status: active, suspended or banned.
        tags: customers who have all of these tags, as they are written.
        without_tags: customers who have none of these tags.
        spent_min: customers who have spent at least this much, in the shop's currency.
        spent_max: customers who have spent at most this much; those without orders have spent nothing.
        orders_min: customers with at least this many orders.
        last_order_before: customers whose last order was before this time, with a time zone. Those without orders are
            not among them. Where the view has only `recency_days`, a day decides, here and for `last_order_after`.
        last_order_after: customers whose last order was at this time or later.
        created_after: customers who registered at this time or later, with a time zone.
        birthday_within: customers whose birthday is today or within this many days, at most 366, in
            `Settings.time_zone`. A birthday on 29 February is on 28 February in other years.
        contactable: whether the customers have a phone or WhatsApp number.
        locked: whether the customers are banned, or suspended with an end that has not passed; see `is_locked`. With
            False, customers whose status is unknown are not found.
        columns: the fields of `AdminCustomer` to fetch, or names of columns that the shop has besides; by default all.
        progress: True for a progress bar (extra `notebook`), or a function of the customers read and all that may
            match. Where no other table has chosen them, they are then counted first.

    Raises:
        InvalidInputError: an argument is out of bounds, two of them contradict each other, or a label that no customer
            has is nearly a known one.
        PermissionDeniedError: these credentials do not see the customers: a publishable key alone, a user who is
            no administrator, or a key that the view is closed to.
        IncompleteReadError: a page could not be fetched; `rows` holds customers fetched so far.
        SchemaMismatchError: the shop has no column for a filter.

    Reads the view `customer_intelligence_360`; for tags `admin_customer_notes`; for `status` and `locked`, where the
    view does not have the columns, `customer_profiles`.

    Needs an administrator's session, or the secret key where the view is open to it.

    Examples:
        >>> sleeping = select_customers(
        ...     crm, segment="at_risk", spent_min=5000, without_tags=["no-molestar"], contactable=True, locked=False
        ... )
        >>> birthdays = select_customers(crm, birthday_within=7, columns=["full_name", "birthdate", "whatsapp"])
    """
    wanted = Criteria(
        labels=label_filters(segment, health_status),
        tier=None if tier is None else tier_of(tier),
        status=None if status is None else status_of(status),
        tags=None if tags is None else check.names(tags, "tags"),
        without_tags=None if without_tags is None else check.names(without_tags, "without_tags"),
        spent_min=None if spent_min is None else check.amount(spent_min, "spent_min"),
        spent_max=None if spent_max is None else check.amount(spent_max, "spent_max"),
        orders_min=None if orders_min is None else check.integer(orders_min, "orders_min", minimum=0, maximum=10**9),
        last_order_before=_time(last_order_before, "last_order_before"),
        last_order_after=_time(last_order_after, "last_order_after"),
        created_after=_time(created_after, "created_after"),
        birthdays=_birthdays(crm, birthday_within),
        contactable=None if contactable is None else check.boolean(contactable, "contactable"),
        locked=None if locked is None else check.boolean(locked, "locked"),
    )
    _check_consistent(wanted)
    is_wanted(progress)  # raises where it is no such argument
    fields = directory_fields(columns, "created_at", *(["birthdate"] if wanted.birthdays else []))
    view_columns = await fetch_view_columns(crm)
    found = await fetch_selected(crm, wanted, fields, view_columns, progress)
    if len(found) <= 1:
        await check_search(crm, found)
    if not found:
        await check_labels(crm, wanted.labels, view_columns)
    return RowList(newest_first(found))


def _time(value: datetime | None, argument: str) -> datetime | None:
    return None if value is None else check.aware(value, argument)


def _birthdays(crm: AnyCRM, days: int | None) -> BirthdayWindow | None:
    if days is None:
        return None
    days = check.integer(days, "birthday_within", minimum=0, maximum=366)
    return BirthdayWindow(datetime.now(check.time_zone(crm.settings.time_zone)).date(), days)


def _check_consistent(wanted: Criteria) -> None:
    """Raise where two filters contradict each other, so that nobody could match."""
    if wanted.spent_min is not None and wanted.spent_max is not None and wanted.spent_min > wanted.spent_max:
        raise InvalidInputError("spent_min must not be more than spent_max", argument="spent_min")
    before, after = wanted.last_order_before, wanted.last_order_after
    if before is not None and after is not None and after >= before:
        raise InvalidInputError("last_order_after must be before last_order_before", argument="last_order_after")
    if wanted.tags and wanted.without_tags and set(wanted.tags) & set(wanted.without_tags):
        raise InvalidInputError("tags and without_tags have a tag in common", argument="without_tags")
