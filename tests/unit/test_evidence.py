"""Deleting evidence says what happened to every file; an empty list is a customer without files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from admin_crm import (
    AdminCRMError,
    CustomerNotFoundError,
    EvidenceNotDeletedError,
    InvalidInputError,
    InvalidTypeError,
    NotFoundError,
    PermissionDeniedError,
    SchemaMismatchError,
    ServiceUnavailableError,
    delete_customer_evidence,
    list_customer_evidence,
)
from admin_crm._storage import objects
from helpers import ANON, KEY, QUICK, URL, Ask, Caller
from storage_server import ANA, EMPTY, LOST, NO_BUCKET, NO_OBJECT, OTHER, PATH, THERE, StorageServer, removing


def test_an_empty_listing_of_an_unknown_customer_is_an_error(ask: Ask, storage: StorageServer) -> None:
    storage.customers = []
    storage.play(httpx.Response(200, json=[]), NO_OBJECT)
    with pytest.raises(CustomerNotFoundError):
        ask(list_customer_evidence, ANA)


def test_an_empty_listing_of_a_missing_bucket_is_an_error(ask: Ask, storage: StorageServer) -> None:
    storage.play(EMPTY, NO_BUCKET, EMPTY)
    with pytest.raises(SchemaMismatchError):
        ask(list_customer_evidence, ANA)


def test_deleting_from_a_missing_bucket_does_not_say_that_the_file_is_missing(ask: Ask, storage: StorageServer) -> None:
    storage.play(removing(), NO_BUCKET, EMPTY)
    with pytest.raises(SchemaMismatchError):
        ask(delete_customer_evidence, PATH)


def test_a_customer_without_files_has_an_empty_list(ask: Ask, storage: StorageServer) -> None:
    storage.play(httpx.Response(200, json=[]), NO_OBJECT)
    assert ask(list_customer_evidence, ANA) == []


def test_deleting_returns_what_was_deleted(ask: Ask, storage: StorageServer) -> None:
    storage.play(removing(OTHER, PATH))
    assert ask(delete_customer_evidence, [PATH, OTHER, PATH]) == [PATH, OTHER]
    assert json.loads(storage.last.content) == {"prefixes": [PATH, OTHER]}


@pytest.mark.parametrize("paths", [PATH, [PATH], (PATH, PATH), {PATH: 1}], ids=["str", "list", "twice", "dict"])
@pytest.mark.parametrize(("found", "kind"), [(NO_OBJECT, NotFoundError), (THERE, PermissionDeniedError)])
def test_one_file_that_was_not_deleted_says_why_however_it_is_passed(
    ask: Ask, storage: StorageServer, paths: Any, found: httpx.Response, kind: type[AdminCRMError]
) -> None:
    storage.play(removing(), found)
    with pytest.raises(kind) as raised:
        ask(delete_customer_evidence, paths)
    assert type(raised.value) is kind


def test_of_several_files_the_error_lists_what_happened_to_each(ask: Ask, storage: StorageServer) -> None:
    gone = f"{ANA}/gone.pdf"

    def info(request: httpx.Request) -> httpx.Response:
        return NO_OBJECT if request.url.path.endswith(gone) else THERE

    storage.play(removing(PATH), info, info)
    with pytest.raises(
        EvidenceNotDeletedError, match="deleted 1 of 3 files; not found: 1; not allowed to delete: 1"
    ) as raised:
        ask(delete_customer_evidence, [PATH, OTHER, gone])
    assert (raised.value.deleted, raised.value.denied, raised.value.missing) == ((PATH,), (OTHER,), (gone,))


def test_several_files_that_do_not_exist_are_listed(ask: Ask, storage: StorageServer) -> None:
    storage.play(removing(), NO_OBJECT, NO_OBJECT)
    with pytest.raises(EvidenceNotDeletedError) as raised:
        ask(delete_customer_evidence, [PATH, OTHER])
    assert (raised.value.missing, raised.value.hint) == ((PATH, OTHER), None)


def test_a_file_that_is_gone_after_a_lost_response_counts_as_deleted(ask: Ask, storage: StorageServer) -> None:
    storage.play(LOST, removing(), NO_OBJECT)
    assert ask(delete_customer_evidence, PATH) == [PATH]


def test_a_deletion_that_stops_lists_what_was_deleted(
    ask: Ask, storage: StorageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "BATCH", 1)
    storage.play(removing(PATH), httpx.Response(500))
    with pytest.raises(EvidenceNotDeletedError, match="stopped after 1 of 2 files") as raised:
        ask(delete_customer_evidence, [PATH, OTHER])
    assert raised.value.deleted == (PATH,)
    assert isinstance(raised.value.__cause__, ServiceUnavailableError)


def test_a_deletion_that_fails_at_once_raises_the_plain_error(ask: Ask, storage: StorageServer) -> None:
    storage.play(httpx.Response(500))
    with pytest.raises(ServiceUnavailableError):
        ask(delete_customer_evidence, [PATH])


def test_a_connection_with_both_rights_deletes_with_the_secret_key(caller: Caller, storage: StorageServer) -> None:
    crm = caller.open(URL, ANON, access_token="ana-token", secret_key=KEY, settings=QUICK)
    storage.play(removing(PATH))
    assert caller(delete_customer_evidence, crm, PATH) == [PATH]
    assert storage.last.headers["authorization"] == f"Bearer {KEY}"


def test_deleting_nothing_is_refused(ask: Ask, storage: StorageServer) -> None:
    with pytest.raises(InvalidInputError):
        ask(delete_customer_evidence, [])


@pytest.mark.parametrize("paths", [None, 7, Path(PATH), b"x", [None], [Path(PATH)]])
def test_paths_of_the_wrong_type_are_a_type_error(ask: Ask, storage: StorageServer, paths: Any) -> None:
    with pytest.raises(InvalidTypeError) as raised:
        ask(delete_customer_evidence, paths)
    assert isinstance(raised.value, TypeError)
    assert raised.value.argument == "paths"
    assert storage.requests == []
