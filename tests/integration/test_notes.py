"""Notes, tags and custom fields, on the local stack."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest

from admin_crm import (
    AdminCRM,
    CustomerNotFoundError,
    InvalidInputError,
    PermissionDeniedError,
    add_customer_tags,
    get_admin_customer_notes,
    remove_customer_tags,
    set_custom_fields,
    update_admin_customer_notes,
)
from helpers import user_id_of

NOBODY = "00000000-0000-4000-8000-00000000dead"


def test_the_first_note_creates_the_row_and_later_ones_change_only_what_is_passed(admin, customer):
    assert admin(get_admin_customer_notes, customer) is None
    admin(update_admin_customer_notes, customer, notes="Prefiere WhatsApp", tags=["vip", "vip", " regalo "])
    admin(update_admin_customer_notes, customer, custom_fields={"talla": "M"})
    notes = admin(get_admin_customer_notes, customer)
    assert (notes.notes, notes.tags, notes.custom_fields) == ("Prefiere WhatsApp", ["vip", "regalo"], {"talla": "M"})


def test_none_clears_a_field_and_the_others_stay(by_key, customer):
    by_key(update_admin_customer_notes, customer, notes="a", tags=["b"], custom_fields={"c": 1})
    cleared = by_key(update_admin_customer_notes, customer, notes=None, tags=None)
    assert (cleared.notes, cleared.tags, cleared.custom_fields) == (None, [], {"c": 1})
    assert by_key(update_admin_customer_notes, customer, custom_fields=None).custom_fields == {}


def test_custom_fields_keep_their_json_types(by_key, customer):
    fields = {"puntos": 7, "activo": True, "lista": [1, "dos"], "mapa": {"ñ": None}, "texto": 'di "sí"'}
    assert by_key(update_admin_customer_notes, customer, custom_fields=fields).custom_fields == fields
    dated = by_key(set_custom_fields, customer, {"desde": date(2026, 1, 2), "saldo": Decimal("1.50")}).custom_fields
    assert dated == {**fields, "desde": "2026-01-02", "saldo": "1.50"}


def test_tags_and_fields_are_added_and_removed_one_by_one(admin, customer):
    assert admin(add_customer_tags, customer, ["a", "b"]).tags == ["a", "b"]
    assert admin(add_customer_tags, customer, ["b", "c"]).tags == ["a", "b", "c"]
    assert admin(remove_customer_tags, customer, ["a", "zzz"]).tags == ["b", "c"]
    assert admin(remove_customer_tags, customer, ["zzz"]).tags == ["b", "c"]
    assert admin(set_custom_fields, customer, {"x": 1, "y": 2}).custom_fields == {"x": 1, "y": 2}
    assert admin(set_custom_fields, customer, {"x": None, "z": 3}).custom_fields == {"y": 2, "z": 3}
    assert admin(set_custom_fields, customer, {"nope": None}).custom_fields == {"y": 2, "z": 3}


def test_removing_a_tag_before_the_first_note_writes_nothing(by_key, customer):
    assert by_key(remove_customer_tags, customer, ["a"]).tags == []
    assert by_key(get_admin_customer_notes, customer) is None


@pytest.mark.once
def test_two_administrators_adding_fifty_tags_each_lose_none(stack, customer):
    def add_fifty(admin: tuple[str, str], prefix: str) -> None:
        with AdminCRM.sign_in(stack.url, stack.publishable_key, *admin) as crm:
            for number in range(50):
                add_customer_tags(crm, customer, [f"{prefix}{number}"])

    first, second = stack.admins
    with ThreadPoolExecutor(2) as threads:
        for each in (threads.submit(add_fifty, first, "a"), threads.submit(add_fifty, second, "b")):
            each.result()
    row = stack.execute_sql(f"select tags from admin_customer_notes where customer_id = '{customer}'")
    assert sorted(row[0]["tags"]) == sorted(f"{prefix}{number}" for prefix in "ab" for number in range(50))


def test_rows_without_a_timestamp_are_protected_too(by_key, customer, stack):
    by_key(update_admin_customer_notes, customer, tags=["a"])
    stack.execute_sql("alter table admin_customer_notes disable trigger user")
    stack.execute_sql("alter table admin_customer_notes alter column updated_at drop not null")
    stack.execute_sql(f"update admin_customer_notes set updated_at = null where customer_id = '{customer}'")
    stack.execute_sql("alter table admin_customer_notes enable trigger user")
    assert by_key(add_customer_tags, customer, ["b"]).tags == ["a", "b"]


@pytest.mark.parametrize(
    "write",
    [
        lambda ask, who: ask(update_admin_customer_notes, who, notes="a"),
        lambda ask, who: ask(add_customer_tags, who, ["a"]),
        lambda ask, who: ask(remove_customer_tags, who, ["a"]),
        lambda ask, who: ask(set_custom_fields, who, {"a": 1}),
        lambda ask, who: ask(get_admin_customer_notes, who),
    ],
)
def test_no_notes_are_written_for_a_customer_that_does_not_exist(by_key, write):
    with pytest.raises(CustomerNotFoundError):
        write(by_key, NOBODY)


def test_a_customer_may_not_write_notes(stranger):
    own = user_id_of(stranger.crm)
    with pytest.raises(PermissionDeniedError):
        stranger(update_admin_customer_notes, own, notes="soy vip")
    with pytest.raises(PermissionDeniedError):
        stranger(add_customer_tags, own, ["vip"])


def nested(levels: int) -> list[object]:
    value: list[object] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({}, "notes"),
        ({"notes": 5}, "notes"),
        ({"notes": "a" * 20_001}, "notes"),
        ({"tags": "vip"}, "tags"),
        ({"tags": [" "]}, "tags"),
        ({"tags": ["a" * 61]}, "tags"),
        ({"tags": [f"t{n}" for n in range(101)]}, "tags"),
        ({"custom_fields": ["a"]}, "custom_fields"),
        ({"custom_fields": {"a": object()}}, "custom_fields"),
        ({"custom_fields": {"": 1}}, "custom_fields"),
        ({"custom_fields": {"a": "b" * 100_001}}, "custom_fields"),
        ({"custom_fields": {"a": float("nan")}}, "custom_fields"),
        ({"custom_fields": {"a": [{"b": float("-inf")}]}}, "custom_fields"),
        ({"custom_fields": {"a": ["b\x00"]}}, "custom_fields"),
        ({"custom_fields": {"a": {"\ud800": 1}}}, "custom_fields"),
        ({"custom_fields": {"a": 10**5000}}, "custom_fields"),
        ({"custom_fields": {"a": nested(101)}}, "custom_fields"),
        ({"custom_fields": {"a": nested(100_000)}}, "custom_fields"),
        ({"notes": "\x00"}, "notes"),
        ({"tags": ["\ud800"]}, "tags"),
    ],
)
def test_wrong_notes_are_refused_before_anything_is_sent(ask, wrong, named):
    with pytest.raises(InvalidInputError) as refused:
        ask(update_admin_customer_notes, NOBODY, **wrong)
    assert refused.value.argument == named


def test_fields_come_back_as_they_were_written_however_odd_their_numbers_and_as_deep_as_they_may_be(by_key, customer):
    fields = {"x": 0.30000000000000004, "big": 2**53 - 1, "deep": nested(90), "small": 1e-7, "one": 1}
    by_key(set_custom_fields, customer, fields)
    for _ in range(2):
        row = by_key(set_custom_fields, customer, {"n": 1})
        assert row.custom_fields == {**fields, "n": 1}
        assert type(row.custom_fields["x"]) is float
        by_key(set_custom_fields, customer, {"n": None})
    assert by_key(get_admin_customer_notes, customer).custom_fields == fields


def test_adding_nothing_is_refused(ask):
    with pytest.raises(InvalidInputError):
        ask(add_customer_tags, NOBODY, [])
    with pytest.raises(InvalidInputError):
        ask(set_custom_fields, NOBODY, {})
