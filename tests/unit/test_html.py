"""Values in a notebook's tables: short, in one form, and never markup."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from admin_crm._core.html import cell, definitions, table


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""), (True, "yes"), (False, "no"), (1234, "1,234"), (Decimal("1234.5"), "1,234.50"), (0.25, "0.25"),
        (date(2026, 1, 2), "2026-01-02"), (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02 03:04"),
        (["a", 2], "a, 2"), ({"talla": "M", "n": 1}, "talla: M<br>n: 1"), ("<i>", "&lt;i&gt;"),
        ("x" * 99, "x" * 59 + "…"),
    ],
)  # fmt: skip
def test_a_value_is_shown_in_one_form(value, shown):
    assert cell(value) == shown


def test_numbers_stand_to_the_right():
    drawn = table(["name", "total"], [["a", 1], ["b", None]], "two")
    assert drawn.count("text-align:right") == 3
    assert "<caption" in drawn
    assert "<caption" not in table(["name"], [])


def test_names_of_values_are_text():
    assert "<u>" not in definitions("<u>", {"<u>": "<u>"})
    assert "full name" in definitions("x", {"full_name": "Ana"})
