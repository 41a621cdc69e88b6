"""The cases on the shop as deployed, on PostgREST and PostgreSQL: time, requests, bytes, and the database's CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from shop_server import STATEMENT_TIMEOUT, Shop, distance, open_shop

HERE = Path(__file__).parent
CONTENDERS = ("ours", "fast", "handwritten", "keyset", "limit")
OF_ONE_CUSTOMER = {"details": 1, "preferences": 2}
"""The reads of one customer, and in how many rounds of requests each is done (these customers have no files)."""
ONE_RUN_FROM = 100_000
"""The number of customers from which the slow contenders run once."""
SLOW = ("ours", "handwritten", "keyset")
FAR = 60
Line = dict[str, Any]


def shop_cases(sizes: Sequence[int], runs: int = 3) -> Iterator[Line]:
    """Measure all cases on shops of several sizes."""
    lines: list[Line] = []
    for customers in sizes:
        with open_shop(customers) as shop:
            for case in ("directory", "stats", "search", *OF_ONE_CUSTOMER):
                for milliseconds in (0, FAR) if case in OF_ONE_CUSTOMER else (0,):
                    lines.append(_line(case, shop, milliseconds, runs))
                    yield _bounded(lines[-1], lines)
            yield _timeout(shop)
    small, big = min(sizes), max(sizes)
    if small < big:
        per_row = {size: _figure(lines, "shop-directory", size, "fast") / size * 1e6 for size in (small, big)}
        growth = per_row[big] / per_row[small]
        yield {
            "case": "shop-growth", "customers": big, "distance_ms": 0, "unit": "µs a row with the function",
            "fast": round(per_row[big], 1), "ratios": {"growth": round(growth, 3)}, "bound": {"growth": 1.3},
            "ok": growth <= 1.3,
        }  # fmt: skip


def shop_table(lines: Iterable[Line]) -> Table:
    drawn = Table(title="the shop on PostgREST and PostgreSQL: seconds, and CPU seconds of the database")
    for heading in ("case", "customers", "ms away", *CONTENDERS, "requests of ours, fast", "bounds", ""):
        drawn.add_column(heading, justify="left" if heading in ("case", "bounds", "") else "right")
    for each in lines:
        cpu, requests = each.get("pg_cpu", {}), each.get("requests", {})
        figures = [
            "" if each.get(name) is None else f"{each[name]:.4g} / {cpu.get(name) or 0:.3g}" for name in CONTENDERS
        ]
        bounds = ", ".join(f"{name} {each['ratios'][name]:.2f} ≤ {most:g}" for name, most in each["bound"].items())
        counts = ", ".join(f"{requests[name]:.0f}" for name in CONTENDERS[:2] if requests.get(name) is not None)
        drawn.add_row(
            each["case"], f"{each['customers']:,}", str(each["distance_ms"]), *figures, counts, bounds,
            "ok" if each["ok"] else "[bold]missed[/]",
        )  # fmt: skip
    return drawn


def _timeout(shop: Shop) -> Line:
    """Read page by page where the statement timeout is twice a lone page's time; compare with fixed concurrencies."""
    alone = _once("page", "limit", shop, shop.url)["wall"]
    shop.limit_statements(max(1, int(2000 * alone)))
    try:
        ours = _once("directory", "ours", shop, shop.url)
        fixed = {number: _once("fixed", str(number), shop, shop.url)["wall"] for number in (1, 2, 3, 4)}
    finally:
        shop.limit_statements(STATEMENT_TIMEOUT)
    best = min(fixed.values())
    ratios = {"failed": ours["failed"] / ours["requests"], "ours/best fixed": ours["wall"] / best}
    bound = {"failed": 0.05, "ours/best fixed": 1.3}
    return {
        "case": "shop-timeout", "customers": shop.customers, "distance_ms": 0, "unit": "s", "ours": ours["wall"],
        "fixed": fixed, "timeout": round(2 * alone, 3), "requests": {"ours": ours["requests"]},
        "ratios": {name: round(value, 3) for name, value in ratios.items()}, "bound": bound,
        "ok": all(ratios[name] <= most for name, most in bound.items()),
    }  # fmt: skip


