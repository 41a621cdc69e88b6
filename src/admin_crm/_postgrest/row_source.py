"""Where rows come from that are read in pages: the directory's view or a table, whole or filtered."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar, cast

from admin_crm._core.pager import Batch
from admin_crm._postgrest.columns import KEY
from admin_crm._postgrest.decode import Decoder, decode_batch, read_total
from admin_crm._postgrest.query import EXACT_COUNT, NO_SUCH_COLUMNS, Query, fetch_either, send_query
from admin_crm._postgrest.view import fetch_decoded
from admin_crm.client import AnyCRM

R = TypeVar("R")

Filtered = Callable[[Any], Any]
"""Adds filters to a query; typed as Any, because supabase-py does not know the row types."""


def unfiltered(rows: Any) -> Any:
    """Add no filter."""
    return rows


@dataclass(frozen=True, slots=True)
class RowSource(Generic[R]):
    """The directory's view by default, keyed by `id` or `customer_id`; or a table."""

    crm: AnyCRM
    decoder: Decoder[R]
    """What the rows become."""
    fields: Sequence[str] | None = None
    """Of the view, the fields of the decoder's model that are wanted; all columns by default."""
    filtered: Filtered = unfiltered
    """Adds the filters that all rows match."""
    table: str | None = None
    """The table; None for the view."""
    key: str = KEY
    """The table's key column; of the view, the shop's own is used."""
    columns: str = "*"
    """What is read of the table's rows; every column where the shop lacks one of these."""
    what: str = "customers"
    """What the rows are, for messages."""

    def fetch(self, paged: Callable[[Any, str], Any], *, counted: bool) -> Coroutine[Any, Any, Batch[R]]:
        """Fetch one page.

        Args:
            paged: adds to a query which page it is, given the name of the key column.
            counted: whether the server counts all rows that match.
        """
        crm = self.crm

        def query(selected: str, key: str) -> Query:
            return cast("Query", paged(self._selected(selected, counted=counted), key))

        if self.table is None:
            return fetch_decoded(crm, query, self.decoder, self.fields)
        return self._fetch_from_table(lambda selected: query(selected, self.key))

    def counted(self) -> Any:
        """Start a query of all columns that counts the rows."""
        return self._selected("*", counted=True)

    async def count(self) -> int:
        """Fetch how many rows match."""
        return await send_query(self.crm, lambda: self.counted().limit(1), read_total)

    async def _fetch_from_table(self, query: Callable[[str], Query]) -> Batch[R]:
        decode = partial(decode_batch, decoder=self.decoder, pause_gc=self.crm.settings.pause_gc)

        def select(columns: str) -> Coroutine[Any, Any, Batch[R]]:
            return send_query(self.crm, partial(query, columns), decode)

        if self.columns == "*":
            return await select("*")
        needed = f"{self.table}({self.columns})"
        return await fetch_either(self.crm, needed, NO_SUCH_COLUMNS, lambda: select(self.columns), lambda: select("*"))

    def _selected(self, columns: str, *, counted: bool) -> Any:
        name = self.table or self.crm.settings.view
        return self.filtered(self.crm.supabase.table(name).select(columns, count=EXACT_COUNT if counted else None))
