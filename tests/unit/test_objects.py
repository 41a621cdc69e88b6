"""Evidence files are listed completely, signed, and addressed by valid paths only."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from admin_crm import (
    InvalidInputError,
    NotFoundError,
    SchemaMismatchError,
    UnexpectedResponseError,
    delete_customer_evidence,
    download_customer_evidence,
    get_evidence_url,
    list_customer_evidence,
)
from helpers import URL, Ask
from storage_server import ANA, EMPTY, NO_BUCKET, NO_OBJECT, PATH, STORAGE, StorageServer, entry, refusal, sign_all


def test_a_listing_is_complete_although_the_server_returns_a_hundred_at_a_time(
    ask: Ask, storage: StorageServer
) -> None:
    names = [f"{number:04}.png" for number in range(250)]

    def page(request: httpx.Request) -> httpx.Response:
        offset = json.loads(request.content)["offset"]
        return httpx.Response(200, json=[entry(name) for name in names[offset : offset + 100]])

    storage.play(page, page, page, sign_all)
    files = ask(list_customer_evidence, ANA)
    assert sorted(file.file_name for file in files) == names
    assert all(file.url.endswith(f"{file.path}?t=1") for file in files)


def test_folders_and_placeholders_are_not_listed(ask: Ask, storage: StorageServer) -> None:
    folder = {"name": "sub", "id": None, "created_at": None, "metadata": None}
    described = entry("a.png", metadata={"size": 3, "mimetype": "image/png"})
    storage.play(httpx.Response(200, json=[folder, entry(".emptyFolderPlaceholder"), described]), sign_all)
    (file,) = ask(list_customer_evidence, ANA)
    assert (file.path, file.size, file.content_type) == (f"{ANA}/a.png", 3, "image/png")


def test_a_file_with_the_name_of_a_folder_is_listed(ask: Ask, storage: StorageServer) -> None:
    folder = {"name": "sub", "id": None, "created_at": None, "metadata": None}
    storage.play(httpx.Response(200, json=[folder, entry("sub")]), sign_all)
    assert [file.path for file in ask(list_customer_evidence, ANA)] == [f"{ANA}/sub"]


def test_original_names_are_read_file_by_file(ask: Ask, storage: StorageServer) -> None:
    known = {
        "a.png": httpx.Response(200, json={"metadata": {"original_name": "Pieza rota.png"}}),
        "b.png": httpx.Response(200, json={"metadata": None}),
        "c.png": httpx.Response(200, json={"metadata": {"original_name": 7}}),
        "d.png": NO_OBJECT,
    }
    info = [lambda request: known[request.url.path.rpartition("/")[2]]] * 4
    storage.play(httpx.Response(200, json=[entry(name) for name in known]), sign_all, *info)
    files = ask(list_customer_evidence, ANA, original_names=True)
    assert {file.path[-5:]: file.file_name for file in files} == {
        "a.png": "Pieza rota.png",
        "b.png": "b.png",
        "c.png": "c.png",
        "d.png": "d.png",
    }


def test_an_undecodable_listing_is_never_returned_as_empty(ask: Ask, storage: StorageServer) -> None:
    storage.play(httpx.Response(200, json=[{"id": "x"}]))
    with pytest.raises(UnexpectedResponseError) as raised:
        ask(list_customer_evidence, ANA)
    assert raised.value.field == "name"


@pytest.mark.parametrize(
    ("status", "code"),
    [(423, "ResourceLocked"), (429, "too_many_connections"), (503, "LockTimeout"), (544, "DatabaseTimeout")],
)
def test_a_storage_server_that_is_busy_is_asked_again(ask: Ask, storage: StorageServer, status: int, code: str) -> None:
    storage.play(refusal(status, code), httpx.Response(200, json=[entry("a.png")]), sign_all)
    assert len(ask(list_customer_evidence, ANA)) == 1


def test_a_name_with_a_question_mark_is_not_signed_because_no_server_opens_that_url(
    ask: Ask, storage: StorageServer
) -> None:
    with pytest.raises(InvalidInputError, match="question mark") as raised:
        ask(get_evidence_url, f"{ANA}/a?.png")
    assert raised.value.argument == "path"
    assert storage.requests == []
    storage.play(httpx.Response(200, json=[entry("a?.png"), entry("b.png")]), sign_all)
    urls = {file.file_name: file.url for file in ask(list_customer_evidence, ANA)}
    assert urls["a?.png"] is None
    assert urls["b.png"] is not None
    assert json.loads(storage.last.content)["paths"] == [f"{ANA}/b.png"]


@pytest.mark.parametrize(
    ("download", "query"), [(None, "?t=1"), (True, "?t=1&download="), ("Ñ 1.pdf", "?t=1&download=%C3%91+1.pdf")]
)
def test_a_url_is_signed_for_showing_or_saving(ask: Ask, storage: StorageServer, download: Any, query: str) -> None:
    storage.play(httpx.Response(200, json={"signedURL": f"/object/sign/customer-evidence/{PATH}?t=1"}))
    url = ask(get_evidence_url, PATH, expires_in=60, download=download)
    assert url == f"{URL}{STORAGE}object/sign/customer-evidence/{PATH}{query}"
    assert json.loads(storage.last.content)["expiresIn"] == "60"


@pytest.mark.parametrize("operation", [get_evidence_url, download_customer_evidence, delete_customer_evidence])
@pytest.mark.parametrize(
    "path",
    [
        "",
        "recibo.pdf",
        f"{ANA}/",
        f"{ANA}/..",
        f"{ANA}/.",
        f"{ANA}/../{ANA}/a.pdf",
        f"{ANA}/sub/a.pdf",
        f"/{ANA}/a.pdf",
        f"{ANA}/%2e%2e",
        f"{ANA}/a.pdf\n",
        f"{ANA}/ñ.pdf",
        7,
    ],
)
def test_a_path_that_is_not_an_evidence_file_is_refused(
    ask: Ask, storage: StorageServer, operation: Any, path: Any
) -> None:
    with pytest.raises(InvalidInputError):
        ask(operation, [path] if operation is delete_customer_evidence else path)
    assert storage.requests == []


@pytest.mark.parametrize("options", [{"expires_in": 0}, {"download": " "}])
def test_the_options_of_a_url_are_checked_before_anything_is_sent(
    ask: Ask, storage: StorageServer, options: Any
) -> None:
    with pytest.raises(InvalidInputError):
        ask(get_evidence_url, PATH, **options)


def test_a_file_that_does_not_exist_cannot_be_signed(ask: Ask, storage: StorageServer) -> None:
    storage.play(NO_OBJECT, NO_OBJECT)
    with pytest.raises(NotFoundError):
        ask(get_evidence_url, PATH)


def test_signing_in_a_missing_bucket_which_the_server_calls_a_missing_object_is_told_apart(
    ask: Ask, storage: StorageServer
) -> None:
    storage.play(NO_OBJECT, NO_BUCKET, EMPTY)
    with pytest.raises(SchemaMismatchError) as raised:
        ask(get_evidence_url, PATH)
    assert (raised.value.kind, raised.value.name) == ("bucket", "customer-evidence")
