"""Birthdays within some days: 29 February, the turn of the year, and the same for a date and for ranges of dates."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from admin_crm._core.birthdays import BirthdayWindow

DAYS = st.dates(date(1999, 1, 1), date(2101, 1, 1))
BIRTHDATES = st.dates(date(1880, 1, 1), date(2101, 12, 31))
LEAP_DAY = date(2000, 2, 29)


def celebrates(birthdate: date, day: date) -> bool:
    """Whether somebody's birthday is on a day, said once more in other words."""
    tomorrow = day + timedelta(days=1)
    on_leap_day = (birthdate.month, birthdate.day) == (2, 29)
    if on_leap_day and (day.month, day.day, tomorrow.month) == (2, 28, 3):
        return True
    return (birthdate.month, birthdate.day) == (day.month, day.day)


@given(first=DAYS, days=st.integers(0, 366), birthdate=BIRTHDATES)
@example(first=date(2023, 2, 28), days=0, birthdate=LEAP_DAY)
@example(first=date(2024, 2, 28), days=0, birthdate=LEAP_DAY)
@example(first=date(2024, 2, 29), days=364, birthdate=LEAP_DAY)
@example(first=date(2100, 2, 28), days=1, birthdate=LEAP_DAY)
@example(first=date(2026, 12, 30), days=3, birthdate=date(1990, 1, 1))
def test_a_window_holds_whoever_celebrates_on_one_of_its_days(first, days, birthdate):
    expected = any(celebrates(birthdate, first + timedelta(days=number)) for number in range(days + 1))
    assert BirthdayWindow(first, days).contains(birthdate) == expected


@given(first=DAYS, days=st.integers(0, 364), birthdate=BIRTHDATES)
@example(first=date(2024, 2, 29), days=0, birthdate=LEAP_DAY)
@example(first=date(2023, 2, 20), days=8, birthdate=LEAP_DAY)
@example(first=date(2023, 3, 1), days=0, birthdate=LEAP_DAY)
@example(first=date(2024, 2, 20), days=8, birthdate=LEAP_DAY)
@example(first=date(2026, 12, 20), days=30, birthdate=date(1990, 1, 5))
def test_the_ranges_of_all_years_hold_the_same_birthdates(first, days, birthdate):
    window = BirthdayWindow(first, days)
    ranges = [window.birthdates(year) for year in range(birthdate.year - 1, birthdate.year + 1)]
    assert any(start <= birthdate < end for start, end in ranges) == window.contains(birthdate)


@pytest.mark.parametrize(("days", "whole"), [(364, False), (365, True), (366, True)])
def test_from_365_days_on_it_is_the_whole_year(days, whole):
    assert BirthdayWindow(date(2026, 3, 1), days).is_whole_year is whole
