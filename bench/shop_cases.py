"""The cases on the shop as deployed, on PostgREST and PostgreSQL: time, requests, bytes, and the database's CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

from shop_server import Shop, distance, open_shop

HERE = Path(__file__).parent
CONTENDERS = ("ours", "fast", "handwritten", "keyset", "limit")
OF_ONE_CUSTOMER = ("details", "preferences")
ONE_RUN_FROM = 100_000
"""The number of customers from which the slow contenders run once."""
SLOW = ("ours", "handwritten", "keyset")
FAR = 60
Line = dict[str, Any]


def shop_cases(sizes: Iterable[int], runs: int = 3) -> Iterable[Line]:
    """Measure all cases on shops of several sizes."""
    lines: list[Line] = []
    for customers in sizes:
        with open_shop(customers) as shop:
            for case in ("directory", "stats", "search", *OF_ONE_CUSTOMER):
                for milliseconds in (0, FAR) if case in OF_ONE_CUSTOMER else (0,):
                    lines.append(_line(case, shop, milliseconds, runs))
                    yield _bounded(lines[-1], lines)
    small, big = (_figure(lines, "shop-directory", size, "fast") for size in (min(sizes), max(sizes)))
    if small and big and min(sizes) < max(sizes):
        growth = (big / max(sizes)) / (small / min(sizes))
        yield {
            "case": "shop-growth",
            "unit": "ratio",
            "fast": round(growth, 3),
            "bound": {"fast": 1.3},
            "ok": growth <= 1.3,
        }


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

    return {
        "case": f"shop-{case}", "customers": shop.customers, "distance_ms": milliseconds, "unit": "s",
        **middle("wall", 4), "pg_cpu": middle("pg_cpu", 3), "requests": middle("requests", 0),
        "bytes": middle("bytes", 0),
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
    before = shop.cpu_seconds()
    done = subprocess.run(
        command, capture_output=True, text=True, env=keep | shop.environment(url), cwd=HERE, check=False
    )
    if done.returncode:
        raise SystemExit(f"shop-{case}, {contender}:\n{done.stderr}")
    measured: dict[str, Any] = json.loads(done.stdout)
    measured["pg_cpu"] = (shop.cpu_seconds() - before) / measured["repeats"]
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
    told["ratios"] = {name: round(ratio, 3) for name, (ratio, _) in ratios.items()}
    told["bound"] = {name: most for name, (_, most) in ratios.items()}
    told["ok"] = all(ratio <= most for ratio, most in ratios.values())
    return told


def _figure(lines: list[Line], case: str, customers: int, contender: str) -> float | None:
    return next((each[contender] for each in lines if (each["case"], each["customers"]) == (case, customers)), None)
