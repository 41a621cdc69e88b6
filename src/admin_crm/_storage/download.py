"""Download an evidence file: stream it, check its size, and deliver it only when it is complete.

Errors of the caller's own disk (a missing folder, a full disk) are Python's own, and pass unchanged.
"""

from __future__ import annotations

import asyncio
import errno
import inspect
import io
import os
import secrets
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

import httpx

from admin_crm._core.gather import run_blocking
from admin_crm._core.transfer import Transfer
from admin_crm._core.translate import check_success
from admin_crm._storage.key_check import unless_key_is_bad
from admin_crm._storage.requests import CHUNK_SIZE, attempt, send_request
from admin_crm._storage.source import IN_MEMORY, usable_file
from admin_crm.client import AnyCRM, AsyncAdminCRM
from admin_crm.errors import InvalidInputError, InvalidTypeError, ServiceUnavailableError

Target = str | os.PathLike[str] | IO[bytes]


async def download(crm: AnyCRM, path: str, to: Target | None) -> bytes | int:
    """Download an object: return its bytes, or write them and return their number."""
    if to is None:
        memory = io.BytesIO()
        await _receive(crm, path, memory)
        return memory.getvalue()
    if isinstance(to, str | os.PathLike):
        with _replacing(Path(to)) as file:
            return await _receive(crm, path, file)
    _check_writable(to)
    return await _deliver(crm, path, to)


async def _deliver(crm: AnyCRM, path: str, to: IO[bytes]) -> int:
    """Write the object to a file object once it is complete."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as copy:
        spool = cast("IO[bytes]", copy)
        size = await _receive(crm, path, spool)
        spool.seek(0)
        with usable_file("to", "writing"):
            await run_blocking(crm, lambda: _copy(spool, to))
    return size


def _copy(spool: IO[bytes], to: IO[bytes]) -> None:
    while chunk := spool.read(CHUNK_SIZE):
        _write(to, chunk)
    flush = getattr(to, "flush", None)
    if callable(flush):
        flush()  # a full disk shows only now


def _write(to: IO[bytes], chunk: bytes) -> None:
    while chunk:
        count = cast("object", to.write(chunk))
        if count is None and not isinstance(to, io.RawIOBase):
            return  # it does not say, and so has written all
        # An unbuffered file may write only a part, as when the disk is almost full.
        if not count or not isinstance(count, int):
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        chunk = chunk[count:]


async def _receive(crm: AnyCRM, path: str, file: IO[bytes]) -> int:
    """Write the object to a file of ours, from the start on each attempt."""
    bucket, transfer = crm.settings.evidence_bucket, Transfer()

    async def send() -> httpx.Response:
        file.seek(0)
        file.truncate()
        # No compression: then Content-Length is the size of the file.
        headers = {"Accept-Encoding": "identity"}
        response = await send_request(crm, "GET", "object", bucket, *path.split("/"), headers=headers, stream=True)
        drain = _drain_async if isinstance(crm, AsyncAdminCRM) else _drain
        await drain(response, file, transfer)
        return response

    def check_size(response: httpx.Response) -> int:
        check_success(response)
        size, announced = file.tell(), response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) != size and "Content-Encoding" not in response.headers:
            raise ServiceUnavailableError(f"the download ended after {size:,} of {int(announced):,} bytes")
        return size

    return await unless_key_is_bad(crm, attempt(crm, send, check_size, transfer=transfer))


async def _drain(response: httpx.Response, file: IO[bytes], transfer: Transfer) -> None:
    try:
        if response.is_success:
            for chunk in response.iter_bytes(CHUNK_SIZE):
                file.write(chunk)
                transfer.moved()
        else:
            response.read()
    finally:
        response.close()


async def _drain_async(response: httpx.Response, file: IO[bytes], transfer: Transfer) -> None:
    try:
        if response.is_success:
            async for chunk in response.aiter_bytes(CHUNK_SIZE):
                await asyncio.to_thread(file.write, chunk)
                transfer.moved()
        else:
            await response.aread()
    finally:
        await response.aclose()


@contextmanager
def _replacing(target: Path) -> Generator[IO[bytes]]:
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
        part.unlink(missing_ok=True)


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
            error.filename, error.filename2 = str(path), None
            raise


def _check_writable(to: object) -> None:
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
