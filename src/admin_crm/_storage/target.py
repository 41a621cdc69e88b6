"""Where a download goes: a path, or a file object.

Errors of the caller's own disk (a full one) are Python's own, and pass unchanged.
"""

from __future__ import annotations

import errno
import inspect
import io
import os
from typing import IO, cast

from admin_crm._core.disk import usable_file
from admin_crm.errors import InvalidTypeError

Target = str | os.PathLike[str] | IO[bytes]


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
