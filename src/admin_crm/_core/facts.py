"""What a connection has learnt of its server, so that nothing is asked twice."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

ABSENT_SECONDS = 300.0
"""For how long a table that was missing counts as missing; somebody may install it meanwhile."""


@dataclass(slots=True)
class ServerFacts:
    """Facts about the shop's schema that the server does not offer, found out by asking."""

    view_key: str | None = None
    """The view's key column: `id` or `customer_id`; None until the view was read."""
    view_columns: frozenset[str] | None = None
    """The view's columns; None until a row of it was seen."""
    visibility_asked: set[str] = field(default_factory=set[str])
    """The tables of which it was asked whether a session sees them, and said if it does not."""
    _absent: dict[str, float] = field(default_factory=dict[str, float])

    def note_absent(self, table: str) -> None:
        """Remember for a while that there is no such table."""
        self._absent[table] = time.monotonic()

    def lacks(self, table: str) -> bool:
        """Return whether the table was missing a short while ago."""
        noted = self._absent.get(table)
        return noted is not None and time.monotonic() - noted < ABSENT_SECONDS
