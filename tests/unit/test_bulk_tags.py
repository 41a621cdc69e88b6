"""Tags of many customers: what is refused before anything is sent; the rest is in `test_bulk_edits.py`."""

from __future__ import annotations

import pytest

from admin_crm import InvalidInputError, tag_customers
from helpers import SOMEBODY


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "add"),
        ({"add": ["a", "b"], "remove": ["b"]}, "remove"),
        ({"add": "vip"}, "add"),
        ({"remove": [" "]}, "remove"),
    ],
)
def test_wrong_tags_are_refused_before_anything_is_sent(ask, arguments, named):
    with pytest.raises(InvalidInputError) as refused:
        ask(tag_customers, [SOMEBODY], **arguments)
    assert refused.value.argument == named
