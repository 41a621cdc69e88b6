"""Rows as the shop has them: every digit, every column, on every page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx

from admin_crm import IncompleteReadError, UnexpectedResponseError
from admin_crm._postgrest.raw import fetch_raw, fetch_raw_ordered
from admin_crm.client import operation
from helpers import ORDERS, Ask, Rows

fetch = operation(fetch_raw)
fetch_ordered = operation(fetch_raw_ordered)


def unfiltered(rows: Any) -> Any:
    return rows


def answer(content: bytes, total: int = 1) -> httpx.Response:
    return httpx.Response(200, content=content, headers={"content-range": f"0-0/{total}"})


@respx.mock
def test_rows_are_read_page_after_page_whatever_the_servers_limit_is(ask: Ask) -> None:
    table = Rows([{"id": f"{number:04}"} for number in range(25)], cap=10)
    respx.get(ORDERS).mock(side_effect=table)
    assert [row["id"] for row in ask(fetch, "orders", unfiltered)] == [f"{number:04}" for number in range(25)]
    assert table.requests == 3


@respx.mock
def test_a_read_that_is_interrupted_is_never_taken_for_whole(ask: Ask) -> None:
    first = answer(b'[{"id": "1"}]', total=2)
    respx.get(ORDERS).mock(side_effect=[first, *[httpx.Response(403, json={"code": "42501"})] * 4])
    with pytest.raises(IncompleteReadError):
        ask(fetch, "orders", unfiltered)


@respx.mock
def test_a_number_keeps_its_digits_and_the_shops_json_stays_as_it_is(ask: Ask) -> None:
    row = b'[{"id": 1, "total": 1234.10, "sum": 12345678901234567.89, "own": {"price": 1.50, "n": [2.0]}, "no": null}]'
    respx.get(ORDERS).mock(return_value=answer(row))
    (read,) = ask(fetch, "orders", unfiltered)
    assert (str(read["total"]), str(read["sum"])) == ("1234.10", "12345678901234567.89")
    assert read["own"] == {"price": 1.5, "n": [2.0]}
    assert isinstance(read["own"]["price"], float)
    assert (read["id"], read["no"]) == (1, None)
    assert isinstance(read["total"], Decimal)


@respx.mock
def test_a_value_that_nobody_can_read_is_kept_as_text(ask: Ask) -> None:
    deep = b"[" * 300 + b"]" * 300
    respx.get(ORDERS).mock(return_value=answer(b'[{"id": "1", "deep": ' + deep + b', "half": "\\ud800"}]'))
    (read,) = ask(fetch, "orders", unfiltered)
    assert read == {"id": "1", "deep": deep.decode(), "half": '"\\ud800"'}


@respx.mock
@pytest.mark.parametrize("content", [b"not json", b'{"id": 1}', b'[{"id": 1}', b"[1]"])
def test_what_is_no_list_of_rows_is_unexpected(ask: Ask, content: bytes) -> None:
    respx.get(ORDERS).mock(return_value=answer(content))
    with pytest.raises(UnexpectedResponseError):
        ask(fetch, "orders", unfiltered)


@respx.mock
def test_rows_without_a_key_are_read_at_offsets_equal_ones_too(ask: Ask) -> None:
    table = Rows([{"order_id": "o", "quantity": 1}] * 5, cap=2)

    def page(request: httpx.Request) -> httpx.Response:
        assert request.url.params["order"] == "order_id.asc,product_id.asc"
        return table(request)

    respx.get(ORDERS).mock(side_effect=page)
    with pytest.raises(IncompleteReadError, match="same rows again"):
        ask(fetch_ordered, "orders", unfiltered, ("order_id", "product_id"))
    table.rows = [{"order_id": "o", "quantity": 1}] * 2 + [{"order_id": "p", "quantity": 1}] * 3
    assert len(ask(fetch_ordered, "orders", unfiltered, ("order_id", "product_id"))) == 5
