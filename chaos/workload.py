"""A mixed workload: sync and async workers, each with its own customers and some that all workers share."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from admin_crm import (
    AdminCRM,
    AdminCRMError,
    AsyncAdminCRM,
    CustomerCreationError,
    add_customer_tags,
    create_customer_with_details,
    delete_customer_evidence,
    download_customer_evidence,
    get_admin_customer_details,
    get_admin_customer_notes,
    get_all_customers,
    get_customer_intelligence,
    get_customer_notifications,
    remove_customer_tags,
    resume_customer_creation,
    search_customers,
    send_customer_notification,
    set_custom_fields,
    update_admin_customer_notes,
    update_customer_status,
    upload_customer_evidence,
)
from chaos.ledger import Books, Register

Status = tuple[str, datetime | None]
Note = tuple[str | None, int | None]


class Figures(NamedTuple):
    """The directory's figures of a seeded customer; no worker changes them."""

    name: str
    delivered: int
    """The number of delivered orders."""
    spent: Decimal
    """The total of the delivered orders."""
    frequency: int
    """The number of orders that are not cancelled."""


@dataclass
class World:
    """The state shared by all workers: the seeded shop, and the customers created since."""

    figures: Mapping[str, Figures]
    shared: Sequence[str]
    books: Books
    created: set[str] = field(default_factory=set)
    unexplained: set[str] = field(default_factory=set)


@dataclass
class Own:
    """A customer that only one worker changes."""

    id: str
    status: Register[Status]
    note: Register[Note] = field(default_factory=lambda: Register((None, None)))
    notifications: dict[str, bool] = field(default_factory=dict)
    """By title: whether sending the notification succeeded."""
    uploads: dict[int, bool] = field(default_factory=dict)
    """By size: whether the upload succeeded; every file has a different size."""
    files: dict[str, bytes] = field(default_factory=dict)
    deleted: dict[str, bool] = field(default_factory=dict)


class _FailedError(Exception):
    """An operation failed, and the failure was counted."""


