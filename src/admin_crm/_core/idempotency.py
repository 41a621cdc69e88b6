"""Ids of rows that follow from a key of the caller's own, so that a second run finds what the first one wrote."""

from __future__ import annotations

from uuid import UUID, uuid5

from admin_crm._core import validation as check

_NAMESPACE = UUID("5f0c1d1c-6f0e-4b8e-9d53-0f6b1b2f7a61")
"""Never to be changed: the ids of rows that exist were made with it."""


def checked_key(key: object) -> str:
    """Return an idempotency key."""
    return check.text(key, "idempotency_key", max_length=200)


def row_id(operation: str, key: str, customer: UUID) -> UUID:
    """Return the id of the row that an operation writes for a customer under an idempotency key."""
    return uuid5(_NAMESPACE, f"{operation}:{key}:{customer}")
