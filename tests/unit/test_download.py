"""Downloads are complete or leave everything as it was; errors of the disk are the caller's."""

from __future__ import annotations

import errno
import io
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from admin_crm import (
    AuthenticationError,
    NotFoundError,
    SchemaMismatchError,
    ServiceUnavailableError,
    download_customer_evidence,
)
from files import PNG
from helpers import QUICK, Ask
from storage_server import (
    EMPTY,
    EXPIRED,
    LOST,
    NO_BUCKET,
    NO_OBJECT,
    PATH,
    STORAGE,
    UNHEALTHY,
    Clock,
    Play,
    StorageServer,
)


class Streamed(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that arrives chunk by chunk."""

    def __init__(self, chunks: Callable[[], Iterator[bytes]]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks():
            yield chunk


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


def test_an_interrupt_leaves_the_target_as_it_was_and_nothing_beside_it(
    ask: Ask, storage: StorageServer, tmp_path: Path
) -> None:
    class InterruptError(BaseException):
        pass

    def interrupt() -> Iterator[bytes]:
        yield PNG[:100]
        raise InterruptError

    target = tmp_path / "foto.png"
    target.write_bytes(b"before")
    storage.play(lambda _: httpx.Response(200, stream=Streamed(interrupt)))
    with pytest.raises(InterruptError):
        ask(download_customer_evidence, PATH, target)
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


def test_a_bad_key_is_not_reported_as_a_missing_bucket(ask: Ask, storage: StorageServer, tmp_path: Path) -> None:
    storage.play(NO_BUCKET, EXPIRED)
    with pytest.raises(AuthenticationError):
        ask(download_customer_evidence, PATH, tmp_path / "a.png")
    assert [request.method for request in storage.requests] == ["GET", "POST"]
    assert list(tmp_path.iterdir()) == []
    storage.play(NO_BUCKET, EMPTY)
    with pytest.raises(SchemaMismatchError) as raised:
        ask(download_customer_evidence, PATH)
    assert (raised.value.kind, raised.value.name) == ("bucket", "customer-evidence")


def test_a_slow_download_that_breaks_after_the_deadline_is_tried_again(
    ask: Ask, storage: StorageServer, clock: Clock
) -> None:
    content = b"x" * 600_000

    def slowly() -> Iterator[bytes]:
        for start in range(0, len(content), 200_000):
            clock.now += QUICK.retry_deadline * 0.9
            yield content[start : start + 200_000]
        raise httpx.ReadError("broken")

    storage.play(lambda _: httpx.Response(200, stream=Streamed(slowly)), httpx.Response(200, content=content))
    assert ask(download_customer_evidence, PATH) == content


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
    assert (raised.value.errno, raised.value.filename) == (errno.EFBIG, str(target))
    assert len(storage.requests) == 1
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("foto.png", b"before")]
