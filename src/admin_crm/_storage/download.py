"""Download an evidence file: stream it, check its size, and deliver it only when it is complete.

Errors of the caller's own disk (a missing folder, a full disk) are Python's own, and pass unchanged.
"""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import httpx

from admin_crm._core.disk import replacing, usable_file
from admin_crm._core.gather import run_blocking
from admin_crm._core.progress import Report
from admin_crm._core.send import send_steps
from admin_crm._core.transfer import Transfer
from admin_crm._core.translate import check_success
from admin_crm._storage.key_check import unless_key_is_bad
from admin_crm._storage.requests import CHUNK_SIZE, send_request
from admin_crm._storage.source import IN_MEMORY, call_back
from admin_crm._storage.target import Target, check_writable, write_all
from admin_crm.client import AnyCRM, AsyncAdminCRM
from admin_crm.errors import ServiceUnavailableError

_NO_FILE = "open a device or a pipe yourself, and pass the file object"


async def download(crm: AnyCRM, path: str, to: Target | None, report: Report | None = None) -> bytes | int:
    """Download an object: return its bytes, or write them and return their number."""
    if to is None:
        memory = io.BytesIO()
        await _receive(crm, path, memory, report)
        return memory.getvalue()
    if isinstance(to, str | os.PathLike):
        with replacing(Path(to), "to", hint=_NO_FILE) as file:
            return await _receive(crm, path, file, report)
    check_writable(to)
    return await _deliver(crm, path, to, report)


async def _deliver(crm: AnyCRM, path: str, to: IO[bytes], report: Report | None) -> int:
    """Write the object to a file object once it is complete."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as copy:
        spool = cast("IO[bytes]", copy)
        size = await _receive(crm, path, spool, report)
        spool.seek(0)
        with usable_file("to", "writing"):
            await run_blocking(crm, lambda: _copy(spool, to))
    return size


def _copy(spool: IO[bytes], to: IO[bytes]) -> None:
    while chunk := spool.read(CHUNK_SIZE):
        write_all(to, chunk)
    flush = getattr(to, "flush", None)
    if callable(flush):
        flush()  # a full disk shows only now


async def _receive(crm: AnyCRM, path: str, file: IO[bytes], report: Report | None) -> int:
    """Write the object to a file of ours, from the start on each attempt."""
    bucket, transfer = crm.settings.evidence_bucket, Transfer()

    async def send() -> httpx.Response:
        file.seek(0)
        file.truncate()
        # No compression: then Content-Length is the size of the file.
        headers = {"Accept-Encoding": "identity"}
        response = await send_request(crm, "GET", "object", bucket, *path.split("/"), headers=headers, stream=True)
        drain = _drain_async if isinstance(crm, AsyncAdminCRM) else _drain
        await drain(response, file, _on_progress(response, file, report, transfer))
        return response

    def check_size(response: httpx.Response) -> int:
        check_success(response)
        size, announced = file.tell(), response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) != size and "Content-Encoding" not in response.headers:
            raise ServiceUnavailableError(f"the download ended after {size:,} of {int(announced):,} bytes")
        return size

    return await unless_key_is_bad(crm, send_steps(crm, send, check_size, transfer=transfer))


async def _drain(response: httpx.Response, file: IO[bytes], moved: Callable[[], None]) -> None:
    try:
        if response.is_success:
            for chunk in response.iter_bytes(CHUNK_SIZE):
                file.write(chunk)
                moved()
        else:
            response.read()
    finally:
        response.close()


async def _drain_async(response: httpx.Response, file: IO[bytes], moved: Callable[[], None]) -> None:
    try:
        if response.is_success:
            async for chunk in response.aiter_bytes(CHUNK_SIZE):
                await asyncio.to_thread(file.write, chunk)
                moved()
        else:
            await response.aread()
    finally:
        await response.aclose()


def _on_progress(
    response: httpx.Response, file: IO[bytes], report: Report | None, transfer: Transfer
) -> Callable[[], None]:
    """Return what is called after each chunk."""
    announced = response.headers.get("Content-Length", "")
    total = int(announced) if announced.isdigit() else None

    def moved() -> None:
        if report is not None:
            done = file.tell()
            call_back(report, done, done if total is None else total)
        transfer.moved()

    return moved
