"""Frames have dtypes for calculations, and no personal data by default."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import httpx
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import respx

from admin_crm import (
    AdminCustomer,
    IncompleteReadError,
    InvalidInputError,
    InvalidTypeError,
    customers_frame,
    get_all_customers,
)
from admin_crm._postgrest.record_batches import RecordDecoder, RecordPage
from admin_crm._postgrest.stream import PageReader
from directory_function import RPC, answer
from helpers import KEY, URL, VIEW, Rows

ID = UUID("7e1b2c3d-0000-4000-8000-000000000001")
MOMENT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANA = AdminCustomer(
    id=ID, full_name="Ana", email="ana@x.example", birthdate=date(1890, 1, 2), created_at=MOMENT, segment="Leal",
    total_orders=3, total_spent=Decimal("12.30"), frequency=0, tier="gold",
)  # fmt: skip
NEW = AdminCustomer(id=UUID(int=1))


def test_money_is_float_moments_are_utc_and_counts_may_be_missing():
    frame = customers_frame([ANA, NEW])
    assert {str(frame[name].dtype) for name in ("total_spent", "monetary")} == {"float64"}
    assert str(frame["created_at"].dtype) == "datetime64[us, UTC]"
    assert str(frame["total_orders"].dtype) == "Int64"
    assert frame["total_spent"].sum() == 12.3
    assert frame["created_at"][0].to_pydatetime() == MOMENT
    assert frame["id"].tolist() == [str(ID), str(NEW.id)]
    assert frame.loc[0, ["segment", "canonical_segment", "tier"]].tolist() == ["Leal", "loyal", "gold"]
    assert frame.loc[1, ["segment", "total_orders", "recency_days"]].isna().all()


def test_personal_columns_are_included_only_on_request():
    personal = {"full_name", "email", "phone", "whatsapp", "birthdate"}
    assert not personal & set(customers_frame([ANA]).columns)
    asked = customers_frame([ANA, NEW], personal=True)
    assert personal <= set(asked.columns)
    assert asked["birthdate"][0].date() == date(1890, 1, 2)


def test_an_empty_frame_has_the_same_dtypes():
    assert customers_frame([]).dtypes.equals(customers_frame([ANA]).dtypes)


def test_without_pandas_an_import_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="notebook"):
        customers_frame([ANA])


@pytest.mark.parametrize("year", [1600, 9999])
def test_years_beyond_nanoseconds_are_kept(year):
    moment = datetime(year, 1, 2, tzinfo=UTC)
    frame = customers_frame([AdminCustomer(id=ID, created_at=moment, birthdate=moment.date())], personal=True)
    assert frame["created_at"][0].to_pydatetime() == moment
    assert frame["birthdate"][0].year == year


ROWS = [
    {
        "id": str(UUID(int=number)),
        "full_name": f"Ana {number}",
        "created_at": f"2026-01-0{number % 5 + 1}T10:00:00+00:00",
        "customer_tier": "gold",
        "total_spent": number / 7,
        "segment": "Leal",
        "frequency": number % 2,
        "recency_days": 365,
    }
    for number in range(1, 9)
]


@respx.mock
def test_a_connection_gives_the_frame_of_its_customers_newest_first(ask):
    respx.get(VIEW).mock(side_effect=Rows(ROWS, cap=3))
    frame = ask(customers_frame, personal=True)
    pd.testing.assert_frame_equal(frame, customers_frame(ask(get_all_customers), personal=True))
    assert frame["created_at"].is_monotonic_decreasing
    assert frame["recency_days"].isna().tolist() == (frame["frequency"] == 0).tolist()


@respx.mock
def test_only_the_columns_that_are_needed_are_asked_for(ask):
    route = respx.get(VIEW).mock(side_effect=Rows(ROWS, cap=9))
    frame = ask(customers_frame, columns=["recency_days", "canonical_segment", "favourite"])
    assert list(frame.columns) == ["recency_days", "canonical_segment", "favourite"]
    asked = route.calls.last.request.url.params["select"].split(",")
    assert asked == ["id", "created_at", "recency_days", "frequency", "segment", "favourite"]


@respx.mock
def test_the_directory_function_fills_a_frame_in_one_request(caller):
    route = respx.post(RPC).mock(return_value=httpx.Response(200, content=answer(ROWS[:3], ROWS[3:])))
    frame = caller(customers_frame, caller.open(URL, KEY), columns=["id"], backend="arrow")
    assert isinstance(frame, pa.Table)
    assert sorted(frame["id"].to_pylist()) == sorted(row["id"] for row in ROWS)
    assert route.call_count == 1


@respx.mock
def test_a_read_that_stops_holds_what_it_got(ask):
    rows = Rows(ROWS, cap=3)
    respx.get(VIEW).mock(side_effect=lambda request: httpx.Response(403) if rows.requests else rows(request))
    with pytest.raises(IncompleteReadError) as raised:
        ask(customers_frame, columns=["tier"])
    assert raised.value.operation == "customers_frame"
    assert [row["tier"] for row in raised.value.rows] == ["gold"] * 3
    assert raised.value.expected == 8


@respx.mock
def test_pages_come_as_record_batches_of_one_schema(caller, crm):
    respx.get(VIEW).mock(side_effect=Rows([*ROWS, {"id": str(UUID(int=99)), "favourite": {"a": 1}}], cap=4))
    decoder = RecordDecoder(AdminCustomer, ["tier", "favourite"])
    pages, batches = PageReader(crm, decoder, decoder.fields), []
    while found := caller(lambda _: pages.next(), crm) if caller.name == "async" else _now(pages.next()):
        batches += [page.batch for page in found if isinstance(page, RecordPage)]
    assert [batch.num_rows for batch in batches] == [4, 4, 1]
    assert {batch.schema for batch in batches} == {decoder.schema}


def _now(coroutine):
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    return stop.value.value


def test_backends_hold_the_same_values():
    table = customers_frame([ANA, NEW], personal=True, backend="pyarrow")
    assert customers_frame([ANA, NEW], personal=True, backend="polars").to_dicts() == table.to_pylist()
    assert pl.DataFrame(table).equals(customers_frame([ANA, NEW], personal=True, backend="polars"))
    assert hasattr(table, "__arrow_c_stream__")


def test_duckdb_takes_a_frame():
    import duckdb

    found = duckdb.from_arrow(customers_frame([ANA, NEW], backend="arrow"))
    assert found.aggregate("sum(total_spent), count(*)").fetchall() == [(12.3, 2)]


def test_contactable_age_and_days_since_the_last_order_are_columns():
    today = datetime.now(UTC).date()
    born = date(today.year - 30, 12, 31)
    customer = AdminCustomer(id=ID, whatsapp="55", birthdate=born, frequency=0, recency_days=365)
    row = customers_frame([customer], backend="arrow").to_pylist()[0]
    assert (row["is_contactable"], row["age"], row["recency_days"]) == (
        True,
        29 + (today >= born.replace(year=today.year)),
        None,
    )


def test_a_column_that_is_personal_needs_the_word():
    for name in ("email", "customer_phone", "ai_preferences", "avatar_url"):
        with pytest.raises(InvalidInputError, match=f"personal=True: {name}") as raised:
            customers_frame([ANA], columns=["tier", name])
        assert raised.value.argument == "columns"
    assert customers_frame([ANA], columns=["email"], personal=True)["email"].tolist() == ["ana@x.example"]


def test_a_column_that_the_shop_has_besides_comes_on_demand():
    customers = [AdminCustomer(id=ID, shoe_size=40, note={"a": [1]}, last_order_date="2026-05-01T10:00:00+00:00")]
    frame = customers_frame(customers, columns=["shoe_size", "note", "last_order_date", "nothing"], backend="arrow")
    assert frame.to_pylist() == [
        {
            "shoe_size": 40,
            "note": '{"a": [1]}',
            "last_order_date": datetime(2026, 5, 1, 10, tzinfo=UTC),
            "nothing": None,
        }
    ]


@pytest.mark.parametrize("source", [3, None, [ANA, "Ana"], {"id": 1}])
def test_what_is_neither_a_connection_nor_customers_is_a_type_error(source):
    with pytest.raises(InvalidTypeError, match="a connection or customers, not"):
        customers_frame(source)


def test_a_value_that_no_column_holds_is_missing_and_told_once(caplog):
    customers = [AdminCustomer(id=UUID(int=n), total_orders=2**70, total_spent=Decimal("1e999")) for n in (1, 2)]
    frame = customers_frame(customers)
    assert frame[["total_orders", "total_spent"]].isna().all(axis=None)
    assert [record.getMessage().count(": 2") for record in caplog.records] == [2]
