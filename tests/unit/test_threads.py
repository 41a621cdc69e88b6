"""Reads of a sync call on threads, and how they end."""

from __future__ import annotations

import threading

import httpx
import pytest
import respx

from admin_crm import AdminCRM, get_admin_customer_notes, get_all_customers
from admin_crm._core.connection import link_of
from admin_crm._core.gather import gather, pause
from admin_crm.client import operation
from helpers import KEY, QUICK, SOMEBODY, URL


@respx.mock
def test_a_single_read_starts_no_thread():
    started = threading.active_count()
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((threading.active_count(), threading.current_thread()))
        return httpx.Response(200, json=[{"id": SOMEBODY}], headers={"content-range": "0-0/1"})

    respx.get(f"{URL}/rest/v1/customer_intelligence_360").mock(side_effect=answer)
    with AdminCRM(URL, KEY, settings=QUICK) as crm:
        assert len(get_all_customers(crm)) == 1
    assert seen == [(started, threading.main_thread())]


@respx.mock
def test_a_bug_on_a_thread_is_raised_once_all_reads_have_ended(caller):
    async def step(number: int) -> int:
        if number:
            raise ValueError(f"step {number}")
        return number

    @operation
    async def three(crm):
        return await gather(crm, step(0), step(1), step(2))

    with pytest.raises(ValueError, match="step 1"):
        caller(three, caller.open(URL, KEY))


@respx.mock
def test_an_exception_that_is_not_an_error_ends_all_threads_and_is_raised():
    class Stop(BaseException):
        pass

    before = set(threading.enumerate())
    meeting = threading.Event()

    async def wait_for_the_thread() -> int:
        if threading.current_thread() is threading.main_thread():
            meeting.wait(300)
            return 0
        meeting.set()
        raise Stop

    @operation
    async def two(crm):
        return await gather(crm, wait_for_the_thread(), wait_for_the_thread())

    with AdminCRM(URL, KEY) as crm, pytest.raises(Stop):
        two(crm)
    assert set(threading.enumerate()) <= before


@respx.mock
def test_ctrl_c_in_a_sync_call_is_raised_and_sends_nothing_more():
    asked = []

    def interrupted(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise KeyboardInterrupt

    respx.route().mock(side_effect=interrupted)
    with AdminCRM(URL, KEY, settings=QUICK) as crm, pytest.raises(KeyboardInterrupt):
        get_admin_customer_notes(crm, SOMEBODY)
    assert len(asked) == 1


def test_ctrl_c_in_the_calling_thread_ends_the_others_wherever_they_wait():
    waiting = threading.Barrier(3, timeout=300)

    async def step(crm) -> None:
        waiting.wait()
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        await pause(link_of(crm), 3600)

    @operation
    async def three(crm):
        await gather(crm, step(crm), step(crm), step(crm))

    before = set(threading.enumerate())
    with AdminCRM(URL, KEY) as crm, pytest.raises(KeyboardInterrupt):
        three(crm)
    assert set(threading.enumerate()) <= before


def test_what_ends_one_thread_ends_the_calling_one_too():
    class Stop(BaseException):
        pass

    waiting = threading.Event()

    async def step(crm) -> None:
        if threading.current_thread() is threading.main_thread():
            waiting.set()
            await pause(link_of(crm), 3600)
        assert waiting.wait(300)
        raise Stop

    @operation
    async def two(crm):
        await gather(crm, step(crm), step(crm))

    with AdminCRM(URL, KEY) as crm, pytest.raises(Stop):
        two(crm)
