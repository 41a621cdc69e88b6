"""Uploads in one request: what is sent with the file, when it is repeated, how progress is reported."""

from __future__ import annotations

import re
import sys
from typing import Any

import httpx
import pytest

from admin_crm import (
    AdminCRMError,
    ConflictError,
    CustomerNotFoundError,
    InvalidInputError,
    InvalidTypeError,
    PermissionDeniedError,
    SchemaMismatchError,
    ServiceUnavailableError,
    UnexpectedResponseError,
    upload_customer_evidence,
)
from files import PNG
from helpers import Ask
from storage_server import ANA, DENIED, DUPLICATE, LOST, NO_BUCKET, STORAGE, StorageServer, metadata_of, refusal, stored


@pytest.mark.parametrize(
    ("file_name", "remembered", "ending"),
    [
        ("Ñandú #1 (copia)?.PDF", {"original_name": "Ñandú #1 (copia)?.PDF"}, ".pdf"),
        ("../../x.sh", {"original_name": "x.sh"}, ".sh"),
        ("C:\\fotos\\pieza.jpg", {"original_name": "pieza.jpg"}, ".jpg"),
        ("recibo", {"original_name": "recibo"}, ".bin"),
        ("..", {}, ".bin"),
        (None, {}, ".bin"),
    ],
)
def test_the_original_name_is_stored_as_metadata_and_never_part_of_the_key(
    ask: Ask, storage: StorageServer, file_name: str | None, remembered: Any, ending: str
) -> None:
    storage.play(stored)
    path = ask(upload_customer_evidence, ANA, b"hola", file_name=file_name)
    assert metadata_of(storage.last) == remembered
    assert re.fullmatch(rf"{ANA}/[0-9a-f]{{32}}\{ending}", path)


def test_a_content_type_passed_by_the_caller_is_sent(ask: Ask, storage: StorageServer) -> None:
    storage.play(stored)
    ask(upload_customer_evidence, ANA, PNG, content_type="text/plain; charset=utf-8")
    assert storage.last.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("argument", "options"),
    [
        ("customer_id", {"customer_id": "c-1"}),
        ("file_name", {"file_name": "  "}),
        ("file_name", {"file_name": "\0"}),
        ("content_type", {"content_type": "png"}),
        ("content_type", {"content_type": "image/png\r\nx-upsert: true"}),
    ],
)
def test_other_arguments_are_checked_before_anything_is_sent(
    ask: Ask, storage: StorageServer, argument: str, options: Any
) -> None:
    with pytest.raises(InvalidInputError) as raised:
        ask(upload_customer_evidence, **({"customer_id": ANA, "file": PNG} | options))
    assert raised.value.argument == argument
    assert storage.requests == []


@pytest.mark.parametrize(
    ("argument", "options"),
    [
        ("customer_id", {"customer_id": 1}),
        ("file_name", {"file_name": 1}),
        ("content_type", {"content_type": 1}),
        ("progress", {"progress": "yes"}),
    ],
)
def test_arguments_of_the_wrong_type_are_type_errors(
    ask: Ask, storage: StorageServer, argument: str, options: Any
) -> None:
    with pytest.raises(InvalidTypeError) as raised:
        ask(upload_customer_evidence, **({"customer_id": ANA, "file": PNG} | options))
    assert raised.value.argument == argument
    assert storage.requests == []


def test_nothing_is_uploaded_for_an_unknown_customer(ask: Ask, storage: StorageServer) -> None:
    storage.customers = []
    with pytest.raises(CustomerNotFoundError):
        ask(upload_customer_evidence, ANA, PNG)
    assert storage.requests == []


def test_a_duplicate_of_our_own_random_key_after_a_lost_response_is_success(ask: Ask, storage: StorageServer) -> None:
    storage.play(LOST, DUPLICATE)
    path = ask(upload_customer_evidence, ANA, PNG)
    assert {request.url.path for request in storage.requests} == {f"{STORAGE}object/customer-evidence/{path}"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (DUPLICATE, ConflictError),
        (DENIED, PermissionDeniedError),
        (NO_BUCKET, SchemaMismatchError),
        (refusal(413, "Payload too large"), InvalidInputError),
        (refusal(415, "invalid_mime_type"), InvalidInputError),
        (httpx.Response(500), ServiceUnavailableError),
        (httpx.Response(307, headers={"Location": "https://evil.example/"}), UnexpectedResponseError),
        (httpx.Response(200, json={"Key": "customer-evidence/elsewhere"}), UnexpectedResponseError),
        (httpx.Response(200, json={"ok": True}), UnexpectedResponseError),
    ],
)
def test_a_refused_upload_says_why_and_is_not_retried(
    ask: Ask, storage: StorageServer, answer: httpx.Response, kind: type[AdminCRMError]
) -> None:
    storage.play(answer)
    with pytest.raises(kind) as raised:
        ask(upload_customer_evidence, ANA, PNG)
    assert type(raised.value) is kind
    assert raised.value.operation == "upload_customer_evidence"
    assert str(raised.value.customer_id) == ANA


def test_progress_is_reported_after_every_chunk(ask: Ask, storage: StorageServer) -> None:
    storage.play(stored)
    reported: list[tuple[int, int]] = []
    ask(upload_customer_evidence, ANA, b"x" * 600_000, progress=lambda sent, total: reported.append((sent, total)))
    assert reported == [(262_144, 600_000), (524_288, 600_000), (600_000, 600_000)]


def test_an_exception_of_the_progress_callback_stops_the_upload(ask: Ask, storage: StorageServer) -> None:
    class CancelledError(Exception):
        pass

    def cancel(sent: int, total: int) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        ask(upload_customer_evidence, ANA, PNG, progress=cancel)
    assert storage.requests == []


@pytest.mark.parametrize("progress", [True, False])
def test_a_progress_bar_is_shown_only_when_asked_for(
    ask: Ask, storage: StorageServer, progress: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    storage.play(LOST, stored)
    ask(upload_customer_evidence, ANA, PNG, file_name="foto.png", progress=progress)
    assert ("foto.png: 100%" in capsys.readouterr().err) is progress


def test_a_progress_bar_without_tqdm_says_what_to_install(
    ask: Ask, storage: StorageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="pip install"):
        ask(upload_customer_evidence, ANA, PNG, progress=True)
    assert storage.requests == []
