"""Orders as Arrow tables: one schema, whatever the rows hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pyarrow as pa

from admin_crm import OrderItem
from admin_crm._postgrest.order_tables import order_tables

COLUMNS = ["id", "customer_id", "created_at", "is_cancelled", "total", "items", "gift"]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_table_has_the_values_of_the_cells():
    items = [OrderItem(name="té", price=Decimal("1.50"))]
    table = order_tables(COLUMNS)(
        [["1", UUID(int=1), NOON, True, Decimal("12.30"), items, {"a": 1}], [*["2"], *[None] * 6]]
    )
    first, second = table.to_pylist()
    assert json.loads(first.pop("items"))[0]["price"] == "1.50"
    assert first == {
        "id": "1", "customer_id": str(UUID(int=1)), "created_at": NOON, "is_cancelled": True, "total": 12.3,
        "gift": '{"a":1}',
    }  # fmt: skip
    assert second == {"id": "2"} | dict.fromkeys(COLUMNS[1:])


def test_without_orders_the_schema_is_the_same():
    table = order_tables(COLUMNS)
    assert table([]).schema.equals(table([["1", None, NOON, False, None, None, True]]).schema)
    assert table([]).schema.field("total").type == pa.float64()


def test_an_amount_that_no_float_holds_is_missing():
    assert order_tables(["total"])([[Decimal("1e999")]]).to_pylist() == [{"total": None}]
