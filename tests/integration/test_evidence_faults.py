"""Evidence where something is wrong: a bad key, a missing bucket, a lost connection, an outage, a server that fails."""

import os
import random
from typing import Any

import httpx
import jwt
import pytest

from admin_crm import (
    AuthenticationError,
    SchemaMismatchError,
    ServiceUnavailableError,
    delete_customer_evidence,
    download_customer_evidence,
    get_evidence_url,
    list_customer_evidence,
    upload_customer_evidence,
)
from admin_crm._storage.resumable import PART_SIZE
from admin_crm.local import LocalStack
from helpers import Ask, Caller, watch

PNG = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(5000)


def test_a_large_upload_resumes_after_a_lost_connection(quick: Any, customer: str) -> None:
    crm = quick()
    content = os.urandom(PART_SIZE + 1000)
    requests = watch(crm)
    session = crm.crm.supabase.storage.session
    kept = session.send
    broken: list[httpx.Request] = []

    # The second part is sent and stored, but its answer never seen.
    def lose(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if request.headers.get("upload-offset") == str(PART_SIZE) and not broken:
            broken.append(request)
            raise httpx.ReadError("lost")
        return answer

    def send(request: httpx.Request, **options: Any) -> httpx.Response:
        return lose(request, kept(request, **options))

    async def send_async(request: httpx.Request, **options: Any) -> httpx.Response:
        return lose(request, await kept(request, **options))

    session.send = send_async if crm.caller.name == "async" else send
    path = crm(upload_customer_evidence, customer, content)
    assert [request.method for request in requests if "resumable/" in request.url.path] == ["PATCH", "PATCH", "HEAD"]
    assert crm(download_customer_evidence, path) == content


def test_a_large_upload_outlasts_an_outage_of_more_tries_than_a_request_has(quick: Any, customer: str) -> None:
    crm = quick(retry_attempts=2)
    content = os.urandom(PART_SIZE + 1000)
    session = crm.crm.supabase.storage.session
    kept = session.send
    refused = iter(range(10))

    # After the first part nobody is there, for a while.
    def check_outage(request: httpx.Request) -> None:
        offset = request.headers.get("upload-offset")
        if (request.method == "HEAD" or offset == str(PART_SIZE)) and next(refused, None) is not None:
            raise httpx.ConnectError("refused")

    def send(request: httpx.Request, **options: Any) -> httpx.Response:
        check_outage(request)
        return kept(request, **options)

    async def send_async(request: httpx.Request, **options: Any) -> httpx.Response:
        check_outage(request)
        return await kept(request, **options)

    session.send = send_async if crm.caller.name == "async" else send
    path = crm(upload_customer_evidence, customer, content)
    assert next(refused, None) is None
    assert crm(download_customer_evidence, path) == content


def test_a_missing_bucket_is_a_schema_mismatch(quick: Any, customer: str) -> None:
    crm = quick(evidence_bucket="no-such-bucket")
    path = f"{customer}/a.png"
    for operation, *arguments in (
        (upload_customer_evidence, customer, PNG),
        (upload_customer_evidence, customer, b"x" * (PART_SIZE + 1)),
        (list_customer_evidence, customer),
        (get_evidence_url, path),
        (download_customer_evidence, path),
        (delete_customer_evidence, path),
    ):
        requests = watch(crm)
        with pytest.raises(SchemaMismatchError) as raised:
            crm(operation, *arguments)
        assert (raised.value.kind, raised.value.name) == ("bucket", "no-such-bucket")
        # The larger file is not sent, only announced.
        assert sum(int(request.headers.get("content-length", 0)) for request in requests) <= len(PNG) + 500


def test_a_key_of_another_project_is_an_authentication_error(quick: Any, customer: str) -> None:
    with pytest.raises(AuthenticationError):
        quick("sb_secret_of-another-project")(upload_customer_evidence, customer, PNG)


@pytest.mark.parametrize("bad", ["expired", "signed by another project"])
def test_a_bad_token_is_an_authentication_error_and_no_missing_bucket(
    caller: Caller, stack: LocalStack, by_key: Ask, customer: str, bad: str
) -> None:
    path = by_key(upload_customer_evidence, customer, PNG)
    secret = stack.jwt_secret if bad == "expired" else "x" * 32
    token = jwt.encode({"role": "authenticated", "sub": customer, "exp": 1_000_000_000}, secret)
    asked = Ask(caller, caller.open(stack.url, stack.publishable_key, access_token=token))
    for operation, *arguments in (
        (list_customer_evidence, customer),
        (get_evidence_url, path),
        (download_customer_evidence, path),
        (delete_customer_evidence, path),
    ):
        with pytest.raises(AuthenticationError):
            asked(operation, *arguments)


def test_a_token_that_expires_during_an_upload_in_parts_is_an_authentication_error(
    caller: Caller, stack: LocalStack, customer: str
) -> None:
    claims = {"role": "service_role", "exp": 4_000_000_000}
    good = jwt.encode(claims, stack.jwt_secret)
    expired = jwt.encode(claims | {"exp": 1_000_000_000}, stack.jwt_secret)
    asked = Ask(caller, caller.open(stack.url, stack.publishable_key, access_token=good))
    session = asked.crm.supabase.storage.session
    kept = session.send
    parts: list[httpx.Request] = []

    # The connection breaks under a part, and when the upload goes on, the token has expired.
    def prepare(request: httpx.Request) -> None:
        if parts:
            request.headers["Authorization"] = f"Bearer {expired}"
        elif request.method == "PATCH":
            parts.append(request)
            raise httpx.ReadError("lost")

    def send(request: httpx.Request, **options: Any) -> httpx.Response:
        prepare(request)
        return kept(request, **options)

    async def send_async(request: httpx.Request, **options: Any) -> httpx.Response:
        prepare(request)
        return await kept(request, **options)

    session.send = send_async if caller.name == "async" else send
    with pytest.raises(AuthenticationError):
        asked(upload_customer_evidence, customer, b"x" * (PART_SIZE + 1))
    assert len(parts) == 1


def test_a_server_that_fails_is_unavailable(quick: Any, customer: str) -> None:
    crm = quick()
    session = crm.crm.supabase.storage.session

    def fail(request: httpx.Request, **options: Any) -> httpx.Response:
        return httpx.Response(500, request=request, text="<html>")

    async def fail_async(request: httpx.Request, **options: Any) -> httpx.Response:
        return fail(request)

    path = f"{customer}/a.png"
    session.send = fail_async if crm.caller.name == "async" else fail
    for operation, *arguments in (
        (upload_customer_evidence, customer, PNG),
        (list_customer_evidence, customer),
        (get_evidence_url, path),
        (download_customer_evidence, path),
        (delete_customer_evidence, path),
    ):
        with pytest.raises(ServiceUnavailableError):
            crm(operation, *arguments)
