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
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import httpx

from admin_crm._core.gather import run_blocking
from admin_crm._core.translate import check_success
from admin_crm._storage.requests import CHUNK_SIZE, attempt, send_request
from admin_crm._storage.source import IN_MEMORY, usable_file
from admin_crm.client import AnyCRM, AsyncAdminCRM
from admin_crm.errors import InvalidTypeError, ServiceUnavailableError

Target = str | os.PathLike[str] | IO[bytes]


async def download(crm: AnyCRM, path: str, to: Target | None) -> bytes | int:
    """Download an object: return its bytes, or write them and return their number."""
    if to is None:
        memory = io.BytesIO()
        await _receive(crm, path, memory)
        return memory.getvalue()
    if not isinstance(to, str | os.PathLike):
        _check_writable(to)
        return await _deliver(crm, path, to)
    target = Path(to)
    if _is_replaceable(target):
        with _atomic_write(target) as file:
            return await _receive(crm, path, file)
    with _opened(target) as special:
        return await _deliver(crm, path, special)


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
        count = to.write(chunk)
        if not isinstance(to, io.RawIOBase):
            return
        # An unbuffered file may write only a part, as when the disk is almost full.
        if not count:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        chunk = chunk[count:]


async def _receive(crm: AnyCRM, path: str, file: IO[bytes]) -> int:
    """Write the object to a file of ours, from the start on each attempt."""
    bucket = crm.settings.evidence_bucket

    async def send() -> httpx.Response:
        file.seek(0)
        file.truncate()
        # No compression: then Content-Length is the size of the file.
        headers = {"Accept-Encoding": "identity"}
        response = await send_request(crm, "GET", "object", bucket, *path.split("/"), headers=headers, stream=True)
        await (_drain_async(response, file) if isinstance(crm, AsyncAdminCRM) else _drain(response, file))
        return response

    def check_size(response: httpx.Response) -> int:
        check_success(response)
        size, announced = file.tell(), response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) != size and "Content-Encoding" not in response.headers:
            raise ServiceUnavailableError(f"the download ended after {size:,} of {int(announced):,} bytes")
        return size

    return await attempt(crm, send, check_size)


async def _drain(response: httpx.Response, file: IO[bytes]) -> None:
    try:
        if response.is_success:
            for chunk in response.iter_bytes(CHUNK_SIZE):
                file.write(chunk)
        else:
            response.read()
    finally:
        response.close()


async def _drain_async(response: httpx.Response, file: IO[bytes]) -> None:
    try:
        if response.is_success:
            async for chunk in response.aiter_bytes(CHUNK_SIZE):
                await asyncio.to_thread(file.write, chunk)
        else:
            await response.aread()
    finally:
        await response.aclose()


def _is_replaceable(target: Path) -> bool:
    """Return whether it is a file or nothing yet: a device or a pipe is written to, a directory cannot be opened."""
    return target.is_file() or not target.exists()


def _opened(target: Path) -> IO[bytes]:
    return target.open("wb")


@contextmanager
def _atomic_write(target: Path) -> Generator[IO[bytes]]:
    """Write to a temporary file next to the target, and rename it to the target once it is complete."""
    part = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    with usable_file("to", "writing"):
        try:
            file = part.open("xb")
        except OSError as error:
            error.filename = str(target)  # the name that the caller knows
            raise
    try:
        with file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


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
