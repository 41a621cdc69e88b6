"""What a connection has learnt of its server, so that nothing is asked twice."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

ABSENT_SECONDS = 300.0
"""For how long what was missing counts as missing; somebody may install it meanwhile."""


@dataclass(slots=True)
class ServerFacts:
    """Facts about the shop's schema that the server does not offer, found out by asking."""

    view_key: str | None = None
    """The view's key column: `id` or `customer_id`; None until the view was read."""
    view_columns: frozenset[str] | None = None
    """The view's columns; None until a row of it was seen."""
    absent_view_columns: set[str] = field(default_factory=set[str])
    """Columns that were asked for by name and that the view does not have."""
    directory_packs: int | None = None
    """Into how few rows the directory must be packed for this server's row limit; None for the function's default."""
    visibility_asked: set[str] = field(default_factory=set[str])
    """The tables of which it was asked whether a session sees them, and said if it does not."""
    _absent: dict[str, float] = field(default_factory=dict[str, float])
    _present: set[str] = field(default_factory=set[str])

    def note_absent(self, name: str) -> None:
        """Remember for a while that there is no such table, column, relationship or function, or not for some user."""
        self._present.discard(name)
        for each in [*self._absent]:  # a back end has new users for ever
            if not self.lacks(each):
                self._absent.pop(each, None)
        self._absent[name] = time.monotonic()

    def note_present(self, name: str) -> None:
        """Remember that there is such a table, column or relationship."""
        self._present.add(name)

    def lacks(self, name: str) -> bool:
        """Return whether it was missing a short while ago."""
        noted = self._absent.get(name)
        return noted is not None and time.monotonic() - noted < ABSENT_SECONDS

    def has(self, name: str) -> bool:
        """Return whether it was there when it was last asked for."""
        return name in self._present
