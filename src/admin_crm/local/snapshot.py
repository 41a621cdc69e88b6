"""What the shop was like: its rows and its files, to be brought back after they were changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

Execute = Callable[[str], list[dict[str, Any]]]


class Snapshot:
    """The shop of a running stack as it is when `take` is called, until it is called again.

    Args:
        execute: runs one SQL statement as the owner of the shop's tables.
        folder: the stack's folder.
    """

    def __init__(self, execute: Execute, folder: Path) -> None:
        self._execute = execute
        self._files = folder / "storage" / "objects"
        self._kept = folder / "storage" / "snapshot"
        self._installed = False

    def take(self) -> None:
        """Remember the shop as it is now."""
        if not self._installed:
            self._execute(_sql())
            self._installed = True
        self._execute("select local_snapshot.take()")
        # The server writes a file once and never changes it: a second name is enough to keep it.
        _mirror(self._files, self._kept)

    def restore(self) -> int:
        """Undo what was written since, and return how many rows that were."""
        rows: int = self._execute("select local_snapshot.restore() as rows")[0]["rows"]
        _mirror(self._kept, self._files)
        return rows


@cache
def _sql() -> str:
    return (files("admin_crm.local") / "snapshot.sql").read_text("utf-8")


def _mirror(source: Path, target: Path) -> None:
    """Give a folder the files of another one, no more and no less, without copying any."""
    target.mkdir(exist_ok=True)
    there, wanted = ({entry.name for entry in os.scandir(each)} for each in (target, source))
    for name in wanted - there:
        os.link(source / name, target / name)
    for name in there - wanted:
        with suppress(FileNotFoundError):
            (target / name).unlink()
