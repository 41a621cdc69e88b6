"""How a file gets on, which decides how long its upload or download is tried (R6)."""

from __future__ import annotations

import time


class Transfer:
    """An upload or a download: no deadline counts the time in which its bytes move."""

    def __init__(self) -> None:
        self.tries: int | None = None
        """The tries that count, where not every one does: an upload in parts goes on where it broke off."""
        self.moved()

    def moved(self) -> None:
        """Note that bytes were sent or received just now."""
        self.moved_at = time.monotonic()
