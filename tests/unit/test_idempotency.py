"""Ids that follow from a key."""

from __future__ import annotations

from uuid import UUID

from admin_crm._core.idempotency import row_id

ANA, EVA = UUID(int=1), UUID(int=2)


def test_an_id_follows_from_operation_key_and_customer_alone() -> None:
    ids = {
        row_id(operation, key, customer)
        for operation in ("moderate_customer", "send_customer_notification")
        for key in ("restock-2026-11", "restock-2026-12")
        for customer in (ANA, EVA)
    }
    assert len(ids) == 8
    assert row_id("moderate_customer", "k", ANA) == row_id("moderate_customer", "k", ANA)


def test_the_ids_of_rows_that_exist_never_change() -> None:
    assert str(row_id("moderate_customer", "k", ANA)) == "cef68568-f4d2-596f-9bc3-1bc0b1bb9d32"
