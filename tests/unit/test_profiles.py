"""Correcting a profile: what is checked first, and what an untouched row means."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
import respx

from admin_crm import (
    CustomerNotFoundError,
    InvalidInputError,
    InvalidTypeError,
    PermissionDeniedError,
    update_customer_profile,
)
from helpers import PROFILES, SOMEBODY


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({}, "full_name"),
        ({"full_name": ""}, "full_name"),
        ({"full_name": "a" * 201}, "full_name"),
        ({"phone": "5\x005"}, "phone"),
        ({"whatsapp": "\ud83d"}, "whatsapp"),
        ({"phone": " "}, "phone"),
        ({"birthdate": (datetime.now(UTC) + timedelta(days=3)).date()}, "birthdate"),
    ],
    ids=ascii,
)
@respx.mock
def test_what_cannot_be_stored_is_refused_before_a_request(ask, changes, argument):
    with pytest.raises(InvalidInputError) as refused:
        ask(update_customer_profile, SOMEBODY, **changes)
    assert refused.value.argument == argument
    assert not respx.calls


@pytest.mark.parametrize(
    "changes", [{"full_name": None}, {"full_name": 5}, {"birthdate": "1990-05-01"}, {"birthdate": datetime.now(UTC)}]
)
@respx.mock
def test_values_of_the_wrong_type_are_refused(ask, changes):
    with pytest.raises(InvalidTypeError):
        ask(update_customer_profile, SOMEBODY, **changes)
    assert not respx.calls


@respx.mock
def test_only_what_is_given_is_sent(ask):
    route = respx.patch(PROFILES).mock(return_value=httpx.Response(200, json=[{"id": SOMEBODY}]))
    ask(update_customer_profile, SOMEBODY, phone=None, birthdate=date(1990, 5, 1))
    assert json.loads(route.calls.last.request.content) == {"phone": None, "birthdate": "1990-05-01"}
    assert route.calls.last.request.url.params["id"] == f"eq.{SOMEBODY}"


@pytest.mark.parametrize(("seen", "error"), [([], CustomerNotFoundError), ([{"id": SOMEBODY}], PermissionDeniedError)])
@respx.mock
def test_a_row_that_is_not_changed_raises(ask, seen, error):
    respx.patch(PROFILES).mock(return_value=httpx.Response(200, json=[]))
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=seen))
    with pytest.raises(error):
        ask(update_customer_profile, SOMEBODY, full_name="Ana")
