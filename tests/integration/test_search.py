"""Searching and filtering on the local stack: literal, whatever the case and accents, and alike on server and list."""

# ruff: noqa: RUF001 (letters of several alphabets)

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from admin_crm import AdminCRM, InvalidInputError, filter_customers, get_all_customers, search_customers
from admin_crm.labels import folded
from shops import named


def test_search_pages_add_up_to_the_whole(asked):
    first = asked(search_customers, page_size=70)
    everyone = [each for page in range(1, first.pages + 1) for each in asked(search_customers, page=page, page_size=70)]
    assert [len(first), first.total] == [70, len(everyone)]
    assert len({each.id for each in everyone}) == first.total
    assert len(asked(search_customers, page=first.pages + 1, page_size=70)) == 0


def test_search_filters_by_segment_health_tier_and_status_in_any_spelling(asked):
    everyone = asked(get_all_customers)
    own = next(each.segment for each in everyone if each.segment)
    for spellings in (
        [{"segment": label} for label in ("at_risk", "at-risk", "At Risk", "En Riesgo", "churn_risk", "EN RIESGO")],
        [{"segment": label} for label in ("champion", "champions", "Champion", "Campeón", "campeon", "Campeo\u0301n")],
        [{"segment": "at_risk", "health_status": label} for label in ("needs-attention", "Requiere Atención")],
        [{"tier": "gold"}, {"tier": "GOLD"}],
        [{"status": "suspended"}, {"status": "Suspended"}],
        [{"segment": own}, {"segment": own.upper()}],
    ):
        listed = {frozenset(each.id for each in filter_customers(everyone, **filters)) for filters in spellings}
        assert len(listed) == 1
        assert set(*listed) == {each.id for each in asked(search_customers, **spellings[0], page_size=1000)}
        firsts = [asked(search_customers, **filters, page_size=50) for filters in spellings]
        assert {each.total for each in firsts} == {len(*listed)}
        assert {tuple(each.id for each in page) for page in firsts} == {tuple(each.id for each in firsts[0])}
        assert firsts[0].items


def test_a_label_that_nobody_has_is_alike_on_the_server_and_in_a_list(asked):
    everyone = asked(get_all_customers)
    assert (
        asked(search_customers, segment="Mayoristas").total
        == len(filter_customers(everyone, segment="Mayoristas"))
        == 0
    )
    for wrong in ({"segment": "chamipon"}, {"health_status": "helthy", "text": "ana"}, {"tier": "golden"}):
        for refuse in (lambda w=wrong: asked(search_customers, **w), lambda w=wrong: filter_customers(everyone, **w)):
            with pytest.raises(InvalidInputError, match="did you mean"):
                refuse()


def test_search_finds_a_phone_with_any_punctuation(by_key):
    phone = next(each.phone for each in by_key(get_all_customers) if each.phone)
    digits = "".join(filter(str.isdigit, phone))
    for spelled in (phone, digits, " ".join(digits), f"({digits[:2]}) {digits[2:6]}-{digits[6:]}"):
        assert phone in {each.phone for each in by_key(search_customers, spelled, page_size=100)}


def test_search_finds_an_id_by_its_beginning(by_key):
    wanted = by_key(get_all_customers)[7].id
    for text in (str(wanted), str(wanted).upper(), wanted.hex, str(wanted)[:9], str(wanted)[:13]):
        assert wanted in {each.id for each in by_key(search_customers, text, page_size=1000)}
    assert wanted not in {each.id for each in by_key(search_customers, "-" + str(wanted)[:8])}


HARD = ["100% Ñandú", "a_b", "a*b", "Pérez, José", "(ella)", 'Ana "La Güera"', "C:\\tmp", "flor 🌸 del mar", "x.y",
        "[ok]", "¿qué?", "a|b", "{a}", "^a$", "O'Brien", "a:b", "+1", "null", "a  b", "50%_*"]  # fmt: skip


