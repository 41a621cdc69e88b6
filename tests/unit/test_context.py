"""Which function is running for which customer, seen by its own tasks only."""

from __future__ import annotations

import asyncio

import httpx
import pytest
import respx

from admin_crm import CustomerNotFoundError, get_admin_customer_notes
from admin_crm.client import operation
from helpers import KEY, NOTES, SOMEBODY, URL


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
