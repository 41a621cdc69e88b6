"""Rows as the shop has them: every column by its own name, numbers with all their digits, without a model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import httpx

from admin_crm._core.lenient import read_raw
from admin_crm._core.pager import Batch, fetch_at_offsets
from admin_crm._core.rows import Json
from admin_crm._core.translate import check_success
from admin_crm._postgrest.decode import read_total
from admin_crm._postgrest.query import EXACT_COUNT, Query, fetch_by_key, send_query
from admin_crm.client import AnyCRM
from admin_crm.errors import UnexpectedResponseError


async def fetch_raw(crm: AnyCRM, table: str, filtered: Callable[[Any], Any], key: str = "id") -> list[Json]:
    """Fetch all rows of a filtered table or view.

    Args:
        crm: the connection.
        table: the table or view.
        filtered: adds the filter to the query.
        key: a column that is unique among these rows.
    """

    def query() -> Any:
        return filtered(crm.supabase.table(table).select("*", count=EXACT_COUNT))

    return await fetch_by_key(
        crm, query, key, lambda built: send_query(crm, built, _read_batch), lambda row: str(row[key])
    )


async def fetch_raw_ordered(
    crm: AnyCRM, table: str, filtered: Callable[[Any], Any], columns: Sequence[str]
) -> list[Json]:
    """Fetch all rows of a filtered table that may have no unique key, in the order of some columns."""
    size = crm.settings.page_size

    def query(offset: int) -> Query:
        rows = filtered(crm.supabase.table(table).select("*", count=EXACT_COUNT))
        for column in columns:
            rows = rows.order(column)
        page: Query = rows.range(offset, offset + size - 1)
        return page

    def page_at(offset: int) -> Awaitable[Batch[Json]]:
        return send_query(crm, partial(query, offset), _read_batch)

    # Two rows may well be equal.
    pager = await fetch_at_offsets(page_at, lambda row: repr(sorted(row.items())), distinct=False)
    return pager.rows


def _read_batch(response: httpx.Response) -> Batch[Json]:
    check_success(response)
    try:
        rows = read_raw(response.content)
    except ValueError as error:
        raise UnexpectedResponseError(
            "the server's response is not a list of rows",
            retryable=True,
            hint="a proxy or gateway may have sent this response",
        ) from error
    return Batch(rows, read_total(response), len(response.content))
