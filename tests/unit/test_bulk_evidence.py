"""Uploading files of many customers: each once, an outcome for each, and going on with a journal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from admin_crm import (
    BulkError,
    ConflictError,
    CustomerNotFoundError,
    InvalidInputError,
    SchemaMismatchError,
    upload_evidence_files,
)
from admin_crm._storage import upload
from files import PNG
from helpers import Ask
from storage_server import ANA, DUPLICATE, LOST, NO_BUCKET, StorageServer, metadata_of, refusal, stored

BEA = "a11a5e00-0000-4000-8000-000000000002"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scan.png").write_bytes(PNG)
    return tmp_path


class Bucket:
    """A bucket that keeps what it is given, once."""

    def __init__(self, storage: StorageServer) -> None:
        self.objects: dict[str, bytes] = {}
        self.plays: list[Any] = []
        """What becomes of the next uploads, after they have arrived."""
        storage.customers = [{"id": ANA}, {"id": BEA}]
        storage.handler = self.answer

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.rpartition("customer-evidence/")[2]
        if request.method == "GET":
            return httpx.Response(200, json={"size": len(self.objects[path])})
        play = self.plays.pop(0) if self.plays else None
        if isinstance(play, httpx.Response):
            return play
        if path in self.objects:
            return DUPLICATE
        self.objects[path] = request.content
        if play is not None:
            raise play
        return stored(request)


@pytest.fixture
def bucket(storage: StorageServer) -> Bucket:
    return Bucket(storage)


def test_each_file_is_stored_under_a_name_of_its_own(ask: Ask, storage: StorageServer, bucket: Bucket) -> None:
    result = ask(upload_evidence_files, {ANA: "scan.png", BEA: ["scan.png", b"%PDF-1.7"]})
    assert [str(each) for each in result.done] == [ANA, BEA, BEA]
    assert result.paths.keys() == {f"{ANA}: scan.png", f"{BEA}: scan.png", f"{BEA}: file 3"}
    assert {path: len(content) for path, content in bucket.objects.items()} == {
        result.paths[f"{ANA}: scan.png"]: len(PNG),
        result.paths[f"{BEA}: scan.png"]: len(PNG),
        result.paths[f"{BEA}: file 3"]: 8,
    }
    assert re.fullmatch(rf"{ANA}/[0-9a-f]{{32}}\.png", result.paths[f"{ANA}: scan.png"])
    assert result.paths[f"{BEA}: file 3"].endswith(".pdf")
    named = {request.url.path.rpartition(".")[2]: metadata_of(request) for request in storage.requests}
    assert named == {"png": {"original_name": "scan.png"}, "pdf": {}}


def test_the_same_file_of_a_customer_is_stored_once(ask: Ask, bucket: Bucket, folder: Path) -> None:
    (folder / "copies").mkdir()
    (folder / "copies" / "scan.png").write_bytes(PNG)
    result = ask(upload_evidence_files, [(ANA, "scan.png"), (ANA, "copies/scan.png")])
    assert (len(result), len(bucket.objects)) == (1, 1)


def test_what_fails_alone_is_told_and_the_others_are_stored(ask: Ask, storage: StorageServer, bucket: Bucket) -> None:
    storage.customers = [{"id": ANA}]
    bucket.plays = [refusal(415, "invalid_mime_type")]
    result = ask(upload_evidence_files, [(BEA, "scan.png"), (ANA, "none.png"), ("x", b"x"), (ANA, "scan.png")])
    assert {name: type(error) for name, error in result.failed.items()} == {
        f"{BEA}: scan.png": CustomerNotFoundError,
        f"{ANA}: none.png": InvalidInputError,
        "file 3": InvalidInputError,
        f"{ANA}: scan.png": InvalidInputError,
    }
    assert (result.done, result.paths, bucket.objects) == ([], {}, {})


def test_a_plan_sends_no_file(ask: Ask, storage: StorageServer, bucket: Bucket, folder: Path) -> None:
    storage.customers = [{"id": ANA}]
    result = ask(upload_evidence_files, [(BEA, "scan.png"), (ANA, "scan.png")], dry_run=True, journal="journal")
    assert (result.remaining, list(result.failed)) == ([f"{ANA}: scan.png"], [f"{BEA}: scan.png"])
    assert (storage.requests, [each.name for each in folder.iterdir()]) == ([], ["scan.png"])


def test_a_lost_answer_is_no_second_file(ask: Ask, bucket: Bucket) -> None:
    bucket.plays = [LOST]
    result = ask(upload_evidence_files, [(ANA, "scan.png")])
    assert (len(result.done), list(bucket.objects)) == (1, list(result.paths.values()))


class KilledError(Exception):
    """As if the process ended here."""


def test_what_a_killed_run_has_stored_is_recognized(
    ask: Ask, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    bucket.plays = [KilledError()]
    with pytest.raises(KilledError):
        ask(upload_evidence_files, [(ANA, "scan.png")], journal="journal")
    result = ask(upload_evidence_files, [(ANA, "scan.png"), (BEA, "scan.png")], journal="journal")
    assert ([str(each) for each in result.done], len(bucket.objects)) == ([ANA, BEA], 2)
    assert set(result.paths.values()) == set(bucket.objects)
    again = ask(upload_evidence_files, [(ANA, "scan.png"), (BEA, "scan.png")], journal="journal")
    assert (len(again.skipped), again.paths, len(bucket.objects)) == (2, {}, 2)
    (folder / "scan.png").write_bytes(PNG + b"!")
    changed = ask(upload_evidence_files, [(ANA, "scan.png")], journal="journal")
    assert (len(changed.done), len(bucket.objects)) == (1, 3)
    assert "scan" not in (folder / "journal").read_text()


def test_another_file_under_the_name_is_a_conflict(ask: Ask, bucket: Bucket) -> None:
    bucket.plays = [KilledError()]
    with pytest.raises(KilledError):
        ask(upload_evidence_files, [(ANA, "scan.png")], journal="journal")
    bucket.objects = dict.fromkeys(bucket.objects, b"short")
    result = ask(upload_evidence_files, [(ANA, "scan.png")], journal="journal")
    assert isinstance(result.failed[f"{ANA}: scan.png"], ConflictError)


def test_a_missing_bucket_stops_everything(ask: Ask, bucket: Bucket) -> None:
    files = {ANA: [f"{number}".encode() for number in range(1, 31)]}
    bucket.plays = [None] * 20 + [NO_BUCKET] * 10
    with pytest.raises(BulkError, match="stopped after 20 of 30") as raised:
        ask(upload_evidence_files, files)
    assert isinstance(raised.value.__cause__, SchemaMismatchError)
    assert len(raised.value.result.paths) == len(raised.value.result.done) == 20
    assert len(raised.value.result.remaining) == 10


def test_a_large_file_that_is_there_is_recognized_too(
    ask: Ask, bucket: Bucket, storage: StorageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "PART_SIZE", 100)
    answer = bucket.answer

    def resumable(request: httpx.Request) -> httpx.Response:
        there = request.url.path.endswith("/upload/resumable")
        return httpx.Response(409, text="The resource already exists") if there else answer(request)

    storage.handler = resumable
    monkeypatch.setattr(bucket, "objects", _Whatever(len(PNG)))
    assert len(ask(upload_evidence_files, [(ANA, "scan.png")]).done) == 1


class _Whatever(dict[str, bytes]):
    """Objects of one size, under every name."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __missing__(self, _: str) -> bytes:
        return b"x" * self.size
