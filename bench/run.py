"""`make bench`: run ours, handwritten supabase-py and the floor on the same work, and check the bounds.

    python bench/run.py                      all cases
    python bench/run.py directory call       some cases
    python bench/run.py shop                 the shop on PostgREST and PostgreSQL only
    python bench/run.py --quick              all cases, the shop with 10,000 customers only
    python bench/run.py --json lines.jsonl   also write the JSON lines to a file

Prints a table, and one JSON line per case. The exit code is 1 if a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from replay import CUSTOMER, VIEW, ceiling, place, start
from shop_cases import shop_cases, shop_table

HERE = Path(__file__).parent
SHOP = "shop"
"""The cases on PostgREST and PostgreSQL; the others run on a replay server."""
CONTENDERS = ("ours", "handwritten", "floor")
Line = dict[str, Any]
Measures = dict[str, list[dict[str, Any]]]
"""The measurements of each contender, one per run."""


class Bench:
    """Runs measurements against one replay server; the contenders take turns."""

    def __init__(self, port: int, runs: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.runs = runs

    def prepare(self, rows: int, *, newest_first: bool = True) -> None:
        """Make the server render a shop before the measurement starts."""
        for order in ["id.asc", "created_at.desc"] if newest_first else ["id.asc"]:
            url = f"{self.base}{place(rows)}/rest/v1/{VIEW}?select=*&limit=1&order={order}"
            urllib.request.urlopen(url, timeout=120).read()

    def once(self, case: str, contender: str, where: str, *more: str) -> dict[str, Any]:
        """Measure in a fresh interpreter."""
        command = [sys.executable, str(HERE / "contenders.py"), case, contender, self.base + where, *more]
        # A clean environment: no settings, no proxies.
        keep = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
        done = subprocess.run(command, capture_output=True, text=True, env=keep, cwd=HERE, check=False)
        if done.returncode:
            raise SystemExit(f"{case}, {contender}:\n{done.stderr}")
        measured: dict[str, Any] = json.loads(done.stdout)
        return measured

    def interleaved(
        self, case: str, where: str, *more: str, contenders: Iterable[str] = CONTENDERS, runs: int | None = None
    ) -> Measures:
        """Measure the contenders in turns, each in the opposite order, and check that they return the same."""
        measured: Measures = {name: [] for name in contenders}
        order = list(measured)
        for _ in range(runs or self.runs):
            for name in order:
                measured[name].append(self.once(case, name, where, *more))
            order.reverse()
        answers = {each["same"] for kept in measured.values() for each in kept}
        if len(answers) != 1:
            raise SystemExit(f"{case}: the contenders do not agree: {answers}")
        return measured


def middle(measured: Measures, what: str) -> dict[str, float]:
    return {name: median(each[what] for each in kept) for name, kept in measured.items()}


def fastest(measured: Measures) -> dict[str, float]:
    """Return the wall time of each contender's fastest turn: other programs on the machine only add to it."""
    return {name: min(each["wall"] for each in kept) for name, kept in measured.items()}


def by_turn(measured: Measures, what: str) -> dict[str, list[float]]:
    """Return ours by each other contender, for every turn: what slows the machine down slows both of a turn."""
    ours = measured["ours"]
    return {
        f"ours/{name}": [round(mine[what] / other[what], 3) for mine, other in zip(ours, kept, strict=True)]
        for name, kept in measured.items()
        if name != "ours"
    }


def line(case: str, unit: str, figures: dict[str, float | None], bounds: dict[str, float], **more: Any) -> Line:
    """Return the result of a case: figures, ratios, bounds, and whether the bounds hold."""
    ours, hand, floor = (figures.get(name) for name in CONTENDERS)
    told: Line = {"case": case, "unit": unit, "ours": ours, "handwritten": hand, "floor": floor}
    told["ours/handwritten"] = ours / hand if ours is not None and hand else None
    told["ours/floor"] = ours / floor if ours is not None and floor else None
    told |= more
    told["bound"] = bounds
    told["load"] = os.getloadavg()[0]
    told["ok"] = all(told[name] <= most for name, most in bounds.items())
    return {key: round(value, 5) if isinstance(value, float) else value for key, value in told.items()}


