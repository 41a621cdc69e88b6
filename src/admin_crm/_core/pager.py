"""The one rule for the end of every read that takes several responses (R1).

A read is at its end when the server's count is reached, or where it does not count, when a page is empty. A
missing count is never zero, a response that repeats raises, and so does a server that shows fewer rows than it
counts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

from admin_crm._core.progress import Report
from admin_crm.errors import AdminCRMError, IncompleteReadError

R = TypeVar("R")


class Batch(NamedTuple, Generic[R]):
    """Rows of one response, and how many the server counts in all, where it was asked and says so."""

    rows: Sequence[R]
    total: int | None
    bytes: int = 0
    """The size of the response's body, where it is known."""


class Pager(Generic[R]):
    """Collects the pages of one read, and says whether another must follow.

    Args:
        identify: what tells one row from another.
        counts_rest: whether the server counts what is left from each page on, as it does for pages after a
            key, or all rows, as it does for pages at an offset.
        start: the offset of the first page.
        distinct: whether a row that comes twice is kept once. At offsets a row comes twice where another one
            was inserted meanwhile.
    """

    def __init__(
        self, identify: Callable[[R], Hashable], *, counts_rest: bool, start: int = 0, distinct: bool = True
    ) -> None:
        self._identify = identify
        self._counts_rest = counts_rest
        self._start = start
        self._distinct = distinct
        self._seen: set[Hashable] = set()
        # At offsets, one page may hold nothing new: as many rows were inserted before it as it has.
        self._repeats_allowed = 1 if distinct and not counts_rest else 0
        self._repeated = 0
        self.received = 0
        self.total: int | None = None
        self.rows: list[R] = []

    def add(self, page: Batch[R]) -> bool:
        """Add a page; returns whether more rows must be asked for."""
        if page.total is not None:
            self.total = page.total + (self.received if self._counts_rest else 0)
        if page.rows:
            self._add_rows(page.rows)
            self.received += len(page.rows)
        if self.total is None:
            return bool(page.rows)
        left = self.total - self._start - self.received
        if left > 0 and not page.rows:
            raise self.incomplete(f"the server counts {left} more rows than it shows", hint="try again")
        return left > 0

    def incomplete(self, message: str, *, hint: str) -> IncompleteReadError:
        """Return the error of a read that did not reach its end, with the rows that arrived."""
        return IncompleteReadError(message, rows=self.rows, expected=self.total, hint=hint)

    def _add_rows(self, rows: Sequence[R]) -> None:
        identities = [self._identify(row) for row in rows]
        # Where equal rows are no mistake, a whole page that comes twice still is.
        page = tuple(identities)
        new = [row for row, identity in zip(rows, identities, strict=True) if identity not in self._seen]
        repeats = not new if self._distinct else page in self._seen
        self._repeated = self._repeated + 1 if repeats else 0
        if self._repeated > self._repeats_allowed:
            raise self.incomplete(
                "the server returned the same rows again", hint="a cache between here and the server may do so"
            )
        self._seen.update(identities if self._distinct else [page])
        self.rows += new if self._distinct else rows

    def tell(self, report: Report | None) -> None:
        """Report how many rows have come, and how many the server counts, if somebody wants to know."""
        if report is not None:
            report(self.received, self.received if self.total is None else self.total)


async def fetch_after_keys(
    fetch: Callable[[R | None], Awaitable[Batch[R]]], key: Callable[[R], Hashable], report: Report | None = None
) -> list[R]:
    """Read all rows in the order of their unique key, each page after the last row of the one before.

    Args:
        fetch: fetches the page after a row; None for the first one.
        key: the unique key of a row.
        report: is told after each page how many rows there are, and how many the server counts.
    """
    pager: Pager[R] = Pager(key, counts_rest=True)
    last: R | None = None
    while True:
        page = await _fetch(pager, fetch, last)
        goes_on = pager.add(page)
        pager.tell(report)
        if not goes_on:
            return pager.rows
        last = page.rows[-1]


async def fetch_at_offsets(
    fetch: Callable[[int], Awaitable[Batch[R]]],
    identify: Callable[[R], Hashable],
    *,
    start: int = 0,
    max_rows: int | None = None,
    distinct: bool = True,
) -> Pager[R]:
    """Read rows page after page, each at the offset where the one before ended.

    Args:
        fetch: fetches the page at an offset.
        identify: what tells one row from another.
        start: the offset of the first page.
        max_rows: how many rows are enough; all by default.
        distinct: whether a row that comes twice is kept once.
    """
    pager: Pager[R] = Pager(identify, counts_rest=False, start=start, distinct=distinct)
    while True:
        page = await _fetch(pager, fetch, start + pager.received)
        if not pager.add(page) or (max_rows is not None and pager.received >= max_rows):
            return pager


P = TypeVar("P")


async def _fetch(pager: Pager[R], fetch: Callable[[P], Awaitable[Batch[R]]], position: P) -> Batch[R]:
    try:
        return await fetch(position)
    except AdminCRMError as error:
        if not pager.rows:
            raise
        incomplete = pager.incomplete(
            f"the read stopped after {len(pager.rows)} rows: {error.message}", hint="try again"
        )
        raise incomplete from error
