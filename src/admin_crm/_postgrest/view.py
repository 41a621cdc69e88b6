"""The directory's view: its key column and its columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import httpx
from pydantic import BaseModel

from admin_crm._core.connection import facts_of, link_of
from admin_crm._core.fields import Model
from admin_crm._core.pager import Batch
from admin_crm._core.rows import first_or_none
from admin_crm._postgrest.columns import KEY, note_missing_column, select_list
from admin_crm._postgrest.decode import Decoder, ModelDecoder, decode_batch
from admin_crm._postgrest.query import Query, fetch, send_query
from admin_crm._postgrest.rights import check_view
from admin_crm.client import AnyCRM
from admin_crm.errors import SchemaMismatchError

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R")


async def fetch_from_view(
    crm: AnyCRM, query: Callable[[str, str], Query], model: type[M], fields: Sequence[str] | None = None
) -> Batch[M]:
    """Fetch rows of the view as models; the arguments are those of `fetch_decoded`."""
    return await fetch_decoded(crm, query, ModelDecoder(model), fields)


async def fetch_decoded(
    crm: AnyCRM, query: Callable[[str, str], Query], decoder: Decoder[R], fields: Sequence[str] | None = None
) -> Batch[R]:
    """Fetch rows of the view with its key column: `id`, or `customer_id` where it has no `id`.

    Args:
        crm: the connection.
        query: builds the query, given what to select and the name of the key column.
        decoder: what the rows become.
        fields: the fields of the decoder's model that are wanted; all columns by default.
    """
    facts, pause_gc = facts_of(crm), crm.settings.pause_gc

    def read(response: httpx.Response) -> Batch[R]:
        return decode_batch(response, decoder, pause_gc=pause_gc)

    while True:
        key = facts.view_key or KEY
        selected = select_list(crm, decoder.model, fields, key)
        try:
            return await send_query(crm, partial(query, ",".join(selected or "*"), key), read)
        except SchemaMismatchError as error:
            if not note_missing_column(crm, error, selected):
                raise


async def fetch_view_columns(crm: AnyCRM) -> frozenset[str]:
    """Return the view's columns, detected once per connection from its first row.

    Raises:
        PermissionDeniedError: the view is empty for these credentials although customers exist.
    """
    facts, view = facts_of(crm), crm.settings.view
    if facts.view_columns is not None:
        return facts.view_columns

    row = first_or_none(await fetch(crm, lambda: crm.supabase.table(view).select("*").limit(1), Model))
    if row is None:
        await check_view(crm, [])
        return frozenset()
    link_of(crm).rights.sees_customers = True
    facts.view_columns = frozenset(row.model_extra or ()) | frozenset(row.unreadable)
    return facts.view_columns
