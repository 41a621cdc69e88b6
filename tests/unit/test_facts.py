"""What a connection has learned of its server, and for how long it counts."""

from __future__ import annotations

from admin_crm._core import facts
from admin_crm._core.facts import ABSENT_SECONDS, ServerFacts


def test_a_missing_table_is_looked_for_again_after_a_while(monkeypatch):
    known, clock = ServerFacts(), [100.0]
    monkeypatch.setattr(facts.time, "monotonic", lambda: clock[0])
    assert not known.lacks("coupons")
    known.note_absent("coupons")
    clock[0] += ABSENT_SECONDS - 1
    assert known.lacks("coupons")
    assert not known.lacks("loyalty_points")
    clock[0] += 1
    assert not known.lacks("coupons")


def test_what_is_there_is_known_until_it_is_missing():
    known = ServerFacts()
    assert not known.has("order_items")
    known.note_present("order_items")
    assert known.has("order_items")
    known.note_absent("order_items")
    assert not known.has("order_items")


def test_what_no_longer_counts_as_missing_takes_no_memory(monkeypatch):
    known, clock = ServerFacts(), [100.0]
    monkeypatch.setattr(facts.time, "monotonic", lambda: clock[0])
    for number in range(100):  # users who may not call a function
        clock[0] += ABSENT_SECONDS / 2
        known.note_absent(f"customer_directory for {number}")
    assert len(known._absent) == 2
