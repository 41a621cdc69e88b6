"""The file of generated passwords: CSV that only its owner can read, on the disk before a password is used."""

from __future__ import annotations

import csv
import io
import os
import secrets
import sys
import tempfile
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast
from uuid import UUID

from pydantic import SecretStr

from admin_crm._auth.new_user import new_password
from admin_crm._core.csv_cells import formula_free
from admin_crm._core.disk import naming, path_of
from admin_crm.bulk.locks import lock
from admin_crm.errors import ConflictError, InvalidInputError

_HEADER = "id,email,password\r\n"
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class _Kept(NamedTuple):
    email: str
    """As it stands in the file: with an apostrophe where a spreadsheet would run it as a formula."""
    password: SecretStr


class PasswordsFile:
    """Passwords by the ids of the users whose they are or will be; the file is made when the first one is added.

    Args:
        path: the file; one that is there already must be such a file, and its passwords are kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.added: set[UUID] = set()
        """Whose passwords were generated in this run, and not read from the file."""
        self._kept: dict[UUID, _Kept] = {}
        self._dropped: set[UUID] = set()
        self._file: BinaryIO | None = None
        self._size = 0
        self._closed = False
        self._lock = threading.Lock()

    def open(self) -> None:
        """Lock and read the file, if there is one.

        Raises:
            InvalidInputError: the file is something else.
            ConflictError: another process writes to it.
            OSError: it cannot be read or written.
        """
        if self.path.exists():
            self._open()

    def close(self) -> None:
        """Take out the passwords that are nobody's; a thread that writes for a cancelled task ends first."""
        with self._lock:
            self._closed = True
            if self._file is not None:
                with self._file:
                    if self._dropped:
                        with naming(self.path):
                            self._replace()

    @property
    def is_there(self) -> bool:
        """Whether the file has a password."""
        return bool(self._kept)

    def of(self, user: UUID) -> SecretStr | None:
        """Return the password of a user."""
        return self._kept[user].password if user in self._kept else None

    def add(self, users: Iterable[tuple[UUID, str]]) -> None:
        """Generate passwords for users who have none yet, and return when they are on the disk.

        Args:
            users: the ids and e-mail addresses.
        """
        new = {user: _Kept(str(formula_free(email)), new_password()) for user, email in users if user not in self._kept}
        with self._lock:
            if not new or self._closed:
                return
            with naming(self.path):
                if self._file is None:
                    self._open()
                self._append(new)
            self._kept |= new
            self.added |= new.keys()

    def drop(self, user: UUID) -> None:
        """Take a password out when the file is closed: no user was made for it."""
        if self._kept.pop(user, None) is not None:
            self._dropped.add(user)

    def _open(self) -> None:
        made = not self.path.exists()
        descriptor = os.open(self.path, _FLAGS, 0o600)
        file = cast("BinaryIO", os.fdopen(descriptor, "r+b", buffering=0))
        try:
            self._lock_and_read(file)
        except BaseException:
            file.close()
            raise
        self._file = file
        if made:
            _sync_folder(self.path.parent)

    def _lock_and_read(self, file: BinaryIO) -> None:
        descriptor = file.fileno()
        # The other process may have put another file in the place of the one that is open here.
        if not lock(file) or os.fstat(descriptor).st_ino != self.path.stat().st_ino:
            raise ConflictError("another process is using the file of passwords", hint="wait until it has ended")
        read = _read(file.read())
        if read is None:
            raise InvalidInputError(
                "this file is no file of passwords, or is damaged", argument="passwords", hint="take a new file"
            )
        if sys.platform != "win32":  # pragma: no branch
            os.fchmod(descriptor, 0o600)
        self._size, self._kept = read

    def _append(self, new: dict[UUID, _Kept]) -> None:
        file = cast("BinaryIO", self._file)
        file.truncate(self._size)
        file.seek(self._size)
        self._size += _write(file, new, header=not self._size)

    def _replace(self) -> None:
        """Write the file anew beside the old one and put it in its place, so that a kill loses no password."""
        if not self._kept:
            self.path.unlink()
            return
        descriptor, beside = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                _write(cast("BinaryIO", file), self._kept, header=True)
            Path(beside).replace(self.path)
        except BaseException:
            Path(beside).unlink()
            raise
        _sync_folder(self.path.parent)


def passwords_path(given: str | os.PathLike[str] | None, journal: str | os.PathLike[str] | None) -> Path:
    """Return where passwords are kept: where the caller says, or beside the journal, or in the working folder."""
    if given is not None:
        return path_of(given, "passwords")
    if journal is not None:
        return path_of(f"{path_of(journal, 'journal')}.passwords.csv", "journal")
    return Path(f"customer-passwords-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.csv")


# What holds passwords as text raises nothing of its own: a traceback with local variables shows none (R8).


def _write(file: BinaryIO, kept: dict[UUID, _Kept], *, header: bool) -> int:
    text = io.StringIO(_HEADER if header else "", newline="")
    text.seek(0, os.SEEK_END)
    rows = csv.writer(text)
    for user, each in kept.items():
        rows.writerow((user, each.email, each.password.get_secret_value()))
    left = memoryview(text.getvalue().encode())
    length = len(left)
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())
    return length


def _read(content: bytes) -> tuple[int, dict[UUID, _Kept]] | None:
    """Return how far the file was written whole, and its passwords; None where it is no such file.

    A last line without its end is that of a process that was killed while it wrote: no user has that password.
    """
    size = content.rfind(b"\n") + 1
    if not size:
        return (0, {}) if _HEADER.encode().startswith(content) else None
    try:
        lines = content[:size].decode("utf-8-sig")
        header, *rows = csv.reader(io.StringIO(lines, newline=""), strict=True)
        kept = {UUID(user): _Kept(email, SecretStr(password)) for user, email, password in rows}
    except (ValueError, csv.Error):
        return None
    return (size, kept) if header == _HEADER.strip().split(",") else None


def _sync_folder(folder: Path) -> None:
    """Have a folder's own entry of a new file on the disk too, where folders can be opened."""
    if sys.platform == "win32":  # pragma: no cover
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
