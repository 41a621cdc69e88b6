"""Pictures speak Spanish and English."""

from __future__ import annotations

import string

import pytest

from admin_crm import InvalidInputError
from admin_crm.plots import words


def test_every_text_has_the_same_places_in_both_languages():
    for texts in words._WORDS.values():
        places = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts]
        assert places[0] == places[1], texts


def test_numbers_have_separators_of_thousands():
    assert words.Words("es")("no_orders", n=1200) == "1,200 sin pedidos"


def test_a_language_that_is_not_spoken_is_an_error():
    with pytest.raises(InvalidInputError, match="'fr'"):
        words.Words("fr")
