"""How the whole directory is read: key ranges side by side, so that nothing is lost or doubled (R1).

Offsets shift when a row is inserted or deleted; ranges of the unique key do not. The first page, in the
order of the key, comes with the server's count and shows how many rows the server gives at once. What lies
behind it is cut into ranges that should each fit one page. A range that held more than a page goes on,
counted and cut again.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import ceil
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import httpx
from pydantic import TypeAdapter

from admin_crm._core.operation import gather
from admin_crm._postgrest.query import COUNTED, Batch, Json, Query, check_success, decode, fetch_page, read_total, send
from admin_crm.client import AnyCRM
from admin_crm.errors import (
    AdminCRMError,
    IncompleteReadError,
    PermissionDeniedError,
    SchemaMismatchError,
)
from admin_crm.models import AdminCustomer

_LAST_KEY: int = (1 << 128) - 1
_FILL = 0.9
"""How full a range is meant to be: random keys scatter, and a range that overflows costs one more request."""
_CHANCES = 3
_KEY = attrgetter("id.int")
_JSON_ROWS: TypeAdapter[list[Json]] = TypeAdapter(list[Json])


class Range(NamedTuple):
    """The customers whose key lies above `after` and up to `upto`; a counted one asks for their number."""

    after: int
    upto: int
    counted: bool


async def read_directory(crm: AnyCRM) -> list[AdminCustomer]:
    """Read every row of the view, in no particular order."""
    found: dict[int, AdminCustomer] = {}
    expected = await _read_ranges(crm, found)
    if len(found) < expected:
        expected = await count_rows(crm, crm.settings.view)
    if len(found) < expected:
        # Customers come and go, or rows were held back. Read again with every page counted: rows and count are
        # of one moment, so that each page proves itself.
        await _read_ranges(crm, found, careful=True)
    return list(found.values())


async def read_page(crm: AnyCRM, part: Range, size: int, *, kept: bool = False) -> Batch:
    """Read one page of a range, in the order of the key; `kept` says that its rows will live long."""

    def query(key: str) -> Query:
        count = COUNTED if part.counted else None
        rows = crm.supabase.table(crm.settings.view).select("*", count=count)
        if part.after >= 0:
            rows = rows.gt(key, str(UUID(int=part.after)))
        if part.upto < _LAST_KEY:
            rows = rows.lte(key, str(UUID(int=part.upto)))
        return rows.order(key).limit(size)

    batch: Batch = await by_key(crm, lambda key: fetch_page(crm, lambda: query(key), AdminCustomer, kept=kept))
    return batch


def whole() -> Range:
    """Return the range that every customer lies in."""
    return Range(-1, _LAST_KEY, counted=True)


async def by_key(crm: AnyCRM, read: Callable[[str], Any]) -> Any:
    """Read with the view's key column: `id`, or `customer_id` where the view has no `id`."""
    key = str(crm.facts.get("key", "id"))
    try:
        return await read(key)
    except SchemaMismatchError as error:
        if "key" in crm.facts or error.code != "42703" or ".id " not in f"{error.message} ":
            raise
    found = await read("customer_id")
    crm.facts["key"] = "customer_id"
    return found


async def view_columns(crm: AnyCRM) -> frozenset[str]:
    """Find out which columns the view has, once per connection, from its first row.

    Raises:
        PermissionDeniedError: the view shows this key nothing although there are customers.
    """
    known = crm.facts.get("view_columns")
    if isinstance(known, frozenset):
        return known  # pyright: ignore[reportUnknownVariableType]
    settings = crm.settings

    def read(answer: httpx.Response) -> list[Json]:
        check_success(answer)
        return decode(answer.content, _JSON_ROWS)

    rows = await send(crm, lambda: crm.supabase.table(settings.view).select("*").limit(1), read, repeatable=True)
    if not rows:
        await explain_empty_view(crm)
        return frozenset()
    columns = frozenset(rows[0])
    crm.facts["view_columns"] = columns
    return columns


