"""The contenders: each measurement is one run of this file in a fresh interpreter, which prints one JSON line.

    python bench/contenders.py <case> <ours|handwritten|floor|together> <url>

*ours* is admin_crm; *handwritten* is supabase-py as a competent user would write it; *floor* is httpx without
supabase-py, with as many concurrent requests as ours, and one pydantic call per page.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import random
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import UUID

from replay import CUSTOMER, FILELESS, VIEW, place

KEY = "sb_secret_bench"
CONCURRENCY = 8
PAGE = 1000
T = TypeVar("T")
Case = Callable[[str], dict[str, Any]]
Measure = dict[str, Any]

# ------------------------------------------------- the models of the handwritten contender and the floor


def _models() -> tuple[type[Any], Any]:
    from pydantic import BaseModel, TypeAdapter

    class Preferences(BaseModel):
        preferred_styles: list[str] = []
        interests: list[str] = []
        visual_theme_hint: str | None = None
        personality_notes: str | None = None

    class Context(BaseModel):
        last_query: str | None = None
        last_intent: str | None = None
        persona_cluster: str | None = None
        visual_theme_hint: str | None = None
        propensity_score: float | None = None
        updated_at: datetime | None = None

    class Customer(BaseModel):
        """The model of a user who knows the columns of this shop and needs to support no other shop."""

        id: UUID
        full_name: str | None = None
        email: str | None = None
        avatar_url: str | None = None
        phone: str | None = None
        whatsapp: str | None = None
        birthdate: date | None = None
        created_at: datetime
        account_status: str | None = None
        customer_tier: str | None = None
        total_orders: int | None = None
        total_spent: Decimal | None = None
        recency_days: int | None = None
        frequency: int | None = None
        monetary: Decimal | None = None
        segment: str | None = None
        health_status: str | None = None
        ai_preferences: Preferences | None = None
        ia_context: Context | None = None

    return Customer, TypeAdapter(list[Customer])


def _headers() -> dict[str, str]:
    return {"apikey": KEY, "Authorization": f"Bearer {KEY}"}


# --------------------------------------------------------------------------------------- measurement


def peak_mb() -> float:
    """Return the peak memory of this process, as reported by the operating system."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fingerprint(customers: Iterable[Any]) -> str:
    """Return a hash of the customers in their order, to compare the results of the contenders."""
    digest = hashlib.sha256()
    for each in customers:
        email = None if each.email is None or "@" not in each.email else each.email
        styles = None if each.ai_preferences is None else each.ai_preferences.preferred_styles
        context = None if each.ia_context is None else each.ia_context.propensity_score
        digest.update(
            repr((
                str(each.id), each.full_name, email, each.avatar_url, each.phone, each.whatsapp, each.birthdate,
                each.created_at.timestamp(), str(each.account_status), each.total_orders, float(each.total_spent),
                each.recency_days, each.frequency, float(each.monetary), each.segment, each.health_status,
                styles, context,
            )).encode()
        )  # fmt: skip
    return digest.hexdigest()[:16]


def set_collector_halfway() -> None:
    """Put Python's garbage collector half-way to its next full collection, whatever was imported before.

    It comes with the eleventh collection of the middle generation, and goes over all rows that have been read. Without
    this, the number of imported modules decides at which row it falls into a measurement, or whether it does at all.
    """
    gc.collect()
    for _ in range(6):
        gc.collect(1)


class Clock:
    """Starts when it is created."""

    def __init__(self) -> None:
        set_collector_halfway()
        self.peak, self.system = peak_mb(), os.times().system
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def read(self, customers: list[Any]) -> Measure:
        """Return the measured figures; `system` is the CPU time inside the kernel."""
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        system, peak = os.times().system - self.system, peak_mb() - self.peak
        taken = {"wall": wall, "cpu": cpu, "system": system, "peak_mb": peak}
        return {**taken, "rows": len(customers), "same": fingerprint(customers)}


