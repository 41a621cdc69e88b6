"""Rows straight into Arrow columns: the same values as from models, whatever a shop's rows hold."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from unittest import mock
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import AdminCustomer, UnexpectedResponseError
from admin_crm._core.context import CallContext, enter, leave
from admin_crm._postgrest import record_batches
from admin_crm._postgrest.columns import frame_columns
from admin_crm._postgrest.decode import decode_rows
from admin_crm._postgrest.record_batches import RecordDecoder, RecordPage

EVERYTHING = [
    *frame_columns(None, personal=True), "avatar_url", "ai_preferences", "ia_context", "last_order_date",
    "customer_phone", "customer_tier", "customer_id", "favourite",
]  # fmt: skip
ID = "7e1b2c3d-0000-4000-8000-000000000001"

words = st.sampled_from(
    ["", " ", "infinity", "-infinity", "NaN", "true", "Sin Email", "a@b.example", "Campeón", "x" * 40]
)
numbers = (
    st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(-(10**25), 10**25, places=4).map(str)
    | st.just("1e400")
)
days = st.dates().map(str) | st.sampled_from(["0000-01-01", "12026-01-01", "2026-02-30", "2026-1-1", "20260101"])
moments = (
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat)
    | st.datetimes().map(str)
    | st.sampled_from([
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-10:00", "2026-01-01T24:00:00+00:00", "2026-01-01T10",
        "2026-01-01T10:00:00.1234567+00:00", "2026-01-01T23:59:60Z", "2026-01-01 10:00:00+00",
        "2026-01-01T10:00:00+99:99",
    ])
)  # fmt: skip
values = (
    st.none() | st.booleans() | words | numbers | days | moments | st.text(max_size=5)
    | st.lists(st.none() | words, max_size=2)
    | st.dictionaries(st.sampled_from(["interests", "updated_at"]), words | numbers)
)  # fmt: skip
SHAPES = {
    "full_name": st.text(max_size=9), "email": words, "phone": words, "whatsapp": words, "birthdate": days,
    "created_at": moments, "account_status": st.sampled_from(["active", "frozen"]), "customer_tier": words,
    "segment": words, "health_status": words, "total_orders": numbers, "total_spent": numbers, "recency_days": numbers,
    "frequency": st.integers(0, 3), "monetary": numbers, "avatar_url": words, "ai_preferences": values,
    "ia_context": values, "last_order_date": moments, "favourite": values,
}  # fmt: skip
AS_THEY_ARE = (
    "full_name", "email", "phone", "whatsapp", "birthdate", "account_status", "tier", "segment", "health_status",
    "canonical_segment", "canonical_health", "avatar_url", "is_contactable",
)  # fmt: skip
OTHER = {"phone": "customer_phone", "customer_tier": "tier"}


@st.composite
def pages(draw):
    """Rows of one shop, which all have the same columns; most values have their usual form."""
    names = draw(st.lists(st.sampled_from(sorted(SHAPES)), unique=True))
    named = {name: OTHER.get(name, name) if draw(st.booleans()) else name for name in names}
    ids = draw(st.lists(st.uuids(), unique=True, max_size=4))
    odd = values if draw(st.booleans()) else st.nothing()
    return [{"id": str(each)} | {named[name]: draw(st.none() | SHAPES[name] | odd) for name in names} for each in ids]


def expected(content, columns=EVERYTHING):
    """The table made of models, and how many values of them could not be read."""
    decoder, call = RecordDecoder(AdminCustomer, columns), CallContext("test")
    token = enter(call)
    try:
        return decoder.convert(decode_rows(content, AdminCustomer)), call
    finally:
        leave(token)


@given(rows=pages())
def test_the_columns_are_those_of_models_value_by_value(rows):
    content, call = json.dumps(rows).encode(), CallContext("test")
    token = enter(call)
    try:
        decoded = RecordDecoder(AdminCustomer, EVERYTHING).decode(content)
    finally:
        leave(token)
    of_models, counted = expected(content)
    assert decoded.batch.equals(of_models.batch, check_metadata=True)
    assert sorted(call.unreadable) == sorted(counted.unreadable)


@given(rows=pages())
def test_the_columns_are_the_attributes_of_customers(rows):
    content = json.dumps(rows).encode()
    today = datetime.now(UTC).date()
    for customer, row in zip(decode_rows(content, AdminCustomer), expected(content)[0], strict=True):
        assert row["id"] == row["customer_id"] == str(customer.id)
        for name in AS_THEY_ARE:
            assert row[name] == getattr(customer, name), name
        for name in ("total_orders", "frequency", "recency_days"):
            number = getattr(customer, name)
            assert row[name] == (None if number is None or abs(number) >= 2**63 else number), name
        for name in ("total_spent", "monetary"):
            amount = getattr(customer, name)
            too_large = amount is not None and abs(float(amount)) == float("inf")
            assert row[name] == (None if amount is None or too_large else float(amount)), name
        if customer.created_at is None:
            assert row["created_at"] is None
        elif 1 < customer.created_at.year < 9999:
            assert row["created_at"] == customer.created_at
        born = customer.birthdate
        if born is None or born > today:
            assert row["age"] is None
        else:
            assert row["age"] == today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@pytest.fixture
def no_models(monkeypatch):
    """No row becomes a model."""
    monkeypatch.setattr(record_batches, "decode_rows", mock.Mock(side_effect=AssertionError("a model was made")))


USUAL = {
    "id": ID, "full_name": "Ana", "email": "Sin Email", "phone": None, "whatsapp": " ", "birthdate": "1990-05-01",
    "created_at": "2026-05-01T10:20:30.5+00:00", "account_status": "active", "customer_tier": "gold",
    "segment": "Leal", "health_status": "Otro", "total_orders": 3, "total_spent": 12.30, "recency_days": 365,
    "frequency": 0, "monetary": 7,
}  # fmt: skip


@pytest.mark.usefixtures("no_models")
def test_rows_in_their_usual_form_are_read_without_models():
    row = RecordDecoder(AdminCustomer, EVERYTHING).decode(json.dumps([USUAL]).encode())[0]
    assert (row["email"], row["recency_days"], row["is_contactable"]) == (None, None, False)
    assert (row["canonical_segment"], row["canonical_health"], row["tier"]) == ("loyal", None, "gold")
    assert (row["total_spent"], row["monetary"], row["birthdate"]) == (12.3, 7.0, date(1990, 5, 1))
    assert row["created_at"] == datetime(2026, 5, 1, 10, 20, 30, 500_000, tzinfo=UTC)
    assert (row["favourite"], row["avatar_url"]) == (None, None)


@pytest.mark.usefixtures("no_models")
def test_money_of_many_digits_is_the_float_nearest_to_it():
    digits = "12345678901234567.123456789"
    content = json.dumps([USUAL]).replace("12.3", digits).encode()
    assert RecordDecoder(AdminCustomer, ["total_spent"]).decode(content)[0]["total_spent"] == float(Decimal(digits))


def test_what_is_no_row_raises_as_it_does_for_models():
    for content in (b"{}", b"[1]", b'[{"full_name": "Ana"}]', b'[{"id": null}]', b'[{"id": "x"}]', b"nothing"):
        with pytest.raises(UnexpectedResponseError):
            RecordDecoder(AdminCustomer, EVERYTHING).decode(content)


def test_only_the_fields_that_the_columns_are_made_of_are_needed():
    assert RecordDecoder(AdminCustomer, ["recency_days", "tier"]).fields == [
        "id",
        "recency_as_sent",
        "frequency",
        "tier",
    ]
    assert "created_at" in RecordDecoder(AdminCustomer, ["tier"], newest_first=True).fields


def decoded(decoder, *rows):
    return decoder.decode(json.dumps(rows).encode())


def test_a_table_has_every_customer_once_with_the_later_row_newest_first():
    decoder = RecordDecoder(AdminCustomer, ["full_name"], newest_first=True)
    ids = [str(UUID(int=number)) for number in range(4)]
    row = {"created_at": "2026-01-01T00:00:00Z", "full_name": "old"}
    first = decoded(decoder, *({"id": each} | row for each in ids[:2]))
    second = decoded(decoder, {"id": ids[1], "created_at": None, "full_name": "new"},
                     {"id": ids[3], "created_at": "2026-01-02T00:00:00Z", "full_name": "newest"},
                     {"id": ids[2], "created_at": "2026-01-01T00:00:00Z", "full_name": "same time"})  # fmt: skip
    table = decoder.table([first, second])
    assert table.column_names == ["full_name"]
    assert table["full_name"].to_pylist() == ["newest", "old", "same time", "new"]


def test_without_pages_a_table_has_its_columns_all_the_same():
    table = RecordDecoder(AdminCustomer, EVERYTHING, newest_first=True).table([])
    assert table.column_names == EVERYTHING
    assert len(table) == 0


@pytest.mark.parametrize(
    ("found", "kind", "kept"),
    [
        ([1, None], pa.int64(), [1, None]),
        ([1, 2.5], pa.float64(), [1.0, 2.5]),
        ([True, None], pa.bool_(), [True, None]),
        (["a", None], pa.string(), ["a", None]),
        ([None, None], pa.string(), [None, None]),
        ([{"a": 1}, "ñ"], pa.string(), ['{"a": 1}', "ñ"]),
        ([2**70, 1], pa.string(), [str(2**70), "1"]),
    ],
)
def test_a_column_that_the_library_does_not_know_has_the_type_of_its_values(found, kind, kept):
    decoder = RecordDecoder(AdminCustomer, ["favourite"])
    rows = [{"id": str(UUID(int=number)), "favourite": value} for number, value in enumerate(found)]
    column = decoder.table([decoded(decoder, *rows)])["favourite"]
    assert (column.type, column.to_pylist()) == (kind, kept)
    text = decoder.table([decoded(decoder, *rows)], as_text=True)["favourite"]
    assert text.type == pa.string()


def test_a_page_is_a_sequence_of_rows():
    page = decoded(
        RecordDecoder(AdminCustomer, ["full_name"]), *({"id": str(UUID(int=n)), "full_name": f"{n}"} for n in range(3))
    )
    assert isinstance(page, RecordPage)
    assert [row["full_name"] for row in page] == ["0", "1", "2"]
    assert [row["full_name"] for row in page[1:]] == ["1", "2"]
    assert page[-1] == {"id": str(UUID(int=2)), "full_name": "2"}
    with pytest.raises(IndexError):
        page[3]
