"""Uploads in parts: they resume after a lost connection, and send the key only to the project."""

from __future__ import annotations

import httpx
import pytest

from admin_crm import (
    AdminCRMError,
    AuthenticationError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    SchemaMismatchError,
    ServiceUnavailableError,
    UnexpectedResponseError,
    upload_customer_evidence,
)
from admin_crm._storage import source
from admin_crm._storage import upload as uploading
from files import BIG
from helpers import QUICK, URL, Ask, Caller
from storage_server import ANA, Clock, Play, StorageServer, Tus, stored


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


def test_an_outage_is_limited_by_the_deadline_and_not_by_the_attempts(ask: Ask, tus: Tus) -> None:
    gone: list[Play] = [httpx.ConnectError("refused"), httpx.Response(503)] * QUICK.retry_attempts
    tus.faults = [tus.losing(gone)]
    ask(upload_customer_evidence, ANA, BIG)
    assert tus.received == BIG
    tus.received, tus.faults = b"", [tus.losing([httpx.Response(503, headers={"Retry-After": "3600"})])]
    with pytest.raises(ServiceUnavailableError):
        ask(upload_customer_evidence, ANA, BIG)


def test_who_asks_for_one_attempt_gets_one(caller: Caller, ask: Ask, tus: Tus) -> None:
    tus.faults = ["break"]
    with pytest.raises(ServiceUnavailableError):
        caller(upload_customer_evidence, ask.crm.with_options(attempts=1), ANA, BIG)
    assert tus.offsets == [0]


def test_an_upload_that_moves_forward_is_not_failing_however_often_it_breaks(ask: Ask, tus: Tus) -> None:
    tus.faults = ["break"] * (2 * QUICK.retry_attempts)
    ask(upload_customer_evidence, ANA, BIG)
    assert tus.received == BIG
    assert tus.offsets == [*range(0, 2400, 300), 2400]


def test_a_server_that_loses_what_it_had_is_not_tried_for_ever(ask: Ask, tus: Tus) -> None:
    def lose_all() -> httpx.Response:
        tus.received = b""
        return httpx.Response(503)

    tus.faults = ["", lose_all] * QUICK.retry_attempts
    with pytest.raises(ServiceUnavailableError):
        ask(upload_customer_evidence, ANA, BIG)
    assert len(tus.offsets) <= 2 * QUICK.retry_attempts


def test_a_slow_part_that_breaks_after_the_deadline_is_sent_again(
    ask: Ask, tus: Tus, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "CHUNK_SIZE", 250)  # four chunks to a part

    def slowly(sent: int, total: int) -> None:
        clock.now += QUICK.retry_deadline * 0.9

    tus.faults = ["break", "lose", httpx.Response(503)]
    ask(upload_customer_evidence, ANA, BIG, progress=slowly)
    assert tus.received == BIG


def test_an_expired_token_is_told_although_a_head_has_no_body(ask: Ask, tus: Tus) -> None:
    def expire() -> httpx.Response:
        tus.expired = True
        return httpx.Response(503)

    tus.faults = [expire]
    with pytest.raises(AuthenticationError):
        ask(upload_customer_evidence, ANA, BIG)
    assert tus.offsets == [0]


def test_a_bad_head_with_a_good_token_is_what_it_says(ask: Ask, tus: Tus) -> None:
    tus.faults = [tus.losing([httpx.Response(400)])]
    with pytest.raises(InvalidInputError):
        ask(upload_customer_evidence, ANA, BIG)


def test_a_missing_bucket_is_told_before_the_file_is_sent(
    ask: Ask, storage: StorageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "PART_SIZE", 1000)
    # A server that has resumable uploads says so with every refusal; one without has no such route.
    storage.play(httpx.Response(404, headers={"Tus-Resumable": "1.0.0"}, text="refused"))
    with pytest.raises(SchemaMismatchError, match="the bucket does not exist") as raised:
        ask(upload_customer_evidence, ANA, BIG)
    assert (raised.value.kind, raised.value.name, raised.value.status) == ("bucket", "customer-evidence", 404)
    assert [request.content for request in storage.requests] == [b""]


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
