"""Frames of orders have dtypes for calculations; of a connection they hold what the list of orders holds."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import httpx
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import respx

from admin_crm import InvalidInputError, InvalidTypeError, Order, PermissionDeniedError, get_all_orders, orders_frame
from helpers import ORDERS, REST, SOMEBODY, Rows
from project_server import USER, as_user

MOMENT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ROWS = [
    {
        "id": f"{number:08}-0000-4000-8000-000000000000",
        "customer_id": SOMEBODY if number % 3 else None,
        "created_at": f"2026-01-0{number % 5 + 1}T10:00:00+00:00",
        "status": "cancelado" if number % 2 else "delivered",
        "total": number / 7,
        "subtotal": None,
        "items": [{"product_id": "p", "quantity": number}],
        "gift": number,
    }
    for number in range(1, 9)
]


def test_orders_can_be_summed_by_month():
    orders = [Order(id="1", total=Decimal("5.50"), created_at=MOMENT, status="cancelado"), Order(id="2")]
    frame = orders_frame(orders)
    assert frame["is_cancelled"].tolist() == [True, False]
    assert frame.dropna(subset="created_at").resample("ME", on="created_at")["total"].sum().tolist() == [5.5]
    assert str(frame["created_at"].dtype) == "datetime64[us, UTC]"


def test_an_empty_frame_has_the_same_dtypes():
    assert orders_frame([]).dtypes.equals(orders_frame([Order(id="1")]).dtypes)


@respx.mock
def test_a_connection_gives_the_frame_of_all_orders_newest_first(ask):
    respx.get(ORDERS).mock(side_effect=Rows(ROWS, cap=3))
    frame = ask(orders_frame)
    assert frame["created_at"].is_monotonic_decreasing
    listed = orders_frame(ask(get_all_orders))
    pd.testing.assert_frame_equal(
        frame.sort_values("id", ignore_index=True), listed.sort_values("id", ignore_index=True)
    )


@respx.mock
def test_keys_that_are_no_uuids_are_read_too(ask):
    rows = [{**row, "id": f"A-{row['id']}"} for row in ROWS]
    respx.get(ORDERS).mock(side_effect=Rows(rows, cap=3))
    assert sorted(ask(orders_frame)["id"]) == sorted(row["id"] for row in rows)


@respx.mock
def test_only_the_columns_that_are_needed_are_asked_for(ask):
    route = respx.get(ORDERS).mock(side_effect=Rows(ROWS, cap=9))
    frame = ask(orders_frame, columns=["is_cancelled", "gift", "items"], since=MOMENT.replace(year=2020))
    assert list(frame.columns) == ["is_cancelled", "gift", "items"]
    params = route.calls.last.request.url.params
    assert params["select"].split(",") == ["id", "customer_id", "created_at", "status", "gift", "items"]
    assert params["created_at"] == "gte.2020-05-01T12:00:00+00:00"
    assert sorted(frame["gift"]) == [row["gift"] for row in ROWS]
    assert frame["items"].str.contains('"quantity"').all()


@respx.mock
def test_a_user_who_sees_only_his_own_orders_gets_no_frame(caller):
    crm = as_user(caller)
    respx.get(ORDERS).mock(side_effect=Rows([{**row, "customer_id": USER} for row in ROWS], cap=9))
    respx.get(f"{REST}/admin_users").mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(PermissionDeniedError, match="administrator"):
        caller(orders_frame, crm)


def test_what_may_say_who_ordered_needs_the_word():
    with pytest.raises(InvalidInputError, match="personal=True: tracking_notes"):
        orders_frame([], columns=["tracking_notes"])
    assert orders_frame([Order(id="1", tracking_notes="a")], columns=["tracking_notes"], personal=True).shape == (1, 1)


def test_filters_are_for_reading():
    with pytest.raises(InvalidInputError, match="since is for reading") as raised:
        orders_frame([], since=MOMENT)
    assert raised.value.argument == "since"


@pytest.mark.parametrize("source", [3, None, [Order(id="1"), "2"]])
def test_what_is_neither_a_connection_nor_orders_is_a_type_error(source):
    with pytest.raises(InvalidTypeError, match="a connection or orders, not"):
        orders_frame(source)


def test_every_arrow_library_takes_a_frame():
    table = orders_frame([Order(id="1", total=Decimal(5))], backend="pyarrow")
    assert pl.DataFrame(table).equals(orders_frame([Order(id="1", total=Decimal(5))], backend="polars"))
    assert duckdb.from_arrow(table).aggregate("sum(total)").fetchall() == [(5.0,)]
    assert pa.table(orders_frame([], backend="polars")).num_rows == 0


def test_without_pandas_an_import_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="notebook"):
        orders_frame([])
