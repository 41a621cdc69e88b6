"""What is done with rows, whatever they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")

Json = dict[str, Any]


def first_or_none(rows: Sequence[T]) -> T | None:
    """Return the first row, or None if there is none."""
    return rows[0] if rows else None


def newest_first(rows: Iterable[T], time: str = "created_at") -> list[T]:
    """Sort rows by when they were created; those that do not say come last."""

    def age(row: T) -> float:
        when: datetime | None = getattr(row, time)
        return when.timestamp() if when else float("-inf")

    return sorted(rows, key=age, reverse=True)
