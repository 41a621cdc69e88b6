"""The contenders on the shop as deployed: each measurement is one run of this file in a fresh interpreter.

    SHOP_URL=... SHOP_KEY=... SHOP_TOKEN=... SHOP_DATA=... python bench/shop_contenders.py <case> <contender>

*ours* is admin_crm on the shop as it comes; *fast* is admin_crm where the shop has installed the directory function;
*handwritten* is supabase-py with `.range()`; *keyset* is supabase-py with a filter on the last key; *limit* is what
nobody can beat: for reads of the directory one COPY out of the database, for one customer the same requests as ours
by httpx alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median
from typing import Any, NamedTuple

import httpx

from contenders import PAGE, peak_mb
from replay import VIEW
from shop_server import ADMIN, cpu_seconds

URL, KEY, TOKEN, DATA = (os.environ[f"SHOP_{name}"] for name in ("URL", "KEY", "TOKEN", "DATA"))
TEXT = "muñoz 12"
STATS = "id,phone,whatsapp,birthdate,created_at,total_spent,monetary,segment,health_status"
REPEATS = 15
MOST_TRIES = 20
"""How often a page may fail before its contender gives up."""
POSTMASTER = int(os.environ["SHOP_POSTMASTER"])
Measure = dict[str, Any]


class Traffic:
    """Counts the responses that httpx has received, and their bytes as they came."""

    def __init__(self) -> None:
        self.clear()
        for name, closing in (("close", httpx.Response.close), ("aclose", httpx.Response.aclose)):
            setattr(httpx.Response, name, self._counted(closing))

    def _counted(self, closing: Callable[[httpx.Response], Any]) -> Callable[[httpx.Response], Any]:
        def close(response: httpx.Response) -> Any:
            if not response.is_closed:
                self.requests += 1
                self.failed += response.is_error
                self.bytes += response.num_bytes_downloaded
            return closing(response)

        return close

    def clear(self) -> None:
        self.requests = self.failed = self.bytes = 0


traffic = Traffic()


def measured(work: Callable[[], Any], same: Callable[[Any], object], *, repeats: int = 1) -> Measure:
    """Measure some work, the median where it is repeated."""
    traffic.clear()
    peak, cpu, walls, results = peak_mb(), cpu_seconds(POSTMASTER), [], []
    for _ in range(repeats):
        begun = time.perf_counter()
        results = [work()]
        walls.append(time.perf_counter() - begun)
    return {
        "wall": median(walls),
        "pg_cpu": (cpu_seconds(POSTMASTER) - cpu) / repeats,
        "requests": traffic.requests // repeats,
        "failed": traffic.failed,
        "bytes": traffic.bytes // repeats,
        "peak_mb": peak_mb() - peak,
        "same": hashlib.sha256(repr(same(results[0])).encode()).hexdigest()[:16],
    }


# --------------------------------------------------------------------------------------- connections


def crm(function: str | None = None) -> Any:
    """Connect as an administrator, and warm the connection up: what is measured is no import and no handshake."""
    from admin_crm import AdminCRM, Settings, search_customers

    opened = AdminCRM(URL, KEY, access_token=TOKEN, settings=Settings(directory_function=function))
    search_customers(opened, page_size=1)
    return opened


def client() -> Any:
    import supabase

    made = supabase.create_client(URL, KEY)
    made.postgrest.auth(TOKEN)
    made.table(VIEW).select("id").limit(1).execute()
    return made


def copied(sql: str) -> tuple[float, float, bytes]:
    """Copy what a query answers out of the database, with the administrator's rights: seconds, CPU seconds, text."""
    import psycopg

    with psycopg.connect(f"postgresql://authenticator@/postgres?host={DATA}", autocommit=True) as connection:
        connection.execute("set role authenticated")
        claims = json.dumps({"sub": ADMIN, "role": "authenticated"})
        connection.execute("select set_config('request.jwt.claims', %s, false)", [claims])
        begun, cpu = time.perf_counter(), cpu_seconds(POSTMASTER)
        with connection.cursor().copy(f"copy ({sql}) to stdout".encode()) as copy:
            text = b"".join(copy)
        return time.perf_counter() - begun, cpu_seconds(POSTMASTER) - cpu, text


