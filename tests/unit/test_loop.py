"""An async connection belongs to one event loop of asyncio."""

from __future__ import annotations

import asyncio

import httpx
import pytest
import respx

from admin_crm import (
    AsyncAdminCRM,
    ClientStateError,
    doctor,
    download_customer_evidence,
    export_customers,
    get_admin_customer_details,
    get_admin_customer_notes,
    get_all_customers,
    notify_customers,
    upload_customer_evidence,
)
from files import PNG
from helpers import KEY, NOTES, SOMEBODY, URL


def test_closing_on_another_event_loop_is_a_state_error():
    async def used() -> AsyncAdminCRM:
        crm = AsyncAdminCRM(URL, KEY)
        with respx.mock:
            respx.get(NOTES).mock(return_value=httpx.Response(200, json=[{"customer_id": SOMEBODY}]))
            await get_admin_customer_notes(crm, SOMEBODY)
        return crm

    with asyncio.Runner() as one, asyncio.Runner() as other:
        crm = one.run(used())
        with pytest.raises(ClientStateError, match="another event loop"):
            other.run(crm.close())
        with pytest.raises(ClientStateError, match="another event loop"):
            other.run(_awaited(get_all_customers(crm)))
        one.run(crm.close())


async def _awaited(coroutine):
    return await coroutine


@pytest.mark.parametrize(
    "call",
    [
        get_all_customers,
        doctor,
        lambda crm: get_admin_customer_details(crm, SOMEBODY),
        lambda crm: notify_customers(crm, [SOMEBODY], "title", "message"),
        lambda crm: upload_customer_evidence(crm, SOMEBODY, PNG),
        lambda crm: download_customer_evidence(crm, f"{SOMEBODY}/a.png", "a.png"),
        lambda crm: export_customers(crm, "a.csv"),
    ],
    ids=["directory", "doctor", "details", "notify", "upload", "download", "export"],
)
def test_without_asyncio_the_error_says_what_is_supported(call, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    coroutine = call(AsyncAdminCRM(URL, KEY))
    with pytest.raises(ClientStateError, match=r"asyncio.*trio is not supported"):
        coroutine.send(None)