def directory(bench: Bench) -> list[Line]:
    bench.prepare(100_000)
    lines: list[Line] = []
    for case in ("directory", "directory-async"):
        slow = bench.interleaved(case, place(100_000, delay_ms=40), runs=2 * bench.runs - 1)
        bounds = {"ours/handwritten": 0.30, "ours/floor": 1.25}
        more = {"peak_mb": _rounded(middle(slow, "peak_mb")), "turns": by_turn(slow, "wall")}
        lines.append(line(case, "s", dict(fastest(slow)), bounds, **more))
    return lines


def directory_cpu(bench: Bench) -> list[Line]:
    bench.prepare(100_000)
    lines: list[Line] = []
    for case in ("directory", "directory-async"):
        fast = bench.interleaved(case, place(100_000), runs=2 * bench.runs - 1)
        name = case.replace("directory", "directory-cpu")
        bounds = {"ours/handwritten": 0.65, "ours/floor": 1.25}
        turns = by_turn(fast, "cpu")
        ratios = {ratio: median(each) for ratio, each in turns.items()}
        more = {"peak_mb": _rounded(middle(fast, "peak_mb")), "turns": turns}
        lines.append(line(name, "CPU s", dict(middle(fast, "cpu")), bounds, **ratios, **more))
    return lines


def frame(bench: Bench) -> list[Line]:
    """Compare a frame that is read into columns with one that is made of models."""
    bench.prepare(100_000)
    bench.once("frame", "ours", place(100_000))  # the server renders the columns that are asked for
    measured = bench.interleaved("frame", place(100_000), contenders=["ours", "models"])
    wall, peak = middle(measured, "wall"), middle(measured, "peak_mb")
    ratios = {"ours/models": wall["ours"] / wall["models"], "peak/models": peak["ours"] / peak["models"]}
    bounds = {"ours/models": 0.35, "peak/models": 0.5}
    more = {"models": wall["models"], "cpu": middle(measured, "cpu"), "peak_mb": _rounded(peak), **ratios}
    return [line("frame", "s", {"ours": wall["ours"]}, bounds, **more)]


def stream(bench: Bench) -> list[Line]:
    """Compare the memory for 300,000 rows, also with that for 30,000: it must not grow with the number of rows."""
    bench.prepare(300_000, newest_first=False)
    bench.prepare(30_000, newest_first=False)
    large = bench.interleaved("stream", place(300_000), runs=1)
    small = bench.interleaved("stream", place(30_000), runs=1)
    large_async = bench.interleaved("stream-async", place(300_000), contenders=["ours"], runs=1)
    bench.prepare(5_000, newest_first=False)
    runs = bench.runs * 3
    first = bench.interleaved("stream", place(5_000, delay_ms=40), contenders=["ours", "floor"], runs=runs)
    first_async = bench.interleaved("stream-async", place(5_000, delay_ms=40), contenders=["ours"], runs=runs)
    response = median(each["response"] for each in first["floor"])
    lines: list[Line] = []
    for name, measured, begun in (("stream", large, first), ("stream-async", large_async, first_async)):
        responses = median(each["first"] for each in begun["ours"]) / response
        bounds = {"ours": 40.0, "first_row_in_responses": 1.5}
        more = {"first_row_in_responses": responses, "at_30k_rows": _rounded(middle(small, "peak_mb"))["ours"]}
        lines.append(line(name, "MB above start", dict(middle(measured, "peak_mb")), bounds, **more))
    return lines


def export(bench: Bench) -> list[Line]:
    """Measure the memory that files of 300,000 customers take; it must not grow with their number."""
    bench.prepare(300_000, newest_first=False)
    bench.prepare(30_000, newest_first=False)
    lines: list[Line] = []
    for case, bounds in (("export-parquet", {"ours": 60.0}), ("export-csv", {})):
        large, small = (bench.once(case, "ours", place(rows)) for rows in (300_000, 30_000))
        if large["rows"] != 300_000:
            raise SystemExit(f"{case}: not every customer is in the file")
        more = {"at_30k_rows": round(small["peak_mb"], 1), "wall": large["wall"], "file_mb": large["file_mb"]}
        lines.append(line(case, "MB above start", {"ours": large["peak_mb"]}, bounds, **more))
    return lines


