"""The directory in memory: streams, filters, pages and statistics."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import (
    AdminCustomer,
    IncompleteReadError,
    InvalidInputError,
    UnexpectedResponseError,
    filter_customers,
    get_all_customers,
    get_directory_stats,
    iter_customers,
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


def test_a_stream_is_iterated_like_its_connection_sync_or_async(caller):
    stream = iter_customers(caller.open(URL, KEY))
    with pytest.raises(TypeError, match="not iterable" if caller.name == "async" else "async iterable"):
        (iter if caller.name == "async" else aiter)(stream)


def customer(number: int = 0, **values) -> AdminCustomer:
    return AdminCustomer.model_validate({"id": UUID(int=0xABCDEF0123456789ABCDEF0123456789 + number), **values})


NANDU = customer(
    full_name="José Ñandú", phone="+52 55 1234-5678", segment="Campeón", health_status="Healthy", tier="gold"
)
ANA = customer(
    1, full_name="ANA", whatsapp="5587654321", account_status="banned", segment="Leal", customer_tier="silver"
)


@pytest.mark.parametrize(
    ("text", "filters", "found"),
    [
        ("", {}, [NANDU, ANA]),
        ("jose nandu", {}, [NANDU]),
        ("ÑANDÚ", {}, [NANDU]),
        ("5512345678", {}, [NANDU]),
        ("(55) 8765", {}, [ANA]),
        (str(ANA.id)[20:], {}, [ANA]),
        ("nobody", {}, []),
        ("", {"segment": "champion"}, [NANDU]),
        ("", {"segment": "leal"}, [ANA]),
        ("", {"health_status": "healthy"}, [NANDU]),
        ("", {"tier": "silver", "status": "banned"}, [ANA]),
        ("ana", {"tier": "gold"}, []),
    ],
)
def test_filters_ignore_case_accents_and_punctuation(text, filters, found):
    assert filter_customers([NANDU, ANA], text, **filters) == found


@given(st.lists(st.integers(), max_size=60), st.integers(1, 10), st.integers(1, 20))
def test_pages_add_up_to_the_whole_in_order(items, page, page_size):
    pages = [paginate(items, each, page_size) for each in range(1, paginate(items, 1, page_size).pages + 1)]
    assert [item for each in pages for item in each] == items
    assert all(len(each) == page_size for each in pages[:-1])
    assert paginate(items, page, page_size).total == len(items)
    assert list(paginate(items, len(pages) + page, page_size)) == []


def test_stats_count_the_requested_month():
    customers = [
        customer(
            created_at=datetime(2026, 5, 31, 23, tzinfo=UTC), birthdate=date(1990, 5, 1), phone=" ", total_spent=5
        ),
        customer(
            created_at=datetime(2025, 5, 3, tzinfo=UTC), birthdate=date(1990, 6, 1), phone="5", monetary=7, segment="?"
        ),
    ]
    stats = summarize_customers(customers, today=date(2026, 5, 9))
    assert (stats.total, stats.new_this_month, stats.birthdays_this_month) == (2, 1, 1)
    assert (stats.contactable, stats.contactable_percent, stats.revenue) == (1, 50.0, Decimal(12))
    assert stats.by_segment == {"?": 1}
    assert summarize_customers([]).contactable_percent == 0.0


@respx.mock
def test_a_missing_count_is_never_zero(ask):
    respx.get(VIEW).mock(return_value=httpx.Response(200, json=[]))
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(UnexpectedResponseError, match="lacks the requested count"):
        ask(get_directory_stats)
