"""The people of the factories."""

from __future__ import annotations

from admin_crm.testing.people import person


def test_a_number_is_a_person_and_other_numbers_are_others():
    assert person(7) == person(7)
    assert len({person(number).email for number in range(500)}) == 500


def test_people_have_names_in_three_parts_and_accents():
    names = [person(number).full_name for number in range(100)]
    assert all(len(name.split()) >= 3 for name in names)
    assert any(not name.isascii() for name in names)


def test_a_person_shows_neither_name_nor_number_in_a_repr():
    ana = person(1)
    assert ana.email not in repr(ana)
    assert ana.phone not in repr(ana)
