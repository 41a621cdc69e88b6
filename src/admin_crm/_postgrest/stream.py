"""The view as a stream: one page after the other, or one answer as it arrives, with only a part of it in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import chain
from typing import Generic, TypeVar

from admin_crm._core.connection import link_of
from admin_crm._core.context import CallContext
from admin_crm._core.operation import run_async, run_sync
from admin_crm._postgrest.decode import Decoder, ModelDecoder, first_keys
from admin_crm._postgrest.key_ranges import FULL_RANGE, Range, RangeReader, fetch_page
from admin_crm._postgrest.packed import PackedStream, open_packed
from admin_crm._postgrest.query import count_rows
from admin_crm._postgrest.rights import check_view
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM
from admin_crm.errors import AdminCRMError, IncompleteReadError
from admin_crm.models import AdminCustomer

M = TypeVar("M", bound=AdminCustomer)
R = TypeVar("R")

_PAGE = 5_000
"""Rows of a page: more would not be read faster, and all of them are in memory at once."""
_OPERATION = "iter_customers"


class RowStream(Generic[M]):
    """All rows; every iteration begins again."""

    def __init__(self, crm: AdminCRM, model: type[M], fields: Sequence[str] | None, size: int | None) -> None:
        self._crm = crm
        self._model = model
        self._fields = fields
        self._size = size

    def __len__(self) -> int:
        """Return the number of profiles, one for each row; for a progress bar's total. Sends one request."""
        try:
            return run_sync(_call(self._crm), count_rows(self._crm, self._crm.settings.profiles_table))
        except AdminCRMError as error:
            raise TypeError("the number of rows is unknown") from error

    def __bool__(self) -> bool:
        """Return True, without asking whether there are rows."""
        return True

    def __iter__(self) -> Iterator[M]:
        """Iterate with an `AdminCRM`."""
        pages, call = PageReader(self._crm, ModelDecoder(self._model), self._fields, self._size), _call(self._crm)
        try:
            while batch := run_sync(call, pages.next()):
                yield from chain.from_iterable(batch)
        finally:
            run_sync(call, pages.close())
            call.warn_of_unreadable()


class AsyncRowStream(Generic[M]):
    """All rows; every iteration begins again."""

    def __init__(self, crm: AsyncAdminCRM, model: type[M], fields: Sequence[str] | None, size: int | None) -> None:
        self._crm = crm
        self._model = model
        self._fields = fields
        self._size = size

    async def __aiter__(self) -> AsyncIterator[M]:
        """Iterate with an `AsyncAdminCRM`."""
        pages, call = PageReader(self._crm, ModelDecoder(self._model), self._fields, self._size), _call(self._crm)
        try:
            while batch := await run_async(call, pages.next()):
                for row in chain.from_iterable(batch):
                    yield row
        finally:
            await pages.close()
            call.warn_of_unreadable()


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
        self._reader = RangeReader(crm, decoder, size or min(crm.settings.page_size, _PAGE), fields)
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
            raise IncompleteReadError(
                f"the stream stopped after {self._seen} customers: {error.message}",
                expected=self._reader.expected,
                hint=error.hint if isinstance(error, IncompleteReadError) else "iterate again",
            ) from error
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
        self._rest = self._reader.next_range(self._rest, batch)
        return [batch.rows] if batch.rows else []


def _call(crm: AnyCRM) -> CallContext:
    return CallContext(_OPERATION, timeout=link_of(crm).timeout)
