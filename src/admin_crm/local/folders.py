"""The folders of running stacks, and the removal of those that nobody owns any more.

A folder is owned by whoever holds the lock on its marker. The gateway and its servers inherit the lock from the
launcher, and the system releases it when the last of them is gone, however it ended.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

try:
    import fcntl
except ImportError:  # pragma: no cover (Windows, where nothing is locked and so nothing is swept)
    fcntl = None  # type: ignore[assignment]  # a module or nothing

PREFIX, SUFFIX = "admin-crm-", ".stack"
MARKER = ".admin-crm-stack"
_NAME = re.compile(rf"{re.escape(PREFIX)}\w+{re.escape(SUFFIX)}")
# Shells use the first ten numbers for themselves, and would close the lock over it.
_FIRST_NUMBER = 20
OWNED_SECONDS = 30
"""How long the end of a stack waits for the last process that owns its folder."""


@dataclass(frozen=True)
class StackFolder:
    """A new folder for one stack; in a `with` statement, locked until its end by this process as well."""

    path: Path
    lock: int | None
    """The number of the open marker that child processes are to inherit; none on Windows, which has no such locks."""

    @classmethod
    def create(cls) -> Self:
        """Make a folder for temporary files, and own it."""
        folder = tempfile.mkdtemp(prefix=PREFIX)
        if fcntl is None:  # pragma: no cover
            return cls(Path(folder), None)
        marker = os.open(Path(folder) / MARKER, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(marker, fcntl.LOCK_EX)
            lock = fcntl.fcntl(marker, fcntl.F_DUPFD_CLOEXEC, _FIRST_NUMBER)
        finally:
            os.close(marker)
        # Only now does it have the name that `sweep` looks for: so it is never seen without its owner.
        return cls(Path(folder).rename(folder + SUFFIX), lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.lock is not None:
            os.close(self.lock)


def sweep() -> None:
    """Remove the folders that killed stacks of this user have left among the temporary files.

    A folder is removed only if it has our name and our marker, belongs to this user, and no process owns it.
    """
    parent = Path(tempfile.gettempdir())
    with contextlib.suppress(OSError):
        for path in [each for each in parent.iterdir() if _NAME.fullmatch(each.name)]:
            with _own(path) as owned:
                if owned:
                    remove(path)


def await_owners(folder: Path) -> None:
    """Wait until no process owns a folder: a program that a killed gateway has started may still write into it.

    Not for ever, because a process that was forked here while the gateway was launched may own it too.
    """
    deadline = time.monotonic() + OWNED_SECONDS
    while (folder / MARKER).exists() and time.monotonic() < deadline:
        with _own(folder) as owned:
            if owned:
                return
        time.sleep(0.01)


def remove(folder: Path) -> None:
    """Remove a folder, its marker last, so that the next sweep can finish a removal that is cut short.

    Another process may be sweeping the same folder: what that one has removed is passed over, so the folder is gone
    when either of them returns.
    """
    with contextlib.suppress(OSError):
        for each in folder.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each, ignore_errors=True)
            elif each.name != MARKER:
                each.unlink(missing_ok=True)
        if {each.name for each in folder.iterdir()} <= {MARKER}:
            (folder / MARKER).unlink(missing_ok=True)
            folder.rmdir()


@contextlib.contextmanager
def _own(folder: Path) -> Generator[bool]:
    """Lock the marker of a folder: true if it is a stack's, of this user, and nobody else has locked it."""
    with contextlib.ExitStack() as closing:
        owned = False
        with contextlib.suppress(OSError):
            if fcntl and _is_private(folder.lstat(), stat.S_IFDIR):
                marker = os.open(folder / MARKER, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
                closing.callback(os.close, marker)
                if _is_private(os.fstat(marker), stat.S_IFREG):
                    fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    owned = True
        yield owned


def _is_private(found: os.stat_result, kind: int) -> bool:
    """Whether it is of this kind, belongs to this user, and nobody else may write to it."""
    return stat.S_IFMT(found.st_mode) == kind and found.st_uid == os.geteuid() and not found.st_mode & 0o022