def limit(sql: str, same: Callable[[list[Any]], object]) -> Measure:
    wall, cpu, text = copied(sql)
    rows = [json.loads(line.replace(b"\\\\", b"\\")) for line in text.splitlines()]
    digest = hashlib.sha256(repr(same(rows)).encode()).hexdigest()[:16]
    return {"wall": wall, "pg_cpu": cpu, "requests": 1, "bytes": len(text), "peak_mb": 0.0, "same": digest}


# -------------------------------------------------------------------------------------- the directory


class Key(NamedTuple):
    """What all contenders must agree on for each customer."""

    id: str
    name: str
    frequency: int
    spent: float


def keys(rows: Iterable[Any]) -> list[Key]:
    def read(row: Any, name: str) -> Any:
        return row[name] if isinstance(row, dict) else getattr(row, name)

    return sorted(
        Key(str(read(row, "id")), read(row, "full_name"), read(row, "frequency"), float(read(row, "monetary")))
        for row in rows
    )


def by_offset(columns: str = "*") -> list[Any]:
    """Read the directory as its users would: newest first, a page after the other, until one is not full."""
    connected, rows = CLIENT, []
    while True:
        query = connected.table(VIEW).select(columns).order("created_at", desc=True).order("id")
        page = query.range(len(rows), len(rows) + PAGE - 1).execute().data
        rows += page
        if len(page) < PAGE:
            return rows


def by_key(columns: str = "*") -> list[Any]:
    connected, rows = CLIENT, []
    while True:
        query = connected.table(VIEW).select(columns).order("id").limit(PAGE)
        page = (query.gt("id", rows[-1]["id"]) if rows else query).execute().data
        rows += page
        if len(page) < PAGE:
            return rows


CLIENT: Any = None


def handwritten(read: Callable[[], list[Any]], same: Callable[[list[Any]], object] = keys) -> Measure:
    global CLIENT  # noqa: PLW0603 (one process, one measurement)
    CLIENT = client()
    return measured(read, same)


def directory_ours() -> Measure:
    from admin_crm import get_all_customers

    with crm() as opened:
        return measured(lambda: get_all_customers(opened), keys)


def directory_fast() -> Measure:
    from admin_crm import get_all_customers

    with crm("customer_directory") as opened:
        return measured(lambda: get_all_customers(opened), keys)


def directory_handwritten() -> Measure:
    return handwritten(_modelled(by_offset))


def directory_keyset() -> Measure:
    return handwritten(_modelled(by_key))


def directory_limit() -> Measure:
    return limit(f"select to_json(v) from public.{VIEW} v", keys)


def page_limit() -> Measure:
    """One page alone, as the database needs for it."""
    taken = []
    for _ in range(3):
        wall, _, text = copied(f"select to_json(v) from public.{VIEW} v order by id limit {PAGE}")
        taken.append(wall)
    return {"wall": median(taken), "pg_cpu": 0.0, "requests": 1, "bytes": len(text), "peak_mb": 0.0, "same": ""}


def fixed(concurrency: int) -> Measure:
    """Read all pages with a fixed number of requests at once, each failed one again until it succeeds.

    Gives up, with a time of infinity, where a page has failed many times.
    """
    headers = {"apikey": KEY, "Authorization": f"Bearer {TOKEN}"}
    target = f"{URL}/rest/v1/{VIEW}?select=*&order=id.asc&limit={PAGE}"
    with httpx.Client(headers=headers, timeout=60) as http, ThreadPoolExecutor(concurrency) as threads:
        starts = [None, *_last_ids(http)]

        def page(last: str | None) -> list[Any]:
            for _ in range(MOST_TRIES):
                response = http.get(target if last is None else f"{target}&id=gt.{last}")
                if response.is_success:
                    return list(response.json())
            raise TimeoutError

        def read() -> list[Any]:
            return [row for rows in threads.map(page, starts) for row in rows]

        try:
            return measured(read, len)
        except TimeoutError:
            threads.shutdown(cancel_futures=True)
            return {"wall": math.inf}


