"""Runs a bulk operation batch by batch: journal, dry run, progress, order and errors, the same for every subject.

A subject gives the items and a function that does one batch, and settles each item of it: with the id of the customer
for whom it was done, with `UNCHANGED`, or with the error that is this item's own. What it raises stops everything.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, Generic, TypeVar
from uuid import UUID, uuid5

from admin_crm._core import context
from admin_crm._core.gather import gather, run_blocking
from admin_crm._core.progress import Progress, Report, reporting
from admin_crm.bulk.journal import Journal
from admin_crm.client import AnyCRM
from admin_crm.errors import (
    About,
    AdminCRMError,
    BulkError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    UnexpectedResponseError,
)
from admin_crm.models import BulkResult

T = TypeVar("T")


class Unchanged(Enum):
    """The outcome of an item for which nothing had to change."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED
Outcome = UUID | Unchanged | AdminCRMError
"""What became of an item: done for this customer, nothing to change, or why it failed."""
JournalPath = str | os.PathLike[str] | None

OWN_FAILURES = (InvalidInputError, NotFoundError, ConflictError)
"""Errors that are about one item. Any other would meet the next item too, so it stops everything."""


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """One thing to do."""

    key: UUID | str
    """What tells it from the others, in every run with the same journal."""
    name: UUID | str
    """What the result calls it."""
    value: T


class Batch(Generic[T]):
    """Some items that are done together, and what has become of each."""

    def __init__(self, items: Sequence[Item[T]], journal: Journal) -> None:
        self.items = items
        self.moment = datetime.now(UTC)
        """When it was begun, as the journal notes before anything is sent."""
        self.outcomes: dict[UUID | str, Outcome] = {}
        """By the items' keys."""
        self._journal = journal

    @property
    def unsettled(self) -> list[Item[T]]:
        """The items that have no outcome yet."""
        return [item for item in self.items if item.key not in self.outcomes]

    def settle(self, item: Item[T], outcome: Outcome) -> None:
        """Note what became of an item."""
        if isinstance(outcome, AdminCRMError):
            if outcome.customer_id is None and isinstance(item.name, UUID):
                outcome.customer_id = item.name
            context.add_context(outcome)
        self.outcomes[item.key] = outcome

    def row_id(self, item: Item[T]) -> UUID:
        """Return the id for the row that is written for an item: the same in every run with the same journal."""
        return uuid5(self._journal.key, str(item.key))

    def moments(self, item: Item[T]) -> set[datetime]:
        """Return when an item was begun in this run and in earlier ones, which may have written it at that moment."""
        return {self.moment, *self._journal.moments.get(self._journal.name_of(item.key), ())}


Step = Callable[[Batch[T]], Awaitable[None]]
"""Does one batch: settles its items, and raises what stops everything."""


def items_of(customers: Iterable[UUID]) -> list[Item[UUID]]:
    """Return customers as items."""
    return [Item(each, each, each) for each in customers]


async def run_in_batches(
    crm: AnyCRM,
    items: Iterable[Item[T]],
    do: Step[T],
    *,
    size: int,
    arguments: Mapping[str, object],
    journal: JournalPath,
    dry_run: bool,
    progress: Progress,
    plan: Step[T] | None = None,
) -> BulkResult:
    """Do items batch by batch, each item once.

    Args:
        crm: the connection.
        items: what to do; of several with the same key, only the first.
        do: does one batch, in as few requests as the server allows.
        size: how many items a batch has at most.
        arguments: everything but the items that decides what is done; a journal belongs to it.
        journal: the path of the journal; None keeps none.
        dry_run: only say what would be done.
        progress: as `reporting` takes it.
        plan: looks at a batch for a dry run, without writing: settles what would fail or not change.

    Raises:
        BulkError: it stopped; `result` says how far it got.
        InvalidInputError: the journal belongs to something else.
        ConflictError: another process uses the journal.
    """
    call = context.current()
    operation = call.operation if call else ""
    unique: dict[UUID | str, Item[T]] = {}
    for item in items:
        unique.setdefault(item.key, item)
    whole = {"url": crm.url, **arguments}
    with (
        reporting(progress, len(unique), operation) as report,
        Journal(journal, operation, whole, read_only=dry_run) as kept,
    ):
        await run_blocking(crm, kept.open)
        run = _Run(crm, operation, list(unique.values()), kept, report, dry_run=dry_run)
        if not dry_run:
            await run.do_all(do, size)
        elif plan is not None:
            await run.plan_all(plan, size)
        return run.result()