def test_every_difficult_name_finds_itself_and_only_what_contains_it(by_key, stack):
    with named(stack, *HARD) as ids:
        for name, customer_id in zip(HARD, ids, strict=True):
            found = {str(each.id): each.full_name for each in by_key(search_customers, name, page_size=1000)}
            assert customer_id in found, name
            assert all(folded(name) in folded(each or "") for each in found.values()), name


def test_a_plain_letter_finds_its_accented_forms_and_case_makes_no_difference(by_key, stack):
    with named(stack, "Zoé Muñoz Qüiñones") as ids:
        for text in ("zoe munoz quinones", "ZOÉ MUÑOZ QÜIÑONES", "muñoz qüi", "Zoé", "oé m", "zoë múnöz"):
            assert ids[0] in {str(each.id) for each in by_key(search_customers, text, page_size=1000)}, text


LATIN = ["Åse Đorđević", "Ștefan Žižek", "Louÿs Łukasz Søren", "Straße Æther", "Nguyễn Thị Yıldız", "Αλέξης Сергей",
         "한국 がぎ", "Mª José", "q̃ x̌y", "José Luis Fernando Guadalupe Castañeda Hernández de la Garza y Treviño",
         "ＡＮＡ 𝓐𝓷𝓪"]  # fmt: skip


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_is_found_in_every_unicode_form_without_its_accents_and_however_long_it_is(by_key, stack, form):
    with named(stack, *(unicodedata.normalize(form, name) for name in LATIN)) as ids:
        for name, customer_id in zip(LATIN, ids, strict=True):
            for text in (name, unicodedata.normalize("NFD", name), name.lower(), name.upper().replace("SS", "ss")):
                assert customer_id in {str(each.id) for each in by_key(search_customers, text, page_size=100)}, text
        for text in ("ase dordevic", "stefan zizek", "louys lukasz soren", "strasse aether", "nguyen thi yildiz",
                     "jose luis fernando guadalupe castaneda hernandez de la garza y trevino"):  # fmt: skip
            assert by_key(search_customers, text).total == 1, text


AWKWARD = [
    *HARD, *LATIN, "munoz", "jose", "PEREZ", "de la", "_", "%", "*", "\u0301", "e\u0301", "ñ", "n", "Ñ", "ss", "1",
    "+52", "555", "(55", "5-5", "@", ".", "\\", '"', "'", ",", "(", "[", "a.b", "  ana  ", "ana  maria", "\t",
    "x" * 200, "é" * 200, "🌸" * 200, "a" * 60, "abcdef", "ABCDEF12", "-", "0-", "null", "or", "full_name.eq.Ana",
    "𝓐𝓷𝓪", "sin email",
]  # fmt: skip


def test_the_server_finds_the_same_customers_as_a_list_does_whatever_the_text(by_key, stack):
    with named(stack, *HARD, *LATIN, "a" * 100, "🌸" * 200, "é" * 199, "é" * 201):
        everyone = by_key(get_all_customers)
        for text in AWKWARD:
            found = by_key(search_customers, text, page_size=10_000)
            assert found.total == len(found.items)
            ids = {each.id for each in found}
            listed = {each.id for each in filter_customers(everyone, text)}
            # The one difference: the server finds the beginning of an id only.
            other = {each for each in listed - ids if text.lower() in str(each)[1:]}
            assert ids == listed - other, text


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    text=st.text(
        alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=30
    )
)
@example(text="\u212b\ufa0e\u0340")
def test_any_text_is_found_literally_by_server_and_list_and_never_breaks_the_filter(stack, text):
    with AdminCRM(stack.url, stack.secret_key) as crm, named(stack, f"a{text}z") as ids:
        found = {str(each.id): each for each in search_customers(crm, f"a{text}z", page_size=1000)}
        assert ids[0] in found
        assert filter_customers([found[ids[0]]], f"a{text}z")
