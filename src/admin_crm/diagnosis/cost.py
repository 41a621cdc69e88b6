"""Check of what reading the whole directory costs the shop's database, and of what would make it cheaper."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import TypeVar

from admin_crm._core.fields import Model
from admin_crm._postgrest.decode import require_total
from admin_crm._postgrest.packed import function_is_there
from admin_crm._postgrest.query import EXACT_COUNT, Query
from admin_crm._postgrest.view import fetch_from_view
from admin_crm.client import AnyCRM
from admin_crm.diagnosis.checks import Finding, count

T = TypeVar("T")

PAGE = 1_000
"""Rows of the page that is measured."""
EXPENSIVE = 5.0
"""Seconds of the database's time from which something should be done."""
SHARE_OF_AGGREGATE = 0.5
"""The share of a page's time that one row takes, from which the view must be aggregating all orders for it."""

clock = time.perf_counter

_FUNCTION = "install the function that reads it in one request: admin-crm sql directory"
_ROW_LIMIT = "raise max_rows in the API settings: each response evaluates the view once"
_AGGREGATE = """write the view's aggregate as a lateral join, with an index for it:
create index if not exists orders_of_customer on public.{orders} (customer_id)
  include (created_at, total) where status <> 'cancelled';
-- in the view, in place of the grouped subquery of orders:
left join lateral (
  select count(*) as frequency, sum(total) as monetary, max(created_at) as last_order_date
  from public.{orders} where {orders}.customer_id = profile.id and status <> 'cancelled'
) purchases on true"""


async def whole_read(crm: AnyCRM) -> Finding:
    """Measure one page and one row, without the time on the way, and say what a whole read takes."""
    view = crm.settings.view

    def one_row(_: str, key: str) -> Query:
        return crm.supabase.table(view).select(key).order(key).limit(1)

    def page_of_rows(selected: str, key: str) -> Query:
        return crm.supabase.table(view).select(selected, count=EXACT_COUNT).order(key).limit(PAGE)

    on_the_way, _ = await _timed(count(crm, crm.settings.profiles_table))
    row_seconds, _ = await _timed(fetch_from_view(crm, one_row, Model))
    page_seconds, page = await _timed(fetch_from_view(crm, page_of_rows, Model))
    row_seconds, page_seconds = max(0.0, row_seconds - on_the_way), max(0.0, page_seconds - on_the_way)
    total = require_total(page.total)
    pages = -(-total // max(1, len(page.rows)))
    function = crm.settings.directory_function
    if await function_is_there(crm):
        return Finding("pass", f"the directory is read in one request, by the function {function}")
    seconds = pages * page_seconds
    meaning = (
        f"reading all of {view} takes {pages:,} requests of {1000 * page_seconds:,.0f} ms each, "
        f"about {seconds:,.1f} s of the database's time"
    )
    if seconds < EXPENSIVE:
        return Finding("pass", meaning)
    advice = [_FUNCTION, _ROW_LIMIT]
    if row_seconds > SHARE_OF_AGGREGATE * page_seconds:
        advice.append(_AGGREGATE.format(orders=crm.settings.orders_table))
    return Finding("warn", meaning, "; or ".join(advice))


async def _timed(read: Awaitable[T]) -> tuple[float, T]:
    begun = clock()
    result = await read
    return clock() - begun, result
