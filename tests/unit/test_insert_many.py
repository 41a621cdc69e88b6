"""Many rows in one insert; the cases of an unknown customer are in `test_bulk_notifications.py`."""

from __future__ import annotations

from uuid import uuid4

from admin_crm._postgrest.insert_many import Inserted, insert_new
from admin_crm._postgrest.query import existing
from admin_crm.client import operation


@operation
async def insert_nothing(crm):
    return await insert_new(crm, "user_notifications", {}, key="id"), await existing(crm, [])


def test_nothing_is_inserted_without_a_request(ask):
    # No route is mocked: a request would fail.
    assert ask(insert_nothing) == (Inserted(set(), set()), set())


def test_a_customer_in_neither_part_already_had_the_row():
    written, there = uuid4(), uuid4()
    assert {written, there} - Inserted({written}, set()).written == {there}