def clocked(work: Callable[[], list[Any]]) -> Measure:
    clock = Clock()
    return clock.read(work())


async def clocked_async(work: Callable[[], Awaitable[list[Any]]]) -> Measure:
    clock = Clock()
    return clock.read(await work())


# ----------------------------------------------------------------------------------------- directory


def directory_ours(url: str) -> Measure:
    from admin_crm import AdminCRM, get_all_customers

    with AdminCRM(url, KEY) as crm:
        crm.supabase.table(VIEW)
        return clocked(lambda: get_all_customers(crm))


def directory_uncollected_ours(url: str) -> Measure:
    """The same in a program that has switched Python's garbage collector off."""
    gc.disable()
    return directory_ours(url)


def directory_handwritten(url: str) -> Measure:
    import supabase

    model, _ = _models()
    client = supabase.create_client(url, KEY)
    client.table(VIEW)

    def read() -> list[Any]:
        rows: list[Any] = []
        while True:
            query = client.table(VIEW).select("*").order("created_at", desc=True).order("id")
            page = query.range(len(rows), len(rows) + PAGE - 1).execute().data
            rows += [model(**row) for row in page]
            if len(page) < PAGE:
                return rows

    return clocked(read)


def directory_floor(url: str) -> Measure:
    import httpx

    _, adapter = _models()
    target = f"{url}/rest/v1/{VIEW}?select=*&order=id.asc&limit={PAGE}"
    with httpx.Client(headers=_headers()) as http:

        def read() -> list[Any]:
            first = http.get(target, headers={"Prefer": "count=exact"})
            total = int(first.headers["content-range"].rpartition("/")[2])
            with ThreadPoolExecutor(CONCURRENCY) as threads:
                pages = threads.map(
                    lambda offset: adapter.validate_json(http.get(f"{target}&offset={offset}").content),
                    range(PAGE, total, PAGE),
                )
                rows = adapter.validate_json(first.content)
                for page in pages:
                    rows += page
            rows.sort(key=lambda row: row.created_at, reverse=True)
            return rows

        return clocked(read)


def directory_async_ours(url: str) -> Measure:
    from admin_crm import AsyncAdminCRM, get_all_customers

    async def main() -> Measure:
        async with AsyncAdminCRM(url, KEY) as crm:
            crm.supabase.table(VIEW)
            return await clocked_async(lambda: get_all_customers(crm))

    return asyncio.run(main())


def directory_async_handwritten(url: str) -> Measure:
    import supabase

    model, _ = _models()

    async def main() -> Measure:
        client = await supabase.acreate_client(url, KEY)
        client.table(VIEW)

        async def read() -> list[Any]:
            rows: list[Any] = []
            while True:
                query = client.table(VIEW).select("*").order("created_at", desc=True).order("id")
                page = (await query.range(len(rows), len(rows) + PAGE - 1).execute()).data
                rows += [model(**row) for row in page]
                if len(page) < PAGE:
                    return rows

        return await clocked_async(read)

    return asyncio.run(main())


def directory_async_floor(url: str) -> Measure:
    import httpx

    _, adapter = _models()
    target = f"{url}/rest/v1/{VIEW}?select=*&order=id.asc&limit={PAGE}"

    async def main() -> Measure:
        async with httpx.AsyncClient(headers=_headers()) as http:
            slots = asyncio.Semaphore(CONCURRENCY)

            async def page(offset: int) -> list[Any]:
                async with slots:
                    return adapter.validate_json((await http.get(f"{target}&offset={offset}")).content)

            async def read() -> list[Any]:
                first = await http.get(target, headers={"Prefer": "count=exact"})
                total = int(first.headers["content-range"].rpartition("/")[2])
                rows = adapter.validate_json(first.content)
                for each in await asyncio.gather(*map(page, range(PAGE, total, PAGE))):
                    rows += each
                rows.sort(key=lambda row: row.created_at, reverse=True)
                return rows

            return await clocked_async(read)

    return asyncio.run(main())


# --------------------------------------------------------------------------------------------- frame


