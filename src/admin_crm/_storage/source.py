"""Open a file for upload, from a path, bytes or a file object; it can be read in chunks, more than once.

Errors of the caller's own disk (a missing file, a full disk) are Python's own, and pass unchanged.
"""

from __future__ import annotations

import asyncio
import errno
import inspect
import io
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, cast

from admin_crm._core.disk import usable_file
from admin_crm._core.progress import Report
from admin_crm._core.transfer import Transfer
from admin_crm._storage.file_type import HEAD_SIZE, clean_name
from admin_crm._storage.requests import CHUNK_SIZE, Content
from admin_crm.client import AnyCRM, AsyncAdminCRM
from admin_crm.errors import InvalidInputError, InvalidTypeError

FileLike = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]

IN_BYTES = {"unit": "B", "unit_scale": True, "unit_divisor": 1024}
"""What the progress bar of a file is told."""
IN_MEMORY = 8 * 1024 * 1024
"""A temporary file stays in memory up to this many bytes; a larger one goes to disk."""


class CallbackError(BaseException):
    """Carries an exception of a progress callback through `send_steps`, which must not translate it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class Source:
    """An open file with its size, first bytes and name."""

    def __init__(self, stream: IO[bytes], name: str | None) -> None:
        self._stream = stream
        stream.seek(0, os.SEEK_END)
        self.size = stream.tell()
        self.head = self.read(0, min(HEAD_SIZE, self.size))
        self.name = name

    def read(self, start: int, count: int) -> bytes:
        """Read up to `count` bytes; raise if the file has become shorter."""
        with usable_file("file", "reading"):
            self._stream.seek(start)
            chunk = _read(self._stream, count)
        if count and not chunk:
            raise InvalidInputError("the file became shorter during the upload", argument="file")
        return chunk

    def chunks(self, crm: AnyCRM, start: int, end: int, report: Report | None, transfer: Transfer) -> Content:
        """Yield a part of the file in chunks and report progress; each attempt starts over."""
        report_progress = _on_progress(report, self.size, transfer)
        return (
            self._read_async(start, end, report_progress)
            if isinstance(crm, AsyncAdminCRM)
            else self._read(start, end, report_progress)
        )

    def _read(self, start: int, end: int, report_progress: Callable[[int], None]) -> Iterator[bytes]:
        while start < end:
            chunk = self.read(start, min(CHUNK_SIZE, end - start))
            yield chunk
            start += len(chunk)
            report_progress(start)

    async def _read_async(self, start: int, end: int, report_progress: Callable[[int], None]) -> AsyncIterator[bytes]:
        while start < end:
            chunk = await asyncio.to_thread(self.read, start, min(CHUNK_SIZE, end - start))
            yield chunk
            start += len(chunk)
            report_progress(start)


def open_source(file: FileLike, file_name: str | None, limit: int, closing: ExitStack) -> Source:
    """Open the file to upload; reject an empty file, one that is too large, and one that is not binary.

    Args:
        file: a path, bytes, or a binary file object, which is read from the start and stays open.
        file_name: the file's name, if the caller passes one.
        limit: the maximum size in bytes.
        closing: closes the files opened here.

    Raises:
        InvalidInputError: the file is empty, too large, closed, or not open for reading.
        InvalidTypeError: it is not a path, bytes or a binary file object.
        OSError: the disk's own error, such as FileNotFoundError.
    """
    with usable_file("file", "reading"):
        stream = _stream_of(file, closing)
        if not _can_seek(stream):
            stream = _spooled(stream, limit, closing)
        source = Source(stream, clean_name(file_name or _name_of(file)))
    if not source.size:
        raise InvalidInputError("the file is empty", argument="file")
    if source.size > limit:
        raise InvalidInputError(
            f"the file is larger than {limit:,} bytes",
            argument="file",
            hint="raise max_evidence_bytes in Settings, if the project's limit allows it",
        )
    return source


def _stream_of(file: object, closing: ExitStack) -> IO[bytes]:
    if isinstance(file, bytes | bytearray | memoryview):
        return io.BytesIO(cast("bytes", file))
    if isinstance(file, str | os.PathLike):
        return closing.enter_context(Path(cast("str", file)).open("rb"))
    read = getattr(file, "read", None)
    if not callable(read):
        raise InvalidTypeError(
            f"file must be a path, bytes or a binary file object, not {type(file).__name__}", argument="file"
        )
    if inspect.iscoroutinefunction(read):
        raise InvalidTypeError(
            "file must be a regular file object, not an asynchronous one",
            argument="file",
            hint="for an UploadFile, pass .file, and .filename as file_name",
        )
    if isinstance(read(0), str):
        raise InvalidTypeError("file must be opened in binary mode, not as text", argument="file")
    return cast("IO[bytes]", file)


def _can_seek(stream: IO[bytes]) -> bool:
    try:
        stream.seek(0, os.SEEK_END)
    except (AttributeError, OSError):
        return False
    return True


def _spooled(stream: IO[bytes], limit: int, closing: ExitStack) -> IO[bytes]:
    """Copy a stream that can be read only once, so that the upload can be retried."""
    copy = closing.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 (`closing` closes it)
    left = limit + 1
    while left and (chunk := _read(stream, min(CHUNK_SIZE, left))):
        copy.write(chunk)
        left -= len(chunk)
    return cast("IO[bytes]", copy)


def _read(stream: IO[bytes], count: int) -> bytes:
    chunk = cast("bytes | None", stream.read(count))
    if chunk is None:  # a non-blocking stream that has nothing yet, which is not its end
        raise BlockingIOError(errno.EAGAIN, "the file is non-blocking, and has nothing to read yet")
    return chunk


def call_back(report: Report, done: int, total: int) -> None:
    """Report how many bytes are done, and carry what the caller's function raises.

    Raises:
        CallbackError: it has raised.
    """
    try:
        report(done, total)
    except Exception as error:
        raise CallbackError(error) from error


def _name_of(file: object) -> str:
    """Return the file's own name; streams without one may be called `<stdin>` or have a number as name."""
    own_name = cast("object", file if isinstance(file, str | os.PathLike) else getattr(file, "name", None))
    name = os.fsdecode(cast("str", own_name)) if isinstance(own_name, str | os.PathLike) else ""
    return "" if name.startswith("<") else name


def _on_progress(report: Report | None, size: int, transfer: Transfer) -> Callable[[int], None]:
    def report_progress(sent: int) -> None:
        if report is not None:
            call_back(report, sent, size)
        transfer.moved()

    return report_progress
