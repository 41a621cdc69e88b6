"""Runs bulk operations in processes that kill themselves; `interrupted.py` starts it, and gives it orders.

It reads an order from each line of its input. For each fault it forks a process that begins the operation, or goes on
with it, and kills itself where the fault says; then one more that is not killed, whose outcome is a line of its output.
A process that forks has no threads and no connections: that is why this is a program of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import supabase
import tenacity

from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    create_customers,
    moderate_customers,
    notify_customers,
    tag_customers,
    upload_evidence_files,
)
from admin_crm.bulk.journal import Journal


class Order(NamedTuple):
    """One operation to run."""

    url: str
    key: str
    job: str
    name: str
    """What tells it from others: a title, a tag."""
    items: list[str]
    journal: str
    is_async: bool
    faults: list[tuple[str, int]]
    """Where each process is killed: before or after the n-th request, or in the middle of the journal's n-th line."""


_IMPORTED_ONCE = (supabase, tenacity)
"""What each process would otherwise import for itself, which takes longer than its work."""
Job = Callable[[Any, Order], Any]


def new_customer(email: str) -> dict[str, str]:
    """Return the row of a customer to create."""
    return {
        "email": email, "full_name": f"Nombre de {email}", "phone": "55", "whatsapp": f"56 {email}",
        "street": "Ocho", "number": "8", "colony": "Centro", "zip_code": "01000",
    }  # fmt: skip


def evidence_of(customer: str, name: str) -> bytes:
    """Return the file of a customer to upload."""
    return f"{name} of {customer}".encode()


JOBS: dict[str, Job] = {
    "notifications": lambda crm, order: notify_customers(
        crm, order.items, order.name, "Interrumpido", "alert", journal=order.journal
    ),
    "tags": lambda crm, order: tag_customers(crm, order.items, add=[order.name], journal=order.journal),
    "customers": lambda crm, order: create_customers(
        crm, [new_customer(email) for email in order.items], journal=order.journal
    ),
    "moderation": lambda crm, order: moderate_customers(
        crm, order.items, "banned", reason=order.name, journal=order.journal
    ),
    "evidence": lambda crm, order: upload_evidence_files(
        crm, [(each, evidence_of(each, order.name)) for each in order.items], journal=order.journal
    ),
}
"""Each operation that is interrupted; what must be true afterwards is in `interrupted.AUDITS`."""


def main() -> None:
    """Run orders until there are no more."""
    for line in sys.stdin:
        order = Order(*json.loads(line))
        killed = sum(_run_apart(order, fault) is None for fault in order.faults)
        outcome = _run_apart(order, None)
        sys.stdout.write(json.dumps({"killed": killed, "outcome": outcome}) + "\n")
        sys.stdout.flush()


def _run_apart(order: Order, fault: tuple[str, int] | None) -> str | None:
    """Run in a process of its own; returns what came out, or None if it was killed."""
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        os.close(reading)
        try:
            told = _run(order, fault)
        except BaseException:  # noqa: BLE001 (told to whoever gave the order)
            told = traceback.format_exc()
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    _, status = os.waitpid(process, 0)
    return None if os.WIFSIGNALED(status) else told


def _run(order: Order, fault: tuple[str, int] | None) -> str:
    if fault is not None and fault[0] == "noting":
        _kill_while_noting(order, fault[1])
    job = JOBS[order.job]
    if not order.is_async:
        with AdminCRM(order.url, order.key) as crm:
            _kill_at_request(crm, fault)
            return str(job(crm, order))

    async def run() -> str:
        async with AsyncAdminCRM(order.url, order.key) as crm:
            _kill_at_request(crm, fault)
            return str(await job(crm, order))

    return asyncio.run(run())


def _kill_at_request(crm: AdminCRM | AsyncAdminCRM, fault: tuple[str, int] | None) -> None:
    if fault is None or fault[0] == "noting":
        return
    place, numbers = "request" if fault[0] == "before" else "response", count(1)

    def look(_: object) -> None:
        if next(numbers) == fault[1]:
            os.kill(os.getpid(), signal.SIGKILL)

    async def look_async(message: object) -> None:
        look(message)

    session = crm.supabase.storage.session
    hooks = session.event_hooks
    hooks[place].append(look_async if isinstance(crm, AsyncAdminCRM) else look)
    session.event_hooks = hooks


def _kill_while_noting(order: Order, at: int) -> None:
    numbers, append = count(1), Journal._append  # noqa: SLF001 (between two bytes of it)

    def append_or_die(journal: Journal, entry: dict[str, object]) -> None:
        if next(numbers) == at:
            line = json.dumps(entry)
            with Path(order.journal).open("a") as file:
                file.write(line[: len(line) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        append(journal, entry)

    Journal._append = append_or_die  # type: ignore[method-assign,assignment]  # noqa: SLF001


if __name__ == "__main__":
    main()
