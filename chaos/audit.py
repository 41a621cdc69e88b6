"""Compare the records of a run with the database after it has ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from admin_crm import AdminCRMError, CustomerCreationError
from admin_crm.local import LocalStack
from chaos.ledger import Books
from chaos.workload import Own, Worker, World

Row = dict[str, Any]


def audit(stack: LocalStack, world: World, workers: Sequence[Worker]) -> None:
    """Compare the results that workers received with the database, and record every broken promise."""
    books = world.books
    everyone = [own for worker in workers for own in worker.own]
    customers = _listed([*(own.id for own in everyone), *world.shared])
    profiles = {row["id"]: row for row in _rows(stack, f"customer_profiles where id in ({customers})")}
    notes = {
        row["customer_id"]: row for row in _rows(stack, f"admin_customer_notes where customer_id in ({customers})")
    }
    for own in everyone:
        profile, note = profiles[own.id], notes.get(own.id) or {}
        _check(books, "status", own.status.possible, (profile["account_status"], _moment(profile["suspension_end"])))
        fields = _json(note.get("custom_fields")) or {}
        _check(books, "note", own.note.possible, (note.get("notes"), fields.get("n")))
        _audit_notifications(stack, books, own)
        _audit_files(stack, books, own)
    for worker in workers:
        _audit_shared(books, worker, notes)
        _audit_creations(stack, books, worker)
    there = {row["id"] for row in stack.execute_sql("select id from customer_profiles")}
    strange = world.unexplained - there
    books.expect("wrong", f"the directory showed {len(strange)} customers that are not there", holds=not strange)


def _audit_notifications(stack: LocalStack, books: Books, own: Own) -> None:
    rows = _rows(stack, f"user_notifications where user_id = '{own.id}' and title like 'w%'")
    counts = Counter(row["title"] for row in rows)
    for title, certain in own.notifications.items():
        books.expect("lost", f"notification {title}", holds=not certain or counts[title] > 0)
        books.expect("doubled", f"notification {title}", holds=counts[title] <= 1)
    for row in rows:
        whole = row["message"] == f"Mensaje {row['title']}" and row["type"] == "warning"
        books.expect("wrong", f"notification {row['title']} is half there", holds=whole)


def _audit_files(stack: LocalStack, books: Books, own: Own) -> None:
    rows = _rows(stack, f"storage.objects where bucket_id = 'customer-evidence' and name like '{own.id}/%.bin'")
    paths = {row["name"] for row in rows}
    sizes = Counter(_json(row["metadata"])["size"] for row in rows)
    for path, content in own.files.items():
        gone = own.deleted.get(path)
        books.expect("lost", f"file {path}", holds=path in paths or gone is not None)
        books.expect("lost", f"deletion of {path}", holds=not (gone and path in paths))
        books.expect("doubled", f"file {path}", holds=sizes[len(content)] <= 1)
    for size, certain in own.uploads.items():
        books.expect("doubled", f"file of {size} bytes", holds=certain or sizes[size] <= 1)
    strange = sizes.keys() - own.uploads.keys()
    books.expect("wrong", f"files of {own.id} are half there: {strange}", holds=not strange)


def _audit_shared(books: Books, worker: Worker, notes: dict[str, Row]) -> None:
    for (customer, tag), register in worker.tags.items():
        count = ((notes.get(customer) or {}).get("tags") or []).count(tag)
        _check(books, f"tag {tag}", register.possible, count > 0)
        books.expect("doubled", f"tag {tag}", holds=count <= 1)
    for (customer, name), field in worker.fields.items():
        fields = _json((notes.get(customer) or {}).get("custom_fields")) or {}
        _check(books, f"custom field {name} of {customer}", field.possible, fields.get(name))


def _audit_creations(stack: LocalStack, books: Books, worker: Worker) -> None:
    for email, error in worker.creations.items():
        users = stack.execute_sql(f"select id from auth.users where email = '{email}'")  # noqa: S608 (trusted values)
        ids = _listed(row["id"] for row in users)
        addresses = _rows(stack, f"addresses where customer_id in ({ids})")
        profiles = _rows(stack, f"customer_profiles where id in ({ids}) and whatsapp is not null")
        books.expect("doubled", f"customer {email}", holds=len(users) <= 1 and len(addresses) <= 1)
        there = {"sign_up": bool(users), "profile": bool(profiles), "address": bool(addresses)}
        told = f"creation of {email} ended with {error}, and there is {there}"
        if error is None:
            books.expect("lost", told, holds=all(there.values()))
        elif isinstance(error, CustomerCreationError):
            books.expect("wrong", told, holds=all(there[step] for step in error.completed))
            books.expect("wrong", told, holds=error.user_id is not None or not addresses)
        elif isinstance(error, AdminCRMError):
            books.expect("wrong", told, holds=not users)


def _check(books: Books, what: str, possible: Sequence[object], value: object) -> None:
    books.expect("lost", f"{what}: {value} is there, not one of {possible}", holds=value in possible)


def _rows(stack: LocalStack, source: str) -> list[Row]:
    return stack.execute_sql(f"select * from {source}")  # noqa: S608 (trusted values)


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(f"'{each}'" for each in ids) or "null"


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
