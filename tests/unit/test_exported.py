"""The cells of an exported row are the values of a frame, without Arrow."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from admin_crm import AdminCustomer, InvalidInputError, customers_frame
from admin_crm._postgrest.columns import frame_columns
from admin_crm._postgrest.decode import decode_rows
from admin_crm._postgrest.exported import (
    ExportedCustomer,
    ExportedOrder,
    customer_cells,
    customer_fields,
    order_cells,
    order_columns,
    order_fields,
)

EVERYTHING = [
    *frame_columns(None, personal=True), "avatar_url", "last_order_date", "updated_at", "suspension_end",
    "customer_phone", "customer_tier", "customer_id", "shoe_size",
]  # fmt: skip
TODAY = datetime.now(UTC).date()
ROWS = [
    {
        "id": str(UUID(int=1)), "full_name": "Ana", "email": "Sin Email", "phone": "55", "birthdate": "1990-02-28",
        "created_at": "2026-05-01T10:00:00+02:00", "customer_tier": "gold", "segment": "Leal",
        "total_orders": 3, "total_spent": 12.30, "recency_days": 5, "frequency": 2, "monetary": 20,
        "shoe_size": 40, "health_status": "Estable",
        "last_order_date": "2026-04-01T00:00:00+00:00", "avatar_url": "https://shop.test/a.png",
    },
    {
        "id": str(UUID(int=2)), "email": "a@b.example", "whatsapp": " ", "birthdate": f"{TODAY.year + 1}-01-01",
        "recency_days": 365, "frequency": 0, "last_order_date": "infinity", "customer_tier": "diamond",
    },
    {"id": str(UUID(int=3)), "birthdate": TODAY.replace(year=TODAY.year - 30, day=min(TODAY.day, 28)).isoformat()},
]  # fmt: skip


def test_cells_are_the_values_of_a_frame():
    content = json.dumps(ROWS).encode()
    cells = customer_cells(EVERYTHING)
    rows = [dict(zip(EVERYTHING, cells(row), strict=True)) for row in decode_rows(content, ExportedCustomer)]
    frame = customers_frame(decode_rows(content, AdminCustomer), columns=EVERYTHING, personal=True, backend="pyarrow")
    for row, in_frame in zip(rows, frame.to_pylist(), strict=True):
        assert {name: _as_in_a_frame(value) for name, value in row.items()} == in_frame
    assert rows[0]["total_spent"] == Decimal("12.3")


def _as_in_a_frame(value):
    match value:
        case Decimal():
            return float(value)
        case bool() | int() | date() | None:
            return value
        case _:
            return str(value)


def test_an_attribute_of_the_model_is_no_column():
    row = ExportedCustomer(id=UUID(int=1))
    assert customer_cells(["model_dump", "copy", "__class__", "intelligence_"])(row) == [None] * 4


def test_only_the_fields_that_cells_are_made_from_are_needed():
    assert customer_fields(["age", "recency_days", "customer_tier", "shoe_size", "is_contactable"]) == [
        "birthdate", "recency_as_sent", "frequency", "tier", "shoe_size", "phone", "whatsapp",
    ]  # fmt: skip
    assert order_fields(["is_cancelled", "total"]) == ["id", "customer_id", "status", "total"]


def test_cells_of_orders():
    row = ExportedOrder.model_validate(
        {"id": "1", "customer_id": str(UUID(int=1)), "total": 5.5, "status": "Cancelado", "items": [{"name": "té"}],
         "gift": 1}
    )  # fmt: skip
    found = order_cells(["id", "customer_id", "is_cancelled", "total", "gift", "items"])(row)
    assert found[:5] == ["1", UUID(int=1), True, Decimal("5.5"), 1]
    assert [item.name for item in found[5]] == ["té"]


def test_what_may_say_who_has_ordered_is_left_out_on_request():
    assert {"tracking_notes", "items", "total"} <= set(order_columns(None, personal=True))
    assert "tracking_notes" not in order_columns(None, personal=False)
    assert order_columns(["total"], personal=False) == ["total"]
    with pytest.raises(InvalidInputError, match="personal=True: mp_payment_data"):
        order_columns(["total", "mp_payment_data"], personal=False)
