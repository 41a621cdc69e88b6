"""PostgREST's filter for a text: quoted, with ids by their beginning, and no longer than a URL allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm._postgrest.text_filter import fitting_length, quoted, text_filter, url_length

COLUMNS = frozenset({"id", "full_name", "phone", "customer_phone", "whatsapp"})


def test_a_text_stays_inside_its_quotes():
    columns = frozenset({"full_name", "phone"})
    assert text_filter("", "id", columns) == ""
    assert text_filter('1",2', "id", columns) == 'full_name.match."1\\\\\\"\\\\,2",phone.match."1\\\\\\"\\\\,2"'


def test_one_column_of_phones_is_searched_as_the_models_read_it():
    assert "customer_phone" not in text_filter("1", "id", COLUMNS)
    assert "customer_phone.match" in text_filter("1", "id", COLUMNS - {"phone"})
    assert "phone.match" in text_filter("1", "id", frozenset())


@pytest.mark.parametrize("text", ["AB", "ab000000", "ab000000-0", "ab0000000"])
def test_the_beginning_of_an_id_is_a_range(text):
    assert "customer_id.gte.ab000000-0000-0000-0000-000000000000" in text_filter(text, "customer_id", COLUMNS)


@pytest.mark.parametrize("text", ["-ab", "ab0-", "xyz", "a" * 33])
def test_what_no_id_starts_with_is_not_searched_among_ids(text):
    assert ".gte." not in text_filter(text, "id", COLUMNS)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_fits_into_a_url(text):
    length = fitting_length(text, COLUMNS, 7_000)
    assert url_length(text_filter(text, "customer_id", COLUMNS, length=length)) <= 7_000
    assert length is None or length > 15


def test_usual_names_fit_whole():
    assert fitting_length("María Fernanda Castañeda Treviño de la Rosa", COLUMNS, 7_000) is None
    assert fitting_length("María " * 30, COLUMNS, 7_000) is not None


@given(st.text())
def test_any_text_survives_quoting(text):
    inside = quoted(text)[1:-1]
    plain, position = [], 0
    while position < len(inside):
        assert inside[position] != '"'
        position += inside[position] == "\\"
        plain.append(inside[position])
        position += 1
    assert "".join(plain) == text
