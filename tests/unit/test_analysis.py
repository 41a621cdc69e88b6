"""RFM scores, segments, cohorts, retention and birthdays."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import (
    AdminCustomer,
    InvalidInputError,
    InvalidTypeError,
    Order,
    birthdays,
    cohorts,
    customers_frame,
    orders_frame,
    retention,
    rfm_table,
    segment_table,
)

ANA, BEA, CAR, DORA = (UUID(int=number) for number in range(1, 5))


def customer(number: int, **values) -> AdminCustomer:
    return AdminCustomer(id=UUID(int=number), **values)


def buyers(count: int) -> list[AdminCustomer]:
    return [
        customer(n, recency_days=n, frequency=1 + n // 10, monetary=Decimal(n), segment="Leal" if n % 2 else "Campeón")
        for n in range(1, count + 1)
    ]


def test_scores_are_fifths_and_recent_is_best():
    table = rfm_table(buyers(50))
    assert table["r"].value_counts().to_dict() == dict.fromkeys(range(1, 6), 10)
    assert table["r"].tolist() == sorted(table["r"], reverse=True)
    assert table["m"].tolist() == sorted(table["m"])
    assert table["rfm"][49] == "155"
    assert set(table["canonical_segment"]) == {"loyal", "champion"}


def test_equal_values_have_equal_scores():
    same = [customer(n, recency_days=3, frequency=1, monetary=Decimal(9)) for n in range(7)]
    assert rfm_table(same)[["r", "f", "m"]].drop_duplicates().values.tolist() == [[3, 3, 3]]


def test_customers_without_orders_have_no_scores_and_change_nobodys():
    without = [customer(100 + n, recency_days=365, frequency=0, monetary=Decimal(0)) for n in range(30)]
    table = rfm_table([*buyers(50), *without])
    assert table[["r", "f", "m", "rfm"]][50:].isna().all(axis=None)
    assert table[:50].equals(rfm_table(buyers(50)))


def test_one_customer_and_none_have_a_table():
    assert rfm_table(buyers(1))["rfm"].tolist() == ["555"]
    assert rfm_table([]).dtypes.equals(rfm_table(buyers(1)).dtypes)


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_frames_give_what_their_rows_give(backend):
    assert rfm_table(customers_frame(buyers(20), backend=backend)).equals(rfm_table(buyers(20)))
    assert segment_table(customers_frame(buyers(20), backend=backend)).equals(segment_table(buyers(20)))
    assert cohorts(orders_frame(ORDERS, backend=backend)).equals(cohorts(ORDERS))


def test_a_frame_without_a_column_says_which():
    with pytest.raises(InvalidInputError, match="lacks frequency"):
        rfm_table(customers_frame(buyers(2), columns=["id", "recency_days", "monetary", "segment"]))
    with pytest.raises(InvalidTypeError, match="not int"):
        rfm_table(3)


def test_segments_add_up_to_all_customers():
    table = segment_table([*buyers(11), customer(99)])
    assert table["customers"].tolist() == [6, 5, 1]
    assert table["segment"][:2].tolist() == ["Leal", "Campeón"]
    assert table["share"].sum() == pytest.approx(1)
    assert table["monetary"].sum() == 66
    assert segment_table([]).empty


def order(who: UUID | None, year: int, month: int, day: int = 15, status: str = "delivered") -> Order:
    return Order(id="1", customer_id=who, created_at=datetime(year, month, day, 3, tzinfo=UTC), status=status)


ORDERS = [
    order(ANA, 2025, 11), order(ANA, 2026, 1), order(ANA, 2026, 1, 20), order(BEA, 2025, 11), order(CAR, 2026, 1),
    order(DORA, 2025, 11, status="Cancelado"), order(None, 2025, 11), Order(id="9", customer_id=DORA),
]  # fmt: skip


def test_cohorts_count_customers_once_a_month_and_leave_the_future_open():
    table = cohorts(ORDERS)
    assert [str(cohort) for cohort in table.index] == ["2025-11", "2026-01"]
    assert list(table.columns) == [0, 1, 2]
    assert table.loc["2025-11"].tolist() == [2, 0, 1]
    assert table.loc["2026-01", 0] == 1
    assert table.loc["2026-01", [1, 2]].isna().all()


def test_months_are_those_of_the_shop():
    first_of_month = [order(ANA, 2026, 3, day=1)]  # 3 o'clock in UTC is still February in Mexico
    assert [str(cohort) for cohort in cohorts(first_of_month, time_zone="America/Mexico_City").index] == ["2026-02"]
    with pytest.raises(InvalidInputError, match="time zone"):
        cohorts([], time_zone="Mexico")


@pytest.mark.parametrize("when", [["2026-05-01"], [datetime(2026, 5, 1)]])  # noqa: DTZ001
def test_times_without_a_time_zone_are_in_no_month(when):
    with pytest.raises(InvalidInputError, match="time zone") as raised:
        cohorts(pd.DataFrame({"customer_id": ["a"], "created_at": when, "is_cancelled": [False]}))
    assert raised.value.argument == "orders"


def test_retention_is_a_share_of_the_cohort():
    table = retention(ORDERS)
    assert table[0].tolist() == [1, 1]
    assert table.loc["2025-11"].tolist() == [1, 0, 0.5]
    assert retention([]).empty


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 40), st.booleans())))
def test_every_buyer_stands_in_one_cohort(rows):
    orders = [
        order(UUID(int=who), 2023 + month // 12, month % 12 + 1, status="canceled" if cancelled else "paid")
        for who, month, cancelled in rows
    ]
    table = cohorts(orders)
    bought = {(who, month) for who, month, cancelled in rows if not cancelled}
    assert (int(table[0].sum()) if len(table) else 0) == len({who for who, _ in bought})
    assert int(table.sum().sum()) == len(bought)


LEAP, NEW_YEAR = customer(1, birthdate=date(2000, 2, 29)), customer(2, birthdate=date(1990, 1, 2))


@pytest.mark.parametrize(
    ("today", "days", "found"),
    [
        (date(2027, 2, 28), 0, [LEAP]),
        (date(2028, 2, 28), 0, []),
        (date(2028, 2, 28), 1, [LEAP]),
        (date(2026, 12, 28), 5, [NEW_YEAR]),
        (date(2026, 12, 28), 4, []),
        (date(2026, 12, 28), 365, [NEW_YEAR, LEAP]),
    ],
)
def test_birthdays_go_on_into_the_next_year_and_29_february_has_one_every_year(today, days, found):
    everybody = [LEAP, NEW_YEAR, customer(3)]
    assert birthdays(everybody, within_days=days, today=today) == found
    frame = birthdays(customers_frame(everybody, personal=True), within_days=days, today=today)
    assert frame["id"].tolist() == [str(each.id) for each in found]


def test_today_may_be_a_time_of_the_day_and_has_a_year_after_it():
    assert birthdays([NEW_YEAR], within_days=9, today=datetime(2026, 12, 28, 18, tzinfo=UTC)) == [NEW_YEAR]
    with pytest.raises(InvalidInputError, match="today must be before the year 9999"):
        birthdays([NEW_YEAR], today=date.max)


def test_birthdays_need_a_number_of_days_and_a_birthdate():
    with pytest.raises(InvalidInputError, match="within_days"):
        birthdays([], within_days=-1)
    with pytest.raises(InvalidInputError, match="lacks birthdate") as raised:
        birthdays(customers_frame([LEAP]))
    assert "personal=True" in str(raised.value.hint)
    assert birthdays(pd.DataFrame({"birthdate": [date(2000, 2, 29), None]}), today=date(2027, 2, 27)).shape == (1, 1)
