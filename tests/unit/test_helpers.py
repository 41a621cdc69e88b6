"""The search for secrets in tracebacks, on which every test relies, finds what is there."""

from __future__ import annotations

import pytest

from admin_crm import InvalidInputError
from admin_crm._storage.file_type import checked_type
from helpers import shown_with_locals


def test_local_variables_of_the_library_are_searched_and_those_of_the_tests_are_not():
    visible_in_tests_only = "a secret of the test"
    with pytest.raises(InvalidInputError) as raised:
        checked_type("a secret in the library")
    shown = shown_with_locals(raised.value)
    assert "a secret in the library" in shown
    assert visible_in_tests_only not in shown


def test_an_error_that_is_its_own_context_is_searched_once():
    error, other = ValueError("one"), ValueError("other")
    error.__cause__, other.__cause__ = other, error
    assert shown_with_locals(error).count("ValueError('one')") == 1
