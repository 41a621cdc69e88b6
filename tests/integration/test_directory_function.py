"""The directory in one answer, on a shop that has installed the function: the same customers, the same rights."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pandas as pd
import pytest

from admin_crm import (
    AdminCRM,
    InvalidInputError,
    PermissionDeniedError,
    Settings,
    customer_partitions,
    customers_frame,
    get_all_customers,
    get_directory_stats,
    iter_customers,
)
from admin_crm._core.connection import facts_of
from admin_crm.local import LocalStack
from admin_crm.sql import directory_sql
from helpers import Ask, lasting, lasting_stats
from shops import FEW, local_only, open_shop

pytestmark = [pytest.mark.xdist_group("installed"), local_only]
PAGES = Settings(directory_function=None)


@pytest.fixture(scope="module")
def shop() -> Iterator[LocalStack]:
    """The shop as deployed with the function, whose server gives 50 rows at once."""
    with open_shop(directory_function=True, gated_view=True, max_rows=50) as running:
        yield running


@pytest.fixture
def asked(caller, shop) -> Ask:
    return Ask(caller, caller.sign_in(shop.url, shop.publishable_key, shop.admin_email, shop.admin_password))


@pytest.fixture
def by_pages(caller, shop) -> Ask:
    signed_in = (shop.url, shop.publishable_key, shop.admin_email, shop.admin_password)
    return Ask(caller, caller.sign_in(*signed_in, settings=PAGES))


def sent(monkeypatch) -> list[str]:
    """Keep the paths of the requests that are sent from now on."""
    from admin_crm._core import transport

    paths: list[str] = []
    prepare = transport._prepare
    monkeypatch.setattr(
        transport, "_prepare", lambda request, *more: (paths.append(request.url.path), prepare(request, *more))
    )
    return paths


def test_the_same_customers_come_as_by_pages_and_in_the_same_order(asked, by_pages):
    customers = asked(get_all_customers)
    assert len(customers) == FEW
    assert [lasting(each) for each in customers] == [lasting(each) for each in by_pages(get_all_customers)]


def test_the_whole_directory_is_one_request_once_the_row_limit_is_known(asked, monkeypatch):
    asked(get_all_customers)
    assert facts_of(asked.crm).directory_packs == 49
    paths = sent(monkeypatch)
    asked(get_all_customers)
    asked(get_directory_stats)
    assert paths == ["/rest/v1/rpc/customer_directory"] * 2


def test_a_stream_and_the_statistics_are_the_same_as_by_pages(asked, by_pages):
    asked(get_all_customers)
    streamed = asked.caller.collect(iter_customers(asked.crm))
    read = asked.caller.collect(iter_customers(by_pages.crm))
    assert [lasting(each) for each in sorted(streamed, key=lambda each: each.id)] == [lasting(each) for each in read]
    assert lasting_stats(asked(get_directory_stats)) == lasting_stats(by_pages(get_directory_stats))


def test_a_misspelt_column_is_an_error_and_not_empty(asked, by_pages):
    for read in (asked, by_pages):
        for function in (get_all_customers, customers_frame):
            with pytest.raises(InvalidInputError, match="did you mean 'total_spent'"):
                read(function, columns=["tier", "total_spend"])


def test_only_the_named_columns_come_and_the_rest_is_none(asked, by_pages):
    chosen = asked(get_all_customers, columns=["full_name", "recency_days", "favourite_colour", "last_order_date"])
    paged = by_pages(get_all_customers, columns=["full_name", "recency_days", "last_order_date"])
    assert [lasting(each) for each in chosen] == [lasting(each) for each in paged]
    assert any(each.recency_as_sent for each in chosen)
    whole = {each.id: each for each in by_pages(get_all_customers)}
    assert len(chosen) == len(whole)
    for each in chosen:
        full = whole[each.id]
        assert (each.full_name, each.created_at) == (full.full_name, full.created_at)
        assert (each.email, each.phone, each.ai_preferences) == (None, None, None)
        assert each.model_extra == {"last_order_date": full.model_extra["last_order_date"]}


def test_a_frame_is_one_request_and_the_same_as_by_pages(asked, by_pages, monkeypatch):
    columns = ["id", "created_at", "email", "tier", "total_spent", "is_contactable", "age", "last_order_date"]
    asked(get_all_customers)
    paths = sent(monkeypatch)
    frame = asked(customers_frame, columns=columns, personal=True)
    assert paths == ["/rest/v1/rpc/customer_directory"]
    pd.testing.assert_frame_equal(frame, by_pages(customers_frame, columns=columns, personal=True))
    assert len(frame) == FEW


def test_a_partition_is_read_through_the_function(asked, shop, monkeypatch):
    everybody = sorted(str(each.id) for each in asked(get_all_customers))
    parts = asked(customer_partitions, 3)
    with AdminCRM.sign_in(shop.url, shop.publishable_key, shop.admin_email, shop.admin_password) as crm:
        parts[0].read(crm)
        paths = sent(monkeypatch)
        read = [part.read(crm) for part in parts]
        frames = [part.frame(crm, columns=["id"]) for part in parts]
    assert paths == ["/rest/v1/rpc/customer_directory"] * 6
    assert [str(each.id) for part in read for each in part] == everybody
    assert [each for frame in frames for each in frame["id"]] == everybody


def test_the_function_shows_nothing_that_the_view_does_not_show(caller, shop):
    by_key = Ask(caller, caller.open(shop.url, shop.secret_key))
    with pytest.raises(PermissionDeniedError, match="only to a signed-in administrator"):
        by_key(get_all_customers)
    stranger = caller.sign_in(shop.url, shop.publishable_key, shop.customer_email, shop.customer_password)
    with pytest.raises(PermissionDeniedError, match="not listed in admin_users"):
        caller(get_all_customers, stranger)


def test_customers_who_come_and_go_meanwhile_cost_nobody_else(asked, shop):
    """One answer is one snapshot (R1)."""
    before = {each.id for each in asked(get_all_customers)}
    done = threading.Event()

    def churn() -> None:
        for number in range(10_000):
            if done.is_set():
                break
            key = f"abcdef00-0000-4000-8000-{number:012}"
            shop.execute_sql(f"insert into auth.users (id, email) values ('{key}', 'churn{number}@clientes.example')")
            shop.execute_sql(f"delete from auth.users where id = '{key}'")

    writer = threading.Thread(target=churn)
    writer.start()
    try:
        for _ in range(3):
            now = [each.id for each in asked(get_all_customers)]
            assert len(set(now)) == len(now)
            assert before <= set(now)
    finally:
        done.set()
        writer.join()


def test_the_printed_sql_installs_the_function(caller, stack):
    named = Settings(directory_function="installed_by_a_test")
    try:
        function, end, rest = directory_sql(named).partition("\n$$;\n")
        for statement in (function + end, *filter(str.strip, rest.split(";\n"))):
            stack.execute_sql(statement)
        crm = caller.open(stack.url, stack.secret_key, settings=named)
        pages = caller.open(stack.url, stack.secret_key, settings=PAGES)
        installed, paged = caller(get_all_customers, crm), caller(get_all_customers, pages)
        assert [lasting(each) for each in installed] == [lasting(each) for each in paged]
        assert not facts_of(crm).lacks("installed_by_a_test")
    finally:
        stack.execute_sql("drop function if exists public.installed_by_a_test")
