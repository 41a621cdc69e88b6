"""Any kind of file is read, and one that cannot be read is refused before anything is sent."""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from admin_crm import InvalidInputError, InvalidTypeError, upload_customer_evidence
from files import PNG, Asynchronous, OnceOnly, OnlyRead, as_ordinary_user, closed, path_to, spooled
from helpers import KEY, QUICK, URL, Ask, Caller
from storage_server import ANA, STORAGE, UNHEALTHY, StorageServer, metadata_of, stored


@pytest.mark.parametrize(
    "given_as",
    [
        path_to,
        lambda folder, content: str(path_to(folder, content)),
        lambda folder, content: path_to(folder, content).open("rb"),
        lambda folder, content: path_to(folder, content).open("rb", buffering=0),
        lambda folder, content: content,
        lambda folder, content: bytearray(content),
        lambda folder, content: memoryview(content),
        lambda folder, content: io.BytesIO(content),
        lambda folder, content: spooled(content),
        lambda folder, content: OnceOnly(content),
        lambda folder, content: OnlyRead(content),
    ],
    ids=["Path", "str", "buffered", "raw", "bytes", "bytearray", "memoryview", "BytesIO", "spooled", "once", "read"],
)
def test_any_kind_of_file_is_sent_byte_for_byte(
    ask: Ask, storage: StorageServer, tmp_path: Path, given_as: Callable[[Path, bytes], Any]
) -> None:
    storage.play(UNHEALTHY, stored)
    file = given_as(tmp_path, PNG)
    path = ask(upload_customer_evidence, ANA, file)
    if hasattr(file, "close"):
        assert not file.closed
        file.close()
    assert re.fullmatch(rf"{ANA}/[0-9a-f]{{32}}\.png", path)
    assert [request.content for request in storage.requests] == [PNG, PNG]
    assert storage.last.method == "POST"
    assert storage.last.url.path == f"{STORAGE}object/customer-evidence/{path}"
    assert storage.last.headers["content-type"] == "image/png"
    assert storage.last.headers["content-length"] == str(len(PNG))
    assert storage.last.headers["x-upsert"] == "false"


def test_a_stream_with_a_placeholder_for_a_name_has_no_name(ask: Ask, storage: StorageServer) -> None:
    storage.play(stored)
    file = io.BytesIO(b"hola")
    file.name = "<stdin>"  # type: ignore[attr-defined]
    ask(upload_customer_evidence, ANA, file)
    assert metadata_of(storage.last) == {}


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "the file is empty"),
        (OnceOnly(b""), "the file is empty"),
        (b"x" * 1001, "the file is larger than 1,000 bytes"),
        (OnceOnly(b"x" * 300_000), "the file is larger than 1,000 bytes"),
        (closed(), "file cannot be used for reading: I/O operation on closed file"),
        ("a\0b", "file cannot be used for reading: .*embedded null"),
    ],
)
def test_an_unusable_file_is_refused_before_anything_is_sent(
    caller: Caller, storage: StorageServer, file: Any, words: str
) -> None:
    crm = caller.open(URL, KEY, settings=QUICK.model_copy(update={"max_evidence_bytes": 1000}))
    with pytest.raises(InvalidInputError, match=words) as raised:
        caller(upload_customer_evidence, crm, ANA, file)
    assert type(raised.value) is InvalidInputError
    assert raised.value.argument == "file"
    assert storage.requests == []


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (io.StringIO("hola"), "binary mode"),
        (42, "not int"),
        (None, "not NoneType"),
        (Asynchronous(), "regular file object"),
    ],
)
def test_anything_but_a_binary_file_is_a_type_error(ask: Ask, storage: StorageServer, file: Any, words: str) -> None:
    with pytest.raises(InvalidTypeError, match=words) as raised:
        ask(upload_customer_evidence, ANA, file)
    assert isinstance(raised.value, TypeError)
    assert raised.value.argument == "file"
    assert storage.requests == []