def _last_ids(http: httpx.Client) -> Iterator[str]:
    """Yield the last id of every page, from the profiles, which answer within any timeout."""
    profiles, last = f"{URL}/rest/v1/customer_profiles?select=id&order=id.asc&limit={PAGE}", None
    while True:
        ids = [row["id"] for row in http.get(profiles if last is None else f"{profiles}&id=gt.{last}").json()]
        if len(ids) < PAGE:
            return
        last = ids[-1]
        yield last


def _modelled(read: Callable[[], list[Any]]) -> Callable[[], list[Any]]:
    """Make models of the rows, as ours are: the same work for all."""
    from contenders import _models

    model, _ = _models()
    return lambda: [model(**row) for row in read()]


# ---------------------------------------------------------------------------------------------- stats


def figures(rows: list[dict[str, Any]]) -> tuple[object, ...]:
    return (
        len(rows),
        sum(bool((row["phone"] or "").strip() or (row["whatsapp"] or "").strip()) for row in rows),
        round(sum(float(row["monetary"]) for row in rows)),
    )


def figures_of(stats: Any) -> tuple[object, ...]:
    return stats.total, stats.contactable, round(float(stats.revenue))


def stats_ours() -> Measure:
    from admin_crm import get_directory_stats

    with crm() as opened:
        return measured(lambda: get_directory_stats(opened), figures_of)


def stats_fast() -> Measure:
    from admin_crm import get_directory_stats

    with crm("customer_directory") as opened:
        return measured(lambda: get_directory_stats(opened), figures_of)


def stats_handwritten() -> Measure:
    return handwritten(lambda: by_offset(STATS), figures)


def stats_keyset() -> Measure:
    return handwritten(lambda: by_key(STATS), figures)


def stats_limit() -> Measure:
    return limit(f"select to_json(v) from (select {STATS} from public.{VIEW}) v", figures)


# --------------------------------------------------------------------------------------------- search


def search_ours() -> Measure:
    from admin_crm import search_customers

    with crm() as opened:
        return measured(lambda: search_customers(opened, TEXT), lambda found: found.total, repeats=3)


def search_handwritten() -> Measure:
    connected = client()
    text = f"%{TEXT}%"

    def read() -> Any:
        query = connected.table(VIEW).select("*", count="exact")
        found = query.or_(f"full_name.ilike.{text},phone.ilike.{text},whatsapp.ilike.{text}")
        return found.order("created_at", desc=True).order("id").limit(15).execute()

    return measured(read, lambda found: found.count, repeats=3)


def search_limit() -> Measure:
    found = f"select * from public.{VIEW} where full_name ilike '%{TEXT}%'"
    return limit(
        f"select jsonb_build_object('total', count(*), 'rows', jsonb_agg(v)) from ({found}) v",
        lambda rows: rows[0]["total"],
    )


# ---------------------------------------------------------------------------------------- one customer


def somebody() -> list[str]:
    return [hashlib.md5(f"customer{number}".encode()).hexdigest() for number in range(1, 60)]


def _each(work: Callable[[str], Any], same: Callable[[Any], object]) -> Measure:
    """Measure a read of one customer, of another one each time, after a few that warm the connection up."""
    ids = iter(somebody())
    for _ in range(6):
        work(next(ids))
    return measured(lambda: work(next(ids)), same, repeats=REPEATS)


def details_ours() -> Measure:
    from admin_crm import get_admin_customer_details

    with crm() as opened:
        return _each(lambda each: get_admin_customer_details(opened, each), lambda got: len(got.orders))


def details_handwritten() -> Measure:
    connected = client()

    def read(each: str) -> Any:
        def rows(table: str, column: str) -> Any:
            return connected.table(table).select("*").eq(column, each)

        profile = rows("customer_profiles", "id").single().execute().data
        notes = rows("admin_customer_notes", "customer_id").maybe_single().execute()
        addresses = rows("addresses", "customer_id").execute().data
        orders = rows("orders", "customer_id").neq("status", "cancelled").execute().data
        view = rows(VIEW, "id").single().execute().data
        files = connected.storage.from_("customer-evidence").list(str(each))
        return profile, notes, addresses, orders, view, files

    return _each(read, lambda got: len(got[3]))


