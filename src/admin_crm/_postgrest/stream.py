"""Rows as a stream, with only a part of them in memory: the view page by page, or one answer as it arrives."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

from admin_crm._core.connection import link_of
from admin_crm._core.operation import call_of, call_sync, link_in, run_async, run_sync, spanned
from admin_crm._core.pager import Batch
from admin_crm._postgrest.decode import Decoder, first_keys, require_total
from admin_crm._postgrest.key_ranges import FULL_RANGE, Range, RangeReader, fetch_page
from admin_crm._postgrest.packed import PackedStream, open_packed
from admin_crm._postgrest.rights import check_view
from admin_crm._postgrest.row_source import RowSource
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM
from admin_crm.errors import AdminCRMError, IncompleteReadError

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
_PAGE = 5_000
"""Rows of a page: more would not be read faster, and all of them are in memory at once."""


Count = Callable[[], Coroutine[Any, Any, int]]
"""Counts the rows of a stream."""


class Reader(Protocol[R]):
    """Where a stream stands."""

    async def next(self) -> list[Sequence[R]]:
        """Return the next pages; an empty list at the end."""
        ...

    async def close(self) -> None:
        """Close what is open."""
        ...


class RowStream(Generic[R]):
    """All rows; every iteration begins again.

    Args:
        crm: the connection.
        operation: the public function.
        begin: begins an iteration.
        count: counts the rows.
    """

    def __init__(self, crm: AdminCRM, operation: str, begin: Callable[[], Reader[R]], count: Count) -> None:
        self._crm = crm
        self._operation = operation
        self._begin = begin
        self._count = count

    def __len__(self) -> int:
        """Return how many rows there are, for a progress bar's total. Sends one request."""
        try:
            return call_sync(call_of(link_of(self._crm), self._operation), self._count())
        except AdminCRMError as error:
            raise TypeError("the number of rows is unknown") from error

    def __bool__(self) -> bool:
        """Return True, without asking whether there are rows."""
        return True

    def __iter__(self) -> Iterator[R]:
        """Iterate with an `AdminCRM`."""
        pages, call = self._begin(), call_of(link_of(self._crm), self._operation)
        with spanned(call):
            try:
                while batch := run_sync(call, pages.next()):
                    yield from chain.from_iterable(batch)
            finally:
                run_sync(call, pages.close())
                call.warn_of_unreadable()


class AsyncRowStream(Generic[R]):
    """All rows; every iteration begins again; the arguments are those of `RowStream`, but for `count`."""

    def __init__(self, crm: AsyncAdminCRM, operation: str, begin: Callable[[], Reader[R]]) -> None:
        self._crm = crm
        self._operation = operation
        self._begin = begin

    async def __aiter__(self) -> AsyncIterator[R]:
        """Iterate with an `AsyncAdminCRM`."""
        pages, call = self._begin(), call_of(link_of(self._crm), self._operation)
        with spanned(call):
            try:
                while batch := await run_async(call, pages.next()):
                    for row in chain.from_iterable(batch):
                        yield row
            finally:
                await pages.close()
                call.warn_of_unreadable()


def stream(
    crm: AnyCRM, operation: str, begin: Callable[[], Reader[R]], count: Count
) -> RowStream[R] | AsyncRowStream[R]:
    """Return the stream of a public function, of the connection's kind."""
    if isinstance(crm, AsyncAdminCRM):
        return AsyncRowStream(crm, operation, begin)
    return RowStream(crm, operation, begin, count)


