"""Birthdays within some days: the same answer for a date here and for ranges of dates on a server."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

_DAYS_OF_YEAR = 365


class BirthdayWindow(NamedTuple):
    """The days from a first one on, so many more, in which a birthday is looked for.

    Whoever was born on 29 February has the birthday on 28 February in other years.
    """

    first: date
    days: int
    """How many days after the first one belong to it too; from 365 on it is the whole year."""

    def contains(self, birthdate: date) -> bool:
        """Return whether a birthday lies in the window."""
        if self.is_whole_year:
            return True
        years = range(self.first.year, self.end.year + 1)
        return any(self.first <= _birthday(birthdate, year) < self.end for year in years)

    @property
    def end(self) -> date:
        """The day after the last one."""
        return self.first + timedelta(days=self.days + 1)

    @property
    def is_whole_year(self) -> bool:
        """Whether everybody has the birthday in it."""
        return self.days >= _DAYS_OF_YEAR

    def birthdates(self, year: int) -> tuple[date, date]:
        """Return the birthdates that belong to the window from its first day in a year on, and the day after them.

        The ranges of all years hold every birthdate that `contains` accepts, and no other.
        """
        return _day(self.first, year), _day(self.end, year + self.end.year - self.first.year)


def days_to_birthday(birthdate: date, day: date) -> int:
    """Return in how many days somebody has the next birthday; 0 on the birthday itself."""
    upcoming = _birthday(birthdate, day.year)
    return ((upcoming if upcoming >= day else _birthday(birthdate, day.year + 1)) - day).days


def _birthday(birthdate: date, year: int) -> date:
    try:
        return birthdate.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 2, 28)


def _day(day: date, year: int) -> date:
    """Return a day in another year; 1 March for 29 February where the year has none."""
    return day.replace(year=year) if (day.month, day.day) != (2, 29) or _is_leap(year) else date(year, 3, 1)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
