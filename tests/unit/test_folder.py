"""All that a customer's folder holds is listed and removed, below other folders too."""

from __future__ import annotations

import json
from uuid import UUID

import httpx
import pytest

from admin_crm import IncompleteReadError, PermissionDeniedError, SchemaMismatchError
from admin_crm._storage.folder import fetch_folder, remove_files, sees_files
from admin_crm.client import operation
from helpers import Ask
from storage_server import ANA, NO_BUCKET, NO_OBJECT, StorageServer, entry

fetch, remove, sees = operation(fetch_folder), operation(remove_files), operation(sees_files)
FOLDER = {"name": "sub", "id": None, "created_at": None, "metadata": None}


def test_files_in_folders_below_and_placeholders_are_listed_without_a_url(ask: Ask, storage: StorageServer) -> None:
    storage.play(
        httpx.Response(200, json=[FOLDER, entry("a.png", metadata={"size": 3, "mimetype": "image/png"})]),
        httpx.Response(200, json=[entry(".emptyFolderPlaceholder"), entry("b.png")]),
    )
    files = ask(fetch, UUID(ANA))
    assert [file.path for file in files] == [
        f"{ANA}/a.png", f"{ANA}/sub/.emptyFolderPlaceholder", f"{ANA}/sub/b.png",
    ]  # fmt: skip
    assert (files[0].size, files[0].content_type, files[0].url) == (3, "image/png", None)


def test_where_nothing_is_listed_a_missing_bucket_is_told_from_an_empty_folder(
    ask: Ask, storage: StorageServer
) -> None:
    storage.play(httpx.Response(200, json=[]), NO_OBJECT)
    assert ask(fetch, UUID(ANA)) == []
    storage.play(httpx.Response(200, json=[]), NO_BUCKET, httpx.Response(200, json=[]))
    with pytest.raises(SchemaMismatchError):
        ask(fetch, UUID(ANA))


@pytest.mark.parametrize("visible", [True, False])
def test_whether_anything_is_seen_is_asked_of_the_whole_bucket(ask: Ask, storage: StorageServer, visible: bool) -> None:
    storage.play(httpx.Response(200, json=[FOLDER] if visible else []))
    assert ask(sees) is visible
    assert json.loads(storage.last.content)["prefix"] == ""


def test_files_are_removed_a_thousand_at_a_time(ask: Ask, storage: StorageServer) -> None:
    paths = [f"{ANA}/{number}.png" for number in range(1001)]

    def removed(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[{"name": path} for path in json.loads(request.content)["prefixes"]])

    storage.play(removed, removed)
    ask(remove, paths)
    assert json.loads(storage.last.content)["prefixes"] == paths[1000:]


def test_a_file_that_may_not_be_removed_is_an_error_and_one_that_is_gone_is_none(
    ask: Ask, storage: StorageServer
) -> None:
    storage.play(httpx.Response(200, json=[]), NO_OBJECT)
    ask(remove, [f"{ANA}/a.png"])
    storage.play(httpx.Response(200, json=[]), httpx.Response(200, json={}))
    with pytest.raises(PermissionDeniedError, match="1 of 1 files"):
        ask(remove, [f"{ANA}/a.png"])


def test_folders_in_folders_without_end_raise_with_the_files_found(ask: Ask, storage: StorageServer) -> None:
    answer = httpx.Response(200, json=[FOLDER, entry("a.png")])
    storage.play(*[answer] * (1024 // len("/sub")))
    with pytest.raises(IncompleteReadError, match="without end") as raised:
        ask(fetch, UUID(ANA))
    assert len(raised.value.rows) > 1
    storage.plays.clear()
