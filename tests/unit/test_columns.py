"""Which columns of the view are asked for, by the names that each shop has."""

from __future__ import annotations

import pytest

from admin_crm import AdminCRM, AdminCustomer, InvalidInputError, SchemaMismatchError
from admin_crm._core.connection import facts_of
from admin_crm._postgrest.columns import column_names, note_missing_column, select_list
from helpers import KEY, QUICK, URL


@pytest.fixture
def crm():
    with AdminCRM(URL, KEY, settings=QUICK) as opened:
        yield opened


def missing(name, kind="column"):
    return SchemaMismatchError("gone", kind=kind, name=name)


def test_no_fields_are_all_columns(crm):
    assert select_list(crm, AdminCustomer, None, "id") is None


def test_the_key_is_always_there_and_once(crm):
    assert select_list(crm, AdminCustomer, ["full_name", "id", "full_name"], "customer_id") == [
        "customer_id",
        "full_name",
    ]


def test_a_field_is_asked_for_by_the_next_of_its_names_where_the_first_is_missing(crm):
    fields = ["phone", "tier", "recency_as_sent", "favourite_colour"]
    assert select_list(crm, AdminCustomer, fields, "id") == [
        "id", "phone", "customer_tier", "recency_days", "favourite_colour",
    ]  # fmt: skip
    facts_of(crm).absent_view_columns |= {"phone", "customer_tier", "tier"}
    assert select_list(crm, AdminCustomer, fields, "id") == ["id", "customer_phone", "recency_days", "favourite_colour"]


def test_every_field_of_the_directory_knows_its_column():
    names = {name: column_names(AdminCustomer, name) for name in AdminCustomer.model_fields}
    assert names["phone"] == ["phone", "customer_phone"]
    assert names["recency_as_sent"] == ["recency_days"]
    assert names["segment"] == ["segment"]


def test_a_missing_column_is_learnt_once_and_only_if_it_was_asked_for(crm):
    assert note_missing_column(crm, missing("segment"), ["id", "segment"])
    assert not note_missing_column(crm, missing("segment"), ["id", "segment"])
    assert not note_missing_column(crm, missing("tier"), ["id", "segment"])
    assert not note_missing_column(crm, missing("tier"), None)
    assert not note_missing_column(crm, missing("segment", kind="table"), ["id", "segment"])
    assert not note_missing_column(crm, missing(None), ["id"])


@pytest.mark.parametrize(("typed", "meant"), [("full_nam", "full_name"), ("custmer_tier", "customer_tier")])
def test_a_missing_column_that_is_nearly_a_known_one_is_a_typing_error_each_time(crm, typed, meant):
    for _ in range(2):
        with pytest.raises(InvalidInputError, match=f"did you mean '{meant}'") as refused:
            note_missing_column(crm, missing(typed), ["id", typed])
        assert refused.value.argument == "columns"
    assert not facts_of(crm).absent_view_columns


@pytest.mark.parametrize("column", ["favourite_colour", "customer_tier", "tier", "last_order_date", "suspension_end"])
def test_a_missing_column_of_another_shop_is_no_typing_error(crm, column):
    assert note_missing_column(crm, missing(column), ["id", column])


def test_a_view_without_an_id_is_keyed_by_customer_id(crm):
    assert note_missing_column(crm, missing("id"), None)
    assert facts_of(crm).view_key == "customer_id"
    assert not note_missing_column(crm, missing("id"), None)
