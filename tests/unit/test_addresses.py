"""A customer's addresses: what is checked first, and one default whatever happens in between."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    AddressData,
    ConflictError,
    CustomerNotFoundError,
    InvalidInputError,
    InvalidTypeError,
    NotFoundError,
    PermissionDeniedError,
    ServiceUnavailableError,
    add_customer_address,
    addresses,
    set_default_address,
    update_customer_address,
)
from helpers import PROFILES, REST, SOMEBODY

ADDRESSES = f"{REST}/addresses"
OTHER = "7e1b2c3d-0000-4000-8000-000000000002"
HOME = AddressData(street="Ocho", number="8", colony="Centro", zip_code="06000")
FIRST, SECOND = (str(UUID(int=number)) for number in (1, 2))


class Addresses:
    """A table of one customer's addresses: ids, and whether each is a default."""

    def __init__(self, *, first_is_default: bool = True) -> None:
        self.rows = {FIRST: first_is_default, SECOND: False}
        self.before: dict[int, Any] = {}
        """What happens before a request, by its number."""
        self.requests = 0
        respx.route(url__startswith=ADDRESSES).mock(side_effect=self)

    @property
    def defaults(self) -> list[str]:
        return [each for each, is_default in self.rows.items() if is_default]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if (event := self.before.get(self.requests)) is not None:
            event()
        params = request.url.params
        if request.method == "POST":
            row = json.loads(request.content)
            self.rows[row["id"]] = row["is_default"]
            return httpx.Response(201, json=[row])
        touched = [each for each in self.rows if self._matches(each, params)]
        if request.method == "PATCH":
            self.rows |= dict.fromkeys(touched, json.loads(request.content)["is_default"])
        return httpx.Response(200, json=[{"id": each, "customer_id": SOMEBODY} for each in touched])

    def _matches(self, each: str, params: httpx.QueryParams) -> bool:
        operator, _, value = params.get("id", "neq.nobody").partition(".")
        return (each == value) is (operator == "eq") and ("is_default" not in params or self.rows[each])


def one_customer() -> None:
    row = {"id": SOMEBODY, "full_name": "Ana", "phone": "55"}
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[row]))


@respx.mock
def test_one_default_is_left(ask):
    table = Addresses()
    assert str(ask(set_default_address, SOMEBODY, SECOND).id) == SECOND
    assert (table.defaults, table.requests) == ([SECOND], 3)
    ask(set_default_address, SOMEBODY, SECOND)
    assert table.defaults == [SECOND]


@respx.mock
def test_there_is_always_a_default_while_it_changes(ask):
    table, seen = Addresses(), []
    table.before = {number: lambda: seen.append(list(table.defaults)) for number in range(1, 4)}
    ask(set_default_address, SOMEBODY, SECOND)
    assert seen == [[FIRST], [FIRST, SECOND], [SECOND]]


@respx.mock
def test_a_failure_in_between_leaves_a_default_and_says_how_to_go_on(ask):
    table = Addresses()

    def fail() -> None:
        raise httpx.ReadError("x")

    table.before = dict.fromkeys(range(2, 20), fail)
    with pytest.raises(ServiceUnavailableError, match="the address is a default now, but another one may") as raised:
        ask(set_default_address, SOMEBODY, SECOND)
    assert f"set_default_address(crm, '{SOMEBODY}', '{SECOND}')" in str(raised.value.hint)
    assert table.defaults == [FIRST, SECOND]
    table.before = {}
    ask(set_default_address, SOMEBODY, SECOND)
    assert table.defaults == [SECOND]


@respx.mock
def test_two_administrators_who_choose_at_once_leave_one_default(ask):
    table = Addresses()
    # While we set ours, somebody else sets another one; then each unsets the other's.
    table.before = {3: lambda: table.rows.update({FIRST: False, SECOND: False})}
    ask(set_default_address, SOMEBODY, SECOND)
    assert table.defaults == [SECOND]


