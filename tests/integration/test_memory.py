"""Reading again and again keeps no memory, even where the program keeps an exception; and a call is not deep."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import httpx
import pytest
import respx

import admin_crm
from admin_crm import get_all_customers, send_customer_notification
from helpers import Ask, Rows

pytestmark = pytest.mark.once
SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
PACKAGE = str(Path(admin_crm.__file__).parent)

READ_AGAIN_AND_AGAIN = """
import json, resource, sys, uuid
import httpx, respx
from admin_crm import AdminCRM, Settings, get_all_customers

rows = [{"id": str(uuid.UUID(int=n)), "full_name": f"Customer {n}", "email": f"c{n}@shop.example", "segment": "Leal",
         "created_at": "2026-01-01T00:00:00+00:00", "total_spent": n, "ai_preferences": {"interests": ["a", "b"]}}
        for n in range(1, 1201)]
page = httpx.Response(200, content=json.dumps(rows).encode(), headers={"content-range": "0-1199/1200"})

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 1e6

def fail():
    customers = get_all_customers(crm)
    try:
        raise RuntimeError(len(customers))
    except RuntimeError as error:
        kept = error  # it holds this frame, which holds it and the customers: only the collector finds that

with respx.mock, AdminCRM("https://shop.test", "sb_secret_memory", settings=Settings(directory_function=None)) as crm:
    respx.get(url__regex=".*").mock(
        side_effect=lambda request: httpx.Response(200, content=page.content, headers=page.headers)
    )
    for number in range(400):
        fail()
        respx.calls.reset()
        if number == 40:
            settled = resident()
print(resident() - settled)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_reading_400_times_while_keeping_an_exception_takes_no_more_memory():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(READ_AGAIN_AND_AGAIN)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 30


@respx.mock
def test_a_call_passes_few_frames_of_ours_on_its_way_to_the_socket(ask: Ask):
    deepest: dict[str, int] = {}
    customers = Rows([{"id": f"00000000-0000-4000-8000-{number:012}"} for number in range(5)], cap=1)

    def answer(request: httpx.Request) -> httpx.Response:
        frame, ours = sys._getframe(), 0
        while frame is not None:
            ours += frame.f_code.co_filename.startswith(PACKAGE)
            frame = frame.f_back
        deepest[request.method] = max(ours, deepest.get(request.method, 0))
        if request.method == "POST":
            return httpx.Response(201, json=[{"id": SOMEBODY, "user_id": SOMEBODY, "title": "a", "message": "b"}])
        return customers(request)

    respx.route().mock(side_effect=answer)
    assert len(ask(get_all_customers)) == 5
    ask(send_customer_notification, SOMEBODY, "a", "b")
    assert 0 < deepest["GET"] <= 10
    assert 0 < deepest["POST"] <= 8
