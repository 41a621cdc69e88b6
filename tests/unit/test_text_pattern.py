"""A text is found whatever its case and accents, in any Unicode form, and never as anything but itself."""

# ruff: noqa: RUF001 (letters of several alphabets)

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from admin_crm._core.text_pattern import NO_ACCENTS, NOT_BLANK, WESTERN_ACCENTS, number_pattern, text_pattern

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


def is_in(text: str, name: str) -> bool:
    return re.search(text_pattern(text), name) is not None


@pytest.mark.parametrize(
    ("plain", "accented"),
    [("jose nunez", "José Núñez"), ("ase", "Åse"), ("dorde", "Đorđe"), ("stefan", "Ștefan"), ("zizek", "Žižek"),
     ("louys", "Louÿs"), ("lukasz", "Łukasz"), ("soren", "Søren"), ("yildiz", "Yıldız"), ("istanbul", "İstanbul"),
     ("nguyen", "Nguyễn"), ("strasse", "Straße"), ("aesop", "Æsop"), ("sigurdur", "Sigurður"), ("thor", "Þór"),
     ("ma jose", "Mª José"), ("αλεξης", "Αλέξης"), ("сергеи", "Сергей")],
)  # fmt: skip
def test_a_plain_letter_and_its_accented_forms_find_each_other_in_every_unicode_form(plain, accented):
    for stored in (accented, accented.upper(), accented.lower()):
        for form in ("NFC", "NFD"):
            name = unicodedata.normalize(form, stored)
            assert is_in(plain, name), name
            assert is_in(name, accented), name
            assert is_in(plain.upper(), name), name
    for form in ("NFC", "NFD"):
        assert is_in(unicodedata.normalize(form, accented), plain)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("name", ["José Ñandú", "한국어", "がぎぐ", "q̃uo", "e\u20dd"])
def test_both_unicode_forms_of_a_text_find_both_forms_of_a_name(name, form):
    text = unicodedata.normalize(form, name)
    assert is_in(text, unicodedata.normalize("NFC", name))
    assert is_in(text, unicodedata.normalize("NFD", name))


@given(TEXT, TEXT, TEXT)
@example("", "_", "")
@example("", "\u0301", "")
@example("e", "\u0301", "")
@example("", "sß", "")
@example("", "\u212b", "")
@example("", "ﷺ", "")
@example("", "\ufa0e\uf900", "")
def test_every_text_finds_itself(before, text, after):
    for reach in (None, WESTERN_ACCENTS, NO_ACCENTS):
        pattern = text_pattern(text) if reach is None else text_pattern(text, reach=reach)
        assert re.search(pattern, before + text + after)
        assert re.fullmatch(pattern, text)


@given(TEXT, TEXT)
def test_a_text_finds_what_contains_it_without_regard_to_ascii_case_and_nothing_else(text, other):
    if text.isascii() and other.isascii():
        squeezed = [" ".join(re.split(r"\s+", each.lower())) for each in (text, other)]
        assert is_in(text, other) == (squeezed[0] in squeezed[1])


@given(TEXT)
def test_the_beginning_of_a_text_finds_all_that_the_whole_finds(text):
    for length in range(1, 5):
        assert re.search(text_pattern(text, length=length), text)
        assert re.search(number_pattern(text, length=length), text)


@pytest.mark.parametrize("text", ["_", "\u0301", "·", "%", "ʼ"])
def test_a_text_of_no_letters_finds_only_itself(text):
    assert is_in(text, f"a{text}b")
    assert not is_in(text, "José Ñandú")


@pytest.mark.parametrize("text", ["5512345678", "(55) 1234-5678", "55.1234.5678", "+52 55", "345"])
def test_a_phone_number_is_found_with_any_punctuation(text):
    assert re.search(number_pattern(text), "+52 (55) 1234 5678")


def test_few_digits_and_texts_that_are_no_numbers_are_found_literally_in_a_phone_number():
    assert not re.search(number_pattern("51"), "5 1")
    assert not re.search(number_pattern("a551"), "5-5-1")
    assert re.search(number_pattern("EXT. 5"), "55 1234 ext. 5")


def test_white_space_is_what_python_strips():
    characters = [chr(code) for code in range(1, 0x11000) if not 0xD800 <= code < 0xE000]
    assert [each for each in characters if bool(re.search(NOT_BLANK, each)) != bool(each.strip())] == []
