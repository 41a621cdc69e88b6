"""Storage requests of our own: one try may be several requests, and the key goes to the project only."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from admin_crm import UnexpectedResponseError
from admin_crm._core.send import send_steps
from admin_crm._core.translate import check_success
from admin_crm._storage.requests import send_request
from admin_crm.client import operation
from helpers import KEY, Ask
from storage_server import STORAGE, UNHEALTHY, StorageServer


@operation
async def two_requests(crm: Any) -> str:
    """Make two requests as one try."""

    async def work() -> httpx.Response:
        check_success(await send_request(crm, "GET", "first"))
        return await send_request(crm, "GET", "object", "folder", "a b.png", headers={"X-Test": "1"})

    def read(answer: httpx.Response) -> str:
        check_success(answer)
        return answer.text

    return await send_steps(crm, work, read)


def test_a_try_of_several_requests_is_repeated_as_a_whole(ask: Ask, storage: StorageServer) -> None:
    done = httpx.Response(200, text="done")
    storage.play(done, UNHEALTHY, done, done)
    assert ask(two_requests) == "done"
    paths = [f"{STORAGE}first", f"{STORAGE}object/folder/a b.png"]
    assert [request.url.path for request in storage.requests] == paths * 2


def test_a_request_has_the_connections_rights_and_its_own_headers(ask: Ask, storage: StorageServer) -> None:
    storage.play(httpx.Response(200), httpx.Response(200))
    ask(two_requests)
    sent = storage.last.headers
    assert (sent["apikey"], sent["authorization"], sent["x-test"]) == (KEY, f"Bearer {KEY}", "1")


def test_a_redirect_is_not_followed(ask: Ask, storage: StorageServer) -> None:
    storage.play(httpx.Response(307, headers={"Location": "https://evil.example/"}))
    with pytest.raises(UnexpectedResponseError, match="redirect"):
        ask(two_requests)
    assert len(storage.requests) == 1
