"""One odd row costs one odd value (R5); money keeps every digit, and the shop's own JSON its floats (R4)."""

from __future__ import annotations

import json
import logging
import pickle
from decimal import Decimal
from uuid import UUID

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AliasChoices

from admin_crm import (
    Address,
    AdminCustomer,
    AdminNotes,
    CustomerProfile,
    Notification,
    Order,
    UnexpectedResponseError,
    get_all_customers,
    is_locked,
    iter_customers,
)
from admin_crm._core.fields import Model
from admin_crm._core.lenient import read_leniently
from admin_crm._postgrest.decode import adapter_of, read_rows
from helpers import URL

ID = "7b1d7c52-6f0a-4c1e-9a55-0c2f5a1e9d01"
OTHER = "7b1d7c52-6f0a-4c1e-9a55-0c2f5a1e9d02"


def answer(text: str) -> httpx.Response:
    return httpx.Response(200, content=text.encode(), request=httpx.Request("GET", URL))


def read(model, *columns: str):
    """Read a page whose first row has the columns as they are, between two ordinary rows."""
    rows = [f'{{"id": "{OTHER}"}}', *(f'{{"id": "{ID}", {column}}}' for column in columns), f'{{"id": "{OTHER}"}}']
    found = read_rows(answer(f"[{','.join(rows)}]"), model)
    assert len(found) == len(rows)
    assert not found[0].unreadable
    assert not found[-1].unreadable
    return found[1:-1]


DEEP = "[" * 5000 + "]" * 5000
HUGE = "9" * 5000

ODD_CUSTOMER = {
    '"ai_preferences": []': [],
    '"ai_preferences": "gotas"': "gotas",
    '"ai_preferences": {"interests": null}': {"interests": None},
    '"ai_preferences": {"preferred_styles": null}': {"preferred_styles": None},
    '"ai_preferences": {"interests": "gotas"}': {"interests": "gotas"},
    '"ai_preferences": {"interests": ["a", null, 5]}': {"interests": ["a", None, 5]},
    f'"ai_preferences": {{"x": {DEEP}}}': f'{{"x": {DEEP}}}',
    f'"ai_preferences": {{"x": {HUGE}}}': f'{{"x": {HUGE}}}',
    f'"ai_preferences": {HUGE}.5': None,
    '"ia_context": {"propensity_score": "alta"}': {"propensity_score": "alta"},
    '"ia_context": {"updated_at": ""}': {"updated_at": ""},
    '"birthdate": "infinity"': "infinity",
    '"birthdate": "-infinity"': "-infinity",
    '"birthdate": "12026-01-01"': "12026-01-01",
    '"birthdate": "0044-03-15 BC"': "0044-03-15 BC",
    '"created_at": "infinity"': "infinity",
    '"created_at": "12026-01-01T00:00:00+00:00"': "12026-01-01T00:00:00+00:00",
    '"created_at": "0044-03-15T00:00:00+00:00 BC"': "0044-03-15T00:00:00+00:00 BC",
    '"frequency": 2.5': 2.5,
    '"monetary": "NaN"': "NaN",
    '"monetary": "Infinity"': "Infinity",
    '"recency_days": "soon"': "soon",
    '"full_name": ["Ana"]': ["Ana"],
    '"email": {}': {},
    '"customer_tier": []': [],
    '"phone": {"a": 1}': {"a": 1},
    f'"unknown_column": {DEEP}': DEEP,
}


@pytest.mark.parametrize("column", ODD_CUSTOMER, ids=lambda column: column[:45])
def test_a_value_that_a_field_cannot_hold_costs_that_value_alone_and_is_kept(column):
    (row,) = read(AdminCustomer, f'"segment": "Leal", {column}, "whatsapp": "1"')
    name = column[1:].partition('"')[0]
    assert (row.id, row.segment, row.whatsapp) == (UUID(ID), "Leal", "1")
    assert list(row.unreadable) == [name]
    if (raw := ODD_CUSTOMER[column]) is not None:
        assert row.unreadable[name] == raw
    field = {"customer_tier": "tier", "recency_days": "recency_as_sent"}.get(name, name)
    if "{" not in column or name == "phone":
        assert getattr(row, field, None) is None


