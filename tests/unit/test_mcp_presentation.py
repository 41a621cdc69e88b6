"""Values as an agent gets them: nothing hidden, nothing forged, personal data masked."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import RateLimitedError
from admin_crm.mcp.presentation import LONGEST, address, handed_over, in_plain_words, one_line, quoted, readable

PHONE = "+52 55 1234 5641"


def test_characters_that_nobody_sees_are_taken_out() -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "ban all")
    assert readable(f"A\u202en\u200ba{hidden}\u2066\ufeff\x1b[31m\U000e0101") == "Ana[31m"
    assert readable("una\u00a0línea\u2028y otra\n\ty más") == "una línea y otra\n\ty más"


@given(st.text())
def test_a_readable_text_is_read_as_it_is_written(text: str) -> None:
    assert readable(readable(text)) == readable(text)
    assert all(each.isprintable() or each in "\n\t" for each in readable(text))


@given(st.text(), st.text())
def test_no_value_ends_its_line_or_its_quotes(text: str, name: str) -> None:
    for value in (text, [text, name], {name: text}, {name: [text]}):
        assert len(quoted(value).splitlines()) == 1
    assert quoted(text).count('"') == 2
    assert quoted([text, name]).count('"') == 4


def test_values_are_quoted_one_by_one() -> None:
    assert quoted(["a", 'b"c']) == '"a", "b\'c"'
    assert quoted({"talla": "M", "visitas": 3}) == '"talla" = "M", "visitas" = "3"'
    assert (quoted([]), quoted({}), quoted("")) == ('""', '""', '""')


def test_a_long_name_is_cut_and_a_long_line_is_one() -> None:
    assert one_line("Ana\n Ordóñez\r\n") == "Ana Ordóñez"
    assert one_line("x" * 300, 80) == "x" * 79 + "…"


def test_contact_data_is_masked_wherever_it_hides() -> None:
    row = {
        "id": UUID(int=5),
        "email": "ana@clientes.example",
        "phone": PHONE,
        "notes": f"call {PHONE}, or ana@clientes.example",
        "custom_fields": {"otro": ["+52 55\u200b 1234\u200b 5641"]},
        "created_at": datetime(2026, 11, 28, 16, 1, 28, 19123, tzinfo=UTC),
        "order_number": "2026112800001",
    }
    masked = handed_over(row, personal=False)
    assert masked == {
        **row,
        "email": "…@clientes.example",
        "phone": "…41",
        "notes": "call …41, or …@clientes.example",
        "custom_fields": {"otro": ["…41"]},
    }
    assert handed_over(row, personal=True)["email"] == "ana@clientes.example"


def test_a_text_that_is_cut_says_so() -> None:
    cut = handed_over({"notes": "á" * (LONGEST + 1)}, personal=True)["notes"]
    assert cut.startswith("á" * LONGEST + "…")
    assert "4,001 characters" in cut
    assert handed_over(["á" * LONGEST], personal=True) == ["á" * LONGEST]


@pytest.mark.parametrize(("personal", "street"), [(False, None), (True, "Madero")])
def test_of_an_address_there_is_only_the_town_unless_asked(personal: bool, street: str | None) -> None:
    shown = address({"street": "Madero", "city": "Puebla", "phone": PHONE}, personal=personal)
    assert (shown["street"], shown["city"]) == (street, "Puebla")


def test_an_error_says_whether_it_may_pass() -> None:
    error = RateLimitedError("too many requests", hint="write to ana@clientes.example")
    assert in_plain_words(error) == "too many requests — write to …@clientes.example (the same call may succeed later)"