def details(bench: Bench) -> list[Line]:
    where = place(delay_ms=50)
    bounds = {"ours/handwritten": 0.35, "ours/floor": 1.4}
    lines: list[Line] = []
    plain = middle(bench.interleaved("details", where), "wall")
    lines.append(line("details", "s", dict(plain), bounds))
    in_turn = middle(bench.interleaved("details-async", where, contenders=["ours"]), "wall")
    lines.append(line("details-async", "s", {**plain, **in_turn}, bounds))
    # With files, signing needs the names from the listing: the critical path is two responses in sequence.
    files = bench.interleaved("details", where, CUSTOMER)
    single = median(each["single"] for each in files["floor"])
    figures = middle(files, "wall")
    more = {"single_response": single, "ours/single_response": figures["ours"] / single}
    lines.append(line("details-files", "s", dict(figures), bounds, **more))
    return lines


def call(bench: Bench) -> list[Line]:
    lines: list[Line] = []
    for case in ("call", "call-async"):
        runs = [bench.once(case, "together", place()) for _ in range(bench.runs)]
        if len({told["same"] for run in runs for told in run.values()}) != 1:
            raise SystemExit(f"{case}: the contenders do not agree")
        figures = {name: 1000 * median(run[name]["cpu"] for run in runs) for name in CONTENDERS}
        bounds = {"ours/handwritten": 1.25}
        lines.append(line(case, "CPU ms", dict(figures), bounds))
    return lines


def bulk(bench: Bench) -> list[Line]:
    """Compare notifying 1,000 customers at once with 1,000 single calls, on a server that answers at once."""
    lines: list[Line] = []
    for case in ("bulk", "bulk-async"):
        wall = middle(bench.interleaved(case, place(), contenders=["ours", "single"]), "wall")
        more = {"single": wall["single"], "ours/single": wall["ours"] / wall["single"]}
        lines.append(line(case, "s", {"ours": wall["ours"]}, {"ours/single": 0.05}, **more))
    return lines


def imports(bench: Bench) -> list[Line]:
    lines: list[Line] = []
    for case, most in (("import", 0.15), ("import-client", 1.15)):
        measured = bench.interleaved(case, place(), contenders=CONTENDERS[:2], runs=bench.runs * 5)
        lines.append(line(case, "s", dict(middle(measured, "wall")), {"ours/handwritten": most}))
    return lines


def growth(bench: Bench) -> list[Line]:
    """Measure the time per row for 1,000 to 1,000,000 rows; `growth` is the worst increase over any smaller shop.

    Bounded is the library's own growth, in a program that has switched Python's garbage collector off: the collector
    goes over all older objects again and again, whoever made them. What a program with the collector sees is
    measured beside it (`collected_per_row`), without a bound.

    `growth` counts CPU time outside the kernel, `growth_of_wall` wall time. They differ by the time that the kernel
    needs to provide memory: in a virtual machine, this time per megabyte grows with the amount of memory.
    """
    turns = {1_000: 10, 10_000: 5, 100_000: 4, 1_000_000: 1}
    for count in turns:
        bench.prepare(count, newest_first=False)
    own, wall = _per_row(bench, "directory-uncollected", turns, bench.runs)
    collected, _ = _per_row(bench, "directory", turns, 1)
    more = {
        "growth": _worst_rise(own),
        "growth_of_wall": _worst_rise(wall),
        "growth_collected": _worst_rise(collected),
        "per_row": _shown(own),
        "per_row_of_wall": _shown(wall),
        "collected_per_row": _shown(collected),
    }
    return [line("growth", "CPU µs a row", {"ours": own[max(own)]}, {"growth": 1.15}, **more)]


def _per_row(bench: Bench, case: str, turns: dict[int, int], runs: int) -> tuple[dict[int, float], dict[int, float]]:
    """Return the microseconds per row of each size: CPU time outside the kernel, and wall time."""
    taken: dict[int, list[dict[str, Any]]] = {count: [] for count in turns}
    for _ in range(runs):
        for count, often in turns.items():
            taken[count] += [bench.once(case, "ours", place(count)) for _ in range(often)]
    if any(each["rows"] != count for count, kept in taken.items() for each in kept):
        raise SystemExit("growth: a directory was not read whole")
    # Sums, because the kernel only samples how the time divides into kernel and user time.
    own = {
        count: 1e6 * sum(each["cpu"] - each["system"] for each in kept) / (count * len(kept))
        for count, kept in taken.items()
    }
    return own, {count: 1e6 * median(each["wall"] for each in kept) / count for count, kept in taken.items()}


