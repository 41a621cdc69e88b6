"""As many requests at once as the database can take: two at first, more while that costs nothing, half on overload."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest
import respx

from admin_crm import AdminCRM, AdminCRMError, AsyncAdminCRM, Settings, get_admin_customer_notes, get_all_customers
from admin_crm._core import limiter as limiters
from admin_crm._core import scope
from admin_crm._core.connection import link_of
from admin_crm._core.context import CallContext
from admin_crm._core.gather import gather
from admin_crm._core.limiter import Limiter
from admin_crm._core.operation import run_sync
from admin_crm._core.send import send
from admin_crm.client import operation
from helpers import KEY, URL

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
NOTES = f"{URL}/rest/v1/admin_customer_notes"


def run(coroutine):
    return run_sync(CallContext("test"), coroutine)


def take(limiter, count, *, adaptive=True):
    return [run(limiter.acquire(adaptive=adaptive, is_async=False)) for _ in range(count)]


def simulate(limiter, seconds_with, rounds=200, kind="page"):
    """Let a server answer whose time for a request depends on how many are under way, and return the limits seen."""
    limits = []
    for _ in range(rounds):
        slots = take(limiter, limiter.limit)
        for slot in slots:
            limiter.release(slot)
            limiter.answered(slot, kind, seconds_with(len(slots)))
        limits.append(limiter.limit)
    return limits


def test_a_limiter_starts_with_two():
    assert Limiter(8).limit == 2
    assert Limiter(1).limit == 1


def test_while_answers_come_as_fast_as_alone_the_limit_grows_to_the_setting():
    limiter = Limiter(8)
    assert max(simulate(limiter, lambda _: 0.1)) == limiter.limit == 8


@pytest.mark.parametrize(("cores", "most"), [(1, 2), (2, 3), (4, 6)])
def test_where_requests_only_wait_for_each_other_the_limit_stays_near_what_the_database_has_cores(cores, most):
    limiter = Limiter(32)
    (alone,) = take(limiter, 1)
    limiter.release(alone)
    limiter.answered(alone, "page", 0.1)
    limits = simulate(limiter, lambda running: 0.1 * max(1.0, running / cores))
    assert max(limits[20:]) <= most
    assert min(limits[20:]) >= 1


def test_a_long_way_to_the_server_does_not_count_as_its_work():
    limits = simulate(Limiter(8), lambda running: 0.06 + 0.002 * running)
    assert limits[-1] == 8


def test_answers_that_slow_down_in_proportion_to_their_number_halve_the_limit():
    limiter = Limiter(8)
    simulate(limiter, lambda _: 0.1)
    slots = take(limiter, 8)
    limiter.release(slots[-1])
    limiter.answered(slots[-1], "page", 0.8)
    assert limiter.limit == 4


def test_an_overload_halves_the_limit_once_for_all_requests_that_were_under_way():
    limiter = Limiter(8)
    simulate(limiter, lambda _: 0.1)
    slots = take(limiter, 8)
    for slot in slots:
        limiter.release(slot)
        limiter.overloaded(slot)
    assert limiter.limit == 4
    for _ in range(5):
        (slot,) = take(limiter, 1)
        limiter.release(slot)
        limiter.overloaded(slot)
    assert limiter.limit == 1


def test_a_limit_that_was_halved_grows_again():
    limiter = Limiter(8)
    simulate(limiter, lambda _: 0.1)
    for _ in range(3):
        (slot,) = take(limiter, 1)
        limiter.release(slot)
        limiter.overloaded(slot)
    assert limiter.limit == 1
    assert simulate(limiter, lambda _: 0.1)[-1] == 8


def test_a_database_that_has_become_slower_for_good_is_the_new_measure():
    limiter = Limiter(8)
    simulate(limiter, lambda _: 0.1)
    assert simulate(limiter, lambda _: 0.3, rounds=400)[-1] == 8


def test_kinds_of_requests_are_measured_apart():
    limiter = Limiter(8)
    simulate(limiter, lambda _: 0.01, kind="one row")
    assert simulate(limiter, lambda _: 0.5, kind="page")[-1] == 8


def test_requests_one_after_the_other_say_nothing_about_many_at_once():
    limiter = Limiter(8)
    for _ in range(50):
        (slot,) = take(limiter, 1)
        limiter.release(slot)
        limiter.answered(slot, "page", 0.1)
    assert limiter.limit <= 3


def test_files_and_functions_wait_for_the_setting_alone():
    limiter = Limiter(4)
    take(limiter, 2)
    assert len(take(limiter, 2, adaptive=False)) == 2


def test_no_more_requests_to_the_database_are_under_way_than_the_limit_says():
    async def main() -> None:
        limiter = Limiter(8)
        slots = [await limiter.acquire(adaptive=True, is_async=True) for _ in range(2)]
        third = asyncio.create_task(limiter.acquire(adaptive=True, is_async=True))
        await asyncio.sleep(0)
        assert not third.done()
        limiter.overloaded(slots[0])
        limiter.release(slots[0])
        await asyncio.sleep(0)
        assert not third.done()  # now one at a time is allowed
        limiter.release(slots[1])
        limiter.release(await third)

    asyncio.run(main())


def test_whoever_stops_waiting_takes_no_slot_with_him():
    async def main() -> None:
        limiter = Limiter(1)
        slot = await limiter.acquire(adaptive=True, is_async=True)
        waiting = [asyncio.create_task(limiter.acquire(adaptive=True, is_async=True)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        limiter.release(slot)
        waiting[1].cancel()  # it may have been given the slot already
        await asyncio.wait(waiting[:2])
        limiter.release(await waiting[2])
        limiter.release(await limiter.acquire(adaptive=True, is_async=True))

    asyncio.run(main())


def test_a_thread_of_an_interrupted_call_stops_waiting():
    limiter, together, ended = Limiter(1), scope.Scope(), []
    (slot,) = take(limiter, 1)

    def wait() -> None:
        scope.enter(together)
        try:
            take(limiter, 1)
        except scope.Interrupted:
            ended.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    together.end()
    thread.join()
    assert ended == [True]
    limiter.release(slot)
    assert len(take(limiter, 1)) == 1


def test_waiting_requests_are_let_in_as_they_came():
    async def main() -> None:
        limiter, order = Limiter(1), []

        async def one(number: int) -> None:
            slot = await limiter.acquire(adaptive=True, is_async=True)
            order.append(number)
            limiter.release(slot)

        slot = await limiter.acquire(adaptive=True, is_async=True)
        tasks = [asyncio.create_task(one(number)) for number in range(20)]
        await asyncio.sleep(0)
        limiter.release(slot)
        await asyncio.gather(*tasks)
        assert order == list(range(20))

    asyncio.run(main())


@respx.mock
def test_nested_reads_share_one_limiter_with_threads_of_the_program(monkeypatch):
    monkeypatch.setattr(limiters, "FIRST_LIMIT", 3)
    lock, under_way, most = threading.Lock(), 0, 0
    crowd = threading.Barrier(3, timeout=300)

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        crowd.wait()  # passes only with three at once, and a fourth would be seen
        with lock:
            under_way -= 1
        return httpx.Response(200, json=[])

    async def one(crm) -> httpx.Response:
        return await send(
            crm, lambda: crm.supabase.postgrest.session.get(NOTES), lambda answer: answer, repeatable=False
        )

    @operation
    async def nested(crm):
        async def several():
            return await gather(crm, *(one(crm) for _ in range(3)))

        return await gather(crm, *(several() for _ in range(4)))

    respx.get(NOTES).mock(side_effect=answer)
    with AdminCRM(URL, KEY, settings=Settings(concurrency=3)) as crm:
        assert len(nested(crm)) == 4
    assert most == 3


@respx.mock
def test_async_reads_share_one_limiter_too():
    async def main() -> int:
        under_way, most = 0, 0

        async def answer(request: httpx.Request) -> httpx.Response:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            for _ in range(5):
                await asyncio.sleep(0)
            under_way -= 1
            return httpx.Response(200, json=[{"customer_id": SOMEBODY}])

        respx.get(NOTES).mock(side_effect=answer)
        async with AsyncAdminCRM(URL, KEY, settings=Settings(concurrency=4)) as crm:
            await asyncio.gather(*(get_admin_customer_notes(crm, SOMEBODY) for _ in range(60)))
        return most

    assert 2 <= asyncio.run(main()) <= 4


@pytest.mark.parametrize(
    "refusal",
    [httpx.Response(500, json={"code": "57014", "message": "canceling statement due to statement timeout"}),
     httpx.Response(429, json={"message": "slow down"}, headers={"retry-after": "0"}), httpx.Response(503)],
    ids=["57014", "429", "503"],
)  # fmt: skip
@respx.mock
def test_a_server_that_has_too_much_to_do_is_sent_half_as_much(ask, refusal):
    respx.get(f"{URL}/rest/v1/customer_intelligence_360").mock(return_value=refusal)
    limiter = link_of(ask.crm).shared.limiter
    with pytest.raises(AdminCRMError):
        ask.caller(get_all_customers, ask.crm.with_options(attempts=1))
    assert limiter.limit == 1
