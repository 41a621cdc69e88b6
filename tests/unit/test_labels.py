"""Labels of both languages and any spelling have one canonical value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import Segment, canonical_health, canonical_segment
from admin_crm.labels import HEALTH_LABELS, SEGMENT_LABELS, folded


@pytest.mark.parametrize(
    ("label", "segment"),
    [("Campeón", "champion"), ("CAMPEON", "champion"), ("Champions", "champion"), ("churn_risk", "at_risk"),
     ("En Riesgo", "at_risk"), ("casi  perdido", "nearly_lost"), ("Prospects", "prospect"),
     ("nearly_lost", "nearly_lost")],
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