def _line(case: str, shop: Shop, milliseconds: int, runs: int) -> Line:
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in _contenders(case)}
    with distance(shop.url, milliseconds) as url:
        for turn in range(runs):
            for name, kept in taken.items():
                if turn and name in SLOW and shop.customers >= ONE_RUN_FROM and case not in OF_ONE_CUSTOMER:
                    continue
                kept.append(_once(case, name, shop, url))
    answers = {each["same"] for kept in taken.values() for each in kept}
    if len(answers) != 1:
        raise SystemExit(f"shop-{case}: the contenders do not agree: {taken}")

    def middle(what: str, digits: int) -> dict[str, float | None]:
        return {
            name: round(median(each[what] for each in taken[name]), digits) if name in taken else None
            for name in CONTENDERS
        }

    rounds = {"rounds": max(each["rounds"] for each in taken["limit"])} if case in OF_ONE_CUSTOMER else {}
    return {
        "case": f"shop-{case}", "customers": shop.customers, "distance_ms": milliseconds, "unit": "s",
        **middle("wall", 4), "pg_cpu": middle("pg_cpu", 3), "requests": middle("requests", 0),
        "bytes": middle("bytes", 0), **rounds,
    }  # fmt: skip


def _contenders(case: str) -> tuple[str, ...]:
    return {
        "search": ("ours", "handwritten", "limit"),
        "details": ("ours", "handwritten", "limit"),
        "preferences": ("ours", "handwritten", "limit"),
    }.get(case, CONTENDERS)


def _once(case: str, contender: str, shop: Shop, url: str) -> dict[str, Any]:
    """Measure in a fresh interpreter, with nothing in its environment but the shop."""
    keep = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    command = [sys.executable, str(HERE / "shop_contenders.py"), case, contender]
    done = subprocess.run(
        command, capture_output=True, text=True, env=keep | shop.environment(url), cwd=HERE, check=False
    )
    if done.returncode:
        raise SystemExit(f"shop-{case}, {contender}:\n{done.stderr}")
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _bounded(told: Line, lines: list[Line]) -> Line:
    """Add the bounds of a case, and whether they hold."""
    ratios: dict[str, tuple[float, float]] = {}

    def bound(name: str, value: float | None, of: float | None, most: float) -> None:
        if value is not None and of:
            ratios[name] = (value / of, most)

    cpu, size = told["pg_cpu"], told["customers"]
    if told["case"] == "shop-directory" and size >= ONE_RUN_FROM:
        bound("fast/handwritten", told["fast"], told["handwritten"], 0.15)
        bound("cpu fast/handwritten", cpu["fast"], cpu["handwritten"], 0.08)
        bound("cpu fast/limit", cpu["fast"], cpu["limit"], 2.0)
        bound("ours/handwritten", told["ours"], told["handwritten"], 0.6)
        bound("cpu ours/handwritten", cpu["ours"], cpu["handwritten"], 0.75)
    if told["case"] == "shop-stats":
        for name, most in (("fast", 0.7), ("ours", 0.95)):
            bound(f"{name}/directory", told[name], _figure(lines, "shop-directory", size, name), most)
    if told["distance_ms"]:
        bound("ours/limit", told["ours"], told["limit"], 1.15)
        bound("rounds", told["rounds"], 1, OF_ONE_CUSTOMER[told["case"].removeprefix("shop-")])
    told["ratios"] = {name: round(ratio, 3) for name, (ratio, _) in ratios.items()}
    told["bound"] = {name: most for name, (_, most) in ratios.items()}
    told["ok"] = all(ratio <= most for ratio, most in ratios.values())
    return told


def _figure(lines: list[Line], case: str, customers: int, contender: str) -> float:
    return next(float(each[contender]) for each in lines if (each["case"], each["customers"]) == (case, customers))
