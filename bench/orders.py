"""Measure `get_all_orders` against one raw query of the same orders: `python bench/orders.py [engine]`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import httpx

from admin_crm import AdminCRM, get_all_orders
from admin_crm.local import LocalStack

RUNS = 9


class Seconds(NamedTuple):
    """The median of several runs: on the clock, and of this process's CPU time."""

    wall: float
    cpu: float


def measured(read: Callable[[], int], expected: int) -> Seconds:
    """Measure a read that must find so many orders."""
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(RUNS + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        assert read() == expected
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Seconds(median(walls[1:]), median(cpus[1:]))  # the first one opens the connection


def main(engine: str) -> None:
    print(f"{'read':<36} {'s':>6} {'CPU s':>6} {'ratio':>6} {'CPU':>6}")
    raw: Seconds | None = None
    for limit in (100_000, 1_000):
        with LocalStack(engine=engine, max_rows=limit) as stack, httpx.Client() as http:  # type: ignore[arg-type]
            [row] = stack.execute_sql("select count(*) as orders from orders")
            headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
            url = f"{stack.url}/rest/v1/orders?select=*"
            if raw is None:
                raw = measured(lambda: len(http.get(url, headers=headers, timeout=60).json()), row["orders"])  # noqa: B023
                print(f"{'one raw query, as dicts':<36} {raw.wall:>6.2f} {raw.cpu:>6.2f}")
            with AdminCRM(stack.url, stack.secret_key) as crm:
                ours = measured(lambda: len(get_all_orders(crm)), row["orders"])
            ratios = f"{ours.wall / raw.wall:>6.2f} {ours.cpu / raw.cpu:>6.2f}"
            print(f"{f'get_all_orders, row limit {limit:,}':<36} {ours.wall:>6.2f} {ours.cpu:>6.2f} {ratios}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "postgrest")
