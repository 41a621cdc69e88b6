"""Ids that follow from a caller's key, so that a second run finds what the first one wrote."""

from __future__ import annotations

from uuid import UUID, uuid5

_NAMESPACE = UUID("5f1c3f0a-6d0e-4c52-9f0b-3a4d8f6f2b11")
"""Never to be changed: the ids of rows that exist were made with it."""


def row_id(operation: str, key: str, customer: UUID) -> UUID:
    """Return the id of the row that an operation writes for a customer under a caller's key."""
    return uuid5(_NAMESPACE, f"{operation}:{key}:{customer}")
