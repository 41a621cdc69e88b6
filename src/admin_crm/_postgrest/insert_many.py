"""Rows of many customers in one insert, where a customer who does not exist costs only their own row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from admin_crm._core.rows import Json
from admin_crm._postgrest.decode import read_rows
from admin_crm._postgrest.query import KeyRow, existing, send_query, writable
from admin_crm.client import AnyCRM
from admin_crm.errors import NotFoundError, UnexpectedResponseError

_FOREIGN_KEY = "23503"


class Inserted(NamedTuple):
    """What an insert came to, by customer; a customer in neither already had the row."""

    written: set[UUID]
    unknown: set[UUID]
    """Customers that do not exist, or are not visible with these credentials."""


async def insert_new(crm: AnyCRM, table: str, rows: Mapping[UUID, Json], *, key: str) -> Inserted:
    """Insert a row for each customer, in one request; safe to repeat, as a row that is there stays as it is (R6).

    Args:
        crm: the connection.
        table: the table.
        rows: the row of each customer, all with the same columns.
        key: the column of the rows' own unique key.
    """
    try:
        return Inserted(await _insert(crm, table, rows, key), set())
    except NotFoundError as error:
        _require_unknown_customer(error)
    # The database names the customer only to those whom row-level security does not bind.
    known = await existing(crm, rows)
    present = {customer: row for customer, row in rows.items() if customer in known}
    inserted = await _insert_those_that_can_be(crm, table, present, key)
    return Inserted(inserted.written, inserted.unknown | (rows.keys() - known))


async def _insert(crm: AnyCRM, table: str, rows: Mapping[UUID, Json], key: str) -> set[UUID]:
    if not rows:
        return set()

    def query() -> Any:
        values = list(rows.values())
        return writable(crm, table).upsert(values, on_conflict=key, ignore_duplicates=True).select(key)

    written = await send_query(crm, query, lambda response: read_rows(response, KeyRow))
    customers = {str(row[key]): customer for customer, row in rows.items()}
    strange = next((row.id for row in written if str(row.id) not in customers), None)
    if strange is not None:
        raise UnexpectedResponseError("the server answers an insert with rows that were not sent", field=key)
    return {customers[str(row.id)] for row in written}


async def _insert_those_that_can_be(crm: AnyCRM, table: str, rows: Mapping[UUID, Json], key: str) -> Inserted:
    """Insert rows, halving them where one has no customer although it has a profile, or lost it just now."""
    try:
        return Inserted(await _insert(crm, table, rows, key), set())
    except NotFoundError as error:
        _require_unknown_customer(error)
    if len(rows) == 1:
        return Inserted(set(), set(rows))
    customers = list(rows)
    halves = [customers[: len(customers) // 2], customers[len(customers) // 2 :]]
    first, second = [
        await _insert_those_that_can_be(crm, table, {each: rows[each] for each in half}, key) for half in halves
    ]
    return Inserted(first.written | second.written, first.unknown | second.unknown)


def _require_unknown_customer(error: NotFoundError) -> None:
    if error.code != _FOREIGN_KEY:
        raise error
