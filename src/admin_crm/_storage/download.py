"""Download an evidence file: stream it, check its size, and deliver it only when it is complete."""

from __future__ import annotations

import asyncio
import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import httpx

from admin_crm._core.gather import run_blocking
from admin_crm._core.translate import check_success
from admin_crm._storage.requests import PIECE, attempt, exchange
from admin_crm._storage.source import IN_MEMORY
from admin_crm.client import AnyCRM, AsyncAdminCRM
from admin_crm.errors import InvalidInputError, ServiceUnavailableError

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
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as copy:
        spool = cast("IO[bytes]", copy)
        size = await _receive(crm, path, spool)
        spool.seek(0)
        with _naming_target():
            await run_blocking(crm, lambda: shutil.copyfileobj(spool, to, PIECE))
    return size


async def _receive(crm: AnyCRM, path: str, file: IO[bytes]) -> int:
    """Write the object to a file of ours, from the start on each attempt."""
    bucket = crm.settings.evidence_bucket

    async def fetch() -> httpx.Response:
        with _naming_target():
            file.seek(0)
            file.truncate()
        # No compression: then Content-Length is the size of the file.
        headers = {"Accept-Encoding": "identity"}
        answer = await exchange(crm, "GET", "object", bucket, *path.split("/"), headers=headers, stream=True)
        await (_drain_beside(answer, file) if isinstance(crm, AsyncAdminCRM) else _drain(answer, file))
        return answer

    def measure(answer: httpx.Response) -> int:
        check_success(answer)
        size, announced = file.tell(), answer.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) != size and "Content-Encoding" not in answer.headers:
            raise ServiceUnavailableError(f"the download ended after {size:,} of {int(announced):,} bytes")
        return size

    return await attempt(crm, fetch, measure)


async def _drain(answer: httpx.Response, file: IO[bytes]) -> None:
    try:
        if answer.is_success:
            for piece in answer.iter_bytes(PIECE):
                with _naming_target():
                    file.write(piece)
        else:
            answer.read()
    finally:
        answer.close()


async def _drain_beside(answer: httpx.Response, file: IO[bytes]) -> None:
    try:
        if answer.is_success:
            async for piece in answer.aiter_bytes(PIECE):
                with _naming_target():
                    await asyncio.to_thread(file.write, piece)
        else:
            await answer.aread()
    finally:
        await answer.aclose()


@contextmanager
def _replacing(target: Path) -> Generator[IO[bytes]]:
    """Write to a temporary file next to the target, and rename it to the target once it is complete."""
    if target.is_dir():
        raise InvalidInputError("to is a directory; pass a file name", argument="to")
    part = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    with _naming_target():
        file = part.open("xb")
    try:
        with file:
            yield file
        with _naming_target():
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _check_writable(to: object) -> None:
    write = getattr(to, "write", None)
    if not callable(write):
        raise InvalidInputError(f"to must be a path or a binary file object, not {type(to).__name__}", argument="to")
    with _naming_target():
        try:
            write(b"")
        except TypeError as error:
            raise InvalidInputError("to must be opened in binary mode, not as text", argument="to") from error


@contextmanager
def _naming_target() -> Generator[None]:
    """Report errors of the caller's file or disk as such, not as errors of the server."""
    try:
        yield
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidInputError(f"cannot write the file: {reason}", argument="to") from error
