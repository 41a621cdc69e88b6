"""A table page after page in the order of its key, whatever kind of key the shop has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from admin_crm._postgrest.row_source import RowSource
from admin_crm._postgrest.stream import counted_rest, stopped, stream_page_size
from admin_crm.errors import AdminCRMError, IncompleteReadError

R = TypeVar("R")


class TablePages(Generic[R]):
    """Where a read of a table stands: fetches what comes next until the table is read to its end.

    Args:
        source: the table, with its filters.
        check: called with the first page, to raise where these rights do not see the rows.
    """

    def __init__(self, source: RowSource[R], check: Callable[[Sequence[R]], Awaitable[None]]) -> None:
        self._source = source
        self._check = check
        self._size = stream_page_size(source.crm, None)
        self._last: str | None = None
        self._expected: int | None = None
        self._seen = 0
        self._ended = False

    async def next(self) -> list[Sequence[R]]:
        """Return the next page in a list; an empty list at the end.

        Raises:
            IncompleteReadError: a page after the first could not be fetched, or the server repeats itself.
            PermissionDeniedError: these credentials do not see the rows.
        """
        if self._ended:
            return []
        is_first = self._last is None
        try:
            page = await self._source.fetch(self._paged, counted=is_first)
            if not page.rows and self._seen < ((page.total if is_first else self._expected) or 0):
                page = await counted_rest(lambda: self._source.fetch(self._paged, counted=True), self._source.what)
            self._advance(page.rows)
        except AdminCRMError as error:
            if is_first:
                raise
            raise stopped(error, self._seen, self._source.what, self._expected) from error
        if is_first:
            await self._check(page.rows)
            self._expected, self._size = page.total, len(page.rows) or self._size
        self._seen += len(page.rows)
        # A page that is not full is the end only where the count agrees; if not, one more page must be empty.
        is_full = len(page.rows) >= self._size and not (is_first and page.total == self._seen)
        self._ended = not page.rows or (not is_full and self._expected is not None and self._seen >= self._expected)
        return [page.rows] if page.rows else []

    async def close(self) -> None:
        """Nothing is open between two pages."""

    def _paged(self, rows: Any, key: str) -> Any:
        return (rows if self._last is None else rows.gt(key, self._last)).order(key).limit(self._size)

    def _advance(self, rows: Sequence[R]) -> None:
        """Remember the last key of a page, or raise where it is the last one of the page before."""
        if not rows:
            return
        last = str(cast("Any", rows[-1]).id)
        if last == self._last:
            raise IncompleteReadError(
                "the server returned the same rows again", hint="a cache between here and the server may do so"
            )
        self._last = last
