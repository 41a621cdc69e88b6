"""Many rows in one insert; the cases of an unknown customer are in `test_bulk_notifications.py`."""

from __future__ import annotations

from uuid import UUID, uuid4

import httpx
import pytest
import respx

from admin_crm import UnexpectedResponseError
from admin_crm._postgrest.insert_many import Inserted, insert_new
from admin_crm._postgrest.query import existing
from admin_crm.client import operation
from helpers import NOTIFICATIONS, SOMEBODY


@operation
async def insert_nothing(crm):
    return await insert_new(crm, "user_notifications", {}, key="id"), await existing(crm, [])


@operation
async def insert_one(crm):
    return await insert_new(crm, "user_notifications", {uuid4(): {"id": str(UUID(int=1))}}, key="id")


def test_nothing_is_inserted_without_a_request(ask):
    # No route is mocked: a request would fail.
    assert ask(insert_nothing) == (Inserted(set(), set()), set())


def test_a_customer_in_neither_part_already_had_the_row():
    written, there = uuid4(), uuid4()
    assert {written, there} - Inserted({written}, set()).written == {there}


@respx.mock
def test_rows_that_were_not_sent_are_an_unexpected_answer_and_no_error_of_python(ask):
    respx.post(NOTIFICATIONS).mock(return_value=httpx.Response(201, json=[{"id": SOMEBODY}]))
    with pytest.raises(UnexpectedResponseError, match="not sent"):
        ask(insert_one)
