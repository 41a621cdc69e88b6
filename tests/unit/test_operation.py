"""One definition, sync and async: signatures, arguments, and what an operation may await."""

from __future__ import annotations

import asyncio
import gc
import inspect

import httpx
import pytest
import respx

from admin_crm import AdminCRM, AsyncAdminCRM, get_admin_customer_notes, get_all_customers
from admin_crm.client import operation
from helpers import KEY, NOTES, SOMEBODY, URL


def test_help_shows_the_true_signature():
    signature = inspect.signature(get_all_customers)
    assert str(signature.return_annotation) == "list[AdminCustomer]"
    assert get_all_customers.__name__ == "get_all_customers"


def test_a_first_argument_that_is_not_a_connection_is_a_type_error():
    with pytest.raises(TypeError, match=r"get_all_customers\(\) needs an AdminCRM"):
        get_all_customers("https://shop.test")


def test_an_operation_that_awaits_something_foreign_fails_in_sync_code():
    @operation
    async def sleepy(crm):
        await asyncio.sleep(0)

    with AdminCRM(URL, KEY) as crm, pytest.raises(RuntimeError, match="may await only"):
        sleepy(crm)


@respx.mock
def test_the_connection_may_be_passed_by_keyword(ask):
    respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY, "notes": "hola"}]))
    found = ask.caller.wait(get_admin_customer_notes(crm=ask.crm, customer_id=SOMEBODY))
    assert found.notes == "hola"


def test_a_call_that_is_cancelled_before_it_begins_leaves_nothing_behind(recwarn):
    async def main() -> None:
        async with AsyncAdminCRM(URL, KEY) as crm:
            task = asyncio.create_task(get_all_customers(crm))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    gc.collect()
    assert [str(each.message) for each in recwarn] == []


def test_a_call_that_nobody_awaits_is_warned_of_by_its_name(recwarn):
    crm = AsyncAdminCRM(URL, KEY)
    get_all_customers(crm)
    gc.collect()
    asyncio.run(crm.close())
    assert [str(each.message) for each in recwarn] == ["coroutine 'get_all_customers' was never awaited"]
