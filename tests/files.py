"""Files as a caller may have them, to upload and to download to."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BIG = bytes(range(256)) * 10
"""A file that is uploaded in parts of 1,000 bytes."""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3


def path_to(folder: Path, content: bytes) -> Path:
    path = folder / "recibo.png"
    path.write_bytes(content)
    return path


def spooled(content: bytes) -> Any:
    file = tempfile.SpooledTemporaryFile()  # noqa: SIM115
    file.write(content)
    return file


class OnceOnly(io.RawIOBase):
    """A stream that can be read only once, such as a socket's."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


class OnlyRead:
    """An object with nothing but a read method."""

    def __init__(self, content: bytes) -> None:
        self.read = io.BytesIO(content).read


class OnlyWrite:
    """An object with nothing but a write method."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, content: bytes) -> None:
        self.content += content


def closed() -> io.BytesIO:
    file = io.BytesIO(PNG)
    file.close()
    return file


class Asynchronous:
    """An asynchronous file, as web frameworks have it."""

    async def read(self, count: int = -1) -> bytes:
        return PNG

    async def write(self, content: bytes) -> int:
        return len(content)


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Run without the rights of root, who may read everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
