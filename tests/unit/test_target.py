"""What a download is written to: what may not be written is refused, and what is replaced keeps what it was."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from admin_crm import (
    InvalidInputError,
    InvalidTypeError,
    download_customer_evidence,
)
from files import PNG, Asynchronous, OnlyWrite, as_ordinary_user, closed, path_to
from helpers import Ask
from storage_server import (
    PATH,
    StorageServer,
)

WHOLE = httpx.Response(200, content=PNG)


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (closed(), "to cannot be used for writing: I/O operation on closed file"),
        ("a\0b", "to cannot be used for writing: .*embedded null"),
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


@pytest.mark.parametrize("kind", ["device", "pipe", "link to a device"])
def test_what_is_no_regular_file_is_refused_and_stays_what_it_is(
    ask: Ask, storage: StorageServer, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / "target" if kind != "device" else Path(os.devnull)
    if kind == "pipe":
        os.mkfifo(target)
    elif kind == "link to a device":
        target.symlink_to(os.devnull)
    before = target.lstat()
    with pytest.raises(InvalidInputError, match="not a regular file") as raised:
        ask(download_customer_evidence, PATH, target)
    assert raised.value.argument == "to"
    assert storage.requests == []
    assert (target.lstat().st_ino, target.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert Path(os.devnull).is_char_device()


def test_a_device_is_written_to_as_a_file_object(ask: Ask, storage: StorageServer) -> None:
    storage.play(WHOLE)
    with Path(os.devnull).open("wb") as file:
        assert ask(download_customer_evidence, PATH, file) == len(PNG)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_a_replaced_file_keeps_its_mode(ask: Ask, storage: StorageServer, tmp_path: Path, mode: int) -> None:
    target = path_to(tmp_path, b"before")
    target.chmod(mode)
    modes: list[int] = []

    def look(request: httpx.Request) -> httpx.Response:
        modes.extend(stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir())
        return WHOLE

    storage.play(look)
    ask(download_customer_evidence, PATH, target)
    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (PNG, mode)
    assert modes == [mode, mode]  # the temporary file too


def test_a_new_file_has_the_mode_that_open_gives(ask: Ask, storage: StorageServer, tmp_path: Path) -> None:
    (tmp_path / "opened").write_bytes(b"")
    storage.play(WHOLE)
    ask(download_customer_evidence, PATH, tmp_path / "downloaded")
    assert (tmp_path / "downloaded").stat().st_mode == (tmp_path / "opened").stat().st_mode


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_a_link_and_the_file_it_leads_to_is_written(
    ask: Ask, storage: StorageServer, tmp_path: Path, exists: bool
) -> None:
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "real.png", tmp_path / "link.png"
    if exists:
        real.write_bytes(b"before")
    link.symlink_to(real)
    storage.play(WHOLE)
    ask(download_customer_evidence, PATH, link)
    assert link.readlink() == real
    assert real.read_bytes() == PNG
    assert {each.name for each in tmp_path.rglob("*")} == {"elsewhere", "real.png", "link.png"}


def test_the_longest_names_are_downloaded_to(ask: Ask, storage: StorageServer, tmp_path: Path) -> None:
    storage.play(WHOLE)
    target = tmp_path / ("🎁" * 62 + ".png")
    assert ask(download_customer_evidence, PATH, target) == len(PNG)
    assert target.read_bytes() == PNG


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that an ordinary user reaches too; pytest's own are root's where root runs the tests."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "named"),
    [(0o444, 0o777, "file"), (0o666, 0o555, "folder"), (0o666, 0o000, "file"), (None, 0o555, "file")],
)
def test_what_may_not_be_written_is_a_permission_error_about_it(
    ask: Ask, storage: StorageServer, reachable: Path, file_mode: int | None, folder_mode: int, named: str
) -> None:
    paths = {"folder": reachable / "folder", "file": reachable / "folder" / "recibo.png"}
    paths["folder"].mkdir()
    if file_mode is not None:
        path_to(paths["folder"], b"before").chmod(file_mode)
    paths["folder"].chmod(folder_mode)
    with as_ordinary_user(), pytest.raises(PermissionError) as raised:
        ask(download_customer_evidence, PATH, paths["file"])
    paths["folder"].chmod(0o755)
    assert (type(raised.value), raised.value.filename) == (PermissionError, str(paths[named]))
    assert storage.requests == []
    assert [each.read_bytes() for each in paths["folder"].iterdir()] == [b"before"] * (file_mode is not None)


def test_a_buffered_file_on_a_full_disk_fails_within_the_call(ask: Ask, storage: StorageServer) -> None:
    storage.play(WHOLE)
    full = Path("/dev/full").open("wb")  # noqa: SIM115 (closing it fails too)
    with pytest.raises(OSError, match="No space left"):
        ask(download_customer_evidence, PATH, full)
    with pytest.raises(OSError, match="No space left"):
        full.close()


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
    storage.play(WHOLE)
    target = OnlyWrite()
    assert ask(download_customer_evidence, PATH, target) == len(PNG)
    assert target.content == PNG


def test_an_unbuffered_file_is_written_to_until_all_is_written(ask: Ask, storage: StorageServer) -> None:
    storage.play(WHOLE, WHOLE)
    target = Unbuffered(most=10_000)
    assert ask(download_customer_evidence, PATH, target) == len(PNG)
    assert target.content == PNG
    with pytest.raises(BlockingIOError):
        ask(download_customer_evidence, PATH, Unbuffered(most=150))


def test_a_wrapped_unbuffered_file_is_written_to_until_all_is_written(ask: Ask, storage: StorageServer) -> None:
    class Wrapped:
        def __init__(self, most: int) -> None:
            self.file = Unbuffered(most)

        def write(self, content: bytes) -> int:
            return self.file.write(content) or 0

    storage.play(WHOLE, WHOLE)
    target = Wrapped(most=10_000)
    assert ask(download_customer_evidence, PATH, target) == len(PNG)
    assert target.file.content == PNG
    with pytest.raises(BlockingIOError):
        ask(download_customer_evidence, PATH, Wrapped(most=150))


def test_a_target_that_is_closed_during_the_download_is_refused(ask: Ask, storage: StorageServer) -> None:
    target = io.BytesIO()

    def close_target(request: httpx.Request) -> httpx.Response:
        target.close()
        return WHOLE

    storage.play(close_target)
    with pytest.raises(InvalidInputError, match="closed file"):
        ask(download_customer_evidence, PATH, target)