@respx.mock
def test_a_default_that_keeps_changing_is_a_conflict(ask, monkeypatch):
    waited: list[float] = []

    async def pause(_: object, seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(addresses, "pause", pause)
    table = Addresses()
    table.before = dict.fromkeys(range(100), lambda: table.rows.update({FIRST: True}))
    with pytest.raises(ConflictError, match="keep changing") as raised:
        ask(set_default_address, SOMEBODY, SECOND)
    assert raised.value.retryable
    assert waited


@respx.mock
def test_an_address_that_is_added_as_the_default_unsets_the_others(ask):
    one_customer()
    table = Addresses()
    added = ask(add_customer_address, SOMEBODY, HOME.model_copy(update={"is_default": True}))
    assert table.defaults == [str(added.id)]


@pytest.mark.parametrize("is_default", [None, False])
@respx.mock
def test_an_address_that_is_added_beside_a_default_leaves_it(ask, is_default):
    one_customer()
    table = Addresses()
    ask(add_customer_address, SOMEBODY, HOME.model_copy(update={"is_default": is_default}))
    assert (table.defaults, len(table.rows)) == ([FIRST], 3)


@respx.mock
def test_a_first_address_is_the_default(ask):
    one_customer()
    table = Addresses(first_is_default=False)
    added = ask(add_customer_address, SOMEBODY, HOME)
    assert table.defaults == [str(added.id)]


@respx.mock
def test_a_lost_answer_adds_no_second_address(ask):
    one_customer()
    stored: list[dict] = []

    def insert(request: httpx.Request) -> httpx.Response:
        row = json.loads(request.content)
        if row["id"] in [each["id"] for each in stored]:
            return httpx.Response(409, json={"code": "23505", "message": "duplicate key"})
        stored.append(row)
        raise httpx.ReadError("x")

    respx.post(ADDRESSES).mock(side_effect=insert)
    respx.get(ADDRESSES).mock(side_effect=lambda _: httpx.Response(200, json=stored))
    added = ask(add_customer_address, SOMEBODY, HOME.model_copy(update={"is_default": False}))
    assert [str(added.id)] == [each["id"] for each in stored]


@respx.mock
def test_what_an_address_omits_comes_from_the_customer_or_is_left_to_the_database(ask):
    one_customer()
    Addresses()
    ask(add_customer_address, SOMEBODY, {**HOME.model_dump(), "city": "", "label": "Oficina"})
    row = json.loads(next(call.request.content for call in respx.calls if call.request.method == "POST"))
    row.pop("id")
    assert row == {
        "customer_id": SOMEBODY, "type": "shipping", "label": "Oficina", "full_name": "Ana", "phone": "55",
        "street": "Ocho", "number": "8", "colony": "Centro", "zip_code": "06000", "is_default": False,
    }  # fmt: skip


@respx.mock
def test_the_customer_of_an_address_is_not_another_one(ask):
    one_customer()
    with pytest.raises(InvalidInputError, match="customer_id"):
        ask(add_customer_address, SOMEBODY, HOME.model_copy(update={"customer_id": UUID(OTHER)}))
    assert not respx.calls
    Addresses()
    added = ask(add_customer_address, SOMEBODY, HOME.model_copy(update={"customer_id": UUID(SOMEBODY)}))
    assert str(added.customer_id) == SOMEBODY


@respx.mock
def test_invalid_addresses_are_refused_naming_the_field_but_not_its_value(ask):
    with pytest.raises(InvalidInputError, match="street") as refused:
        ask(add_customer_address, SOMEBODY, {**HOME.model_dump(), "street": "secreta\x00"})
    assert "secreta" not in str(refused.value)
    assert not respx.calls


@respx.mock
def test_nothing_is_added_to_a_customer_who_does_not_exist(ask):
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(CustomerNotFoundError):
        ask(add_customer_address, SOMEBODY, HOME)


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({}, "street"),
        ({"street": ""}, "street"),
        ({"type": "home"}, "type"),
        ({"notes": "a" * 2_001}, "notes"),
        ({"references": "a\x00"}, "references"),
        ({"phone": "\ud83d"}, "phone"),
    ],
    ids=ascii,
)
@respx.mock
def test_corrections_are_checked_before_a_request(ask, changes, argument):
    with pytest.raises(InvalidInputError) as refused:
        ask(update_customer_address, FIRST, **changes)
    assert refused.value.argument == argument
    assert not respx.calls


@pytest.mark.parametrize("column", ["street", "number", "colony", "city", "state", "zip_code"])
@respx.mock
def test_a_column_that_must_have_a_value_is_not_cleared(ask, column):
    with pytest.raises(InvalidTypeError, match=column):
        ask(update_customer_address, FIRST, **{column: None})


@respx.mock
def test_only_what_is_corrected_is_sent(ask):
    row = {"id": FIRST, "customer_id": SOMEBODY}
    route = respx.patch(ADDRESSES).mock(return_value=httpx.Response(200, json=[row]))
    ask(update_customer_address, FIRST, number=" 9 ", references=None, type="billing")
    assert json.loads(route.calls.last.request.content) == {"number": "9", "references": None, "type": "billing"}
    assert dict(route.calls.last.request.url.params)["id"] == f"eq.{FIRST}"


@pytest.mark.parametrize(
    ("seen", "error"), [([], NotFoundError), ([{"id": FIRST, "customer_id": SOMEBODY}], PermissionDeniedError)]
)
@respx.mock
def test_an_address_that_is_not_changed_raises(ask, seen, error):
    one_customer()
    respx.patch(ADDRESSES).mock(return_value=httpx.Response(200, json=[]))
    respx.get(ADDRESSES).mock(return_value=httpx.Response(200, json=seen))
    with pytest.raises(error):
        ask(update_customer_address, FIRST, number="9")
    with pytest.raises(error):
        ask(set_default_address, SOMEBODY, FIRST)


@respx.mock
def test_an_address_of_another_customer_does_not_become_the_default(ask):
    one_customer()
    respx.patch(ADDRESSES).mock(return_value=httpx.Response(200, json=[]))
    respx.get(ADDRESSES).mock(return_value=httpx.Response(200, json=[{"id": FIRST, "customer_id": OTHER}]))
    with pytest.raises(NotFoundError, match="no such address"):
        ask(set_default_address, SOMEBODY, FIRST)