def details_limit() -> Measure:
    from admin_crm import get_admin_customer_details

    with crm() as opened:
        return _again(lambda each: get_admin_customer_details(opened, each), lambda got: len(got.orders))


def preferences_ours() -> Measure:
    from admin_crm import get_customer_preferences

    with crm() as opened:
        return _each(lambda each: get_customer_preferences(opened, each), lambda got: len(got.top_products))


def preferences_limit() -> Measure:
    from admin_crm import get_customer_preferences

    with crm() as opened:
        return _again(lambda each: get_customer_preferences(opened, each), lambda got: len(got.top_products))


def preferences_handwritten() -> Measure:
    connected = client()

    def read(each: str) -> Any:
        orders = connected.table("orders").select("items").eq("customer_id", each).neq("status", "cancelled")
        items = [item for order in orders.execute().data for item in order["items"]]
        ids = list({item["product_id"] for item in items})
        products = connected.table("products").select("id,name,categories(name)").in_("id", ids).execute().data
        counts: dict[str, int] = {}
        for item in items:
            counts[item["name"]] = counts.get(item["name"], 0) + (item.get("quantity") or 1)
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:5], products

    return _each(read, lambda got: len(got[0]))


@contextmanager
def recording() -> Iterator[list[list[httpx.Request]]]:
    """Keep the requests that are sent, in rounds: a new one begins with a request that follows all responses."""
    rounds: list[list[httpx.Request]] = []
    sent, lock, under_way = httpx.Client.send, threading.Lock(), [0]

    def send(http: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        with lock:
            if not under_way[0]:
                rounds.append([])
            under_way[0] += 1
            rounds[-1].append(request)
        try:
            response = sent(http, request, **options)
            response.read()
            return response
        finally:
            with lock:
                under_way[0] -= 1

    httpx.Client.send = send  # type: ignore[method-assign]
    try:
        yield rounds
    finally:
        httpx.Client.send = sent  # type: ignore[method-assign]


def _kept(request: httpx.Request) -> dict[str, str]:
    names = ("accept", "content-type", "prefer", "accept-profile")
    return {name: request.headers[name] for name in names if name in request.headers}


def _again(work: Callable[[str], Any], same: Callable[[Any], object]) -> Measure:
    """Send the requests of ours once more by httpx alone, as many at once as ours and in as many rounds."""
    ids = iter(somebody())
    for _ in range(6):
        work(next(ids))
    recorded: list[list[list[httpx.Request]]] = []
    result: Any = None
    for _ in range(REPEATS):
        with recording() as rounds:
            result = work(next(ids))
        recorded.append(rounds)
    traffic.clear()

    async def main() -> list[float]:
        async with httpx.AsyncClient(headers={"apikey": KEY, "Authorization": f"Bearer {TOKEN}"}) as http:
            walls = []
            for number, rounds in enumerate([recorded[0], *recorded]):
                begun = time.perf_counter()
                for each in rounds:
                    await asyncio.gather(
                        *(http.request(one.method, one.url, content=one.content, headers=_kept(one)) for one in each)
                    )
                if number:  # the first opens the connections
                    walls.append(time.perf_counter() - begun)
            return walls

    cpu = cpu_seconds(POSTMASTER)
    walls = asyncio.run(main())
    return {
        "wall": median(walls),
        "pg_cpu": (cpu_seconds(POSTMASTER) - cpu) / (REPEATS + 1),
        "requests": traffic.requests // (REPEATS + 1),
        "bytes": traffic.bytes // (REPEATS + 1),
        "peak_mb": 0.0,
        "rounds": median(len(rounds) for rounds in recorded),
        "same": hashlib.sha256(repr(same(result)).encode()).hexdigest()[:16],
    }


def main() -> None:
    case, contender = sys.argv[1:3]
    if case == "fixed":
        print(json.dumps(fixed(int(contender))))
        return
    work: Callable[[], Measure] = globals()[f"{case}_{contender}"]
    print(json.dumps(work()))


if __name__ == "__main__":
    main()
