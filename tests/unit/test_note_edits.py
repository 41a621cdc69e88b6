"""What a change makes of a note; how it is written is in `test_notes.py`, and of many in `test_bulk_tags.py`."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import AdminNotes
from admin_crm._postgrest.note_edits import change_of_fields, change_of_tags

NOBODY = UUID(int=1)
TAGS = st.lists(st.sampled_from("abcdef"), unique=True)


@given(has=TAGS, add=TAGS, remove=TAGS)
def test_a_change_of_tags_made_twice_is_made_once(has, add, remove):
    remove = [tag for tag in remove if tag not in add]
    change = change_of_tags(add, remove)
    tags = change(AdminNotes(customer_id=NOBODY, tags=has)).get("tags", has)
    assert set(tags) == (set(has) - set(remove)) | set(add)
    assert [tag for tag in tags if tag in has] == [tag for tag in has if tag not in remove]
    assert change(AdminNotes(customer_id=NOBODY, tags=tags)) == {}


FIELDS = st.dictionaries(st.sampled_from("abcdef"), st.none() | st.integers() | st.lists(st.booleans()))


@given(has=FIELDS, fields=FIELDS)
def test_a_change_of_fields_made_twice_is_made_once(has, fields):
    change = change_of_fields(fields)
    merged = change(AdminNotes(customer_id=NOBODY, custom_fields=has)).get("custom_fields", has)
    assert all(merged.get(name) == value for name, value in fields.items())
    assert change(AdminNotes(customer_id=NOBODY, custom_fields=merged)) == {}


@pytest.mark.parametrize(("has", "value"), [(1, True), (False, 0), ([1], [True]), ({"a": 0}, {"a": False}), ([], [1])])
def test_true_and_1_are_two_values_of_a_field(has, value):
    changed = change_of_fields({"vip": value})(AdminNotes(customer_id=NOBODY, custom_fields={"vip": has}))
    assert repr(changed) == repr({"custom_fields": {"vip": value}})


def test_the_order_of_fields_and_how_a_number_is_written_are_no_differences():
    has = {"a": {"x": 1, "y": [2]}, "b": 10**16}
    change = change_of_fields({"b": 1e16, "a": {"y": [2.0], "x": 1}})
    assert change(AdminNotes(customer_id=NOBODY, custom_fields=has)) == {}
