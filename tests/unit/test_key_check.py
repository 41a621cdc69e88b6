"""A bad key is told from a missing bucket, by one more request where the server says that the bucket is missing."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from admin_crm import (
    AuthenticationError,
    NotFoundError,
    SchemaMismatchError,
    ServiceUnavailableError,
    download_customer_evidence,
    get_evidence_url,
)
from admin_crm._storage.objects import fetch_info
from admin_crm.client import operation
from helpers import QUICK, Ask
from storage_server import EMPTY, EXPIRED, NO_BUCKET, NO_OBJECT, PATH, STORAGE, UNHEALTHY, StorageServer, refusal

READS = ("download", "info")
BAD_KEYS = ("Invalid Compact JWS", '"exp" claim timestamp check failed', "signature verification failed")


@operation
async def read_info(crm: Any) -> Any:
    """Read the information about an object."""
    return await fetch_info(crm, PATH)


def read(ask: Ask, kind: str) -> Any:
    return ask(read_info) if kind == "info" else ask(download_customer_evidence, PATH)


@pytest.mark.parametrize("kind", READS)
@pytest.mark.parametrize("message", BAD_KEYS)
def test_a_bad_key_is_an_authentication_error(ask: Ask, storage: StorageServer, kind: str, message: str) -> None:
    storage.play(NO_BUCKET, refusal(403, "Unauthorized", message))
    with pytest.raises(AuthenticationError, match="check the key or token"):
        read(ask, kind)
    assert (storage.last.method, storage.last.url.path) == ("POST", f"{STORAGE}object/list/customer-evidence")
    assert json.loads(storage.last.content) == {"prefix": ".emptyFolderPlaceholder", "limit": 1}


@pytest.mark.parametrize("kind", READS)
def test_with_a_good_key_the_bucket_is_missing(ask: Ask, storage: StorageServer, kind: str) -> None:
    storage.play(NO_BUCKET, EMPTY)
    with pytest.raises(SchemaMismatchError) as raised:
        read(ask, kind)
    assert (raised.value.kind, raised.value.name) == ("bucket", "customer-evidence")


@pytest.mark.parametrize("kind", READS)
def test_a_missing_object_costs_no_more_requests(ask: Ask, storage: StorageServer, kind: str) -> None:
    storage.play(NO_OBJECT)
    with pytest.raises(NotFoundError):
        read(ask, kind)


def test_a_check_that_fails_is_tried_again_and_then_says_why(ask: Ask, storage: StorageServer) -> None:
    storage.play(NO_BUCKET, UNHEALTHY, EXPIRED)
    with pytest.raises(AuthenticationError):
        ask(download_customer_evidence, PATH)
    storage.play(NO_BUCKET, *[httpx.Response(503)] * QUICK.retry_attempts)
    with pytest.raises(ServiceUnavailableError):
        ask(download_customer_evidence, PATH)


def test_signing_is_refused_with_the_reason(ask: Ask, storage: StorageServer) -> None:
    storage.play(EXPIRED)
    with pytest.raises(AuthenticationError):
        ask(get_evidence_url, PATH)