def _framed(url: str, read: Callable[[Any], Any]) -> Measure:
    import pandas as pd
    import pyarrow as pa

    from admin_crm import AdminCRM

    pa.table({"a": [1]}).to_pandas()  # what pandas and pyarrow load on first use
    with AdminCRM(url, KEY) as crm:
        crm.supabase.table(VIEW)
        clock = Clock()
        frame = read(crm)
        measured = clock.read([])
    same = f"{pd.util.hash_pandas_object(frame).sum():x} {list(frame.columns)}"
    return measured | {"rows": len(frame), "same": same}


def frame_ours(url: str) -> Measure:
    from admin_crm import customers_frame

    return _framed(url, customers_frame)


def frame_models(url: str) -> Measure:
    """A model for each customer first, then the same frame."""
    from admin_crm import customers_frame, get_all_customers

    return _framed(url, lambda crm: customers_frame(get_all_customers(crm)))


# -------------------------------------------------------------------------------------------- export


def _exported(url: str, name: str) -> Measure:
    """Measure an export in a process that has exported two customers, and so imported everything."""
    from admin_crm import AdminCRM, export_customers

    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        with AdminCRM(url.rpartition("/")[0] + place(2), KEY) as crm:
            export_customers(crm, path)
        with AdminCRM(url, KEY) as crm:
            before, start = peak_mb(), time.perf_counter()
            done = export_customers(crm, path)
            wall = time.perf_counter() - start
            measured = {"wall": wall, "peak_mb": peak_mb() - before, "rows": done.rows, "file_mb": done.size / 1e6}
    return measured | {"same": str(done.rows)}


def export_parquet_ours(url: str) -> Measure:
    return _exported(url, "customers.parquet")


def export_csv_ours(url: str) -> Measure:
    return _exported(url, "customers.csv")


# -------------------------------------------------------------------------------------------- stream


def _streamed(rows: Iterator[Any]) -> Measure:
    """Measure a stream on a connection that has been used before, as in a back end."""
    before, start = peak_mb(), time.perf_counter()
    first, count, key_sum = 0.0, 0, 0
    for row in rows:
        first = first or time.perf_counter() - start
        count += 1
        key_sum ^= row.id.int
    wall = time.perf_counter() - start
    return {"wall": wall, "first": first, "peak_mb": peak_mb() - before, "rows": count, "same": f"{key_sum:x}"}


def stream_ours(url: str) -> Measure:
    from admin_crm import AdminCRM, iter_customers

    with AdminCRM(url, KEY) as crm:
        next(iter(iter_customers(crm)))  # a new connection asks once whether the shop has the directory function
        return _streamed(iter(iter_customers(crm)))


def stream_async_ours(url: str) -> Measure:
    from admin_crm import AsyncAdminCRM, iter_customers

    async def main() -> Measure:
        async with AsyncAdminCRM(url, KEY) as crm:
            await anext(aiter(iter_customers(crm)))
            before, start = peak_mb(), time.perf_counter()
            first, count, key_sum = 0.0, 0, 0
            async for row in iter_customers(crm):
                first = first or time.perf_counter() - start
                count += 1
                key_sum ^= row.id.int
            wall = time.perf_counter() - start
            return {"wall": wall, "first": first, "peak_mb": peak_mb() - before, "rows": count, "same": f"{key_sum:x}"}

    return asyncio.run(main())


def stream_handwritten(url: str) -> Measure:
    import supabase

    model, _ = _models()
    client = supabase.create_client(url, KEY)
    client.table(VIEW).select("*").limit(1).execute()

    def read() -> Iterator[Any]:
        start = 0
        while True:
            page = client.table(VIEW).select("*").order("id").range(start, start + PAGE - 1).execute().data
            yield from (model(**row) for row in page)
            start += len(page)
            if len(page) < PAGE:
                return

    return _streamed(read())


