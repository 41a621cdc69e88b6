"""Uploads in parts: they resume after a lost connection, and send the key only to the project."""

from __future__ import annotations

import httpx
import pytest

from admin_crm import (
    AdminCRMError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    ServiceUnavailableError,
    UnexpectedResponseError,
    upload_customer_evidence,
)
from admin_crm._storage import upload as uploading
from files import BIG
from helpers import QUICK, URL, Ask
from storage_server import ANA, StorageServer, Tus, stored


def test_a_large_file_is_sent_in_parts_and_the_key_only_to_the_project(ask: Ask, tus: Tus) -> None:
    reported: list[int] = []
    path = ask(
        upload_customer_evidence,
        ANA,
        BIG,
        file_name="Vídeo.mp4",
        progress=lambda sent, total: reported.append(sent),
    )
    assert tus.received == BIG
    assert tus.offsets == [0, 1000, 2000]
    assert reported == [1000, 2000, 2560]
    assert tus.created == {
        "bucketName": "customer-evidence",
        "objectName": path,
        "contentType": "video/mp4",
        "cacheControl": "3600",
        "metadata": '{"original_name": "V\\u00eddeo.mp4"}',
    }


def test_after_a_lost_connection_the_upload_resumes_at_the_servers_offset(ask: Ask, tus: Tus) -> None:
    tus.faults = ["break", "lose", httpx.Response(503)]
    ask(upload_customer_evidence, ANA, BIG)
    assert tus.received == BIG
    assert tus.offsets == [0, 300, 1300, 1300, 2300]


def test_a_conflict_about_the_offset_is_solved_by_asking_the_server(ask: Ask, tus: Tus) -> None:
    tus.faults = [httpx.Response(409), httpx.Response(423)]
    ask(upload_customer_evidence, ANA, BIG)
    assert tus.received == BIG
    assert tus.offsets == [0, 0, 0, 1000, 2000]


@pytest.mark.parametrize("forgets", [False, True])
def test_an_upload_whose_last_response_was_lost_is_success(ask: Ask, tus: Tus, forgets: bool) -> None:
    tus.faults = ["", "", "lose"]
    tus.forgets = forgets
    ask(upload_customer_evidence, ANA, BIG)
    assert tus.received == BIG


def test_an_unfinished_upload_that_the_server_deleted_fails(ask: Ask, tus: Tus) -> None:
    tus.faults = ["lose"]
    tus.forgets = True
    with pytest.raises(NotFoundError):
        ask(upload_customer_evidence, ANA, BIG)


def test_a_part_is_attempted_as_often_as_the_settings_allow(ask: Ask, tus: Tus) -> None:
    tus.faults = [httpx.Response(503)] * 4
    with pytest.raises(ServiceUnavailableError):
        ask(upload_customer_evidence, ANA, BIG)
    assert tus.offsets == [0] * QUICK.retry_attempts


@pytest.mark.parametrize("offset", ["", "0", "2561", "x"])
def test_an_impossible_offset_is_an_error(ask: Ask, tus: Tus, offset: str) -> None:
    tus.faults = [httpx.Response(204, headers={"Upload-Offset": offset})]
    with pytest.raises(UnexpectedResponseError) as raised:
        ask(upload_customer_evidence, ANA, BIG)
    assert raised.value.field == "Upload-Offset"


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_resumable_uploads_gets_the_file_in_one_request(
    ask: Ask, storage: StorageServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(uploading, "PART_SIZE", 1000)
    storage.play(httpx.Response(status), stored)
    ask(upload_customer_evidence, ANA, BIG)
    assert storage.last.content == BIG


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(403, text="new row violates row-level security policy"), PermissionDeniedError),
        (httpx.Response(413, text="Maximum size exceeded"), InvalidInputError),
        (httpx.Response(201), UnexpectedResponseError),
        (httpx.Response(201, headers={"Location": f"{URL}/upload/resumable/a%20b?y"}), UnexpectedResponseError),
        (httpx.Response(201, headers={"Location": "https://evil.example/"}), UnexpectedResponseError),
    ],
)
def test_a_resumable_upload_that_cannot_begin_says_why(
    ask: Ask, storage: StorageServer, monkeypatch: pytest.MonkeyPatch, answer: httpx.Response, kind: type[AdminCRMError]
) -> None:
    monkeypatch.setattr(uploading, "PART_SIZE", 1000)
    storage.play(answer)
    with pytest.raises(kind):
        ask(upload_customer_evidence, ANA, BIG)
