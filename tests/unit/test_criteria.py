"""Criteria as PostgREST's filters: short enough for a URL, and only on columns that the shop has."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from admin_crm import AccountStatus, CustomerTier, SchemaMismatchError
from admin_crm._core.birthdays import BirthdayWindow
from admin_crm._postgrest.criteria import Criteria, Filters, of_birthdays, of_standing, of_view, standing_columns
from admin_crm.labels import label_filters

USUAL = frozenset(
    {"id", "segment", "health_status", "customer_tier", "monetary", "frequency", "recency_days", "last_order_date",
     "created_at", "birthdate", "phone", "whatsapp", "account_status", "suspension_end"}
)  # fmt: skip
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
PART = re.compile(r"birthdate\.(eq|lt|gte)\.(\d{4}-\d\d-\d\d)")


def finds(term: str, birthdate: date) -> bool:
    """Whether a term about birthdates holds, as the server reads it."""
    compared = {"eq": date.__eq__, "lt": date.__lt__, "gte": date.__ge__}
    return all(compared[operator](birthdate, date.fromisoformat(value)) for operator, value in PART.findall(term))


def terms_of(parts: list[Filters]) -> list[str]:
    """The alternatives in all parts."""
    (whole,) = {len(part.terms) for part in parts}
    assert whole == 1
    return [each for part in parts for each in re.findall(r"and\([^)]*\)|birthdate\.\w+\.[\d-]+", part.terms[0][3:-1])]


@given(
    first=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    days=st.integers(0, 364),
    birthdate=st.dates(date(1, 1, 1), date(2101, 1, 1)),
    room=st.integers(1_000, 3_500),
)
@example(first=date(2026, 12, 30), days=5, birthdate=date(2000, 1, 1), room=1000)
@example(first=date(2026, 2, 28), days=0, birthdate=date(1992, 2, 29), room=1000)
def test_every_birthday_in_a_window_is_found_and_every_part_fits_into_a_url(first, days, birthdate, room):
    window = BirthdayWindow(first, days)
    parts = of_birthdays(window, room)
    assert all(part.length <= room + 40 for part in parts)
    found = [term for term in terms_of(parts) if finds(term, birthdate)]
    assert len(found) <= 1 or not window.contains(birthdate)
    assert bool(found) or not window.contains(birthdate)
    last = window.end.year
    if last - 99 <= birthdate.year < last:
        assert bool(found) == window.contains(birthdate)


def test_birthdays_of_one_day_take_one_request_and_those_of_a_year_no_dates():
    assert len(of_birthdays(BirthdayWindow(date(2026, 5, 1), 0), 3_500)) == 1
    assert len(of_birthdays(BirthdayWindow(date(2026, 5, 1), 30), 3_500)) == 2
    assert of_birthdays(BirthdayWindow(date(2026, 5, 1), 365), 3_500) == [Filters(terms=["birthdate.not.is.null"])]


@pytest.mark.parametrize(
    ("criteria", "conditions", "terms"),
    [
        ({"tier": CustomerTier.GOLD}, [("customer_tier", "eq", "gold")], []),
        ({"spent_min": Decimal("10.50")}, [], ["monetary.gte.10.50"]),
        ({"spent_min": Decimal(0)}, [], ["or(monetary.gte.0,monetary.is.null)"]),
        ({"spent_max": Decimal(9)}, [], ["or(monetary.lte.9,monetary.is.null)"]),
        ({"orders_min": 3}, [], ["frequency.gte.3"]),
        ({"created_after": NOW}, [("created_at", "gte", "2026-11-28T12:00:00+00:00")], []),
        (
            {"last_order_before": NOW, "last_order_after": NOW - timedelta(days=1)},
            [("last_order_date", "lt", "2026-11-28T12:00:00+00:00"),
             ("last_order_date", "gte", "2026-11-27T12:00:00+00:00")],
            [],
        ),
    ],
    ids=str,
)  # fmt: skip
def test_a_criterion_is_a_filter_on_the_column_that_it_is_about(crm, criteria, conditions, terms):
    assert of_view(crm, Criteria(**criteria), USUAL) == Filters(conditions, terms)
    assert of_view(crm, Criteria(**criteria), frozenset()) == Filters(conditions, terms)


@pytest.mark.parametrize(
    ("age", "before", "after"),
    [(timedelta(days=90), "90", "90"), (timedelta(days=90, hours=23), "90", "90"), (timedelta(days=-1), "-1", "-1")],
)
def test_without_the_date_of_the_last_order_whole_days_decide(crm, age, before, after):
    columns = USUAL - {"last_order_date"}
    found = of_view(crm, Criteria(last_order_before=NOW - age, now=NOW), columns)
    assert found.conditions == [("frequency", "gt", "0"), ("recency_days", "gte", before)]
    found = of_view(crm, Criteria(last_order_after=NOW - age, now=NOW), columns - {"frequency"})
    assert found.conditions == [("recency_days", "lt", after)]


@pytest.mark.parametrize(
    ("criteria", "missing"),
    [
        ({"labels": label_filters("champion", None)}, ["segment"]),
        ({"labels": label_filters(None, "healthy")}, ["health_status"]),
        ({"tier": CustomerTier.GOLD}, ["customer_tier"]),
        ({"spent_min": Decimal(1)}, ["monetary"]),
        ({"spent_max": Decimal(1)}, ["monetary"]),
        ({"orders_min": 1}, ["frequency"]),
        ({"created_after": NOW}, ["created_at"]),
        ({"last_order_before": NOW}, ["last_order_date", "recency_days"]),
        ({"contactable": True}, ["phone", "whatsapp"]),
        ({"birthdays": BirthdayWindow(NOW.date(), 7)}, ["birthdate"]),
    ],
    ids=" ".join,
)
def test_a_filter_that_the_view_has_no_column_for_is_an_error(crm, criteria, missing):
    with pytest.raises(SchemaMismatchError) as raised:
        of_view(crm, Criteria(**criteria), USUAL - set(missing))
    assert raised.value.kind == "column"
    assert raised.value.name in missing
    assert "get_all_customers" in raised.value.hint


def test_the_other_names_of_columns_are_used_where_the_view_has_those(crm):
    columns = (USUAL - {"customer_tier", "phone", "whatsapp"}) | {"tier", "customer_phone"}
    found = of_view(crm, Criteria(tier=CustomerTier.GOLD, contactable=True), columns)
    assert found.conditions == [("tier", "eq", "gold")]
    assert found.terms[0].startswith("or(customer_phone.match.")
    assert "whatsapp" not in found.terms[0]


def test_status_and_lock_say_which_columns_they_need():
    assert standing_columns(Criteria()) == frozenset()
    assert standing_columns(Criteria(status=AccountStatus.ACTIVE)) == {"account_status"}
    assert standing_columns(Criteria(locked=False)) == {"account_status", "suspension_end"}
    assert of_standing(Criteria()).length == 0


def test_filters_add_up_and_none_of_them_takes_no_room(crm):
    gold = of_view(crm, Criteria(tier=CustomerTier.GOLD, orders_min=2), USUAL)
    banned = of_standing(Criteria(status=AccountStatus.BANNED))
    both = gold + banned
    assert both.conditions == [*gold.conditions, *banned.conditions]
    assert both.terms == gold.terms
    assert Filters().length == 0 < banned.length < both.length
