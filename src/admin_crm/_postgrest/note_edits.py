"""Changing what a note holds, without losing what somebody else changes at the same time (optimistic locking)."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from admin_crm._core.connection import link_of
from admin_crm._core.gather import pause
from admin_crm._core.rows import Json, first_or_none
from admin_crm._postgrest.decode import read_rows
from admin_crm._postgrest.query import check_exists, fetch_one, require_row, send_query, writable
from admin_crm.client import AnyCRM
from admin_crm.errors import ConflictError, PermissionDeniedError
from admin_crm.models import AdminNotes

Change = Callable[[AdminNotes], Json]
"""Says which columns of a row become what; nothing where the row is as it should be.

Raises ConflictError where a column holds what cannot be read, and so would be lost.
"""

_MAX_ATTEMPTS = 40


class Edited(NamedTuple):
    """A row after an edit, and whether the edit changed it."""

    row: AdminNotes
    changed: bool


def change_of_tags(add: Sequence[str] = (), remove: Sequence[str] = ()) -> Change:
    """Return the change that adds and removes tags, and keeps all others."""

    def change(row: AdminNotes) -> Json:
        _check_readable(row, "tags")
        tags = list(dict.fromkeys([*(tag for tag in row.tags if tag not in remove), *add]))
        return {} if tags == row.tags else {"tags": tags}

    return change


def change_of_fields(fields: Mapping[str, Any]) -> Change:
    """Return the change that sets custom fields, removes those that are None, and keeps all others."""

    def change(row: AdminNotes) -> Json:
        _check_readable(row, "custom_fields")
        merged = {name: value for name, value in {**row.custom_fields, **fields}.items() if value is not None}
        return {} if _is_same(merged, row.custom_fields) else {"custom_fields": merged}

    return change


async def edit_notes(
    crm: AnyCRM, customer: UUID, change: Change, *, at: datetime | None = None, ours: Collection[datetime] = ()
) -> Edited:
    """Read, change and write back; start again if somebody else wrote in between.

    Args:
        crm: the connection.
        customer: the customer.
        change: what becomes of the row.
        at: the time to store as the time of the change; now by default.
        ours: moments by which a row is known that this change was applied to already.
    """
    last_rejected: AdminNotes | None = None
    for attempt in range(_MAX_ATTEMPTS):
        row = await fetch_one(crm, crm.settings.notes_table, customer, AdminNotes)
        if row is None:
            await check_exists(crm, customer)
        elif row.updated_at in ours:
            return Edited(row, changed=True)
        changes = change(row or AdminNotes(customer_id=customer))
        if not changes:
            return Edited(row or AdminNotes(customer_id=customer), changed=False)
        if row is not None and row == last_rejected:
            raise PermissionDeniedError(
                "these credentials can read the customer's notes but not write them",
                hint="connect as an administrator or with the secret key",
            )
        edited = (
            await _try_create(crm, customer, changes, at)
            if row is None
            else await patch_notes(crm, customer, changes, at=at, unchanged_since=row)
        )
        if edited is not None:
            return Edited(edited, changed=True)
        last_rejected = row
        await pause(link_of(crm), random.uniform(0, min(0.5, 0.01 * 2**attempt)))  # noqa: S311 (jitter, not cryptography)
    raise ConflictError("the customer's notes kept changing; nothing was written", hint="try again", retryable=True)


async def patch_notes(
    crm: AnyCRM,
    customer: UUID,
    changes: Json,
    *,
    at: datetime | None = None,
    unchanged_since: AdminNotes | None = None,
) -> AdminNotes | None:
    """Update the row, optionally only if it is unchanged; None if no row was updated."""
    values = dated(changes, at)

    def query() -> Any:
        rows = writable(crm, crm.settings.notes_table).update(values).eq("customer_id", str(customer))
        if unchanged_since is None:
            return rows
        # A moment that Python cannot hold, such as infinity, is sent back as it came.
        last_update = unchanged_since.updated_at or unchanged_since.unreadable.get("updated_at")
        if last_update is None:
            return rows.is_("updated_at", "null")
        return rows.eq("updated_at", last_update.isoformat() if isinstance(last_update, datetime) else last_update)

    # Safe to repeat: it sets a fixed state, or the first attempt has changed `updated_at` so that no row matches.
    return first_or_none(await send_query(crm, query, lambda response: read_rows(response, AdminNotes)))


async def create_notes(
    crm: AnyCRM, customer: UUID, row: Json, *, at: datetime | None = None, merge: bool
) -> AdminNotes:
    """Insert the first note; where `merge` is set, over one that somebody else wrote meanwhile."""
    table, values = crm.settings.notes_table, {"customer_id": str(customer), **dated(row, at)}

    def query() -> Any:
        rows = writable(crm, table)
        return rows.upsert(values, on_conflict="customer_id") if merge else rows.insert(values)

    rows = await send_query(crm, query, lambda response: read_rows(response, AdminNotes))
    return require_row(rows, "note")


def dated(changes: Json, at: datetime | None) -> Json:
    """Return changes with the moment at which they are made."""
    return {**changes, "updated_at": (at or datetime.now(UTC)).isoformat()}


async def _try_create(crm: AnyCRM, customer: UUID, row: Json, at: datetime | None) -> AdminNotes | None:
    """Insert the first note; None if the row was created meanwhile (perhaps by our own attempt)."""
    try:
        return await create_notes(crm, customer, row, at=at, merge=False)
    except ConflictError:
        return None


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two values are the same JSON: in Python, True equals 1, and False equals 0."""
    if isinstance(one, dict) and isinstance(other, dict):
        left, right = cast("Json", one), cast("Json", other)
        return left.keys() == right.keys() and all(_is_same(left[name], right[name]) for name in left)
    if isinstance(one, list) and isinstance(other, list):
        items, others = cast("list[object]", one), cast("list[object]", other)
        return len(items) == len(others) and all(map(_is_same, items, others))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _check_readable(row: AdminNotes, column: str) -> None:
    """Raise where adding to a column would lose what it holds and cannot be read."""
    if column in row.unreadable:
        raise ConflictError(
            f"{column} of this customer holds a value that cannot be read; nothing was written",
            hint=f"look at row.unreadable, and replace it with update_admin_customer_notes({column}=...)",
        )