def streamed(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function that returns a stream be answered by a fake: every iteration takes an answer."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        link = link_in(function.__name__, args, kwargs)
        stand_in = link.shared.stand_in
        if stand_in is None:
            return function(*args, **kwargs)
        crm, answer = cast("AnyCRM", args[0] if args else kwargs["crm"]), stand_in.asked(call, link, args, kwargs)
        return cast("T", stream(crm, function.__name__, lambda: AnsweredReader(answer), _uncounted))

    return call


class AnsweredReader:
    """Where a fake's stream stands: its answer is the only page.

    Args:
        answer: gives the rows.
    """

    def __init__(self, answer: Callable[[], Coroutine[Any, Any, Iterable[Any]]]) -> None:
        self._answer = answer
        self._done = False

    async def next(self) -> list[Sequence[Any]]:
        """Return all rows; then an empty list."""
        if self._done:
            return []
        self._done = True
        rows = list(await self._answer())
        return [rows] if rows else []

    async def close(self) -> None:
        """Do nothing: nothing is open."""


async def _uncounted() -> int:
    raise IncompleteReadError("a fake does not count the rows of a stream")


def stream_page_size(crm: AnyCRM, size: int | None) -> int:
    """Return how many rows a stream asks for at a time."""
    return size or min(crm.settings.page_size, _PAGE)


def stopped(error: AdminCRMError, seen: int, what: str, expected: int | None) -> IncompleteReadError:
    """Return the error of a stream that ends early, after it has given rows; the cause is chained by the caller."""
    return IncompleteReadError(
        f"the stream stopped after {seen} {what}: {error.message}",
        expected=expected,
        hint=error.hint if isinstance(error, IncompleteReadError) else "try again",
    )


async def counted_rest(fetch: Callable[[], Coroutine[Any, Any, Batch[R]]], what: str) -> Batch[R]:
    """Fetch a page again that was empty before the server's count was reached, with the count of what is left (R1).

    Its rows may have been deleted meanwhile; then nothing is left.

    Raises:
        IncompleteReadError: the server counts rows that it does not show.
    """
    page = await fetch()
    left = require_total(page.total)
    if left and not page.rows:
        raise IncompleteReadError(f"the server counts {left} more {what} than it shows", hint="try again")
    return page


class PageReader(Generic[R]):
    """Where a stream stands: fetches what comes next until the view is read to its end.

    Args:
        crm: the connection.
        decoder: what the rows become.
        fields: the fields of the decoder's model that are wanted; all columns by default.
        size: rows per request; by default 5,000 at most, or the directory function where the shop has it.
    """

    def __init__(
        self, crm: AnyCRM, decoder: Decoder[R], fields: Sequence[str] | None = None, size: int | None = None
    ) -> None:
        self._crm = crm
        self._decoder = decoder
        self._fields = fields
        self._reader = RangeReader(RowSource(crm, decoder, fields), stream_page_size(crm, size))
        self._rest: Range | None = FULL_RANGE
        self._packed: PackedStream[R] | None = None
        self._started = size is not None
        self._seen = 0

    async def next(self) -> list[Sequence[R]]:
        """Return the next pages; an empty list at the end.

        Raises:
            IncompleteReadError: a page after the first could not be fetched.
            PermissionDeniedError: the view is empty for these credentials although customers exist.
        """
        try:
            pages = await self._next()
        except AdminCRMError as error:
            if not self._seen:
                raise
            raise stopped(error, self._seen, "customers", self._reader.expected) from error
        if not self._seen:
            await check_view(self._crm, first_keys(self._decoder, pages))
        self._seen += sum(map(len, pages))
        return pages

    async def close(self) -> None:
        """Close the response that is being read, if there is one."""
        if self._packed is not None:
            await self._packed.close()

    async def _next(self) -> list[Sequence[R]]:
        if not self._started:
            self._started = True
            self._packed = await open_packed(self._crm, self._decoder, self._fields)
        if self._packed is not None:
            return await self._packed.next()
        if self._rest is None:
            return []
        batch = await fetch_page(self._reader, self._rest)
        if not batch.rows and self._seen < (self._reader.expected or 0):
            rest = self._rest._replace(counted=True)
            batch = await counted_rest(lambda: fetch_page(self._reader, rest), "customers")
        self._rest = self._reader.next_range(self._rest, batch)
        return [batch.rows] if batch.rows else []
