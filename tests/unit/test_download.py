"""Downloads are complete or leave everything as it was; errors of the disk are the caller's."""

from __future__ import annotations

import errno
import io
import os
import resource
from pathlib import Path
from typing import Any

import httpx
import pytest

from admin_crm import (
    InvalidInputError,
    InvalidTypeError,
    NotFoundError,
    ServiceUnavailableError,
    download_customer_evidence,
)
from files import PNG, Asynchronous, OnlyWrite, as_ordinary_user, closed, path_to
from helpers import QUICK, Ask
from storage_server import LOST, NO_OBJECT, PATH, STORAGE, UNHEALTHY, Play, StorageServer


def whole(request: httpx.Request) -> httpx.Response:
    assert request.headers["accept-encoding"] == "identity"
    assert request.url.path == f"{STORAGE}object/customer-evidence/{PATH}"
    return httpx.Response(200, content=PNG)


def cut(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Length": str(len(PNG))}, content=PNG[:100])


def test_a_file_is_downloaded_to_memory(ask: Ask, storage: StorageServer) -> None:
    storage.play(whole)
    assert ask(download_customer_evidence, PATH) == PNG


@pytest.mark.parametrize("failure", [LOST, UNHEALTHY, cut])
def test_an_interrupted_download_starts_again(ask: Ask, storage: StorageServer, tmp_path: Path, failure: Play) -> None:
    storage.play(failure, whole)
    assert ask(download_customer_evidence, PATH, tmp_path / "foto.png") == len(PNG)
    assert (tmp_path / "foto.png").read_bytes() == PNG


def test_a_download_that_stays_incomplete_leaves_the_target_as_it_was(
    ask: Ask, storage: StorageServer, tmp_path: Path
) -> None:
    target = tmp_path / "foto.png"
    target.write_bytes(b"before")
    storage.play(*[cut] * QUICK.retry_attempts)
    with pytest.raises(ServiceUnavailableError, match="ended after 100 of"):
        ask(download_customer_evidence, PATH, str(target))
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("foto.png", b"before")]


def test_the_length_of_an_encoded_body_is_not_compared_with_the_file(ask: Ask, storage: StorageServer) -> None:
    headers = {"Content-Encoding": "identity", "Content-Length": "1"}
    storage.play(httpx.Response(200, headers=headers, content=PNG))
    assert ask(download_customer_evidence, PATH) == PNG


def test_a_file_object_is_written_to_once_the_file_is_complete(ask: Ask, storage: StorageServer) -> None:
    target = io.BytesIO(b"head ")
    target.seek(5)
    storage.play(cut, whole)
    assert ask(download_customer_evidence, PATH, target) == len(PNG)
    assert target.getvalue() == b"head " + PNG


def test_a_file_that_does_not_exist_is_not_found(ask: Ask, storage: StorageServer, tmp_path: Path) -> None:
    storage.play(NO_OBJECT)
    with pytest.raises(NotFoundError):
        ask(download_customer_evidence, PATH, tmp_path / "foto.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (closed(), "to cannot be used for writing: I/O operation on closed file"),
        ("a\0b", "to cannot be used for writing: embedded null byte"),
    ],
)
def test_a_target_that_cannot_be_written_is_refused_before_anything_is_sent(
    ask: Ask, storage: StorageServer, to: Any, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words) as raised:
        ask(download_customer_evidence, PATH, to)
    assert raised.value.argument == "to"
    assert storage.requests == []


def test_a_target_opened_for_reading_is_refused_before_anything_is_sent(
    ask: Ask, storage: StorageServer, tmp_path: Path
) -> None:
    with path_to(tmp_path, PNG).open("rb") as file, pytest.raises(InvalidInputError, match="open for writing"):
        ask(download_customer_evidence, PATH, file)
    assert storage.requests == []


@pytest.mark.parametrize(
    ("to", "words"), [(io.StringIO(), "binary mode"), (42, "not int"), (Asynchronous(), "regular file object")]
)
def test_a_target_other_than_a_binary_file_is_a_type_error(
    ask: Ask, storage: StorageServer, to: Any, words: str
) -> None:
    with pytest.raises(InvalidTypeError, match=words) as raised:
        ask(download_customer_evidence, PATH, to)
    assert isinstance(raised.value, TypeError)
    assert raised.value.argument == "to"
    assert storage.requests == []


