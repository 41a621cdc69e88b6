"""Requests to PostgREST: built with supabase-py's query builder, sent and decoded by us."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast
from uuid import UUID

import httpx
from pydantic import BaseModel

from admin_crm._core.connection import facts_of
from admin_crm._core.fields import CustomerId, Model
from admin_crm._core.pager import Batch, fetch_after_keys
from admin_crm._core.progress import Report
from admin_crm._core.rows import Json, first_or_none
from admin_crm._core.send import send
from admin_crm._postgrest.decode import read_batch, read_rows, read_total
from admin_crm.client import AnyCRM
from admin_crm.errors import (
    AdminCRMError,
    ConflictError,
    CustomerNotFoundError,
    PermissionDeniedError,
    SchemaMismatchError,
)

if TYPE_CHECKING:
    from postgrest.types import CountMethod

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R")
T = TypeVar("T")

# The enumeration's own value: importing it would load supabase-py before a client is made.
EXACT_COUNT = cast("CountMethod", "exact")

IDS_IN_FILTER = 100
"""Ids in one filter: the URL stays below 4 KB, which every proxy accepts."""

NO_SUCH_COLUMNS = ("42703", "PGRST200", "PGRST204")
"""The shop's schema lacks a column that was asked for, or the foreign key to an embedded table."""


class Query(Protocol):
    """Any query that supabase-py's builder has built, sync or async."""

    @property
    def request(self) -> Any: ...


class AnyRow(BaseModel):
    """A row whose columns do not matter."""


class KeyRow(Model):
    """A row of which only the key is read."""

    id: UUID = CustomerId


def send_query(
    crm: AnyCRM, query: Callable[[], Query], read: Callable[[httpx.Response], T], *, repeatable: bool = True
) -> Coroutine[Any, Any, T]:
    """Send a query, which is built again for every try, and read its response."""
    return send(crm, lambda: query().request.send(httpx.Headers()), read, repeatable=repeatable, database=True)


def writable(crm: AnyCRM, table: str) -> Any:
    """Start an insert, upsert or update; typed as Any, because supabase-py does not know the row types."""
    return crm.supabase.table(table)


async def fetch(crm: AnyCRM, query: Callable[[], Query], model: type[M]) -> list[M]:
    """Fetch the rows of a query, in one request."""
    return await send_query(crm, query, lambda response: read_rows(response, model, pause_gc=crm.settings.pause_gc))


async def fetch_batch(crm: AnyCRM, query: Callable[[], Query], model: type[M]) -> Batch[M]:
    """Fetch the rows of a query, and the total if it asks for a count."""
    pause_gc = crm.settings.pause_gc
    return await send_query(crm, query, lambda response: read_batch(response, model, pause_gc=pause_gc))


async def fetch_all(
    crm: AnyCRM, query: Callable[[], Any], model: type[M], *, key: str = "id", report: Report | None = None
) -> list[M]:
    """Fetch all rows of a filtered query that counts, page after page in the order of their unique key (R1)."""
    return await fetch_by_key(crm, query, key, lambda built: fetch_batch(crm, built, model), attrgetter(key), report)


async def fetch_by_key(
    crm: AnyCRM,
    query: Callable[[], Any],
    key: str,
    fetch_page: Callable[[Callable[[], Query]], Awaitable[Batch[R]]],
    key_of: Callable[[R], Any],
    report: Report | None = None,
) -> list[R]:
    """Fetch all rows as `fetch_all` does, whatever they become.

    Args:
        crm: the connection.
        query: starts the query, which counts.
        key: the unique column.
        fetch_page: fetches the page of a query.
        key_of: returns the key of a row.
        report: is told of each page, as `fetch_after_keys` does.
    """

    def page_after(last: R | None) -> Awaitable[Batch[R]]:
        def built() -> Query:
            rows = query() if last is None else query().gt(key, str(key_of(last)))
            return cast("Query", rows.order(key).limit(crm.settings.page_size))

        return fetch_page(built)

    return await fetch_after_keys(page_after, key_of, report)


async def fetch_among(
    crm: AnyCRM, table: str, ids: Sequence[UUID], model: type[M], *, key: str = "id", columns: str = "*"
) -> list[M]:
    """Fetch the rows of a table whose unique key is one of these ids, up to `IDS_IN_FILTER` of them in a request."""

    def those(some: Sequence[str]) -> Callable[[], Any]:
        return lambda: crm.supabase.table(table).select(columns, count=EXACT_COUNT).in_(key, some)

    found: list[M] = []
    for some in batches([str(each) for each in ids]):
        found += await fetch_all(crm, those(some), model, key=key)
    return found


def batches(values: Sequence[T], size: int = IDS_IN_FILTER) -> list[Sequence[T]]:
    """Split values into as many as fit into one filter."""
    return [values[start : start + size] for start in range(0, len(values), size)]


async def fetch_of_customer(
    crm: AnyCRM, table: str, customer: UUID, model: type[M], *, column: str = "customer_id"
) -> list[M]:
    """Fetch all rows that a table has of one customer."""
    return await fetch_all(
        crm, lambda: crm.supabase.table(table).select("*", count=EXACT_COUNT).eq(column, str(customer)), model
    )


def columns_of(model: type[BaseModel]) -> str:
    """Return the columns that a model has fields for, where each is named like its column."""
    return ",".join(model.model_fields)


