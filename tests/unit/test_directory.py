"""The directory in memory: streams, pages and statistics."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pandas as pd
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import (
    AdminCustomer,
    IncompleteReadError,
    InvalidInputError,
    InvalidTypeError,
    Settings,
    UnexpectedResponseError,
    birthdays_this_month,
    get_all_customers,
    get_directory_stats,
    iter_customers,
    new_this_month,
    paginate,
    search_customers,
    summarize_customers,
)
from helpers import KEY, PROFILES, URL, VIEW
from view_server import view_of


@respx.mock
def test_an_empty_shop_has_an_empty_directory(ask):
    view_of([])
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
    assert ask(get_all_customers) == []
    assert ask.caller.collect(iter_customers(ask.crm)) == []


@respx.mock
def test_an_interrupted_stream_says_after_how_many_customers(ask):
    server = view_of([uuid4() for _ in range(100)])
    server.fail_after = 3
    with pytest.raises(IncompleteReadError, match="after 30 customers"):
        ask.caller.collect(iter_customers(ask.crm))


@pytest.mark.parametrize("wrong", [0, -1, True, 1.5, "2"])
def test_an_invalid_page_is_refused(ask, wrong):
    for refused in (
        lambda: ask(search_customers, page=wrong),
        lambda: ask(search_customers, page_size=wrong),
        lambda: paginate([1], page=wrong),
        lambda: paginate([1], page_size=wrong),
        lambda: iter_customers(ask.crm, page_size=wrong),
    ):
        with pytest.raises(InvalidInputError):
            refused()


@pytest.mark.parametrize("wrong", [{"a": 1}, iter([1]), None, pd.DataFrame({"id": [1]})])
def test_only_a_sequence_has_pages(wrong):
    """A frame would give the names of its columns, and a dict a KeyError since Python 3.12."""
    with pytest.raises(InvalidTypeError, match="items must be a list, not"):
        paginate(wrong)


def test_a_stream_is_iterated_like_its_connection_sync_or_async(caller):
    stream = iter_customers(caller.open(URL, KEY))
    with pytest.raises(TypeError, match="not iterable" if caller.name == "async" else "async iterable"):
        (iter if caller.name == "async" else aiter)(stream)


def customer(number: int = 0, **values) -> AdminCustomer:
    return AdminCustomer.model_validate({"id": UUID(int=0xABCDEF0123456789ABCDEF0123456789 + number), **values})


@given(st.lists(st.integers(), max_size=60), st.integers(1, 10), st.integers(1, 20))
def test_pages_add_up_to_the_whole_in_order(items, page, page_size):
    pages = [paginate(items, each, page_size) for each in range(1, paginate(items, 1, page_size).pages + 1)]
    assert [item for each in pages for item in each] == items
    assert all(len(each) == page_size for each in pages[:-1])
    assert paginate(items, page, page_size).total == len(items)
    assert list(paginate(items, len(pages) + page, page_size)) == []


EVE = datetime(2026, 6, 1, 3, tzinfo=UTC)
"""The first of June, which in Mexico is still the 31st of May."""


def test_stats_count_the_requested_month():
    customers = [
        customer(created_at=EVE, birthdate=date(1990, 5, 1), phone=" "),
        customer(created_at=datetime(2025, 5, 3, tzinfo=UTC), birthdate=date(1990, 6, 1), phone="5", segment="?"),
    ]
    stats = summarize_customers(customers, today=date(2026, 6, 9))
    assert (stats.total, stats.new_this_month, stats.birthdays_this_month) == (2, 1, 1)
    assert (stats.contactable, stats.contactable_percent) == (1, 50.0)
    assert stats.by_segment == {"?": 1}
    assert summarize_customers([]).contactable_percent == 0.0


def test_a_month_begins_and_ends_in_the_shops_time_zone():
    may, june = date(2026, 5, 9), date(2026, 6, 9)
    on_the_eve = [customer(created_at=EVE)]
    assert new_this_month(on_the_eve, today=june) == on_the_eve
    assert new_this_month(on_the_eve, today=june, time_zone="America/Mexico_City") == []
    assert new_this_month(on_the_eve, today=may, time_zone="America/Mexico_City") == on_the_eve
    assert summarize_customers(on_the_eve, today=may, time_zone="America/Mexico_City").new_this_month == 1


def test_this_month_is_the_one_that_it_is_now_in_the_time_zone():
    for zone in ("UTC", "America/Mexico_City", "Pacific/Kiritimati", "Etc/GMT+12"):
        now = datetime.now(UTC)
        assert new_this_month([customer(created_at=now)], time_zone=zone), zone
        local = now.astimezone(ZoneInfo(zone)).date()
        assert birthdays_this_month([customer(birthdate=local.replace(year=1990, day=1))], time_zone=zone), zone


def test_the_people_behind_the_figures_are_listed():
    late, early, other = (customer(number, birthdate=date(1980, 6 + number // 2, 9 - number)) for number in range(3))
    nobody = customer(3)
    assert birthdays_this_month([late, other, nobody, early], today=date(2026, 6, 30)) == [early, late]
    leap = customer(birthdate=date(2000, 2, 29))
    assert birthdays_this_month([leap], today=date(2027, 2, 1)) == [leap]


def test_a_date_on_the_edge_of_what_a_datetime_holds_costs_nobody_else_anything():
    edges = [customer(created_at=datetime(1, 1, 1, tzinfo=UTC)), customer(created_at=datetime.max.replace(tzinfo=UTC))]
    recent = customer(created_at=EVE)
    for zone in ("America/Mexico_City", "Asia/Tokyo"):
        assert new_this_month([*edges, recent], today=date(2026, 6 - (zone[0:2] == "Am"), 1), time_zone=zone) == [
            recent
        ]


@pytest.mark.parametrize(
    "wrong",
    [{"time_zone": "Mars/Olympus"}, {"time_zone": "../etc"}, {"time_zone": 5}, {"today": "2026-05-01"}],
    ids=repr,
)
def test_an_unknown_time_zone_or_day_is_refused(wrong):
    for function in (summarize_customers, new_this_month, birthdays_this_month):
        with pytest.raises(InvalidInputError, match=next(iter(wrong))[:4]):
            function([], **wrong)


@respx.mock
def test_stats_are_those_of_the_connections_time_zone(caller):
    row = {"id": str(uuid4()), "created_at": EVE.isoformat()}
    respx.get(VIEW).mock(return_value=httpx.Response(200, json=[row], headers={"content-range": "0-0/1"}))
    for zone, new in (("UTC", 1), ("America/Mexico_City", 0)):
        crm = caller.open(URL, KEY, settings=Settings(time_zone=zone, directory_function=None))
        assert caller(get_directory_stats, crm, today=date(2026, 6, 2)).new_this_month == new
    with pytest.raises(InvalidInputError, match="today"):
        caller(get_directory_stats, crm, today="2026-06-02")


def test_revenue_is_two_figures_and_each_is_pure():
    customers = [customer(total_spent=0, monetary=7), customer(total_spent=5, monetary=None), customer()]
    stats = summarize_customers(customers)
    assert (stats.revenue, stats.revenue_delivered) == (Decimal(7), Decimal(5))
    unknown = summarize_customers([customer(monetary=3)])
    assert (unknown.revenue, unknown.revenue_delivered) == (Decimal(3), None)
    empty = summarize_customers([])
    assert (empty.revenue, empty.revenue_delivered) == (0, 0)


@respx.mock
def test_a_missing_count_is_never_zero(ask):
    respx.get(VIEW).mock(return_value=httpx.Response(200, json=[]))
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(UnexpectedResponseError, match="lacks the requested count"):
        ask(get_directory_stats)