def stream_floor(url: str) -> Measure:
    import httpx

    _, adapter = _models()
    target = f"{url}/rest/v1/{VIEW}?select=*&order=id.asc&limit={PAGE}"

    responses: list[float] = []

    def read() -> Iterator[Any]:
        start = 0
        while True:
            sent = time.perf_counter()
            answer = http.get(f"{target}&offset={start}")
            responses.append(time.perf_counter() - sent)
            page = adapter.validate_json(answer.content)
            yield from page
            start += len(page)
            if len(page) < PAGE:
                return

    with httpx.Client(headers=_headers()) as http:
        http.get(f"{url}/rest/v1/{VIEW}?select=*&limit=1")
        return _streamed(read()) | {"response": median(responses)}


# ------------------------------------------------------------------------------------------- details

DETAIL_RUNS = 15


def _repeated(work: Callable[[], str], runs: int = DETAIL_RUNS) -> Measure:
    same = work()
    walls: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        walls.append(time.perf_counter() - start)
    return {"wall": median(walls), "same": same}


def _detail_told(orders: list[Any], addresses: list[Any], notes: Any, files: int) -> str:
    keys = " ".join(sorted(str(each) for each in orders))
    return f"{hashlib.sha256(keys.encode()).hexdigest()[:8]} {len(addresses)} {notes} {files}"


def details_ours(url: str, customer: str = FILELESS) -> Measure:
    from admin_crm import AdminCRM, get_admin_customer_details

    with AdminCRM(url, KEY) as crm:

        def read() -> str:
            found = get_admin_customer_details(crm, customer)
            assert found.admin_notes is not None
            notes, orders = found.admin_notes.notes, [each.id for each in found.orders]
            return _detail_told(orders, found.addresses, notes, len([each for each in found.evidence if each.url]))

        return _repeated(read)


def details_async_ours(url: str, customer: str = FILELESS) -> Measure:
    from admin_crm import AsyncAdminCRM, get_admin_customer_details

    async def main() -> Measure:
        async with AsyncAdminCRM(url, KEY) as crm:
            walls: list[float] = []
            for _ in range(DETAIL_RUNS + 1):
                start = time.perf_counter()
                found = await get_admin_customer_details(crm, customer)
                walls.append(time.perf_counter() - start)
            assert found.admin_notes is not None
            notes, orders = found.admin_notes.notes, [each.id for each in found.orders]
            same = _detail_told(orders, found.addresses, notes, len([each for each in found.evidence if each.url]))
            return {"wall": median(walls[1:]), "same": same}

    return asyncio.run(main())


def details_handwritten(url: str, customer: str = FILELESS) -> Measure:
    import supabase

    client = supabase.create_client(url, KEY)

    def read() -> str:
        client.table("customer_profiles").select("*").eq("id", customer).execute()
        client.table(VIEW).select("*").eq("id", customer).execute()
        notes = client.table("admin_customer_notes").select("*").eq("customer_id", customer).execute().data
        addresses = client.table("addresses").select("*").eq("customer_id", customer).execute().data
        orders = client.table("orders").select("*").eq("customer_id", customer).execute().data
        bucket = client.storage.from_("customer-evidence")
        files = bucket.list(customer)
        paths = [f"{customer}/{file['name']}" for file in files]
        signed = bucket.create_signed_urls(paths, 3600) if paths else []
        return _detail_told([each["id"] for each in orders], addresses, notes[0]["notes"], len(signed))

    return _repeated(read)


