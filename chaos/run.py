"""One run: a local stack, the proxy in front of it, sync and async workers, and the audit."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from admin_crm import AdminCRM, AsyncAdminCRM, Settings
from admin_crm.local import LocalStack
from chaos.audit import audit
from chaos.faults import Fault
from chaos.ledger import Books, Register
from chaos.proxy import FaultProxy
from chaos.workload import Figures, Own, Worker, World

SETTINGS = Settings(
    page_size=300,
    concurrency=6,
    retry_attempts=4,
    retry_base_delay=0.03,
    retry_max_delay=0.5,
    rest_timeout=10,
    auth_timeout=10,
    storage_timeout=10,
)
_OWN_EACH = 3
_SHARED = 10


class Result(NamedTuple):
    """The result of a run."""

    books: Books
    requests: int
    faults: Counter[Fault]
    seconds: float


def run(operations: int, *, seed: int, rate: float, workers: int = 6) -> Result:
    """Run this many operations, with this many sync and as many async workers."""
    with LocalStack() as stack, FaultProxy(stack.url, seed=seed, rate=rate) as proxy:
        begun = time.perf_counter()
        world, each = _prepare(stack), -(-operations // (2 * workers))
        owns = _owned(stack, world, 2 * workers)
        given = (proxy.url, stack.secret_key)
        with (
            ThreadPoolExecutor(workers + 1) as threads,
            AdminCRM(*given, anon_key=stack.publishable_key, settings=SETTINGS, on_retry=world.books.retried) as crm,
        ):
            everyone = [Worker(crm, world, number, seed, owns[number]) for number in range(workers)]
            futures = [threads.submit(asyncio.run, worker.work(each)) for worker in everyone]
            beside = AsyncAdminCRM(
                *given, anon_key=stack.publishable_key, settings=SETTINGS, on_retry=world.books.retried
            )
            others = threads.submit(asyncio.run, _beside(beside, world, owns, seed, each))
            for future in futures:
                future.result()
            everyone += others.result()
        seconds = time.perf_counter() - begun
        audit(stack, world, everyone)
        return Result(world.books, proxy.requests, proxy.faults, seconds)


async def _beside(
    crm: AsyncAdminCRM, world: World, owns: Sequence[list[Own]], seed: int, operations: int
) -> list[Worker]:
    """Run the second half of the workers on one shared asynchronous connection."""
    numbers = range(len(owns) // 2, len(owns))
    async with crm:
        workers = [Worker(crm, world, number, seed, owns[number]) for number in numbers]
        await asyncio.gather(*(worker.work(operations) for worker in workers))
    return workers


def _prepare(stack: LocalStack) -> World:
    rows = stack.execute_sql(
        "select id, full_name, total_orders, total_spent, frequency from customer_intelligence_360"
    )
    figures = {
        row["id"]: Figures(
            row["full_name"],
            int(row["total_orders"] or 0),
            Decimal(str(row["total_spent"] or 0)),
            int(row["frequency"]),
        )
        for row in rows
    }
    return World(figures, [], Books())


def _owned(stack: LocalStack, world: World, workers: int) -> list[list[Own]]:
    """Assign to each worker customers without notes or evidence; the remaining ones are shared."""
    wanted = workers * _OWN_EACH + _SHARED
    rows = stack.execute_sql(
        "select id, account_status, suspension_end from customer_profiles"
        " where id not in (select customer_id from admin_customer_notes)"
        " and id::text not in (select split_part(name, '/', 1) from storage.objects)"
        " and full_name is not null order by id"
    )[:wanted]
    world.shared = [row["id"] for row in rows[-_SHARED:]]
    own = [
        Own(
            row["id"],
            Register(
                (
                    row["account_status"],
                    datetime.fromisoformat(row["suspension_end"]) if row["suspension_end"] else None,
                )
            ),
        )
        for row in rows[:-_SHARED]
    ]
    return [own[start : start + _OWN_EACH] for start in range(0, len(own), _OWN_EACH)]