async def settle_each(
    crm: AnyCRM,
    batch: Batch[T],
    items: Iterable[Item[T]],
    work: Callable[[Item[T]], Coroutine[Any, Any, Outcome | None]],
) -> None:
    """Do items beside each other, as many at once as the connection's limiter lets through, and settle them.

    Where the work is only begun, its outcome is None, and the item is not settled yet.

    An error about one item is its outcome. One that would meet every item is raised, and no other item begins.
    """
    stopped: list[AdminCRMError] = []

    async def one(item: Item[T]) -> None:
        if stopped:
            return
        try:
            outcome = await work(item)
        except AdminCRMError as error:
            if not isinstance(error, OWN_FAILURES):
                stopped.append(error)
                raise
            outcome = error
        if outcome is not None:
            batch.settle(item, outcome)

    await gather(crm, *(one(item) for item in items))


class _Run(Generic[T]):
    """One run: which items are settled, and what is left."""

    def __init__(
        self,
        crm: AnyCRM,
        operation: str,
        items: Sequence[Item[T]],
        journal: Journal,
        report: Report | None,
        *,
        dry_run: bool,
    ) -> None:
        self._crm = crm
        self._operation = operation
        self._items = items
        self._journal = journal
        self._report = report
        self._dry_run = dry_run
        self._outcomes: dict[UUID | str, Outcome] = {
            item.key: UNCHANGED for item in items if journal.name_of(item.key) in journal.finished
        }

    async def do_all(self, do: Step[T], size: int) -> None:
        self._tell()
        for batch in self._batches(size):
            with self._telling_how_far(batch):
                await self._do(batch, do)
            self._tell()

    async def plan_all(self, plan: Step[T], size: int) -> None:
        for batch in self._batches(size):
            with self._telling_how_far(batch):
                await plan(batch)
            self._outcomes.update(batch.outcomes)

    @contextmanager
    def _telling_how_far(self, batch: Batch[T]) -> Generator[None]:
        try:
            yield
        except (AdminCRMError, OSError) as error:
            raise self._stopped(error, batch) from error

    def result(self, uncertain: Sequence[UUID | str] = ()) -> BulkResult:
        """Return the outcomes so far, in the order of the items."""
        told = BulkResult(self._operation, uncertain=list(uncertain), dry_run=self._dry_run)
        for item in self._items:
            match self._outcomes.get(item.key):
                case None:
                    told.remaining.append(item.name)
                case Unchanged.UNCHANGED:
                    told.skipped.append(item.name)
                case UUID() as customer:
                    told.done.append(customer)
                case error:
                    told.failed[str(item.name)] = error
        return told

    def _batches(self, size: int) -> Iterable[Batch[T]]:
        todo = [item for item in self._items if item.key not in self._outcomes]
        for start in range(0, len(todo), size):
            yield Batch(todo[start : start + size], self._journal)

    async def _do(self, batch: Batch[T], do: Step[T]) -> None:
        begun = [self._journal.name_of(item.key) for item in batch.items]
        await run_blocking(self._crm, lambda: self._journal.begin(begun, batch.moment))
        try:
            await do(batch)
        except BaseException:
            # Also after Ctrl-C: what is known is noted, and the rest is recognized when the journal goes on.
            self._note(batch)
            raise
        if batch.unsettled:
            raise RuntimeError(f"{self._operation} left items without an outcome")
        await run_blocking(self._crm, lambda: self._note(batch))

    def _note(self, batch: Batch[T]) -> None:
        self._outcomes.update(batch.outcomes)
        named = {self._journal.name_of(key): outcome for key, outcome in batch.outcomes.items()}
        self._journal.end(
            [name for name, outcome in named.items() if isinstance(outcome, UUID)],
            [name for name, outcome in named.items() if outcome is UNCHANGED],
            {name: type(outcome).__name__ for name, outcome in named.items() if isinstance(outcome, AdminCRMError)},
        )

    def _tell(self) -> None:
        if self._report is not None:
            self._report(len(self._outcomes), len(self._items))

    def _stopped(self, error: AdminCRMError | OSError, batch: Batch[T]) -> BulkError:
        about: About = {}
        message, hint, answer_lost = str(error), None, False
        if isinstance(error, AdminCRMError):
            about = {"status": error.status, "code": error.code, "request_id": error.request_id}
            about["retryable"] = error.retryable
            message, hint = error.message, error.hint
            answer_lost = not self._dry_run and (error.retryable or isinstance(error, UnexpectedResponseError))
        result = self.result([item.name for item in batch.unsettled] if answer_lost else ())
        told = f"stopped after {len(self._outcomes):,} of {len(self._items):,}: {message}"
        if result.uncertain:
            told += f"; {len(result.uncertain):,} of the others may have been done, as the answer was lost"
        about["hint"] = f"{hint}; {self._how_to_go_on(result)}" if hint else self._how_to_go_on(result)
        return BulkError(told, result=result, **about)

    def _how_to_go_on(self, result: BulkResult) -> str:
        if self._journal.is_kept:
            return "call it again with the same journal, which does nothing twice"
        first = ", but look at error.result.uncertain first" if result.uncertain else ""
        return f"call it again for error.result.remaining{first}"