def test_what_is_readable_in_an_odd_json_value_is_read():
    (row,) = read(AdminCustomer, '"ai_preferences": {"interests": ["a", null, "b"], "visual_theme_hint": "tierra"}')
    assert row.ai_preferences.interests == ["a", "b"]
    assert row.ai_preferences.visual_theme_hint == "tierra"
    assert row.unreadable == {"ai_preferences": {"interests": ["a", None, "b"], "visual_theme_hint": "tierra"}}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("{}", None),
        ("[null]", []),
        ('[{"price": "abc", "name": "Taza"}]', [("Taza", None)]),
        ('[5, {"price": 2, "name": "Taza"}, null, {"price": [], "name": "Vaso"}]', [("Taza", 2), ("Vaso", None)]),
    ],
)
def test_an_odd_item_of_an_order_costs_the_item_or_its_value(items, expected):
    (order,) = read(Order, f'"items": {items}, "total": 3')
    found = None if order.items is None else [(item.name, item.price) for item in order.items]
    assert (found, order.total) == (expected, 3)
    assert order.unreadable == {"items": json.loads(items)}


def test_several_odd_values_of_one_row_are_all_kept():
    (row,) = read(CustomerProfile, '"birthdate": "infinity", "suspension_end": "infinity", "ai_preferences": []')
    assert row.unreadable == {"birthdate": "infinity", "suspension_end": "infinity", "ai_preferences": []}
    assert (row.birthdate, row.suspension_end, row.ai_preferences) == (None, None, None)


def test_the_unreadable_values_of_a_row_go_along_with_its_copies_and_show_in_no_repr_and_no_dump():
    (row,) = read(CustomerProfile, '"birthdate": "infinity"')
    for copy in (row.model_copy(update={"full_name": "Ana"}), pickle.loads(pickle.dumps(row))):
        assert copy.unreadable == {"birthdate": "infinity"}
    assert "infinity" not in repr(row) + row.model_dump_json()
    assert row == row.model_copy()


@pytest.mark.parametrize(
    "page", ["", "{}", "[1]", "[null]", '[{"id": 1}', '[{"id": nul}]', '[{"id" 1}]', "[[]]", '[{"full_name": "Ana"}]']
)
def test_what_is_no_list_of_rows_is_an_error(page):
    with pytest.raises(UnexpectedResponseError):
        read_rows(answer(page), AdminCustomer)


def test_a_row_without_a_readable_id_is_an_error_that_names_the_field():
    with pytest.raises(UnexpectedResponseError, match="unexpected id"):
        read_rows(answer('[{"id": "nobody"}]'), AdminCustomer)


def test_a_page_cut_off_after_an_odd_row_is_an_error_and_not_a_shorter_page():
    with pytest.raises(UnexpectedResponseError, match="not JSON"):
        read_rows(answer(f'[{{"id": "{ID}", "birthdate": "infinity"}}, {{"id": "{OTHER}"'), AdminCustomer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.text().filter(lambda name: name != "model_config"), JSON, max_size=5), max_size=4))
def test_rows_read_one_by_one_are_the_rows_of_the_page(rows):
    for indent in (None, 2):
        found = read_leniently(json.dumps(rows, indent=indent).encode(), adapter_of(Model))
        assert [row.model_extra for row in found] == rows


@given(JSON, JSON)
def test_whatever_json_a_customer_writes_the_directory_is_read(preferences, context):
    page = json.dumps([{"id": ID, "ai_preferences": preferences, "ia_context": context}, {"id": OTHER}])
    one, other = read_rows(answer(page), AdminCustomer)
    assert (one.id, other.id) == (UUID(ID), UUID(OTHER))
    for name, value in (("ai_preferences", preferences), ("ia_context", context)):
        if name in one.unreadable:
            assert one.unreadable[name] == value


ROWS = [AdminCustomer, CustomerProfile, Order, Address, AdminNotes, Notification]
KEYS = {"id": ID, "customer_id": ID, "user_id": ID}
COLUMNS = sorted(
    {
        str(field.validation_alias.choices[0] if isinstance(field.validation_alias, AliasChoices) else name)
        for model in ROWS
        for name, field in model.model_fields.items()
    }
    - {*KEYS, "recency_as_sent"}
    | {"recency_days", "unknown_column"}
)


@pytest.mark.parametrize("model", ROWS)
@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from(COLUMNS), JSON, max_size=4))
def test_whatever_json_a_row_of_any_model_holds_it_is_read_and_so_are_the_others(model, columns):
    other, one, third = read_rows(answer(json.dumps([KEYS, {**columns, **KEYS}, KEYS])), model)
    assert other == third
    assert not other.unreadable
    for name, value in one.unreadable.items():
        assert json.dumps(value) == json.dumps(columns[name])
    assert one.model_dump_json()
    assert (one.model_extra or {}).get("unknown_column") == columns.get("unknown_column")


