"""Rows of the view whose ids other tables have chosen, with as few evaluations of the view as it takes.

A request can name so many ids as its URL has room for. Where the ids are few, the view is asked for them. Where they
are many, its first page tells how many rows match the other filters; then either the rest of these rows is read and
looked through here, or the view is asked for the ids: what takes fewer requests.
"""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Sequence
from dataclasses import replace
from itertools import chain
from math import ceil
from typing import Any, TypeVar
from uuid import UUID

from admin_crm._core.gather import gather_outcomes
from admin_crm._core.pager import Batch
from admin_crm._postgrest.decode import ModelDecoder
from admin_crm._postgrest.key_ranges import fetch_first_page, fetch_ranges
from admin_crm._postgrest.query import KeyRow, batches
from admin_crm._postgrest.row_source import Filtered, RowSource
from admin_crm.client import AnyCRM
from admin_crm.errors import AdminCRMError, IncompleteReadError
from admin_crm.models import AdminCustomer

T = TypeVar("T")

_ID_LENGTH = 39
"""Characters that an id and its comma take in a URL."""
_FEWEST_IDS = 20
"""Ids that a request names even where other filters are long."""


async def fetch_ids(crm: AnyCRM, table: str, key: str, filtered: Filtered, what: str) -> set[UUID]:
    """Fetch the ids of the customers whose rows in a table match a filter.

    Args:
        crm: the connection.
        table: the table.
        key: its unique column that names the customer.
        filtered: adds the filter to the query.
        what: what the rows are, for messages.
    """
    decoder = ModelDecoder(KeyRow)
    source = RowSource(crm, decoder, filtered=filtered, table=table, key=key, columns=key, what=what)
    return {row.id for page in await fetch_ranges(source) for row in page}


async def fetch_chosen(
    source: RowSource[AdminCustomer], ids: Collection[UUID], key: str, room: int
) -> list[AdminCustomer]:
    """Fetch the rows of the view that match a source's filters and have one of these ids.

    Args:
        source: the view, with its other filters.
        ids: the ids.
        key: the view's key column.
        room: how many characters of the URL the ids may take.
    """
    if len(ids) <= ids_that_fit(room):
        return await _fetch_named(source, ids, key, room)
    first = await fetch_first_page(source)
    last = first.rows[-1].id if first.rows else UUID(int=0)
    later = [each for each in ids if each > last]
    wanted = frozenset(ids)
    if _pages_left(first) <= ceil(len(later) / ids_that_fit(room)):
        rows = chain.from_iterable(await fetch_ranges(source, first=first))
        return [row for row in rows if row.id in wanted]
    return await _fetch_named(source, later, key, room, held=[row for row in first.rows if row.id in wanted])


def ids_that_fit(room: int) -> int:
    """Return how many ids a URL has room for."""
    return max(_FEWEST_IDS, room // _ID_LENGTH)


async def gather_rows(crm: AnyCRM, *reads: Coroutine[Any, Any, Sequence[T]], held: Sequence[T] = ()) -> list[T]:
    """Read several parts of an answer, and return their rows after those that are held already.

    Raises:
        IncompleteReadError: some of the parts could not be read; `rows` holds what the others have.
    """
    outcomes = await gather_outcomes(crm, *reads)
    failed = [outcome for outcome in outcomes if isinstance(outcome, AdminCRMError)]
    parts = (_held(outcome) if isinstance(outcome, AdminCRMError) else outcome for outcome in outcomes)
    rows = [*held, *chain.from_iterable(parts)]
    if not failed:
        return rows
    error = failed[0]
    if not rows or (len(reads) == 1 and not held):
        raise error
    raise IncompleteReadError(
        f"the read stopped after {len(rows)} customers: {error.message}",
        rows=rows, status=error.status, code=error.code, hint="try again",
    ) from error  # fmt: skip


async def _fetch_named(
    source: RowSource[AdminCustomer],
    ids: Collection[UUID],
    key: str,
    room: int,
    *,
    held: Sequence[AdminCustomer] = (),
) -> list[AdminCustomer]:
    named = batches(sorted(ids), ids_that_fit(room))
    return await gather_rows(source.crm, *(_fetch_batch(source, batch, key) for batch in named), held=held)


async def _fetch_batch(source: RowSource[AdminCustomer], ids: Sequence[UUID], key: str) -> list[AdminCustomer]:
    names = [str(each) for each in ids]

    def filtered(rows: Any) -> Any:
        return source.filtered(rows).in_(key, names)

    return list(chain.from_iterable(await fetch_ranges(replace(source, filtered=filtered))))


def _held(error: AdminCRMError) -> Sequence[Any]:
    return error.rows if isinstance(error, IncompleteReadError) else ()


def _pages_left(first: Batch[AdminCustomer]) -> float:
    """Return how many requests the rows behind the first page take; unknown counts as many."""
    if first.total is None:
        return float("inf") if first.rows else 0
    left = first.total - len(first.rows)
    return ceil(left / len(first.rows)) if first.rows and left > 0 else 0
