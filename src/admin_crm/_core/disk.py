"""The caller's own files: a file that takes its place when it is complete, and errors that name what cannot be used.

Errors of the caller's own disk (a missing folder, a full disk) are Python's own, and pass unchanged.
"""

from __future__ import annotations

import io
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from admin_crm.errors import InvalidInputError, InvalidTypeError

PRIVATE = 0o600
"""The mode of a new file that only its owner reads."""


def path_of(value: str | os.PathLike[str], argument: str) -> Path:
    """Return a path that the disk can be asked for."""
    try:
        path = Path(value)
    except TypeError as error:
        raise InvalidTypeError(f"{argument} must be a path, not {type(value).__name__}", argument=argument) from error
    if "\0" in str(path) or not _encodable(path):
        raise InvalidInputError(f"{argument} contains characters that no path has", argument=argument)
    return path


@contextmanager
def usable_file(argument: str, use: str) -> Generator[None]:
    """Name the argument whose path or file object cannot be used; errors of the disk pass unchanged.

    Args:
        argument: the name of the caller's argument.
        use: what the file is for: ``reading`` or ``writing``.
    """
    try:
        yield
    except InvalidInputError:
        raise
    except io.UnsupportedOperation as error:
        raise InvalidInputError(f"{argument} must be open for {use}", argument=argument) from error
    except ValueError as error:
        # A closed file, or a path that cannot be one.
        raise InvalidInputError(f"{argument} cannot be used for {use}: {error}", argument=argument) from error


@contextmanager
def replacing(target: Path, argument: str, *, mode: int = 0o666, hint: str | None = None) -> Generator[IO[bytes]]:
    """Write to a temporary file in the target's folder, which takes the target's place once it is complete.

    A target that exists keeps its mode. A link stays one: the file that it leads to is replaced. Errors of writing
    name the target.

    Args:
        target: the path of the file.
        argument: the name of the caller's argument.
        mode: the mode of a file that does not exist yet, less what the process's umask takes away.
        hint: what to do where the target is no regular file.
    """
    with usable_file(argument, "writing"), naming(target):
        real = Path(os.path.realpath(target))
        if not _may_be_replaced(real):
            raise InvalidInputError(f"{argument} is not a regular file", argument=argument, hint=hint)
        kept = _mode_of(real)
    part = real.with_name(f".{secrets.token_hex(8)}.part")
    with usable_file(argument, "writing"), naming(target if kept is None else real.parent):
        file = _create(part, mode, kept, target)
    try:
        try:
            yield file
        except BaseException:
            with suppress(OSError):  # a full disk refuses the rest again
                file.close()
            raise
        with usable_file(argument, "writing"), naming(target):
            file.close()
            part.replace(real)
    finally:
        with suppress(OSError):  # gone already, or the folder is
            part.unlink()


class _Named(io.FileIO):
    """A file that is written to in the place of another, which errors of the disk name."""

    def __init__(self, descriptor: int, target: Path) -> None:
        super().__init__(descriptor, "w")
        self._target = target

    def write(self, content: Any, /) -> int:
        """Write what fits, and return how much that was."""
        with naming(self._target):
            return super().write(content)


@contextmanager
def naming(path: Path) -> Generator[None]:
    """Let errors of the disk name the path that the caller knows."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _encodable(path: Path) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def _may_be_replaced(file: Path) -> bool:
    # Opening a folder raises Python's own error; a device or a pipe would be opened, and replaced by a file.
    return not file.exists() or file.is_file() or file.is_dir()


def _mode_of(file: Path) -> int | None:
    """Return the permissions of the file to replace, None if there is none; raise if it may not be written."""
    try:
        with file.open("r+b"):
            return stat.S_IMODE(file.stat().st_mode) & 0o777
    except FileNotFoundError:
        return None


def _create(part: Path, mode: int, kept: int | None, target: Path) -> IO[bytes]:
    # Nobody reads meanwhile what they may not read afterwards.
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    file = io.BufferedWriter(_Named(os.open(part, flags, mode if kept is None else PRIVATE), target))
    if kept is not None:
        with suppress(OSError):  # a file system without modes
            part.chmod(kept)
    return file