def _shown(per_row: dict[int, float]) -> dict[str, float]:
    return {f"{count:,}": round(value, 2) for count, value in per_row.items()}


def _worst_rise(per_row: dict[int, float]) -> float:
    return max(per_row[big] / per_row[small] for small in per_row for big in per_row if big > small)


CASES: dict[str, Callable[[Bench], list[Line]]] = {
    "directory": directory,
    "directory-cpu": directory_cpu,
    "frame": frame,
    "stream": stream,
    "export": export,
    "details": details,
    "call": call,
    "bulk": bulk,
    "import": imports,
    "growth": growth,
}


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in figures.items()}


def table(lines: list[Line]) -> Table:
    drawn = Table(title="admin_crm against handwritten supabase-py and the floor", title_justify="left")
    for heading in ("case", "", "ours", "handwritten", "floor", "ours/handwritten", "ours/floor", "bounds", ""):
        drawn.add_column(heading, justify="left" if heading in ("case", "", "bounds") else "right")
    for each in lines:
        figures = ["" if each[name] is None else f"{each[name]:.4g}" for name in CONTENDERS]
        ratios = ["" if each[f"ours/{name}"] is None else f"{each[f'ours/{name}']:.2f}" for name in CONTENDERS[1:]]
        bounds = ", ".join(
            f"{name} {each[name]:.2f} ≤ {most:g}" if name not in ("ours/handwritten", "ours/floor")
            else f"{name.removeprefix('ours')} ≤ {most:g}"
            for name, most in each["bound"].items()
        )  # fmt: skip
        drawn.add_row(each["case"], each["unit"], *figures, *ratios, bounds, "ok" if each["ok"] else "[bold]missed[/]")
    return drawn


class Options(NamedTuple):
    cases: list[str]
    runs: int
    quick: bool
    json: Path | None


def options() -> Options:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="case", help=", ".join([*CASES, SHOP]))
    parser.add_argument("--quick", action="store_true", help="the shop with 10,000 customers only")
    parser.add_argument("--runs", type=int, default=3, help="turns that the contenders take (3)")
    parser.add_argument("--json", type=Path, help="a file for the JSON lines")
    given = parser.parse_args()
    unknown = set(given.cases) - CASES.keys() - {SHOP}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    return Options(given.cases or [SHOP, *CASES], given.runs, given.quick, given.json)


def main() -> int:
    asked, console, begun = options(), Console(width=180), time.perf_counter()
    shop: list[Line] = []
    if SHOP in asked.cases:
        for told in shop_cases((10_000,) if asked.quick else (10_000, 100_000), asked.runs):
            shop.append(told)
            print(json.dumps(told), flush=True)
    replayed = [case for case in asked.cases if case != SHOP]
    lines = replay_cases(replayed, asked.runs) if replayed else []
    for drawn in filter(None, (shop and shop_table(shop), lines and table(lines))):
        console.print(drawn)
    print(f"{time.perf_counter() - begun:.0f} s; load now {os.getloadavg()[0]:.1f}")
    if asked.json:
        asked.json.write_text("".join(json.dumps(told) + "\n" for told in [*shop, *lines]))
    return 0 if all(told["ok"] for told in [*shop, *lines]) else 1


def replay_cases(cases: list[str], runs: int) -> list[Line]:
    """Measure cases on the replay server."""
    server, port = start()
    lines: list[Line] = []
    try:
        bench = Bench(port, runs)
        bench.prepare(100_000)
        most = ceiling(port)
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        print("the replay server's ceiling: {:,.0f} requests/s, {:,.0f} MB/s".format(*most), flush=True)
        for case in cases:
            for told in CASES[case](bench):
                lines.append(told)
                print(json.dumps(told), flush=True)
    finally:
        server.terminate()
        server.wait()
    return lines


if __name__ == "__main__":
    sys.exit(main())
