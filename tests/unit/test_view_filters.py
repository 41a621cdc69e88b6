"""What searching and selecting share: names of columns, and labels that nobody has."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import InvalidInputError, SchemaMismatchError
from admin_crm._postgrest.view_filters import check_labels, label_conditions, tier_column, view_column
from admin_crm.client import operation
from admin_crm.labels import label_filters
from helpers import VIEW


@operation
async def checked(crm, labels):
    await check_labels(crm, labels, frozenset())


def test_of_several_names_the_first_that_is_there_is_the_column(crm):
    assert view_column(crm, frozenset({"b", "c"}), "a", "b", "c") == "b"
    assert view_column(crm, frozenset(), "a", "b") == "a"
    assert tier_column(crm, frozenset({"tier"})) == "tier"
    with pytest.raises(SchemaMismatchError, match="no column a or b") as raised:
        view_column(crm, frozenset({"c"}), "a", "b")
    assert (raised.value.kind, raised.value.name) == ("column", "a")


def test_a_label_is_matched_from_end_to_end_on_the_column_of_its_name(crm):
    [(column, operator, pattern)] = label_conditions(crm, label_filters("Mayoristas", None), frozenset({"segment"}))
    assert (column, operator) == ("segment", "match")
    assert pattern.startswith("^(?:")
    assert pattern.endswith(")$")


@pytest.mark.parametrize(("segment", "requests"), [("Mayoristas", 0), ("champion", 0), ("chamipon", 1)])
@respx.mock
def test_only_a_label_that_is_nearly_a_known_one_is_looked_up(ask, segment, requests):
    view = respx.get(VIEW).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/3"}))
    ask(checked, label_filters(segment, None))
    assert view.call_count == requests


@respx.mock
def test_a_label_that_nobody_has_and_that_is_nearly_a_known_one_is_an_error(ask):
    respx.get(VIEW).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
    with pytest.raises(InvalidInputError, match="did you mean 'champion'"):
        ask(checked, label_filters("chamipon", None))
