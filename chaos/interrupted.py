"""Bulk operations that are killed (kill -9) at random, and go on from their journals: nothing is lost or done twice."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from admin_crm import AdminCRM, delete_customer_evidence, download_customer_evidence, list_customer_evidence
from admin_crm.local import LocalStack
from chaos.victim import JOBS, Order, evidence_of

Audit = Callable[[LocalStack, Order], Iterable[str]]
"""Says what is wrong in the database after an operation."""
MANY = 1_000
NEW = 50
"""Customers to create, in batches of 20: each user in one request, profiles and addresses in one for each batch."""
FEW = 12
"""Customers to ban, each with a request for the status and the log, and one for the sign-in; and files to upload."""
_WITH_NOTES = 100


class Part(NamedTuple):
    """How an operation is interrupted, and what must be true afterwards."""

    prepare: Callable[[LocalStack, str], list[str]]
    """Prepares the shop for an operation of this name, and returns its items."""
    audit: Audit
    requests: int
    """About how many requests it takes, of which some are the last one of their process."""


class Result(NamedTuple):
    """What a run came to."""

    killed: int
    wrong: list[str]


def run_interrupted(seeds: Iterable[int], jobs: Iterable[str] = tuple(JOBS)) -> Result:
    """Interrupt each operation once for each seed, on a shop of its own."""
    killed, wrong = 0, list[str]()
    with LocalStack(moderation_log=True) as stack, _victim() as obey, tempfile.TemporaryDirectory() as folder:
        _record_writes(stack)
        for seed in seeds:
            for job in jobs:
                name, dice, part = f"{job}-{seed}", random.Random(f"{job}/{seed}"), PARTS[job]  # noqa: S311
                items = part.prepare(stack, name)
                faults = [_fault(dice, part.requests) for _ in range(dice.randint(1, 3))]
                journal = str(Path(folder, name))
                order = Order(stack.url, stack.secret_key, job, name, items, journal, bool(seed % 2), faults)
                told = obey(order)
                killed += told["killed"]
                wrong += [f"{name} {faults}: {each}" for each in part.audit(stack, order)]
                if any(bad in told["outcome"] for bad in ("Traceback", "failed", "remaining")):
                    wrong.append(f"{name} {faults} ended with {told['outcome']}")
    return Result(killed, wrong)


def _fault(dice: random.Random, requests: int) -> tuple[str, int]:
    kind = dice.choice(("before", "after", "after", "noting"))
    return kind, dice.randint(1, min(requests, 6) if kind == "noting" else requests)


@contextmanager
def _victim() -> Iterator[Callable[[Order], dict[str, Any]]]:
    command = [sys.executable, "-m", "chaos.victim"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(  # noqa: S603 (our own program)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdin is not None  # noqa: S101 (for type checkers)
        assert process.stdout is not None  # noqa: S101
        giving, answers = process.stdin, process.stdout

        def obey(order: Order) -> dict[str, Any]:
            giving.write(json.dumps(order) + "\n")
            giving.flush()
            answer: dict[str, Any] = json.loads(answers.readline())
            return answer

        yield obey


def _record_writes(stack: LocalStack) -> None:
    stack.execute_sql("create table public.note_writes (customer_id uuid)")
    stack.execute_sql(
        "create function public.record_note_write() returns trigger language plpgsql security definer as $$"
        " begin insert into public.note_writes values (new.customer_id); return null; end $$"
    )
    stack.execute_sql(
        "create trigger record_note_write after insert or update on public.admin_customer_notes"
        " for each row execute function public.record_note_write()"
    )


def _customers(stack: LocalStack, _: str) -> list[str]:
    rows = stack.execute_sql("select id from customer_profiles order by id")
    return [row["id"] for row in rows[:MANY]]


def _customers_some_with_notes(stack: LocalStack, name: str) -> list[str]:
    customers = _customers(stack, name)
    stack.execute_sql("delete from admin_customer_notes")
    values = ", ".join(f"('{each}', array['antes'])" for each in customers[:_WITH_NOTES])
    stack.execute_sql(f"insert into admin_customer_notes (customer_id, tags) values {values}")  # noqa: S608
    stack.execute_sql("delete from note_writes")
    return customers


def _active_customers(stack: LocalStack, name: str) -> list[str]:
    customers = _customers(stack, name)[:FEW]
    listed = ", ".join(f"'{each}'" for each in customers)
    stack.execute_sql(
        f"update customer_profiles set account_status = 'active', suspension_end = null where id in ({listed})"  # noqa: S608
    )
    stack.execute_sql(f"update auth.users set banned_until = null where id in ({listed})")  # noqa: S608
    return customers


def _customers_without_files(stack: LocalStack, name: str) -> list[str]:
    customers = _customers(stack, name)[:FEW]
    with AdminCRM(stack.url, stack.secret_key) as crm:
        for each in customers:
            if files := list_customer_evidence(crm, each):
                delete_customer_evidence(crm, [file.path for file in files])
    return customers


def _emails(_: LocalStack, name: str) -> list[str]:
    return [f"{name}-{number}@clientes.example" for number in range(NEW)]


def _audit_notifications(stack: LocalStack, order: Order) -> Iterator[str]:
    rows = stack.execute_sql(f"select user_id from user_notifications where title = '{order.name}'")  # noqa: S608
    if len(rows) != len(order.items):
        yield f"{len(rows)} rows"
    if {row["user_id"] for row in rows} != set(order.items):
        yield "not each customer was notified"


def _audit_tags(stack: LocalStack, order: Order) -> Iterator[str]:
    name, items = order.name, order.items
    rows = {row["customer_id"]: row["tags"] for row in stack.execute_sql("select * from admin_customer_notes")}
    writes = [row["customer_id"] for row in stack.execute_sql("select customer_id from note_writes")]
    right = {each: ["antes", name] if place < _WITH_NOTES else [name] for place, each in enumerate(items)}
    if rows != right:
        yield f"{sum(rows.get(each) != tags for each, tags in right.items())} customers without the right tags"
    if sorted(writes) != sorted(items):
        yield f"{len(writes)} writes of {len(set(writes))} rows"


def _audit_customers(stack: LocalStack, order: Order) -> Iterator[str]:
    rows = stack.execute_sql(
        "select u.email, p.full_name, p.whatsapp,"  # noqa: S608
        " (select count(*) from addresses a where a.customer_id = u.id and a.is_default) as addresses"
        " from auth.users u left join customer_profiles p on p.id = u.id"
        f" where u.email like '{order.name}-%'"
    )
    right = [(email, f"Nombre de {email}", f"56 {email}", 1) for email in order.items]
    if sorted(tuple(row.values()) for row in rows) != sorted(right):
        yield f"{len(rows)} users, {len({tuple(row.values()) for row in rows} & set(right))} whole customers"
    with Path(f"{order.journal}.passwords.csv").open(encoding="utf-8", newline="") as file:
        passwords = {row["email"]: row["password"] for row in csv.DictReader(file)}
    if sorted(passwords) != sorted(order.items):
        yield f"{len(passwords)} passwords"
    with httpx.Client(base_url=stack.url, headers={"apikey": stack.publishable_key}, timeout=300) as http:
        url = "/auth/v1/token?grant_type=password"
        answers = [http.post(url, json={"email": each, "password": word}) for each, word in passwords.items()]
    if refused := sum(answer.status_code != 200 for answer in answers):
        yield f"{refused} passwords that do not work"


def _audit_moderation(stack: LocalStack, order: Order) -> Iterator[str]:
    rows = stack.execute_sql(
        "select p.id, p.account_status, u.banned_until > now() as banned,"  # noqa: S608
        f" (select count(*) from moderation_log l where l.customer_id = p.id and l.reason = '{order.name}') as noted"
        " from customer_profiles p join auth.users u on u.id = p.id"
    )
    asked = set(order.items)
    found = [tuple(row.values())[1:] for row in rows if row["id"] in asked]
    if found != [("banned", True, 1)] * len(order.items):
        yield f"{sum(each != ('banned', True, 1) for each in found)} customers not banned once, on the record"


def _audit_evidence(stack: LocalStack, order: Order) -> Iterator[str]:
    with AdminCRM(stack.url, stack.secret_key) as crm:
        stored = {
            each: [download_customer_evidence(crm, file.path) for file in list_customer_evidence(crm, each)]
            for each in order.items
        }
    if wrong := sum(stored[each] != [evidence_of(each, order.name)] for each in order.items):
        yield f"{wrong} customers without the one right file"


PARTS = {
    "notifications": Part(_customers, _audit_notifications, 2),
    "tags": Part(_customers_some_with_notes, _audit_tags, 120),
    "customers": Part(_emails, _audit_customers, NEW + 6),
    "moderation": Part(_active_customers, _audit_moderation, 2 * FEW + 4),
    "evidence": Part(_customers_without_files, _audit_evidence, FEW + 2),
}
"""For each of `victim.JOBS`."""