def details_floor(url: str, customer: str = FILELESS) -> Measure:
    """Time the slowest single response; with files, the two responses of which the second needs the first."""
    import httpx

    rest, storage, told = f"{url}/rest/v1", f"{url}/storage/v1/object", f"customer_id=eq.{customer}"
    with httpx.Client(headers=_headers()) as http:

        def files() -> int:
            listed = http.post(f"{storage}/list/customer-evidence", json={"prefix": customer}).json()
            if not listed:
                return 0
            paths = [f"{customer}/{file['name']}" for file in listed]
            signed = http.post(f"{storage}/sign/customer-evidence", json={"paths": paths, "expiresIn": 3600}).json()
            return len(signed)

        count = files()
        singles: list[Callable[[], object]] = [
            lambda: http.get(f"{rest}/{VIEW}?select=*&id=eq.{customer}").json(),
            lambda: http.get(f"{rest}/orders?select=*&{told}").json(),
            lambda: http.get(f"{rest}/addresses?select=*&{told}").json(),
            lambda: http.get(f"{rest}/admin_customer_notes?select=*&{told}").json(),
            lambda: http.get(f"{rest}/customer_profiles?select=*&id=eq.{customer}").json(),
            files,
        ]
        walls = [_repeated(lambda one=one: str(one() is None), 5)["wall"] for one in singles]
        orders, addresses, notes = (singles[place]() for place in (1, 2, 3))
        same = _detail_told([each["id"] for each in orders], addresses, notes[0]["notes"], count)  # type: ignore[attr-defined, index]
        return {"wall": max(walls), "single": median(walls[:5]), "same": same}


# ---------------------------------------------------------------------------------------------- call

CALLS = 400
_dice = random.Random(400)


def in_any_order(contenders: dict[str, T]) -> list[tuple[str, T]]:
    """Shuffle: a contender that runs after a similar one finds its code in the CPU cache."""
    return _dice.sample(list(contenders.items()), len(contenders))


def call_together(url: str) -> Measure:
    """Alternate call by call in one process: half a millisecond is less than the differences between processes."""
    import httpx
    import supabase

    from admin_crm import AdminCRM, update_customer_status

    client = supabase.create_client(url, KEY)
    change = {"account_status": "active", "suspension_end": None}
    target = f"{url}/rest/v1/customer_profiles?id=eq.{CUSTOMER}"
    prefer = {"Prefer": "return=representation"}
    with AdminCRM(url, KEY) as crm, httpx.Client(headers=_headers()) as http:
        contenders: dict[str, Callable[[], Any]] = {
            "ours": lambda: str(update_customer_status(crm, CUSTOMER, "active").id),
            "handwritten": lambda: (
                client.table("customer_profiles").update(change).eq("id", CUSTOMER).execute().data[0]["id"]
            ),
            "floor": lambda: http.patch(target, json=change, headers=prefer).json()[0]["id"],
        }
        same = {name: call() for name, call in contenders.items()}
        cpu: dict[str, list[float]] = {name: [] for name in contenders}
        for turn in range(CALLS):
            for name, call in in_any_order(contenders):
                start = time.process_time()
                call()
                if turn >= CALLS // 20:
                    cpu[name].append(time.process_time() - start)
    return {name: {"cpu": median(cpu[name]), "same": same[name]} for name in contenders}


def call_async_together(url: str) -> Measure:
    """The same as `call_together`, with the asynchronous clients."""
    import httpx
    import supabase

    from admin_crm import AsyncAdminCRM, update_customer_status

    change = {"account_status": "active", "suspension_end": None}
    target = f"{url}/rest/v1/customer_profiles?id=eq.{CUSTOMER}"
    prefer = {"Prefer": "return=representation"}

    async def main() -> Measure:
        client = await supabase.acreate_client(url, KEY)
        async with AsyncAdminCRM(url, KEY) as crm, httpx.AsyncClient(headers=_headers()) as http:

            async def ours() -> str:
                return str((await update_customer_status(crm, CUSTOMER, "active")).id)

            async def handwritten() -> Any:
                answer = await client.table("customer_profiles").update(change).eq("id", CUSTOMER).execute()
                return answer.data[0]["id"]  # type: ignore[index, call-overload]

            async def floor() -> Any:
                return (await http.patch(target, json=change, headers=prefer)).json()[0]["id"]

            contenders = {"ours": ours, "handwritten": handwritten, "floor": floor}
            same = {name: await call() for name, call in contenders.items()}
            cpu: dict[str, list[float]] = {name: [] for name in contenders}
            for turn in range(CALLS):
                for name, call in in_any_order(contenders):
                    start = time.process_time()
                    await call()
                    if turn >= CALLS // 20:
                        cpu[name].append(time.process_time() - start)
            return {name: {"cpu": median(cpu[name]), "same": same[name]} for name in contenders}

    return asyncio.run(main())