class Worker:
    """Runs operations one after the other on one connection, and records the possible states."""

    def __init__(self, crm: AdminCRM | AsyncAdminCRM, world: World, number: int, seed: int, own: list[Own]) -> None:
        self.number = number
        self.own = own
        self.tags: dict[tuple[str, str], Register[bool]] = {}
        self.fields: dict[tuple[str, str], Register[int | None]] = {}
        self.creations: dict[str, Exception | None] = {}
        self._crm = crm
        self._world = world
        self._books = world.books
        self._random = random.Random(f"{seed}/{number}")  # noqa: S311 (reproducible, not cryptography)
        self._count = 0

    async def work(self, operations: int) -> None:
        """Run this many operations."""
        kinds: dict[Callable[[Own], Coroutine[Any, Any, None]], float] = {
            self._search: 12, self._read_notes: 14, self._read_figures: 7, self._read_page: 1.5,
            self._read_notifications: 3, self._read_directory: 0.3,
            self._set_status: 12, self._write_note: 14, self._add_tag: 10, self._remove_tag: 2, self._set_field: 6,
            self._notify: 12, self._upload: 3, self._download: 3, self._delete: 1, self._create: 0.4,
        }  # fmt: skip
        while self._count < operations:
            (kind,) = self._random.choices(list(kinds), list(kinds.values()))
            try:
                await kind(self._random.choice(self.own))
            except _FailedError:
                continue

    async def _ask(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._count += 1
        name, begun = getattr(function, "__name__", str(function)), time.perf_counter()
        try:
            outcome = function(self._crm, *args, **kwargs)
            return await outcome if inspect.isawaitable(outcome) else outcome
        except Exception as error:
            self._books.failed(name, error)
            raise _FailedError from error
        finally:
            self._books.ended(name, time.perf_counter() - begun)

    async def _write(
        self, register: Register[Any], value: Any, function: Callable[..., Any], *args: Any, **kw: Any
    ) -> Any:
        try:
            answer = await self._ask(function, *args, **kw)
        except _FailedError:
            register.uncertain(value)
            raise
        register.written(value)
        return answer

    def _new(self) -> str:
        return f"w{self.number}-{self._count}"

    # Reads: the result must be a possible state of the database.

    async def _search(self, _: Own) -> None:
        name = self._random.choice(list(self._world.figures.values())).name
        found = await self._ask(search_customers, name, page_size=100)
        expected = {each for each, figures in self._world.figures.items() if name.lower() in figures.name.lower()}
        ids = [str(each.id) for each in found.items]
        right = len(ids) == found.total == len(expected) and set(ids) == expected
        self._books.expect("wrong", f"a search for {name!r} found {len(ids)} of {len(expected)}", holds=right)

    async def _read_notes(self, own: Own) -> None:
        row = await self._ask(get_admin_customer_notes, own.id)
        self._check_note(own, row)
        shared = self._random.choice(self._world.shared)
        row = await self._ask(get_admin_customer_notes, shared)
        tags = row.tags if row else []
        self._books.expect("doubled", f"tags of {shared}", holds=len(tags) == len(set(tags)))
        for (customer, tag), register in self.tags.items():
            if customer == shared:
                told = f"tag {tag} of {shared} in a read"
                self._books.expect("wrong", told, holds=register.holds(tag in tags))

    async def _read_figures(self, _: Own) -> None:
        customer, figures = self._random.choice(list(self._world.figures.items()))
        self._check_figures(await self._ask(get_customer_intelligence, customer), figures)

    async def _read_page(self, own: Own) -> None:
        page = await self._ask(get_admin_customer_details, own.id)
        self._check_figures(page, self._world.figures[own.id])
        self._check_status(own, page)
        self._check_note(own, page.admin_notes)
        self._books.expect(
            "wrong",
            f"orders of {own.id}",
            holds=page.orders_summary.total_orders == self._world.figures[own.id].frequency,
        )
        listed = {each.path for each in page.evidence}
        kept = {path for path in own.files if path not in own.deleted}
        gone = {path for path, certain in own.deleted.items() if certain}
        self._books.expect("wrong", f"evidence of {own.id}", holds=kept <= listed and not gone & listed)

    async def _read_notifications(self, own: Own) -> None:
        titles = [each.title for each in await self._ask(get_customer_notifications, own.id)]
        titles = [title for title in titles if title in own.notifications]
        self._books.expect("doubled", f"notifications of {own.id}", holds=len(titles) == len(set(titles)))
        sent = {title for title, certain in own.notifications.items() if certain}
        self._books.expect("wrong", f"notifications of {own.id} in a read", holds=sent <= set(titles))

    async def _read_directory(self, _: Own) -> None:
        before = set(self._world.figures) | set(self._world.created)
        customers = await self._ask(get_all_customers)
        ids = [str(each.id) for each in customers]
        self._books.expect("doubled", "customers in the directory", holds=len(ids) == len(set(ids)))
        missing = len(before.difference(ids))
        self._books.expect("wrong", f"the directory lacks {missing} customers", holds=not missing)
        self._world.unexplained.update(set(ids) - before)
        for each in customers:
            if figures := self._world.figures.get(str(each.id)):
                self._check_figures(each, figures)

    def _check_figures(self, row: Any, figures: Figures) -> None:
        right = (row.full_name, row.total_orders or 0, row.total_spent or 0, row.frequency) == figures
        self._books.expect("wrong", f"figures of {row.id}", holds=right)

    def _check_note(self, own: Own, row: Any) -> None:
        note = (row.notes, row.custom_fields.get("n")) if row else (None, None)
        told = f"note of {own.id}: {note}, not one of {own.note.possible}"
        self._books.expect("wrong", told, holds=own.note.holds(note))

    def _check_status(self, own: Own, row: Any) -> None:
        status = (str(row.account_status), row.suspension_end)
        told = f"status of {own.id}: {status}, not one of {own.status.possible}"
        self._books.expect("wrong", told, holds=own.status.holds(status))

    # Writes: after a success the change is stored exactly once; after a failure, once or not at all.

    async def _set_status(self, own: Own) -> None:
        status = self._random.choice(("active", "suspended", "banned"))
        end = None
        if status == "suspended" and self._random.random() < 0.7:
            minutes = self._random.randrange(60, 100_000)
            end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=minutes)
        self._check_status(
            own, await self._write(own.status, (status, end), update_customer_status, own.id, status, end)
        )

    async def _write_note(self, own: Own) -> None:
        # Both in one call: one without the other would be a partial write.
        text, number = f"Nota {self._new()} ñ", self._count
        row = await self._write(
            own.note, (text, number), update_admin_customer_notes, own.id, notes=text, custom_fields={"n": number}
        )
        self._check_note(own, row)

    async def _add_tag(self, _: Own) -> None:
        customer, tag = self._random.choice(self._world.shared), self._new()
        register = self.tags.setdefault((customer, tag), Register(False))
        row = await self._write(register, True, add_customer_tags, customer, [tag])
        self._books.expect("wrong", f"tag {tag} is not in the answer", holds=row.tags.count(tag) == 1)

    async def _remove_tag(self, _: Own) -> None:
        there = [key for key, register in self.tags.items() if register.possible == [True]]
        if there:
            customer, tag = self._random.choice(there)
            row = await self._write(self.tags[customer, tag], False, remove_customer_tags, customer, [tag])
            self._books.expect("wrong", f"tag {tag} is in the answer", holds=tag not in row.tags)

    async def _set_field(self, _: Own) -> None:
        customer, name, value = self._random.choice(self._world.shared), f"w{self.number}", self._count
        register = self.fields.setdefault((customer, name), Register[int | None](None))
        await self._write(register, value, set_custom_fields, customer, {name: value})

    async def _notify(self, own: Own) -> None:
        title = self._new()
        own.notifications[title] = False
        await self._ask(send_customer_notification, own.id, title, f"Mensaje {title}", "warning")
        own.notifications[title] = True

    async def _upload(self, own: Own) -> None:
        content = self._random.randbytes(2_000 + self._count)
        own.uploads[len(content)] = False
        path = await self._ask(upload_customer_evidence, own.id, content, file_name="prueba.bin")
        own.uploads[len(content)], own.files[path] = True, content

    async def _download(self, own: Own) -> None:
        kept = [path for path in own.files if path not in own.deleted]
        if kept:
            path = self._random.choice(kept)
            content = await self._ask(download_customer_evidence, path)
            self._books.expect("wrong", f"bytes of {path}", holds=content == own.files[path])

    async def _delete(self, own: Own) -> None:
        kept = [path for path in own.files if path not in own.deleted]
        if kept:
            path = self._random.choice(kept)
            own.deleted[path] = False
            await self._ask(delete_customer_evidence, path)
            own.deleted[path] = True

    async def _create(self, _: Own) -> None:
        email = f"caos-{self._new()}@clientes.example"
        address = {
            "type": "shipping", "label": "Casa", "full_name": "Caos", "street": "Calle", "number": "1",
            "colony": "Centro", "zip_code": "01000",
        }  # fmt: skip
        data = {
            "email": email,
            "full_name": "Caos",
            "phone": "5550000000",
            "whatsapp": "5550000000",
            "address": address,
        }
        self.creations[email] = CustomerCreationError("under way")
        try:
            made = await self._ask(create_customer_with_details, data)
        except _FailedError as failed:
            self.creations[email] = error = failed.__cause__ if isinstance(failed.__cause__, Exception) else failed
            if not isinstance(error, CustomerCreationError) or error.user_id is None:
                raise
            made = await self._resume(email, error, data)
        self.creations[email] = None
        self._world.created.add(str(made.id))

    async def _resume(self, email: str, error: CustomerCreationError, data: dict[str, Any]) -> Any:
        try:
            return await self._ask(resume_customer_creation, error.user_id, data)
        except _FailedError as failed:
            # A failed read of the profile does not show how far it got; a creation error does.
            if isinstance(failed.__cause__, CustomerCreationError):
                self.creations[email] = failed.__cause__
            elif not isinstance(failed.__cause__, AdminCRMError):
                self.creations[email] = failed
            raise
