"""Measure `get_all_orders` against one raw query of the same orders: `python bench/orders.py [engine]`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import httpx

from admin_crm import AdminCRM, get_all_orders
from admin_crm.local import LocalStack

RUNS = 7


def seconds(read: Callable[[], int], expected: int) -> float:
    """Return the median time of a read that must find so many orders."""
    times: list[float] = []
    for _ in range(RUNS + 1):
        begun = time.perf_counter()
        assert read() == expected
        times.append(time.perf_counter() - begun)
    return median(times[1:])  # the first one opens the connection


def main(engine: str) -> None:
    print(f"{'row limit':>9} {'ours s':>7} {'raw s':>7} {'ratio':>6}")
    raw = 0.0
    for limit in (100_000, 1_000):
        with LocalStack(engine=engine, max_rows=limit) as stack, httpx.Client() as http:  # type: ignore[arg-type]
            [row] = stack.execute_sql("select count(*) as orders from orders")
            headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
            url = f"{stack.url}/rest/v1/orders?select=*"
            with AdminCRM(stack.url, stack.secret_key) as crm:
                ours = seconds(lambda: len(get_all_orders(crm)), row["orders"])
            if limit > row["orders"]:
                raw = seconds(lambda: len(http.get(url, headers=headers, timeout=60).json()), row["orders"])  # noqa: B023
            print(f"{limit:>9,} {ours:>7.2f} {raw:>7.2f} {ours / raw:>6.2f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "postgrest")
