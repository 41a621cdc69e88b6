"""No cell of a CSV file is a formula, however a spreadsheet splits it."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from admin_crm._core.csv_cells import formula_free, formula_free_json

# No character beyond these 65,536 stands for a sign.
SIGNS = {c for c in map(chr, range(0x10000)) if unicodedata.normalize("NFKC", c) in set("=+-@\u2212")}
TEXT = st.text(
    alphabet=st.sampled_from(
        ["=", "+", "-", "@", "\uff1d", ";", ",", "\t", "\r", "\n", "|", " ", '"', "'", "1", "A", "é"]
    )
)


def is_formula(part: str) -> bool:
    return part.lstrip(' \t\r\n"\u00a0\u200b\ufeff')[:1] in SIGNS


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ('=HYPERLINK("http://evil.example")', '\'=HYPERLINK("http://evil.example")'),
        ("x;=HYPERLINK(A1)", "x;'=HYPERLINK(A1)"),
        (" =1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
        ("a\t@SUM(1)", "a\t'@SUM(1)"),
        ("a\n-cmd|' /C calc'!A0", "a\n'-cmd|' /C calc'!A0"),
        ('x;"=1"', 'x;\'"=1"'),
        ("\u200b+1A", "'\u200b+1A"),
        ("x;+1", "x;'+1"),
        ("5*2;+52 55", "5*2;'+52 55"),
    ],
)
def test_a_formula_gets_an_apostrophe_wherever_the_cell_may_be_split(cell, safe):
    assert formula_free(cell) == safe


@pytest.mark.parametrize(
    "cell",
    ["+52 55 1234 5678", "+52 (55) 1234-5678", "-12.50", "55-1234", "a-b", "ana@clientes.example", "Pérez, José", "a=b",
     "", None, 5, Decimal(-5)],
)  # fmt: skip
def test_numbers_and_usual_texts_stay_as_they_are(cell):
    assert formula_free(cell) == cell


@pytest.mark.parametrize("sign", sorted(SIGNS))
def test_every_character_that_may_be_taken_for_a_sign_is_known(sign):
    assert formula_free(f"a; {sign}A1") == f"a;' {sign}A1"


@given(st.one_of(TEXT, st.text()), TEXT)
@example("x;+1", "5*cmd|' /C calc'!A0")
def test_no_part_of_a_file_is_a_formula_whatever_it_is_split_at(first, second):
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(["7e1b", formula_free(first), formula_free(second)])
    for separator in (";", "|"):
        assert not any(is_formula(part) for part in written.getvalue().split(separator)[1:])
    for cell in (first, second):
        shown = formula_free(cell)
        assert isinstance(shown, str)
        parts = [part for part in re.split(r"[;,|\t\r\n]", shown) if is_formula(part)]
        assert parts == [] or (parts == [cell] and re.fullmatch(r"[+-][\d ().-]+", cell, re.ASCII))
        assert formula_free(shown) == shown
        assert shown.replace("'", "") == cell.replace("'", "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
@example(["x;=HYPERLINK(A1)", -5, "=1", {" +1": "a,@b"}])
@example(['\\";=1', "a\n=1", "\u2212;\uff1d1"])
def test_no_string_of_a_json_cell_is_a_formula_and_the_json_means_the_same(value):
    text = json.dumps(value, ensure_ascii=False)
    shown = formula_free_json(text)
    assert json.loads(shown) == json.loads(text)
    parts = re.split(r"[;,|]", shown)
    # What may still begin with a sign is a number by itself.
    assert [part for part in parts if is_formula(part) and not re.match(r"\s*-[\d.eE+-]+[\]}\s]*$", part)] == []
