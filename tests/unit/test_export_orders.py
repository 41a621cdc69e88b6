"""Orders as a file: those of a time and a status, their items as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import IncompleteReadError, InvalidInputError, PermissionDeniedError, export_orders
from admin_crm._postgrest.exported import order_columns
from exported_files import FORMATS, rows_in
from helpers import ORDERS, Rows

ROWS = [
    {
        "id": str(UUID(int=number)), "order_number": f"A-{number}", "customer_id": str(UUID(int=90 + number)),
        "created_at": f"2026-01-0{number}T10:00:00+00:00", "status": "cancelado" if number == 2 else "delivered",
        "total": number * 10.5, "items": [{"name": "té;=1+1", "quantity": 2, "price": 5.25}], "tracking_notes": "=1",
    }
    for number in range(1, 6)
]  # fmt: skip


@pytest.fixture
def shop():
    """A shop of five orders, two in a page."""
    with respx.mock as router:
        router.get(ORDERS).mock(side_effect=Rows(ROWS, cap=2))
        yield router


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_holds_every_order_with_its_items(ask, shop, tmp_path, name):
    told = []
    path = tmp_path / f"orders.{name}"
    done = ask(export_orders, path, progress=lambda done, total: told.append((done, total)))
    rows = rows_in(path)
    assert (done.rows, told) == (5, [(2, 5), (4, 5), (5, 5)])
    assert [row["id"] for row in rows] == [row["id"] for row in ROWS]
    assert list(rows[0]) == order_columns(None, personal=True)
    items = rows[0]["items"]
    items = json.loads(items) if isinstance(items, str) else items
    assert [(item["name"], item["quantity"], item["price"]) for item in items] == [("té;=1+1", 2, "5.25")]
    assert [str(row["is_cancelled"]).lower() for row in rows] == ["false", "true", "false", "false", "false"]
    assert {float(str(row["total"])) for row in rows} == {10.5, 21, 31.5, 42, 52.5}


def test_no_cell_of_csv_is_a_formula(ask, shop, tmp_path):
    ask(export_orders, tmp_path / "a.csv")
    content = (tmp_path / "a.csv").read_text("utf-8")
    assert ";=" not in content
    assert ",=" not in content


def test_a_time_and_a_status_are_filters_of_the_server_and_only_what_is_needed_is_asked_for(ask, shop, tmp_path):
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    ask(
        export_orders,
        tmp_path / "a.csv",
        since=since,
        until=until,
        status="cancelled",
        columns=["total", "is_cancelled"],
    )
    asked = shop.calls[0].request.url.params
    assert asked["select"] == "id,customer_id,total,status"
    assert asked.get_list("created_at") == ["gte.2026-01-01T00:00:00+00:00", "lt.2026-02-01T00:00:00+00:00"]
    assert "cancelado" in asked["status"]
    assert list(rows_in(tmp_path / "a.csv")[0]) == ["total", "is_cancelled"]


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_shop_that_lacks_a_column_is_asked_for_every_one_once(ask, tmp_path, name):
    rows = Rows(ROWS, cap=2)

    def answer(request):
        if "gift" in request.url.params["select"]:
            return httpx.Response(400, json={"code": "42703", "message": "column orders.gift does not exist"})
        return rows(request)

    with respx.mock as router:
        route = router.get(ORDERS).mock(side_effect=answer)
        for _ in range(2):
            ask(export_orders, tmp_path / f"a.{name}", columns=["id", "gift"])
    assert [row["gift"] for row in rows_in(tmp_path / f"a.{name}")] in ([""] * 5, [None] * 5)
    assert sum("gift" in call.request.url.params["select"] for call in route.calls) == 1


def test_an_order_that_cannot_be_read_whole_costs_only_what_is_odd(ask, tmp_path, caplog):
    odd = [ROWS[0] | {"items": [None, {"name": "té"}], "total": "NaN", "created_at": "infinity"}, *ROWS[1:]]
    with respx.mock as router:
        router.get(ORDERS).mock(side_effect=Rows(odd, cap=9))
        ask(export_orders, tmp_path / "a.jsonl")
    first = rows_in(tmp_path / "a.jsonl")[0]
    assert (first["total"], first["created_at"]) == (None, None)
    assert [item["name"] for item in first["items"]] == ["té"]  # type: ignore[attr-defined]
    assert caplog.text.count("export_orders: some values could not be read") == 1


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_of_orders_that_fails_leaves_nothing(ask, tmp_path, name):
    rows = Rows(ROWS, cap=2)

    def first_page_then_no_more(request):
        if "gt." in str(request.url):
            return httpx.Response(403)
        return rows(request)

    with respx.mock as router:
        router.get(ORDERS).mock(side_effect=first_page_then_no_more)
        with pytest.raises(IncompleteReadError, match="stopped after 2 orders"):
            ask(export_orders, tmp_path / f"a.{name}")
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_sees_no_order_gets_no_empty_file(caller, tmp_path):
    crm = caller.open("https://shop.test", "sb_publishable_unit-test-key")
    with respx.mock as router:
        router.get(ORDERS).mock(side_effect=Rows([], cap=2))
        with pytest.raises(PermissionDeniedError, match="does not see the orders"):
            caller(export_orders, crm, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_shop_without_orders_has_a_file_with_a_header(ask, tmp_path, name):
    with respx.mock as router:
        router.get(ORDERS).mock(side_effect=Rows([], cap=2))
        assert ask(export_orders, tmp_path / f"a.{name}").rows == 0
    assert rows_in(tmp_path / f"a.{name}") == []


@pytest.mark.parametrize(
    "options",
    [{"since": datetime(2026, 1, 1)}, {"status": " "}, {"columns": ["tracking_notes"], "personal": False}],  # noqa: DTZ001
)
def test_what_cannot_be_is_refused_before_anything_is_sent(ask, tmp_path, options):
    with respx.mock, pytest.raises(InvalidInputError):
        ask(export_orders, tmp_path / "a.csv", **options)
    assert list(tmp_path.iterdir()) == []