@pytest.mark.parametrize(("to", "kind"), [("/", IsADirectoryError), ("/nowhere/at/all.png", FileNotFoundError)])
def test_a_path_that_cannot_be_created_raises_pythons_own_error_with_its_name(
    ask: Ask, storage: StorageServer, to: str, kind: type[OSError]
) -> None:
    with pytest.raises(OSError, match=to) as raised:
        ask(download_customer_evidence, PATH, to)
    assert type(raised.value) is kind
    assert raised.value.filename == to
    assert storage.requests == []


def test_a_folder_that_may_not_be_written_is_a_permission_error(
    ask: Ask, storage: StorageServer, tmp_path: Path
) -> None:
    tmp_path.chmod(0o555)
    with as_ordinary_user(), pytest.raises(PermissionError) as raised:
        ask(download_customer_evidence, PATH, tmp_path / "foto.png")
    tmp_path.chmod(0o755)
    assert type(raised.value) is PermissionError
    assert storage.requests == []


def test_a_full_disk_raises_pythons_own_error_and_is_not_retried(ask: Ask, storage: StorageServer) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")

    class Full(io.BytesIO):
        def write(self, content: Any, /) -> int:
            if content:
                raise full
            return 0

    storage.play(whole)
    with pytest.raises(OSError, match="No space left") as raised:
        ask(download_customer_evidence, PATH, Full())
    assert raised.value is full
    assert len(storage.requests) == 1


def test_a_device_is_written_to_and_not_replaced(ask: Ask, storage: StorageServer) -> None:
    storage.play(whole, whole)
    with pytest.raises(OSError, match="No space left") as raised:
        ask(download_customer_evidence, PATH, "/dev/full")
    assert raised.value.errno == errno.ENOSPC
    assert ask(download_customer_evidence, PATH, Path(os.devnull)) == len(PNG)
    assert Path("/dev/full").is_char_device()
    assert Path(os.devnull).is_char_device()


def test_a_buffered_file_on_a_full_disk_fails_within_the_call(ask: Ask, storage: StorageServer) -> None:
    storage.play(whole)
    full = Path("/dev/full").open("wb")  # noqa: SIM115 (closing it fails too)
    with pytest.raises(OSError, match="No space left"):
        ask(download_customer_evidence, PATH, full)
    with pytest.raises(OSError, match="No space left"):
        full.close()


def test_a_disk_that_fails_half_way_leaves_the_target_as_it_was(
    ask: Ask, storage: StorageServer, tmp_path: Path
) -> None:
    target = tmp_path / "foto.png"
    target.write_bytes(b"before")
    storage.play(httpx.Response(200, content=b"x" * 3_000_000))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large") as raised:
            ask(download_customer_evidence, PATH, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.errno == errno.EFBIG
    assert len(storage.requests) == 1
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("foto.png", b"before")]


class Unbuffered(io.RawIOBase):
    """A file that takes at most 100 bytes at once, and no more than `most` in all."""

    def __init__(self, most: int) -> None:
        self.content, self.most = b"", most

    def writable(self) -> bool:
        return True

    def write(self, content: Any, /) -> int | None:
        piece = bytes(content)[: min(100, self.most - len(self.content))]
        self.content += piece
        return len(piece) or None


def test_an_object_with_only_a_write_method_is_written_to(ask: Ask, storage: StorageServer) -> None:
    storage.play(whole)
    target = OnlyWrite()
    assert ask(download_customer_evidence, PATH, target) == len(PNG)
    assert target.content == PNG


def test_an_unbuffered_file_is_written_to_until_all_is_written(ask: Ask, storage: StorageServer) -> None:
    storage.play(whole, whole)
    target = Unbuffered(most=10_000)
    assert ask(download_customer_evidence, PATH, target) == len(PNG)
    assert target.content == PNG
    with pytest.raises(BlockingIOError):
        ask(download_customer_evidence, PATH, Unbuffered(most=150))


def test_a_target_that_is_closed_during_the_download_is_refused(ask: Ask, storage: StorageServer) -> None:
    target = io.BytesIO()

    def close_target(request: httpx.Request) -> httpx.Response:
        target.close()
        return whole(request)

    storage.play(close_target)
    with pytest.raises(InvalidInputError, match="closed file"):
        ask(download_customer_evidence, PATH, target)
