"""What other tables say of customers: tags of any kind, in URLs that are not too long."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from admin_crm._postgrest.selected_rows import _ROOM, _parts, array_of
from admin_crm._postgrest.text_filter import url_length

TAGS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=100)
HOSTILE = [
    "a,b",
    'a"b',
    "{a}",
    "a\\b",
    '\\"',
    "}",
    "NULL",
    "null",
    " a ",
    "(x)",
    "a.b",
    "cs.{x}",
    "*",
    "%",
    "', '",
    "🌸",
]


def elements(literal: str) -> list[str]:
    """Read an array of texts as Postgres does: quoted elements, in which a backslash takes the next one literally."""
    assert (literal[0], literal[-1]) == ("{", "}")
    found, rest = [], literal[1:-1]
    while rest:
        assert rest[0] == '"'
        element, position = "", 1
        while rest[position] != '"':
            position += rest[position] == "\\"
            element += rest[position]
            position += 1
        found.append(element)
        rest = rest[position + 1 :]
        assert not rest or rest[0] == ","
        rest = rest[1:]
    return found


@given(st.lists(TAGS))
@example(HOSTILE)
def test_any_tags_survive_being_written_as_an_array(tags):
    assert elements(array_of(tags)) == tags


@given(st.lists(TAGS, max_size=60))
@example(["🌸" * 100] * 7)
def test_many_tags_are_cut_into_lists_that_a_url_has_room_for(tags):
    parts = _parts(tags)
    assert [tag for part in parts for tag in part] == tags
    assert all(len(part) == 1 or url_length(array_of(part)) <= _ROOM for part in parts)
    assert bool(parts) == bool(tags)