class NonBlocking(io.RawIOBase):
    """A non-blocking stream that has some bytes, then nothing yet, then more: a pipe, say, whose writer is slow."""

    def __init__(self, *, seekable: bool) -> None:
        self.pieces: list[bytes | None] = [PNG[:300], None, PNG[300:]]
        self._seekable = seekable
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._seekable

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if not self._seekable:
            raise io.UnsupportedOperation
        self._position = len(PNG) if whence else offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int | None:
        if not len(buffer):
            return 0
        piece = self.pieces.pop(0)
        if piece is not None:
            buffer[: len(piece)] = piece
        return None if piece is None else len(piece)


@pytest.mark.parametrize("seekable", [True, False])
def test_a_non_blocking_stream_that_has_nothing_yet_is_not_at_its_end(
    ask: Ask, storage: StorageServer, seekable: bool
) -> None:
    with pytest.raises(BlockingIOError, match="non-blocking") as raised:
        ask(upload_customer_evidence, ANA, NonBlocking(seekable=seekable))
    assert raised.value.errno == errno.EAGAIN
    assert storage.requests == []


def test_half_of_a_non_blocking_pipe_is_not_uploaded(ask: Ask, storage: StorageServer) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.write(writing, PNG)
    with os.fdopen(writing, "wb"), os.fdopen(reading, "rb", buffering=0) as pipe, pytest.raises(BlockingIOError):
        ask(upload_customer_evidence, ANA, pipe)
    assert storage.requests == []


@pytest.mark.parametrize(("path", "kind"), [("/nowhere/at/all.png", FileNotFoundError), ("/", IsADirectoryError)])
def test_a_path_that_cannot_be_opened_raises_pythons_own_error(
    ask: Ask, storage: StorageServer, path: str, kind: type[OSError]
) -> None:
    with pytest.raises(OSError, match=path) as raised:
        ask(upload_customer_evidence, ANA, path)
    assert type(raised.value) is kind
    assert raised.value.filename == path
    assert storage.requests == []


def test_a_file_that_may_not_be_read_is_a_permission_error(ask: Ask, storage: StorageServer, tmp_path: Path) -> None:
    path = path_to(tmp_path, PNG)
    path.chmod(0)
    with as_ordinary_user(), pytest.raises(PermissionError) as raised:
        ask(upload_customer_evidence, ANA, path)
    assert type(raised.value) is PermissionError
    assert storage.requests == []


def test_a_file_opened_for_writing_is_refused(ask: Ask, storage: StorageServer, tmp_path: Path) -> None:
    with (tmp_path / "new").open("wb") as file, pytest.raises(InvalidInputError, match="open for reading") as raised:
        ask(upload_customer_evidence, ANA, file)
    assert raised.value.argument == "file"


class Faulty(io.BytesIO):
    """A file whose disk fails, or which is truncated, once it is being sent."""

    def __init__(self, fault: Any) -> None:
        super().__init__(PNG)
        self.fault, self.reads = fault, 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads <= 2:  # looked at, then read for its first bytes
            return super().read(size)
        if isinstance(self.fault, Exception):
            raise self.fault
        return self.fault


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.EIO, "Input/output error"),
        PermissionError(errno.EACCES, "denied"),
        ConnectionResetError("network drive"),
    ],
)
def test_a_disk_that_fails_during_the_upload_raises_its_own_error_and_is_not_retried(
    ask: Ask, storage: StorageServer, fault: OSError
) -> None:
    file = Faulty(fault)
    with pytest.raises(OSError) as raised:  # noqa: PT011 (the very error, below)
        ask(upload_customer_evidence, ANA, file)
    assert raised.value is fault
    assert file.reads == 3
    assert storage.requests == []


@pytest.mark.parametrize(
    ("fault", "words"), [(b"", "became shorter"), (ValueError("I/O operation on closed file"), "closed file")]
)
def test_a_file_that_is_cut_or_closed_during_the_upload_is_refused(
    ask: Ask, storage: StorageServer, fault: Any, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words) as raised:
        ask(upload_customer_evidence, ANA, Faulty(fault))
    assert raised.value.argument == "file"
    assert storage.requests == []