async def explain_empty_view(crm: AnyCRM) -> None:
    """Raise if the view is empty only for this key: there are profiles, and it shows none of them."""
    settings = crm.settings
    profiles = await count_rows(crm, settings.profiles_table)
    if profiles:
        raise PermissionDeniedError(
            f"the view {settings.view} shows nothing to this key, although {settings.profiles_table} holds "
            f"{profiles} {'row' if profiles == 1 else 'rows'}: it shows customers only to a signed-in administrator",
            hint="connect with AdminCRM.sign_in(url, publishable_key, email, password) as an administrator",
        )


async def count_rows(crm: AnyCRM, table: str) -> int:
    """Ask the server for its exact count; not by HEAD, whose refusals say nothing."""
    return await send(
        crm,
        lambda: crm.supabase.table(table).select("*", count=COUNTED).limit(1),
        read_total,
        repeatable=True,
    )


async def _read_ranges(crm: AnyCRM, found: dict[int, AdminCustomer], *, careful: bool = False) -> int:
    """Read all ranges into `found`; returns how many rows the server counted at the start.

    A careful read asks for the count with every page, and raises where the server counts more than it shows.
    """
    size = crm.settings.page_size
    expected: int = 0
    # A page that failed is read again with those that follow: the server may have been away a little longer
    # than one request waits, and much has been read already.
    chances = min(_CHANCES, crm.settings.retry_attempts - 1)
    parts = [whole()]
    while parts:
        outcomes = await gather(crm, *(_read_range(crm, part, size) for part in parts))
        following: list[Range] = []
        for part, outcome in zip(parts, outcomes, strict=True):
            if isinstance(outcome, AdminCRMError):
                if not (found and chances and outcome.retryable):
                    raise _broken_off(outcome, found, expected)
                following.append(part)
                continue
            page, rows = outcome
            found.update(rows)
            if careful and page.total and not page.rows:
                raise _held_back(found, page.total)
            following += [each._replace(counted=careful or each.counted) for each in _rest_of(part, page, size)]
            if page.total is not None and not expected:
                expected, size = page.total, len(page.rows) or size
        chances -= any(isinstance(outcome, AdminCRMError) for outcome in outcomes)
        parts = following
    return expected


async def _read_range(crm: AnyCRM, part: Range, size: int) -> tuple[Batch, dict[int, AdminCustomer]] | AdminCRMError:
    """Read a page, and put its rows by their keys while the processor still has them at hand."""
    try:
        page = await read_page(crm, part, size, kept=True)
    except AdminCRMError as error:
        return error
    return page, dict(zip(map(_KEY, page.rows), page.rows, strict=True))


def _broken_off(error: AdminCRMError, found: dict[int, AdminCustomer], expected: int) -> AdminCRMError:
    if not found:
        return error
    incomplete = IncompleteReadError(
        f"the read broke off after {len(found)} of {expected} customers: {error.message}",
        rows=list(found.values()),
        expected=expected,
        status=error.status,
        code=error.code,
        hint="try again",
    )
    incomplete.__cause__ = error
    return incomplete


def _held_back(found: dict[int, AdminCustomer], hidden: int) -> IncompleteReadError:
    return IncompleteReadError(
        f"the view answered {len(found)} customers and holds back {hidden} that it counts",
        rows=list(found.values()),
        expected=len(found) + hidden,
        hint="try again; if it stays so, run doctor",
    )


def _rest_of(part: Range, page: Batch, size: int) -> list[Range]:
    """Cut what a page left of its range into ranges that should each fit a page."""
    if not page.rows:
        return []
    after = page.rows[-1].id.int
    if page.total is None:
        # Not counted: a full page may have more behind it, and so may any page where the server won't count.
        full = len(page.rows) >= size or part.counted
        return [Range(after, part.upto, counted=True)] if full and after < part.upto else []
    left = page.total - len(page.rows)
    if left <= 0:
        return []
    count = ceil(left / (len(page.rows) * _FILL))
    width = part.upto - after
    # Where the keys stand much closer together than evenly (numbered ids, say), cut as they stood on this page.
    start = page.rows[0].id.int if len(page.rows) > 1 else part.after
    near = (after - start) * count * 2
    step = width / count if near > width or not near else near / 2 / count
    ends = [after + int(step * i) for i in range(count)] + [part.upto]
    return [Range(low, high, counted=False) for low, high in pairwise(ends) if low < high]
