"""Custom fields of many customers: what is refused before anything is sent."""

from __future__ import annotations

import pytest

from admin_crm import InvalidInputError, set_custom_fields_of
from helpers import SOMEBODY


@pytest.mark.parametrize("fields", [{}, ["a"], {"a": float("nan")}, {"": 1}])
def test_wrong_fields_are_refused_before_anything_is_sent(ask, fields):
    with pytest.raises(InvalidInputError) as refused:
        ask(set_custom_fields_of, [SOMEBODY], fields)
    assert refused.value.argument == "fields"
