"""The directory's view: its key column, its columns, and what it means when it shows nothing."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import PermissionDeniedError, SchemaMismatchError, get_all_customers, search_customers
from admin_crm._core.connection import facts_of
from helpers import PROFILES, SOMEBODY, VIEW


def lacks_column(name: str) -> httpx.Response:
    return httpx.Response(
        400, json={"code": "42703", "message": f"column customer_intelligence_360.{name} does not exist"}
    )


def keyed_by_customer_id(request: httpx.Request) -> httpx.Response:
    """Answer as a view whose key column is `customer_id`."""
    if request.url.params.get("order", "").startswith("id") or "id" in request.url.params:
        return lacks_column("id")
    return httpx.Response(200, json=[{"customer_id": SOMEBODY}], headers={"content-range": "0-0/1"})


@respx.mock
def test_a_view_keyed_by_customer_id_is_read_and_its_key_is_detected_once(ask):
    route = respx.get(VIEW).mock(side_effect=keyed_by_customer_id)
    for _ in range(2):
        assert [str(each.id) for each in ask(get_all_customers)] == [SOMEBODY]
    assert facts_of(ask.crm).view_key == "customer_id"
    assert sum(keyed_by_customer_id(call.request).status_code == 400 for call in route.calls) == 1


@respx.mock
def test_another_missing_column_is_a_schema_mismatch(ask):
    respx.get(VIEW).mock(return_value=lacks_column("created_at"))
    with pytest.raises(SchemaMismatchError) as raised:
        ask(get_all_customers)
    assert (raised.value.kind, raised.value.name) == ("column", "created_at")


@pytest.mark.parametrize(("count", "words"), [(1, "1 row:"), (12, "12 rows:")])
@pytest.mark.parametrize("read", [get_all_customers, search_customers])
@respx.mock
def test_a_view_that_shows_nothing_although_customers_exist_is_a_refusal(ask, read, count, words):
    respx.get(VIEW).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
    rows = httpx.Response(200, json=[{"id": SOMEBODY}], headers={"content-range": f"0-0/{count}"})
    respx.get(PROFILES).mock(return_value=rows)
    with pytest.raises(PermissionDeniedError, match=words) as raised:
        ask(read)
    assert "sign_in" in raised.value.hint
