"""One definition, sync and async: signatures, arguments, and what an operation may await."""

from __future__ import annotations

import asyncio
import inspect

import httpx
import pytest
import respx

from admin_crm import AdminCRM, CustomerNotFoundError, get_admin_customer_notes, get_all_customers
from admin_crm.client import operation
from helpers import KEY, URL

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
NOTES = f"{URL}/rest/v1/admin_customer_notes"


def test_help_shows_the_true_signature():
    signature = inspect.signature(get_all_customers)
    assert str(signature.return_annotation) == "list[AdminCustomer]"
    assert get_all_customers.__name__ == "get_all_customers"


def test_a_foreign_first_argument_is_refused_by_name():
    with pytest.raises(TypeError, match=r"get_all_customers\(\) needs an AdminCRM"):
        get_all_customers("https://shop.test")


def test_an_operation_that_awaits_something_foreign_is_refused_in_sync_code():
    @operation
    async def sleepy(crm):
        await asyncio.sleep(0)

    with AdminCRM(URL, KEY) as crm, pytest.raises(RuntimeError, match="may await only"):
        sleepy(crm)


@respx.mock
def test_the_connection_may_be_given_by_name(ask):
    respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY, "notes": "hola"}]))
    found = ask.caller.wait(get_admin_customer_notes(crm=ask.crm, customer_id=SOMEBODY))
    assert found.notes == "hola"


@respx.mock
def test_an_error_names_the_function_and_the_customer_it_is_about(ask):
    respx.get(NOTES).mock(return_value=httpx.Response(200, json=[]))
    respx.get(f"{URL}/rest/v1/customer_profiles").mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(CustomerNotFoundError) as raised:
        ask.caller.wait(get_admin_customer_notes(ask.crm, customer_id=SOMEBODY))
    assert (raised.value.operation, str(raised.value.customer_id)) == ("get_admin_customer_notes", SOMEBODY)


def test_calls_of_two_tasks_do_not_see_each_others_context():
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
