"""Where rows come from: the view with the key that the shop has, or a table with a key and columns of its own."""

from __future__ import annotations

import httpx
import respx

from admin_crm._core.fields import CustomerId, Model
from admin_crm._postgrest.decode import ModelDecoder
from admin_crm._postgrest.row_source import RowSource
from admin_crm.client import operation
from helpers import NOTES, SOMEBODY, VIEW


class Row(Model):
    id: object = CustomerId


@operation
async def first_page(crm, source, counted):
    return await source.fetch(lambda rows, key: rows.order(key).limit(7), counted=counted)


@respx.mock
def test_a_table_is_read_by_its_own_key_with_the_filters_and_columns_that_it_was_given(ask):
    answer = httpx.Response(200, json=[{"customer_id": SOMEBODY}], headers={"content-range": "0-0/9"})
    route = respx.get(NOTES).mock(return_value=answer)
    source = RowSource(
        ask.crm, ModelDecoder(Row), filtered=lambda rows: rows.eq("notes", "x"), table="admin_customer_notes",
        key="customer_id", columns="customer_id",
    )  # fmt: skip
    batch = ask(first_page, source, True)
    assert ([row.id for row in batch.rows], batch.total) == ([SOMEBODY], 9)
    request = route.calls.last.request
    assert dict(request.url.params) == {
        "select": "customer_id",
        "notes": "eq.x",
        "order": "customer_id.asc",
        "limit": "7",
    }
    assert "count=exact" in request.headers["prefer"]
    ask(first_page, source, False)
    assert "count=exact" not in route.calls.last.request.headers.get("prefer", "")


@respx.mock
def test_of_a_view_without_id_the_other_key_is_used(ask):
    def answer(request):
        if request.url.params["order"] == "id.asc":
            return httpx.Response(400, json={"code": "42703", "message": "column v.id does not exist"})
        return httpx.Response(200, json=[{"customer_id": SOMEBODY}], headers={"content-range": "0-0/1"})

    respx.get(VIEW).mock(side_effect=answer)
    assert [row.id for row in ask(first_page, RowSource(ask.crm, ModelDecoder(Row)), True).rows] == [SOMEBODY]