# ---------------------------------------------------------------------------------------------- bulk

MANY = 1000


def bulk_ours(url: str) -> Measure:
    """Notify 1,000 customers at once."""
    from admin_crm import AdminCRM, notify_customers, send_customer_notification

    customers = [UUID(int=number) for number in range(MANY)]
    with AdminCRM(url, KEY) as crm:
        send_customer_notification(crm, customers[0], "a", "b")  # which connects
        start = time.perf_counter()
        sent = len(notify_customers(crm, customers, "Rebajas", "Hasta el domingo").done)
        return {"wall": time.perf_counter() - start, "same": str(sent)}


def bulk_single(url: str) -> Measure:
    """Notify them one by one."""
    from admin_crm import AdminCRM, send_customer_notification

    customers = [UUID(int=number) for number in range(MANY)]
    with AdminCRM(url, KEY) as crm:
        send_customer_notification(crm, customers[0], "a", "b")
        start = time.perf_counter()
        sent = sum(bool(send_customer_notification(crm, each, "Rebajas", "Hasta el domingo")) for each in customers)
        return {"wall": time.perf_counter() - start, "same": str(sent)}


def bulk_async_ours(url: str) -> Measure:
    """The same as `bulk_ours`, with the asynchronous client."""
    from admin_crm import AsyncAdminCRM, notify_customers, send_customer_notification

    customers = [UUID(int=number) for number in range(MANY)]

    async def main() -> Measure:
        async with AsyncAdminCRM(url, KEY) as crm:
            await send_customer_notification(crm, customers[0], "a", "b")
            start = time.perf_counter()
            sent = len((await notify_customers(crm, customers, "Rebajas", "Hasta el domingo")).done)
            return {"wall": time.perf_counter() - start, "same": str(sent)}

    return asyncio.run(main())


def bulk_async_single(url: str) -> Measure:
    """The same as `bulk_single`, with the asynchronous client."""
    from admin_crm import AsyncAdminCRM, send_customer_notification

    customers = [UUID(int=number) for number in range(MANY)]

    async def main() -> Measure:
        async with AsyncAdminCRM(url, KEY) as crm:
            await send_customer_notification(crm, customers[0], "a", "b")
            start, sent = time.perf_counter(), 0
            for each in customers:
                sent += bool(await send_customer_notification(crm, each, "Rebajas", "Hasta el domingo"))
            return {"wall": time.perf_counter() - start, "same": str(sent)}

    return asyncio.run(main())


# -------------------------------------------------------------------------------------------- import


def import_ours(_: str) -> Measure:
    start = time.perf_counter()
    import admin_crm

    return {"wall": time.perf_counter() - start, "same": str(bool(admin_crm))}


def import_handwritten(_: str) -> Measure:
    start = time.perf_counter()
    import supabase

    return {"wall": time.perf_counter() - start, "same": str(bool(supabase))}


def import_client_ours(url: str) -> Measure:
    start = time.perf_counter()
    from admin_crm import AdminCRM, get_all_customers

    client = AdminCRM(url, KEY).supabase
    return {"wall": time.perf_counter() - start, "same": str(bool(client and get_all_customers))}


def import_client_handwritten(url: str) -> Measure:
    start = time.perf_counter()
    import supabase

    client = supabase.create_client(url, KEY)
    return {"wall": time.perf_counter() - start, "same": str(bool(client))}


def main() -> None:
    case, contender, url = sys.argv[1:4]
    work: Callable[..., Measure] = globals()[f"{case.replace('-', '_')}_{contender}"]
    print(json.dumps(work(url, *sys.argv[4:])))


if __name__ == "__main__":
    main()
