"""Labels of both languages and any spelling have one canonical value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import AccountStatus, CustomerTier, InvalidInputError, Segment, canonical_health, canonical_segment
from admin_crm.labels import (
    HEALTH_LABELS,
    SEGMENT_LABELS,
    folded,
    health_filter,
    segment_filter,
    status_of,
    tier_of,
)


@pytest.mark.parametrize(
    ("label", "segment"),
    [("Campeón", "champion"), ("CAMPEON", "champion"), ("Champions", "champion"), ("churn_risk", "at_risk"),
     ("En Riesgo", "at_risk"), ("casi  perdido", "nearly_lost"), ("Prospects", "prospect"),
     ("nearly_lost", "nearly_lost"), ("at-risk", "at_risk"), ("Campeo\u0301n", "champion")],
)  # fmt: skip
def test_segment_labels_of_both_languages_have_one_value(label, segment):
    assert canonical_segment(label) == Segment(segment)


def test_every_known_label_has_its_own_value():
    for segment, labels in SEGMENT_LABELS.items():
        assert {canonical_segment(label) for label in (*labels, segment)} == {segment}
    for health, labels in HEALTH_LABELS.items():
        assert {canonical_health(label) for label in (*labels, health)} == {health}
    assert canonical_health(None) is None
    assert canonical_segment("desconocido") is None


@given(st.text())
def test_folding_is_stable_and_any_label_is_one_value_or_none(text):
    assert folded(folded(text)) == folded(text)
    assert canonical_segment(text) in {None, *Segment}


@pytest.mark.parametrize("labels", [SEGMENT_LABELS, HEALTH_LABELS])
def test_every_label_finds_the_labels_of_its_canonical_value_and_no_others(labels):
    find = segment_filter if labels is SEGMENT_LABELS else health_filter
    for canonical, its in labels.items():
        for spelled in (*its, canonical, canonical.upper(), canonical.replace("_", "-"), f" {its[0]} "):
            wanted = find(spelled)
            assert wanted is not None
            assert {label for each in labels.values() for label in each if wanted.matches(label)} == set(its)
            assert not wanted.matches(None)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=100))
def test_every_label_of_a_shops_own_finds_itself(label):
    if label.strip():
        wanted = segment_filter(label)
        assert wanted is not None
        assert wanted.matches(label.strip()) or canonical_segment(label)


def test_an_own_label_is_found_in_any_spelling():
    wanted = segment_filter("Único-cliente")
    assert wanted is not None
    assert all(map(wanted.matches, ["unico cliente", "ÚNICO_CLIENTE", "U\u0301nico  Cliente"]))
    assert not any(map(wanted.matches, ["unico", "unico cliente 2", ""]))


@pytest.mark.parametrize(
    ("label", "nearest"),
    [("chamipon", "champion"), ("Campeonn", "champion"), ("at rsik", "at_risk"), ("VIP", None), ("Mayoristas", None),
     ("Leal Plus", None), ("champion", None), ("Campeón", None)],
)  # fmt: skip
def test_an_unknown_label_knows_the_known_one_that_it_may_have_been_meant_for(label, nearest):
    wanted = segment_filter(label)
    assert wanted is not None
    assert wanted.nearest == nearest


def test_tiers_and_statuses_are_read_in_any_case_and_nothing_else():
    assert (tier_of(" Gold "), status_of("BANNED")) == (CustomerTier.GOLD, AccountStatus.BANNED)
    with pytest.raises(InvalidInputError, match="did you mean 'gold'"):
        tier_of("golden")
    with pytest.raises(InvalidInputError, match="must be one of active, suspended, banned"):
        status_of("zzz")