async def fetch_columns(
    crm: AnyCRM, table: str, columns: str, filtered: Callable[[Any], Any], model: type[M]
) -> list[M]:
    """Fetch all rows of a filtered table: the columns that are needed, or every one where the shop lacks one of them.

    Args:
        crm: the connection.
        table: the table.
        columns: what is needed, such as ``id,points``; may embed a row of another table by its foreign key.
        filtered: adds the filter to the query.
        model: what each row is decoded as.
    """

    def select(columns: str) -> Coroutine[Any, Any, list[M]]:
        return fetch_all(crm, lambda: filtered(crm.supabase.table(table).select(columns, count=EXACT_COUNT)), model)

    return await fetch_either(crm, f"{table}({columns})", NO_SUCH_COLUMNS, lambda: select(columns), lambda: select("*"))


async def fetch_either(
    crm: AnyCRM,
    needed: str,
    codes: Collection[str],
    wanted: Callable[[], Awaitable[T]],
    plain: Callable[[], Awaitable[T]],
) -> T:
    """Fetch what is wanted; in a shop that lacks what it needs, fetch it in the plain way, from then on.

    Args:
        crm: the connection.
        needed: what it needs, such as columns or a foreign key, as a name in `ServerFacts`.
        codes: the codes by which the server says that it lacks it.
        wanted: fetches what is wanted.
        plain: fetches it without what is needed.
    """
    facts = facts_of(crm)
    if not facts.lacks(needed):
        try:
            return await wanted()
        except AdminCRMError as error:
            if error.code not in codes:
                raise
    found = await plain()
    facts.note_absent(needed)
    return found


async def if_installed(crm: AnyCRM, name: str, read: Coroutine[Any, Any, T]) -> T | None:
    """Read a table or a bucket that not every shop has; None in a shop without it, which is not asked again soon."""
    facts = facts_of(crm)
    if facts.lacks(name):
        read.close()
        return None
    try:
        return await read
    except SchemaMismatchError as error:
        if error.kind not in {"table", "bucket"}:
            raise
        facts.note_absent(name)
        return None


async def fetch_fields(crm: AnyCRM, table: str, customer: UUID, model: type[M]) -> list[M]:
    """Fetch all rows that a table has of one customer, the columns that the model has fields for."""
    return await fetch_columns(crm, table, columns_of(model), lambda rows: rows.eq("customer_id", str(customer)), model)


async def fetch_one(
    crm: AnyCRM, table: str, customer: UUID, model: type[M], *, column: str = "customer_id"
) -> M | None:
    """Fetch the one row that a table has of a customer; None where this key sees none."""
    return first_or_none(
        await fetch(crm, lambda: crm.supabase.table(table).select("*").eq(column, str(customer)), model)
    )


async def count_rows(crm: AnyCRM, table: str) -> int:
    """Fetch the server's exact count of rows; not by HEAD, whose refusals say nothing."""
    return await send_query(crm, lambda: crm.supabase.table(table).select("*", count=EXACT_COUNT).limit(1), read_total)


async def check_exists(crm: AnyCRM, customer: UUID) -> None:
    """Raise where this key sees no such customer."""
    if not await exists(crm, customer):
        raise customer_not_found()


async def exists(crm: AnyCRM, customer: UUID) -> bool:
    """Return whether this key sees such a customer."""
    table = crm.settings.profiles_table
    return bool(await fetch(crm, lambda: crm.supabase.table(table).select("id").eq("id", str(customer)), AnyRow))


async def existing(crm: AnyCRM, customers: Collection[UUID]) -> set[UUID]:
    """Return those of the customers that this key sees."""
    rows = await fetch_among(crm, crm.settings.profiles_table, list(customers), KeyRow, columns="id")
    return {row.id for row in rows}


def customer_not_found() -> CustomerNotFoundError:
    """Return the error of a customer whom this key does not see."""
    return CustomerNotFoundError(
        "the customer does not exist, or is not visible with these credentials",
        hint="check the id; row-level security may hide the customer",
    )


async def insert_once(
    crm: AnyCRM, table: str, row: Json, model: type[M], what: str, *, check_found: Callable[[M], None] | None = None
) -> M:
    """Insert a row under an `id` of our choice, so that a retry after a lost response finds its own row (R6).

    Where the row was there before, `check_found` may look at it, and raise.
    """
    try:
        rows = await send_query(
            crm, lambda: writable(crm, table).insert(row), lambda response: read_rows(response, model)
        )
    except ConflictError:
        rows = await fetch(crm, lambda: crm.supabase.table(table).select("*").eq("id", row["id"]), model)
        if rows and check_found is not None:
            check_found(rows[0])
    return require_row(rows, what)


async def update_of_customer(crm: AnyCRM, table: str, customer: UUID, values: Json, model: type[M], what: str) -> M:
    """Update the row that a table has under a customer's id, and return it, the proof that it was changed (R2).

    Raises:
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: the customer is visible, but `what` may not be changed.
    """
    updated = first_or_none(
        await send_query(
            crm,
            lambda: writable(crm, table).update(values).eq("id", str(customer)),
            lambda response: read_rows(response, model),
        )
    )
    if updated is None:
        await check_exists(crm, customer)
        raise may_not_change(what)
    return updated


def may_not_change(what: str) -> PermissionDeniedError:
    """Return the error of a customer who is seen, but whose row these credentials may not change."""
    return PermissionDeniedError(
        f"these credentials can see the customer but not change the {what}",
        hint="connect as an administrator or with the secret key",
    )


def require_row(rows: Sequence[M], what: str) -> M:
    """Return the row that a write returned, the proof that it was written (R2)."""
    if not rows:
        raise not_written(what)
    return rows[0]


def not_written(what: str) -> PermissionDeniedError:
    """Return the error of a write that the server took, but of which this key sees no row."""
    return PermissionDeniedError(f"the {what} was not written", hint="row-level security hides it from this key")
