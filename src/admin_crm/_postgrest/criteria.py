"""What customers are selected by, as filters that PostgREST understands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from admin_crm._core.birthdays import BirthdayWindow
from admin_crm._core.text_pattern import NOT_BLANK
from admin_crm._postgrest.account_status import locked_terms
from admin_crm._postgrest.text_filter import quoted, url_length
from admin_crm._postgrest.view_filters import Condition, filtered_by, label_conditions, tier_column, view_column
from admin_crm.client import AnyCRM
from admin_crm.labels import AccountStatus, CustomerTier, LabelFilter

_OLDEST = 100
"""The age up to which each year of birth has a range of its own; older customers are few, and looked at here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Criteria:
    """The arguments of `select_customers`, checked; None where one is not given."""

    labels: Sequence[LabelFilter] = ()
    tier: CustomerTier | None = None
    status: AccountStatus | None = None
    tags: Sequence[str] | None = None
    without_tags: Sequence[str] | None = None
    spent_min: Decimal | None = None
    spent_max: Decimal | None = None
    orders_min: int | None = None
    last_order_before: datetime | None = None
    last_order_after: datetime | None = None
    created_after: datetime | None = None
    birthdays: BirthdayWindow | None = None
    contactable: bool | None = None
    locked: bool | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions on columns, and conditions in PostgREST's syntax of `and` and `or`; all of them must hold."""

    conditions: Sequence[Condition] = ()
    terms: Sequence[str] = ()

    def __call__(self, rows: Any) -> Any:
        """Add the filters to a query."""
        rows = filtered_by(rows, self.conditions)
        return rows.or_(f"and({','.join(self.terms)})") if self.terms else rows

    @property
    def length(self) -> int:
        """How many characters of a URL they take."""
        terms = [("or", "and()", *self.terms)] if self.terms else []
        return sum(url_length("=".join(each)) for each in [*self.conditions, *terms])

    def __add__(self, other: Filters) -> Filters:
        """Return both filters together."""
        return Filters([*self.conditions, *other.conditions], [*self.terms, *other.terms])


def of_view(crm: AnyCRM, wanted: Criteria, columns: frozenset[str]) -> Filters:
    """Return the filters on the view's own columns: all but those by birthday, status and lock.

    Raises:
        SchemaMismatchError: the view has no column for a filter.
    """

    def column(*names: str) -> str:
        return view_column(crm, columns, *names)

    conditions, terms = label_conditions(crm, wanted.labels, columns), list[str]()
    if wanted.tier is not None:
        conditions.append((tier_column(crm, columns), "eq", wanted.tier))
    if wanted.spent_min is not None:
        terms.append(_at_least(column("monetary"), wanted.spent_min))
    if wanted.spent_max is not None:
        monetary = column("monetary")
        terms.append(f"or({monetary}.lte.{wanted.spent_max},{monetary}.is.null)")
    if wanted.orders_min is not None:
        terms.append(_at_least(column("frequency"), wanted.orders_min))
    if wanted.created_after is not None:
        conditions.append((column("created_at"), "gte", wanted.created_after.isoformat()))
    if wanted.last_order_before is not None or wanted.last_order_after is not None:
        conditions += _of_last_order(crm, wanted, columns)
    if wanted.birthdays is not None:
        column("birthdate")
    if wanted.contactable is not None:
        terms.append(_of_contact(crm, columns, contactable=wanted.contactable))
    return Filters(conditions, terms)


def standing_columns(wanted: Criteria) -> frozenset[str]:
    """Return the columns that the filters by status and lock need."""
    if wanted.locked is not None:
        return frozenset(("account_status", "suspension_end"))
    return frozenset() if wanted.status is None else frozenset(("account_status",))


def of_standing(wanted: Criteria) -> Filters:
    """Return the filters by status and lock, on columns that the view has in most shops, and the profiles in all."""
    conditions, terms = list[Condition](), list[str]()
    if wanted.status is not None:
        conditions.append(("account_status", "eq", wanted.status))
    if wanted.locked is True:
        terms.append(f"or({locked_terms(wanted.now)})")
    elif wanted.locked is False:
        # A status that is null is neither equal nor unequal to anything.
        ended = f'suspension_end.lte."{wanted.now.isoformat()}"'
        terms += ["account_status.neq.banned", f"or(account_status.neq.suspended,{ended})"]
    return Filters(conditions, terms)


def of_birthdays(window: BirthdayWindow, room: int) -> list[Filters]:
    """Return filters that together find each birthday in a window, and perhaps some that are not in it.

    Args:
        window: the days.
        room: how many characters of a URL each of them may take.
    """
    if window.is_whole_year:
        return [Filters(terms=["birthdate.not.is.null"])]
    parts: list[list[str]] = [[]]
    left = room
    for term in _birthday_terms(window):
        length = url_length(term + ",")
        if length > left and parts[-1]:
            parts.append([])
            left = room
        parts[-1].append(term)
        left -= length
    return [Filters(terms=[f"or({','.join(terms)})"]) for terms in parts]


def _birthday_terms(window: BirthdayWindow) -> list[str]:
    last_year = window.end.year
    first_year = last_year - _OLDEST
    terms = [f"birthdate.lt.{first_year}-01-01"]
    for start, end in map(window.birthdates, range(first_year - 1, last_year)):
        days = (end - start).days
        if days <= 2:
            terms += [f"birthdate.eq.{start + timedelta(days=number)}" for number in range(days)]
        else:
            terms.append(f"and(birthdate.gte.{start},birthdate.lt.{end})")
    return [*terms, f"birthdate.gte.{last_year}-01-01"]


def _at_least(column: str, least: Decimal | int) -> str:
    """Return the condition for a figure; a customer without one has bought nothing."""
    return f"{column}.gte.{least}" if least > 0 else f"or({column}.gte.{least},{column}.is.null)"


def _of_last_order(crm: AnyCRM, wanted: Criteria, columns: frozenset[str]) -> list[Condition]:
    before, after = wanted.last_order_before, wanted.last_order_after
    found: list[Condition] = []
    if "last_order_date" not in columns and "recency_days" in columns:
        # Whole days since the last order. Some views say 365 where there is none.
        if "frequency" in columns:
            found.append(("frequency", "gt", "0"))
        if before is not None:
            found.append(("recency_days", "gte", str((wanted.now - before).days)))
        if after is not None:
            found.append(("recency_days", "lt", str((wanted.now - after).days)))
        return found
    name = view_column(crm, columns, "last_order_date")
    if before is not None:
        found.append((name, "lt", before.isoformat()))
    if after is not None:
        found.append((name, "gte", after.isoformat()))
    return found


def _of_contact(crm: AnyCRM, columns: frozenset[str], *, contactable: bool) -> str:
    phone = "phone" if "phone" in columns or "customer_phone" not in columns else "customer_phone"
    names = [name for name in (phone, "whatsapp") if name in columns or not columns]
    if not names:
        view_column(crm, columns, phone, "whatsapp")
    filled = quoted(NOT_BLANK)
    if contactable:
        return f"or({','.join(f'{name}.match.{filled}' for name in names)})"
    return f"and({','.join(f'or({name}.is.null,{name}.not.match.{filled})' for name in names)})"
