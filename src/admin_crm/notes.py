"""Administrators' notes about a customer: text, tags and custom fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import EllipsisType
from typing import Any
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.rows import Json
from admin_crm._postgrest.note_edits import change_of_fields, change_of_tags, create_notes, edit_notes, patch_notes
from admin_crm._postgrest.query import check_exists, fetch_one
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import InvalidInputError, InvalidTypeError
from admin_crm.models import AdminNotes


@operation
async def get_admin_customer_notes(crm: AnyCRM, customer_id: UUID | str) -> AdminNotes | None:
    """Return a customer's notes, tags and custom fields; None if there are none yet.

    Args:
        crm: the connection.
        customer_id: the customer.

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
        changes["tags"] = checked_tags(() if tags is None else tags, "tags")
    if not isinstance(custom_fields, EllipsisType):
        changes["custom_fields"] = _checked_fields({} if custom_fields is None else custom_fields, "custom_fields")
    if not changes:
        raise InvalidInputError("pass notes, tags or custom_fields", argument="notes")
    updated = await patch_notes(crm, customer, changes)
    if updated is not None:
        return updated
    await check_exists(crm, customer)
    return await create_notes(crm, customer, changes, merge=True)


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
    return await change_tags(crm, check.uuid(customer_id), add=require_tags(tags))


@operation
async def remove_customer_tags(crm: AnyCRM, customer_id: UUID | str, tags: Iterable[str]) -> AdminNotes:
    """Remove tags from a customer and keep all other tags; a tag that the customer does not have is ignored.

    Args:
        crm: the connection.
        customer_id: the customer.
        tags: the tags to remove.

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
    return await change_tags(crm, check.uuid(customer_id), remove=require_tags(tags))


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
    return (await edit_notes(crm, check.uuid(customer_id), change_of_fields(require_fields(fields)))).row


async def change_tags(
    crm: AnyCRM, customer: UUID, *, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> AdminNotes:
    """Add and remove tags without losing concurrent changes."""
    return (await edit_notes(crm, customer, change_of_tags(add, remove))).row


def require_tags(tags: Iterable[str]) -> list[str]:
    """Return tags without duplicates; there must be one."""
    validated = checked_tags(tags, "tags")
    if not validated:
        raise InvalidInputError("tags is empty", argument="tags")
    return validated


def checked_tags(tags: Iterable[str], argument: str) -> list[str]:
    """Return tags without duplicates, perhaps none."""
    if isinstance(tags, str | bytes) or not isinstance(tags, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidTypeError(f"{argument} must be a list of strings, not {type(tags).__name__}", argument=argument)
    validated = list(dict.fromkeys(check.text(tag, argument, max_length=60) for tag in tags))
    if len(validated) > 100:
        raise InvalidInputError(f"{argument} must have at most 100 items", argument=argument)
    return validated


def require_fields(fields: Mapping[str, Any]) -> Json:
    """Return custom fields as JSON; there must be one."""
    validated = _checked_fields(fields, "fields")
    if not validated:
        raise InvalidInputError("fields is empty", argument="fields")
    return validated


def _checked_fields(fields: Mapping[str, Any], argument: str) -> Json:
    if not isinstance(fields, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidTypeError(f"{argument} must be a mapping, not {type(fields).__name__}", argument=argument)
    names = [check.text(name, argument, max_length=100) for name in fields]
    values: list[Any] = check.json_value(list(fields.values()), argument, max_length=100_000)
    return dict(zip(names, values, strict=True))
