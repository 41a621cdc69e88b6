"""Profiles and default addresses of new customers, as many as a batch has in one request each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

from admin_crm._core.rows import Json
from admin_crm._postgrest.decode import read_rows
from admin_crm._postgrest.insert_many import insert_new
from admin_crm._postgrest.query import KeyRow, fetch_among, send_query, writable
from admin_crm.client import AnyCRM
from admin_crm.creation import address_row, profile_row
from admin_crm.models import CreateCustomerData


async def write_together(crm: AnyCRM, customers: Mapping[UUID, CreateCustomerData]) -> set[UUID]:
    """Write profiles and addresses of users who have just been made; return those who have both for certain.

    Safe to repeat: a profile is set to what the list says, and an address has an id that follows from the user's.

    Raises:
        AdminCRMError: the server refused a row, and with it all of them.
    """
    if not customers:
        return set()
    profiles, table = [profile_row(user, data) for user, data in customers.items()], crm.settings.profiles_table
    written = await send_query(
        crm,
        lambda: writable(crm, table).upsert(profiles, on_conflict="id").select("id"),
        lambda response: read_rows(response, KeyRow),
    )
    # PostgREST takes rows with the same columns only; cities and states that nobody has given are the database's.
    groups: defaultdict[frozenset[str], dict[UUID, Json]] = defaultdict(dict)
    for user, data in customers.items():
        row = address_row(crm, user, data)
        if row is not None:
            groups[frozenset(row)][user] = row
    lacking: set[UUID] = set()
    for rows in groups.values():
        lacking |= await _without_address(crm, rows)
    return {row.id for row in written} - lacking


async def _without_address(crm: AnyCRM, rows: Mapping[UUID, Json]) -> set[UUID]:
    """Insert addresses; return the customers whose address is not seen to be there."""
    table = crm.settings.addresses_table
    inserted = await insert_new(crm, table, rows, key="id")
    # What an interrupted run has inserted is not in the answer.
    ids = {user: UUID(str(row["id"])) for user, row in rows.items() if user not in inserted.written}
    seen = {row.id for row in await fetch_among(crm, table, sorted(ids.values()), KeyRow, columns="id")}
    return {user for user, address in ids.items() if address not in seen}
