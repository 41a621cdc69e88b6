"""Which function is running for which customer, seen by its own tasks only."""

from __future__ import annotations

import asyncio
from functools import partial

import httpx
import pytest
import respx

from admin_crm import CustomerNotFoundError, customers_frame, get_admin_customer_notes, get_all_customers
from admin_crm.client import operation
from helpers import KEY, NOTES, SOMEBODY, URL, VIEW, Rows


@respx.mock
def test_an_error_names_the_function_and_the_customer(ask):
    respx.get(NOTES).mock(return_value=httpx.Response(200, json=[]))
    respx.get(f"{URL}/rest/v1/customer_profiles").mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(CustomerNotFoundError) as raised:
        ask.caller.wait(get_admin_customer_notes(ask.crm, customer_id=SOMEBODY))
    assert (raised.value.operation, str(raised.value.customer_id)) == ("get_admin_customer_notes", SOMEBODY)


def test_concurrent_tasks_do_not_see_each_others_context():
    from admin_crm import AsyncAdminCRM
    from admin_crm._core import context

    seen = {}

    @operation
    async def first(crm):
        await asyncio.sleep(0)
        seen["first"] = context.current().operation

    @operation
    async def second(crm):
        seen["second"] = context.current().operation

    async def main() -> None:
        async with AsyncAdminCRM(URL, KEY) as crm:
            await asyncio.gather(first(crm), second(crm))

    asyncio.run(main())
    assert seen == {"first": "first", "second": "second"}
    assert context.current() is None


ODD = [{"id": SOMEBODY, "birthdate": "infinity"}]
FRAMELESS = "functions that return rows keep them in row.unreadable"


@respx.mock
@pytest.mark.parametrize(
    ("call", "kept"),
    [
        (get_all_customers, "row.unreadable keeps them"),
        (partial(customers_frame, columns=["birthdate"], personal=True), FRAMELESS),
    ],
)
def test_the_warning_of_odd_values_says_who_keeps_them(ask, caplog, call, kept):
    respx.get(VIEW).mock(side_effect=Rows(ODD, cap=9))
    ask(call)
    (told,) = [record.getMessage() for record in caplog.records if "could not be read" in record.getMessage()]
    assert told.endswith(f"some values could not be read and are left out (birthdate: 1); {kept}")