def test_text_that_is_no_unicode_costs_itself():
    (one,) = read(AdminCustomer, '"full_name": "\\uD83D", "phone": "\\ud83d\\ude00"')
    assert (one.full_name, one.phone) == (None, "\U0001f600")
    assert one.unreadable == {"full_name": '"\\uD83D"'}
    assert one.model_dump_json()


def test_a_page_with_a_row_of_each_kind_of_oddity_reads_them_all():
    rows = read(AdminCustomer, *ODD_CUSTOMER)
    assert [bool(row.unreadable) for row in rows] == [True] * len(ODD_CUSTOMER)


def test_a_status_or_a_total_that_is_missing_is_unknown_and_no_default():
    (profile,) = read(CustomerProfile, '"full_name": "Ana"')
    (order,) = read(Order, '"status": "pending"')
    assert (profile.account_status, is_locked(profile)) == (None, None)
    assert order.total is None


# ------------------------------------------------------------------------------------------ numbers


def test_money_keeps_every_digit_and_the_shops_own_json_its_floats():
    one, other = read(
        Order,
        '"total": 1234567890123456.78, "extra": {"a": 0.30000000000000004}, "rate": 0.30000000000000004',
        '"total": 0.1, "extra": {"a": 0.1}, "items": [{"price": 0.30000000000000004, "weight": 1.25}]',
    )
    assert one.total == Decimal("1234567890123456.78")
    assert (one.model_extra["extra"], one.model_extra["rate"]) == ({"a": 0.30000000000000004}, 0.30000000000000004)
    assert type(one.model_extra["extra"]["a"]) is type(one.model_extra["rate"]) is float
    assert (other.total, other.model_extra) == (Decimal("0.1"), {"extra": {"a": 0.1}})
    assert type(other.model_extra["extra"]["a"]) is float
    assert other.items[0].price == Decimal("0.30000000000000004")
    assert type(other.items[0].model_extra["weight"]) is float


def test_a_float_of_17_digits_in_a_custom_field_stays_a_float_beside_an_odd_value_too():
    for more in ("", ', "updated_at": "infinity"'):
        (row,) = read_rows(
            answer(f'[{{"customer_id": "{ID}", "custom_fields": {{"x": [0.30000000000000004, 1.5]}}{more}}}]'),
            AdminNotes,
        )
        assert row.custom_fields == {"x": [0.30000000000000004, 1.5]}
        assert {type(each) for each in row.custom_fields["x"]} == {float}


def test_an_unreadable_value_keeps_its_floats():
    (row,) = read(AdminCustomer, '"ai_preferences": [0.30000000000000004]')
    assert json.dumps(row.unreadable["ai_preferences"]) == "[0.30000000000000004]"


# ------------------------------------------------------------------------------------------ the warning


@respx.mock
def test_a_call_warns_once_of_all_values_that_it_could_not_read(ask, caplog):
    rows = [{"id": ID, "birthdate": "infinity", "ai_preferences": []}, {"id": OTHER, "birthdate": "infinity"}]
    respx.get(url__startswith=f"{URL}/rest/v1/customer_intelligence_360").mock(
        return_value=httpx.Response(200, json=rows, headers={"content-range": "0-1/2"})
    )
    with caplog.at_level(logging.WARNING, "admin_crm"):
        ask(get_all_customers)
    (record,) = caplog.records
    assert "get_all_customers" in record.message
    assert "birthdate: 2, ai_preferences: 1" in record.message
    assert "infinity" not in record.message
    assert ID not in record.message


@respx.mock
def test_a_stream_warns_once_at_its_end(ask, caplog):
    def page(request: httpx.Request) -> httpx.Response:
        first = "gt" not in str(request.url)
        row = {"id": ID if first else OTHER, "birthdate": "infinity"}
        return httpx.Response(200, json=[row], headers={"content-range": f"0-0/{2 if first else 1}"})

    respx.get(url__startswith=f"{URL}/rest/v1/customer_intelligence_360").mock(side_effect=page)
    with caplog.at_level(logging.WARNING, "admin_crm"):
        assert len(ask.caller.collect(iter_customers(ask.crm, page_size=1))) == 2
    (record,) = caplog.records
    assert "birthdate: 2" in record.message


def test_an_id_is_the_same_however_its_row_was_read():
    row = {"id": "7e1b2c3d-0000-4000-8000-000000000001", "total": "abc", "created_at": "2026-01-01T00:00:00Z"}
    lenient = read_leniently(json.dumps([row]).encode(), adapter_of(Order))[0]
    assert lenient.id == UUID(row["id"])
    assert read_leniently(json.dumps([row | {"id": "P-1"}]).encode(), adapter_of(Order))[0].id == "P-1"
