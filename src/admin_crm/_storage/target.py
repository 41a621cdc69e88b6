"""Where a download goes: a path, whose file is replaced once the download is complete, or a file object.

Errors of the caller's own disk (a missing folder, a full disk) are Python's own, and pass unchanged.
"""

from __future__ import annotations

import errno
import inspect
import io
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from admin_crm._storage.source import usable_file
from admin_crm.errors import InvalidInputError, InvalidTypeError

Target = str | os.PathLike[str] | IO[bytes]


@contextmanager
def replacing(target: Path) -> Generator[IO[bytes]]:
    """Write to a temporary file in the target's folder, which takes the target's place once it is complete.

    The target keeps its mode. A link stays one: the file that it leads to is replaced.
    """
    with _errors_about(target):
        real = Path(os.path.realpath(target))
        mode = _mode_of(real)
    part = real.with_name(f".{secrets.token_hex(8)}.part")
    with _errors_about(target if mode is None else real.parent):
        file = _create(part, mode)
    try:
        with file:
            yield file
        with _errors_about(target):
            part.replace(real)
    finally:
        with suppress(OSError):  # gone already, or the folder is
            part.unlink()


def check_writable(to: object) -> None:
    """Refuse what is no binary file object, or not open for writing."""
    write = getattr(to, "write", None)
    if not callable(write):
        raise InvalidTypeError(f"to must be a path or a binary file object, not {type(to).__name__}", argument="to")
    if inspect.iscoroutinefunction(write):
        raise InvalidTypeError("to must be a regular file object, not an asynchronous one", argument="to")
    with usable_file("to", "writing"):
        try:
            write(b"")
        except TypeError as error:
            raise InvalidTypeError("to must be opened in binary mode, not as text", argument="to") from error


def write_all(to: IO[bytes], chunk: bytes) -> None:
    """Write all of a chunk to a file object."""
    while chunk:
        count = cast("object", to.write(chunk))
        # An unbuffered file may write only a part, as when the disk is almost full.
        if type(count) is int and count > 0:
            chunk = chunk[count:]
        elif count == 0 or isinstance(to, io.RawIOBase):
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        else:
            return  # it does not say how much, and so has written all


def _mode_of(file: Path) -> int | None:
    """Return the permissions of the file to replace, None if there is none; raise if it may not be written."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        raise InvalidInputError(
            "to is not a regular file", argument="to", hint="open a device or a pipe yourself, and pass the file object"
        )
    with file.open("r+b"):
        return stat.S_IMODE(found.st_mode) & 0o777


def _create(part: Path, mode: int | None) -> IO[bytes]:
    # Nobody reads meanwhile what they may not read afterwards.
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    file = os.fdopen(os.open(part, flags, 0o666 if mode is None else 0o600), "wb")
    if mode is not None:
        with suppress(OSError):  # a file system without modes
            os.fchmod(file.fileno(), mode)
    return file


@contextmanager
def _errors_about(path: Path) -> Generator[None]:
    """Let errors of the disk name the path that the caller knows."""
    with usable_file("to", "writing"):
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
