"""Administrators' notes about a customer: text, tags and custom fields."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import EllipsisType
from typing import Any
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.connection import link_of
from admin_crm._core.gather import pause
from admin_crm._core.rows import Json, first_or_none
from admin_crm._postgrest.decode import read_rows
from admin_crm._postgrest.query import check_exists, fetch_one, require_row, send_query, writable
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import ConflictError, InvalidInputError, PermissionDeniedError
from admin_crm.models import AdminNotes

_MAX_ATTEMPTS = 40


@operation
async def get_admin_customer_notes(crm: AnyCRM, customer_id: UUID | str) -> AdminNotes | None:
    """Return a customer's notes, tags and custom fields; None if there are none yet.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.

    Reads `admin_customer_notes`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> notes = get_admin_customer_notes(crm, customer_id)
        >>> notes.tags if notes else []
    """
    customer = check.uuid(customer_id)
    notes = await fetch_one(crm, crm.settings.notes_table, customer, AdminNotes)
    if notes is None:
        await check_exists(crm, customer)
    return notes


@operation
async def update_admin_customer_notes(
    crm: AnyCRM,
    customer_id: UUID | str,
    *,
    notes: str | EllipsisType | None = ...,
    tags: Iterable[str] | EllipsisType | None = ...,
    custom_fields: Mapping[str, Any] | EllipsisType | None = ...,
) -> AdminNotes:
    """Set a customer's notes, tags or custom fields; arguments that are omitted keep their value, None clears it.

    Each argument replaces the whole previous value. For safe concurrent edits use `add_customer_tags`,
    `remove_customer_tags` and `set_custom_fields`.

    Args:
        crm: the connection.
        customer_id: the customer.
        notes: the new text, at most 20,000 characters.
        tags: the new tags, at most 100 of at most 60 characters each.
        custom_fields: the new fields, any JSON values; names have at most 100 characters.

    Returns:
        The row after the change; it is created if it does not exist.

    Raises:
        InvalidInputError: no argument is passed, or a value is out of bounds.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: these credentials are not allowed to write notes.

    Writes `admin_customer_notes`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> update_admin_customer_notes(crm, customer_id, notes="Prefers WhatsApp", tags=["vip"])
    """
    customer = check.uuid(customer_id)
    changes: Json = {}
    if not isinstance(notes, EllipsisType):
        changes["notes"] = None if notes is None else check.bounded_text(notes, "notes", max_length=20_000)
    if not isinstance(tags, EllipsisType):
        changes["tags"] = _validated_tags(tags or (), "tags")
    if not isinstance(custom_fields, EllipsisType):
        changes["custom_fields"] = _validated_fields(custom_fields or {})
    if not changes:
        raise InvalidInputError("pass notes, tags or custom_fields", argument="notes")
    changes["updated_at"] = _now()
    updated = await _patch(crm, customer, changes)
    if updated is not None:
        return updated
    await check_exists(crm, customer)
    return await _create(crm, customer, changes, merge=True)


@operation
async def add_customer_tags(crm: AnyCRM, customer_id: UUID | str, tags: Iterable[str]) -> AdminNotes:
    """Add tags to a customer and keep all other tags, including those added concurrently.

    Args:
        crm: the connection.
        customer_id: the customer.
        tags: the tags to add; existing tags are not duplicated.

    Raises:
        InvalidInputError: there are no tags, or a tag is empty or longer than 60 characters.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: these credentials are not allowed to write notes.
        ConflictError: the row kept changing, or holds a value that cannot be read; nothing was written.

    Writes `admin_customer_notes`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> add_customer_tags(crm, customer_id, ["vip", "mayoreo"]).tags
    """
    return await change_tags(crm, check.uuid(customer_id), add=_require_tags(tags))


@operation
async def remove_customer_tags(crm: AnyCRM, customer_id: UUID | str, tags: Iterable[str]) -> AdminNotes:
    """Remove tags from a customer and keep all other tags; a tag that the customer does not have is ignored.

    Raises:
        InvalidInputError: there are no tags, or a tag is empty or longer than 60 characters.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: these credentials are not allowed to write notes.
        ConflictError: the row kept changing, or holds a value that cannot be read; nothing was written.

    Writes `admin_customer_notes`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> remove_customer_tags(crm, customer_id, ["mayoreo"]).tags
    """
    return await change_tags(crm, check.uuid(customer_id), remove=_require_tags(tags))


@operation
async def set_custom_fields(crm: AnyCRM, customer_id: UUID | str, fields: Mapping[str, Any]) -> AdminNotes:
    """Set custom fields of a customer and keep all others; a field set to None is removed.

    Args:
        crm: the connection.
        customer_id: the customer.
        fields: the fields to set, any JSON values.

    Raises:
        InvalidInputError: there are no fields, or JSON cannot hold a value: NaN, infinity, NUL, half a surrogate
            pair, or more than 100 levels.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: these credentials are not allowed to write notes.
        ConflictError: the row kept changing, or holds a value that cannot be read; nothing was written.

    Writes `admin_customer_notes`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> set_custom_fields(crm, customer_id, {"talla": "M", "contacto": None}).custom_fields
    """
    customer, updates = check.uuid(customer_id), _validated_fields(fields)
    if not updates:
        raise InvalidInputError("fields is empty", argument="fields")

    def change(row: AdminNotes) -> Json:
        _check_readable(row, "custom_fields")
        merged = {name: value for name, value in (row.custom_fields | updates).items() if value is not None}
        return {} if merged == row.custom_fields else {"custom_fields": merged}

    return await _edit(crm, customer, change)


async def change_tags(
    crm: AnyCRM, customer: UUID, *, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> AdminNotes:
    """Add and remove tags without losing concurrent changes."""

    def change(row: AdminNotes) -> Json:
        _check_readable(row, "tags")
        tags = list(dict.fromkeys([*(tag for tag in row.tags if tag not in remove), *add]))
        return {} if tags == row.tags else {"tags": tags}

    return await _edit(crm, customer, change)


async def _edit(crm: AnyCRM, customer: UUID, change: Callable[[AdminNotes], Json]) -> AdminNotes:
    """Read, change and write back (optimistic locking); start again if someone else wrote in between."""
    last_rejected: AdminNotes | None = None
    for attempt in range(_MAX_ATTEMPTS):
        row = await fetch_one(crm, crm.settings.notes_table, customer, AdminNotes)
        if row is None:
            await check_exists(crm, customer)
        changes = change(row or AdminNotes(customer_id=customer))
        if not changes:
            return row or AdminNotes(customer_id=customer)
        if row is not None and row == last_rejected:
            raise PermissionDeniedError(
                "these credentials can read the customer's notes but not write them",
                hint="connect as an administrator or with the secret key",
            )
        changes["updated_at"] = _now()
        edited = (
            await _try_create(crm, customer, changes)
            if row is None
            else await _patch(crm, customer, changes, unchanged_since=row)
        )
        if edited is not None:
            return edited
        last_rejected = row
        await pause(link_of(crm), random.uniform(0, min(0.5, 0.01 * 2**attempt)))  # noqa: S311 (jitter, not cryptography)
    raise ConflictError("the customer's notes kept changing; nothing was written", hint="try again", retryable=True)


async def _patch(
    crm: AnyCRM, customer: UUID, changes: Json, *, unchanged_since: AdminNotes | None = None
) -> AdminNotes | None:
    """Update the row, optionally only if it is unchanged; None if no row was updated."""

    def query() -> Any:
        rows = writable(crm, crm.settings.notes_table).update(changes).eq("customer_id", str(customer))
        if unchanged_since is None:
            return rows
        # A moment that Python cannot hold, such as infinity, is sent back as it came.
        last_update = unchanged_since.updated_at or unchanged_since.unreadable.get("updated_at")
        if last_update is None:
            return rows.is_("updated_at", "null")
        return rows.eq("updated_at", last_update.isoformat() if isinstance(last_update, datetime) else last_update)

    # Safe to repeat: it sets a fixed state, or the first attempt has changed `updated_at` so that no row matches.
    return first_or_none(await send_query(crm, query, lambda response: read_rows(response, AdminNotes)))


async def _create(crm: AnyCRM, customer: UUID, row: Json, *, merge: bool) -> AdminNotes:
    table, values = crm.settings.notes_table, {"customer_id": str(customer), **row}

    def query() -> Any:
        rows = writable(crm, table)
        return rows.upsert(values, on_conflict="customer_id") if merge else rows.insert(values)

    rows = await send_query(crm, query, lambda response: read_rows(response, AdminNotes))
    return require_row(rows, "note")


async def _try_create(crm: AnyCRM, customer: UUID, row: Json) -> AdminNotes | None:
    """Insert the first note; None if the row was created meanwhile (perhaps by our own attempt)."""
    try:
        return await _create(crm, customer, row, merge=False)
    except ConflictError:
        return None


def _check_readable(row: AdminNotes, column: str) -> None:
    """Raise where adding to a column would lose what it holds and cannot be read."""
    if column in row.unreadable:
        raise ConflictError(
            f"{column} of this customer holds a value that cannot be read; nothing was written",
            hint=f"look at row.unreadable, and replace it with update_admin_customer_notes({column}=...)",
        )


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _require_tags(tags: Iterable[str]) -> list[str]:
    validated = _validated_tags(tags, "tags")
    if not validated:
        raise InvalidInputError("tags is empty", argument="tags")
    return validated


def _validated_tags(tags: Iterable[str], argument: str) -> list[str]:
    if isinstance(tags, str | bytes) or not isinstance(tags, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError(f"{argument} must be a list of strings", argument=argument)
    validated = list(dict.fromkeys(check.text(tag, argument, max_length=60) for tag in tags))
    if len(validated) > 100:
        raise InvalidInputError(f"{argument} must have at most 100 items", argument=argument)
    return validated


def _validated_fields(fields: Mapping[str, Any]) -> Json:
    if not isinstance(fields, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError("custom_fields must be a mapping", argument="custom_fields")
    names = [check.text(name, "custom_fields", max_length=100) for name in fields]
    values: list[Any] = check.json_value(list(fields.values()), "custom_fields", max_length=100_000)
    return dict(zip(names, values, strict=True))
