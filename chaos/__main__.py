"""`make chaos`: run the workload with faults, then without; kill bulk operations; report every broken promise."""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys

from rich.console import Console
from rich.table import Table

from chaos.interrupted import run_interrupted
from chaos.run import Result, run


def main() -> int:
    """Run, print the table, and return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.13, help="how many of the requests are given a fault")
    parser.add_argument("--calm", type=int, help="operations without faults; a fifth by default")
    parser.add_argument("--interrupted", type=int, default=20, help="how often each bulk operation is interrupted")
    given = parser.parse_args()
    logging.getLogger("admin_crm").setLevel(logging.ERROR)  # every retry logs a warning, and there are thousands
    console = Console(width=100)
    console.print(f"{given.operations:,} operations over {given.rate:.0%} faults, seed {given.seed} ...")
    faulty = run(given.operations, seed=given.seed, rate=given.rate)
    console.print("the same workload without faults ...")
    calm = run(given.calm or max(100, given.operations // 5), seed=given.seed, rate=0)
    console.print("bulk operations that are killed and go on ...")
    interrupted = run_interrupted(range(given.seed, given.seed + given.interrupted))
    console.print(_what_happened(faulty, calm), _how_long(faulty, calm))
    console.print(f"{interrupted.killed} processes killed in bulk operations, {len(interrupted.wrong)} promises broken")
    found = faulty.books.found + calm.books.found
    for example in [*faulty.books.examples, *calm.books.examples, *interrupted.wrong]:
        console.print(example, style="red", markup=False)
    summary = {
        "operations": faulty.books.operations.total(),
        "faults": faulty.faults.total(),
        "retries": faulty.books.retries.total(),
        "killed": interrupted.killed,
        "interrupted": len(interrupted.wrong),
        **{kind: found[kind] for kind in ("lost", "doubled", "wrong", "foreign_errors")},
    }
    sys.stdout.write(json.dumps(summary) + "\n")
    return 1 if found.total() or interrupted.wrong else 0


def _what_happened(faulty: Result, calm: Result) -> Table:
    table = Table("", "with faults", "without", title="What happened")
    for column in table.columns[1:]:
        column.justify = "right"

    def row(name: str, first: float, second: float) -> None:
        table.add_row(name, f"{first:,.0f}", f"{second:,.0f}")

    row("operations", faulty.books.operations.total(), calm.books.operations.total())
    row("requests", faulty.requests, calm.requests)
    row("seconds", faulty.seconds, calm.seconds)
    table.add_section()
    row("faults", faulty.faults.total(), calm.faults.total())
    for fault, count in faulty.faults.most_common():
        row(f"  {fault}", count, calm.faults[fault])
    table.add_section()
    for title, first, second in (
        ("retries", faulty.books.retries, calm.books.retries),
        ("errors raised", faulty.books.errors, calm.books.errors),
    ):
        row(title, first.total(), second.total())
        for name, count in (first | second).most_common():
            row(f"  {name}", first[name] if count else 0, second[name])
        table.add_section()
    for kind in ("lost", "doubled", "wrong", "foreign_errors"):
        row(kind.replace("_", " "), faulty.books.found[kind], calm.books.found[kind])
    return table


def _how_long(faulty: Result, calm: Result) -> Table:
    table = Table("operation", "times", "p50", "p99", "p50 without", "p99 without", title="How long, in milliseconds")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, count in faulty.books.operations.most_common():
        table.add_row(
            name, f"{count:,}", *_quantiles(faulty.books.seconds[name]), *_quantiles(calm.books.seconds[name])
        )
    table.add_section()
    everything = [[each for times in result.books.seconds.values() for each in times] for result in (faulty, calm)]
    table.add_row("all", f"{len(everything[0]):,}", *_quantiles(everything[0]), *_quantiles(everything[1]))
    return table


def _quantiles(seconds: list[float]) -> tuple[str, str]:
    if len(seconds) < 2:
        return "-", "-"
    percentiles = statistics.quantiles(seconds, n=100, method="inclusive")
    return f"{1000 * percentiles[49]:,.0f}", f"{1000 * percentiles[98]:,.0f}"


sys.exit(main())
