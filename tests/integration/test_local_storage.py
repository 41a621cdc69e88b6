"""The stack's storage answers as Supabase's storage server was measured to answer."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import random
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jwt
import pytest
from storage3.exceptions import StorageApiError
from supabase import Client, create_client
from supabase.lib.client_options import SyncClientOptions

from admin_crm.local import LocalStack
from shops import local_only

USER = str(uuid.uuid4())
TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = TUS | {"Content-Type": "application/offset+octet-stream"}

pytestmark = [pytest.mark.once, local_only]


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with LocalStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def service(stack: LocalStack) -> Iterator[httpx.Client]:
    with caller(stack, stack.secret_key) as client:
        yield client


@pytest.fixture(scope="module")
def visitor(stack: LocalStack) -> Iterator[httpx.Client]:
    with caller(stack, stack.publishable_key) as client:
        yield client


@pytest.fixture(scope="module")
def user(stack: LocalStack) -> Iterator[httpx.Client]:
    with caller(stack, token(stack, sub=USER, role="authenticated")) as client:
        yield client


@pytest.fixture(scope="module")
def nobody(stack: LocalStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{stack.url}/storage/v1", trust_env=False, timeout=300) as client:
        yield client


@pytest.fixture(scope="module")
def supabase(stack: LocalStack) -> Iterator[Client]:
    with httpx.Client(trust_env=False, timeout=300) as client:
        yield create_client(stack.url, stack.secret_key, SyncClientOptions(httpx_client=client))


@pytest.fixture
def bucket(service: httpx.Client) -> str:
    """Make a private bucket of its own for one test, without policies."""
    return new_bucket(service)


def caller(stack: LocalStack, key: str) -> httpx.Client:
    headers = {"apikey": stack.publishable_key, "Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"{stack.url}/storage/v1", headers=headers, trust_env=False, timeout=300)


def token(stack: LocalStack, *, expires_in: int = 60, secret: str | None = None, **claims: Any) -> str:
    now = int(time.time())
    payload = {"iat": now, "exp": now + expires_in} | claims
    return jwt.encode(payload, secret or stack.jwt_secret, algorithm="HS256")


def new_bucket(service: httpx.Client, **settings: Any) -> str:
    name = f"test-{uuid.uuid4()}"
    created = service.post("/bucket", json={"name": name, **settings})
    assert created.json() == {"name": name}
    return name


def put(service: httpx.Client, bucket: str, *keys: str, content: bytes = b"hello world") -> None:
    for key in keys:
        service.post(f"/object/{bucket}/{key}", content=content).raise_for_status()


def refusal(response: httpx.Response, http_status: int = 400) -> tuple[str, str, str, str]:
    assert response.status_code == http_status, response.text
    body = response.json()
    assert set(body) == {"statusCode", "error", "message", "code"}
    return body["statusCode"], body["error"], body["message"], body["code"]


NO_KEY = ("404", "not_found", "Object not found", "NoSuchKey")
NO_BUCKET = ("404", "Bucket not found", "Bucket not found", "NoSuchBucket")
DUPLICATE = ("409", "Duplicate", "The resource already exists", "KeyAlreadyExists")
TOO_LARGE = (
    "413",
    "Payload too large",
    "The object exceeded the maximum allowed size",
    "EntityTooLarge",
)
BY_POLICY = ("403", "Unauthorized", "new row violates row-level security policy", "AccessDenied")


def invalid(message: str) -> tuple[str, str, str, str]:
    return ("400", "Error", message, "InvalidRequest")


# Errors


def test_an_error_is_http_400_and_its_body_tells_the_true_status(service: httpx.Client, bucket: str) -> None:
    assert refusal(service.get(f"/object/{bucket}/none")) == NO_KEY
    assert refusal(service.get("/object/no-bucket/none")) == NO_BUCKET
    assert refusal(service.post("/object/no-bucket/a.txt", content=b"x")) == NO_BUCKET
    malformed = service.post(f"/object/list/{bucket}", content=b"{", headers={"Content-Type": "application/json"})
    assert refusal(malformed)[1::2] == ("FastifyError", "InvalidRequest")


def test_a_bad_escape_in_the_url_is_refused_before_anything_else(service: httpx.Client, stack: LocalStack) -> None:
    status, body = raw(stack, "GET", "/object/any/%zz", b"", service.headers["authorization"])
    assert (status, body["code"], body["statusCode"]) == (400, "FST_ERR_BAD_URL", 400)


def test_an_unknown_route_is_not_found(service: httpx.Client) -> None:
    answer = service.get("/nope")
    assert answer.status_code == 404
    assert answer.json() == {
        "message": "Route GET:/nope not found",
        "error": "Not Found",
        "statusCode": 404,
    }
    answer = service.patch("/object/bucket/key")
    assert answer.status_code == 404
    assert (answer.json()["statusCode"], answer.json()["code"]) == ("404", "InvalidRequest")


def test_a_missing_or_bad_token_is_told_apart_except_when_reading(
    stack: LocalStack, nobody: httpx.Client, bucket: str
) -> None:
    bad = {
        "Invalid Compact JWS": "nonsense",
        '"exp" claim timestamp check failed': token(stack, role="service_role", expires_in=-60),
        "signature verification failed": token(stack, role="service_role", secret="x" * 32),
    }
    no_header = invalid("headers must have required property 'authorization'")
    assert refusal(nobody.get("/bucket", headers={"apikey": stack.secret_key})) == no_header
    assert refusal(nobody.get(f"/object/{bucket}/a")) == NO_BUCKET
    assert refusal(nobody.get(f"/object/authenticated/{bucket}/a")) == no_header
    for message, bearer in bad.items():
        headers = {"Authorization": f"Bearer {bearer}"}
        listing = nobody.post(f"/object/list/{bucket}", json={"prefix": ""}, headers=headers)
        assert refusal(listing) == ("403", "Unauthorized", message, "AccessDenied")
        assert refusal(nobody.get(f"/object/{bucket}/a", headers=headers)) == NO_BUCKET
        assert refusal(nobody.get(f"/object/info/{bucket}/a", headers=headers)) == NO_BUCKET


def test_an_unknown_role_is_a_failure_of_the_database(stack: LocalStack, nobody: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {token(stack, role='gardener')}"}
    answer = refusal(nobody.get("/bucket", headers=headers), http_status=500)
    assert answer == ("500", "DatabaseError", "database error, code: 22023", "DatabaseError")


def test_status_needs_no_token_and_health_does(nobody: httpx.Client, service: httpx.Client) -> None:
    assert (nobody.get("/status").status_code, nobody.get("/status").content) == (200, b"")
    assert nobody.get("/version").status_code == 200
    assert nobody.get("/health").status_code == 400
    assert service.get("/health").json() == {"healthy": True}


# Uploads


def test_an_upload_answers_its_key_with_the_bucket_and_its_id(service: httpx.Client, bucket: str) -> None:
    answer = service.post(f"/object/{bucket}/wp/a.pdf", content=b"%PDF")
    assert answer.json() == {"Key": f"{bucket}/wp/a.pdf", "Id": answer.json()["Id"]}
    assert uuid.UUID(answer.json()["Id"])
    assert service.get(f"/object/{bucket}/wp/a.pdf").content == b"%PDF"


def test_a_second_upload_is_a_duplicate_unless_asked_to_replace(service: httpx.Client, bucket: str) -> None:
    path = f"/object/{bucket}/a.txt"
    first = service.post(path, content=b"one").json()
    before = service.get(f"/object/info/{bucket}/a.txt").json()
    assert refusal(service.post(path, content=b"two")) == DUPLICATE
    assert refusal(service.post(path, content=b"two", headers={"x-upsert": "1"})) == DUPLICATE
    assert service.get(path).content == b"one"
    assert service.post(path, content=b"two", headers={"x-upsert": "true"}).json() == first
    assert service.get(path).content == b"two"
    assert service.put(path, content=b"three").json() == first
    assert service.get(path).content == b"three"
    after = service.get(f"/object/info/{bucket}/a.txt").json()
    assert (after["id"], after["created_at"]) == (before["id"], before["created_at"])
    assert after["version"] != before["version"]
    assert service.put(f"/object/{bucket}/new.txt", content=b"x").status_code == 200


def test_of_many_uploads_of_one_new_key_one_wins(stack: LocalStack, bucket: str) -> None:
    with caller(stack, stack.secret_key) as client, ThreadPoolExecutor(8) as pool:
        bodies = [f"body {number}".encode() for number in range(8)]
        answers = list(pool.map(lambda body: client.post(f"/object/{bucket}/one", content=body), bodies))
        won = [body for body, answer in zip(bodies, answers, strict=True) if answer.is_success]
        assert [client.get(f"/object/{bucket}/one").content] == won
        assert [refusal(answer) for answer in answers if answer.is_error] == [DUPLICATE] * 7


def test_a_raw_body_keeps_its_headers_as_they_are(service: httpx.Client, bucket: str) -> None:
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "max-age=7, private",
        "x-metadata": base64.b64encode(b'{"case": 12}').decode(),
    }
    service.post(f"/object/{bucket}/a", content=b"x", headers=headers).raise_for_status()
    put(service, bucket, "plain", content=b"")
    told = service.get(f"/object/info/{bucket}/a").json()
    assert told["content_type"] == "text/plain; charset=utf-8"
    assert told["cache_control"] == "max-age=7, private"
    assert told["metadata"] == {"case": 12}
    told = service.get(f"/object/info/{bucket}/plain").json()
    assert (told["size"], told["content_type"], told["cache_control"]) == (
        0,
        "application/octet-stream",
        "no-cache",
    )


def test_a_form_brings_its_file_and_what_is_said_of_it(service: httpx.Client, bucket: str) -> None:
    def sent(data: dict[str, str], part: tuple[Any, ...], field: str = "file") -> dict[str, Any]:
        path = f"{bucket}/{uuid.uuid4()}"
        service.post(f"/object/{path}", data=data, files={field: part}).raise_for_status()
        assert service.get(f"/object/{path}").content == part[1]
        return dict(service.get(f"/object/info/{path}").json())

    content = b"a\r\n--b\r\n\r\n"
    told = sent({"cacheControl": "60", "metadata": '{"a": 1}'}, ("a.txt", content, "text/csv;charset=x"))
    assert (told["content_type"], told["cache_control"]) == ("text/csv", "max-age=60")
    assert told["metadata"] == {"a": 1}
    assert told["size"] == len(content)
    assert told["etag"] == f'"{hashlib.md5(content).hexdigest()}"'
    told = sent({"metadata": "{nonsense"}, ("a.bin", content, None))
    assert (told["cache_control"], told["metadata"]) == ("no-cache", {})
    told = sent({"contentType": "image/png"}, ("a.png", b"", "text/plain"), field="")
    assert (told["content_type"], told["size"]) == ("image/png", 0)
    part = b'--X\r\nContent-Disposition: form-data; name=""; filename="a.png"\r\n\r\nbody\r\n--X--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=X"}
    service.put(f"/object/{bucket}/typeless", content=part, headers=headers).raise_for_status()
    assert service.get(f"/object/{bucket}/typeless").content == b"body"
    assert service.get(f"/object/info/{bucket}/typeless").json()["content_type"] == "text/plain"


def test_a_form_without_a_file_or_a_boundary_has_no_content(service: httpx.Client, bucket: str) -> None:
    empty = {"Content-Type": "multipart/form-data; boundary=X"}
    answer = service.post(f"/object/{bucket}/a", content=b"--X--\r\n", headers=empty)
    assert refusal(answer)[2:] == ("No content provided", "InvalidRequest")
    answer = service.post(f"/object/{bucket}/a", content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert refusal(answer)[2] == "Multipart: Boundary not found"


def test_the_limit_of_a_bucket_is_exact_and_leaves_nothing_behind(service: httpx.Client) -> None:
    bucket = new_bucket(service, file_size_limit=1024)
    path = f"/object/{bucket}/a"
    service.post(path, content=b"x" * 1024).raise_for_status()
    large = b"y" * 1025
    assert refusal(service.post(f"{path}2", content=large)) == TOO_LARGE
    assert refusal(service.post(f"{path}2", files={"file": large})) == TOO_LARGE
    assert refusal(service.post(path, content=large, headers={"x-upsert": "true"})) == TOO_LARGE
    assert service.get(path).content == b"x" * 1024
    assert refusal(service.get(f"{path}2")) == NO_KEY
    service.post(f"{path}3", content=iter([large])).raise_for_status()


def test_the_limit_for_all_refuses_and_still_hears_the_sender_out(service: httpx.Client, bucket: str) -> None:
    large = b"x" * (52_428_800 + 1)
    assert refusal(service.post(f"/object/{bucket}/a", content=large)) == TOO_LARGE
    assert service.post(f"/object/{bucket}/a", content=large[1:]).status_code == 200


def test_a_bucket_takes_only_its_types_and_wildcards_count(service: httpx.Client) -> None:
    bucket = new_bucket(service, allowed_mime_types=["application/pdf", "image/*"])

    def sent(content_type: str, key: str = "") -> httpx.Response:
        key = key or f"{uuid.uuid4()}"
        return service.post(f"/object/{bucket}/{key}", content=b"", headers={"Content-Type": content_type})

    assert sent("application/pdf").status_code == sent("image/png").status_code == 200
    for other in ("text/plain", "Image/png", "application/pdf; charset=utf-8"):
        assert refusal(sent(other)) == (
            "415",
            "invalid_mime_type",
            f"mime type {other} is not supported",
            "InvalidMimeType",
        )
    assert sent("text/plain", "folder/.emptyFolderPlaceholder").status_code == 200
    assert refusal(service.post(f"/object/{bucket}/.emptyFolderPlaceholder", content=b"x")) == TOO_LARGE


def test_an_upload_broken_off_leaves_no_object(stack: LocalStack, service: httpx.Client, bucket: str) -> None:
    with connect(stack, service, f"POST /storage/v1/object/{bucket}/a", {"Content-Length": "100"}) as wire:
        wire.sendall(b"half")
        hang_up(wire)
    assert refusal(service.get(f"/object/{bucket}/a")) == NO_KEY
    assert service.post(f"/object/{bucket}/a", content=b"whole").status_code == 200


def test_a_signed_upload_needs_no_login_and_answers_the_key_alone(
    service: httpx.Client, nobody: httpx.Client, bucket: str
) -> None:
    signed = service.post(f"/object/upload/sign/{bucket}/s/a.txt").json()
    assert signed["url"] == f"/object/upload/sign/{bucket}/s/a.txt?token={signed['token']}"
    assert nobody.put(signed["url"], content=b"x").json() == {"Key": f"{bucket}/s/a.txt"}
    assert refusal(nobody.put(signed["url"], content=b"y")) == DUPLICATE
    other = signed["url"].replace("a.txt", "b.txt")
    assert refusal(nobody.put(other, content=b"y"))[1] == "InvalidSignature"
    assert refusal(service.post(f"/object/upload/sign/{bucket}/s/a.txt")) == DUPLICATE
    again = service.post(f"/object/upload/sign/{bucket}/s/a.txt", headers={"x-upsert": "true"}).json()
    assert nobody.put(again["url"], content=b"z").status_code == 200
    assert service.get(f"/object/{bucket}/s/a.txt").content == b"z"
    assert refusal(service.post("/object/upload/sign/no-bucket/a"))[0::2] == (
        "404",
        "The related resource does not exist",
    )


# Keys


@pytest.mark.parametrize("key", ["áé ñ.pdf", "日本", "#", "%", "~", "[a]", "{a}", "\\", "|", '"', "^", "`", "\n"])
def test_a_key_with_a_character_of_its_own_is_refused(service: httpx.Client, bucket: str, key: str) -> None:
    answer = service.post(f"/object/{bucket}/{quoted(key)}", content=b"x")
    assert refusal(answer) == ("400", "InvalidKey", f"Invalid key: {key}", "InvalidKey")


def test_a_key_is_decoded_once_and_kept_as_it_is(service: httpx.Client, bucket: str) -> None:
    keys = [
        "a b",
        "q?x",
        "a+b",
        "a&b",
        "(a)",
        "a'b",
        "a*b",
        "!",
        "@a",
        "a=b",
        "a;b",
        "a,b",
        "$",
        ".a",
        "-a",
        "a.",
    ]
    for key in [*keys, "a//b", "/lead", "d/"]:
        answer = service.post(f"/object/{bucket}/{quoted(key)}", content=key.encode())
        assert answer.json()["Key"] == f"{bucket}/{key}"
    assert service.get(f"/object/{bucket}/a+b").content == b"a+b"
    assert service.get(f"/object/{bucket}//lead").content == b"/lead"


@pytest.mark.parametrize("path", ["wp/../up", "%2e%2e/up", "a/..%2fup", "./up", "../../other/up"])
def test_dot_segments_are_refused_and_never_resolved(
    stack: LocalStack, service: httpx.Client, bucket: str, path: str
) -> None:
    status, body = raw(stack, "POST", f"/object/{bucket}/{path}", b"x", service.headers["authorization"])
    assert (status, body["error"]) == (400, "InvalidKey")
    assert service.post(f"/object/list/{bucket}", json={"prefix": ""}).json() == []


def test_an_empty_key_is_invalid_and_no_key_is_no_route(service: httpx.Client, bucket: str) -> None:
    assert refusal(service.post(f"/object/{bucket}/", content=b"x"))[2] == "Invalid key: "
    assert service.post(f"/object/{bucket}", content=b"x").status_code == 404


# Listings


@pytest.fixture
def tree(service: httpx.Client, bucket: str) -> str:
    put(
        service,
        bucket,
        "a.txt",
        "wl/A.txt",
        "wl/b.txt",
        "wl/sub/c.txt",
        "wl/Sub/d.txt",
        "wl/inv_1.pdf",
        "wlx/e.txt",
    )
    return bucket


def names(service: httpx.Client, bucket: str, **asked: Any) -> list[str]:
    answer = service.post(f"/object/list/{bucket}", json={"prefix": "wl"} | asked)
    return [entry["name"] for entry in answer.json()]


def test_a_listing_is_one_level_relative_to_its_folder(service: httpx.Client, tree: str) -> None:
    assert names(service, tree, prefix="") == ["a.txt", "wl", "wlx"]
    assert names(service, tree) == names(service, tree, prefix="wl/") == names(service, tree, prefix="WL")
    assert names(service, tree) == ["A.txt", "b.txt", "inv_1.pdf", "Sub"]
    for nothing in ("w", "/wl", "a.txt", "none"):
        assert names(service, tree, prefix=nothing) == []
    assert names(service, "no-bucket") == []


def test_an_entry_has_its_fields_and_a_folder_has_only_a_name(service: httpx.Client, tree: str) -> None:
    *_, file, folder = service.post(f"/object/list/{tree}", json={"prefix": "wl/"}).json()
    dates = {"updated_at", "created_at", "last_accessed_at"}
    assert folder == {"name": "Sub", "id": None, "metadata": None} | dict.fromkeys(dates)
    assert set(file) == {"name", "id", "metadata"} | dates
    assert set(file["metadata"]) == {
        "eTag",
        "size",
        "mimetype",
        "cacheControl",
        "lastModified",
        "contentLength",
        "httpStatusCode",
    }
    for moment in dates:
        assert len(file[moment]) == len("2026-11-22T15:23:04.477Z")
        assert file[moment].endswith("Z")


def test_a_search_is_the_start_of_the_next_segment_whatever_its_case(service: httpx.Client, tree: str) -> None:
    assert names(service, tree, search="INV") == ["inv_1.pdf"]
    assert names(service, tree, search="s") == ["Sub"]
    assert names(service, tree, search="sub/c") == ["sub/c.txt"]
    assert names(service, tree, search="nv") == names(service, tree, search="%") == []
    assert names(service, tree, search="inv_") == ["inv_1.pdf"]
    assert names(service, tree, search="_") == []


def test_a_listing_is_cut_sorted_and_turned(service: httpx.Client, stack: LocalStack, tree: str) -> None:
    assert names(service, tree, limit="2") == ["A.txt", "b.txt"]
    assert names(service, tree, limit=2, offset=2) == ["inv_1.pdf", "Sub"]
    assert names(service, tree, offset=4) == []
    assert names(service, tree, sortBy={"column": "name"}) == names(service, tree)
    turned = names(service, tree, sortBy={"column": "name", "order": "desc"})
    assert turned == ["Sub", "inv_1.pdf", "b.txt", "A.txt"]
    by_date = names(service, tree, sortBy={"column": "created_at", "order": "desc"})
    assert by_date == ["Sub", "inv_1.pdf", "b.txt", "A.txt"]
    stack.execute_sql(
        f"insert into storage.objects (bucket_id, name) select '{tree}', 'many/' || n from generate_series(1, 1600) n"
    )
    assert len(names(service, tree, prefix="many")) == 100
    assert len(names(service, tree, prefix="many", limit=5000)) == 1500
    assert len(names(service, tree, prefix="many", limit=5000, offset=1500)) == 100


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "body must have required property 'prefix'"),
        ({"prefix": "", "limit": 0}, "body/limit must be >= 1"),
        ({"prefix": "", "offset": -1}, "body/offset must be >= 0"),
        ({"prefix": "", "sortBy": {"order": "asc"}}, "body/sortBy must have required property 'column'"),
        (
            {"prefix": "", "sortBy": {"column": "size"}},
            "body/sortBy/column must be equal to one of the allowed values",
        ),
    ],
)
def test_a_listing_asked_for_badly_is_told_why(service: httpx.Client, asked: dict[str, Any], message: str) -> None:
    assert refusal(service.post("/object/list/any", json=asked)) == invalid(message)


def test_the_second_listing_pages_by_cursor_and_gives_full_names(service: httpx.Client, tree: str) -> None:
    asked = {"prefix": "wl/", "with_delimiter": True, "limit": 3}
    first = service.post(f"/object/list-v2/{tree}", json=asked).json()
    assert (first["hasNext"], first["nextCursorKey"]) == (True, "wl/b.txt")
    assert [(folder["key"], folder["name"]) for folder in first["folders"]] == [("Sub", "wl/Sub/")]
    assert [(o["key"], o["name"]) for o in first["objects"]] == [("A.txt", "wl/A.txt"), ("b.txt", "wl/b.txt")]
    second = service.post(f"/object/list-v2/{tree}", json=asked | {"cursor": first["nextCursor"]}).json()
    assert second["hasNext"] is False
    assert [folder["name"] for folder in second["folders"]] == ["wl/sub/"]
    assert [entry["name"] for entry in second["objects"]] == ["wl/inv_1.pdf"]
    assert service.post("/object/list-v2/no-bucket", json={}).json()["objects"] == []


# Signed URLs


def test_a_signed_url_is_relative_and_opens_without_a_login(
    service: httpx.Client, nobody: httpx.Client, bucket: str
) -> None:
    put(service, bucket, "wl/b c.txt")
    signed = service.post(f"/object/sign/{bucket}/wl/b%20c.txt", json={"expiresIn": "60"}).json()
    url = signed["signedURL"]
    path, signature = url.split("?token=")
    assert path == f"/object/sign/{bucket}/wl/b c.txt"
    grant = jwt.decode(signature, options={"verify_signature": False})
    assert grant["url"] == f"{bucket}/wl/b c.txt"
    assert (grant["scope"], grant["exp"] - grant["iat"]) == ("download", 60)
    got = nobody.get(url, headers={"Authorization": "Bearer nonsense"})
    assert got.content == b"hello world"
    assert "cache-control" not in got.headers
    assert got.headers["expires"].endswith("GMT")
    assert nobody.get(url, headers={"Range": "bytes=0-4"}).content == b"hello"
    assert nobody.head(url).headers["content-length"] == "11"
    service.put(f"/object/{bucket}/wl/b%20c.txt", content=b"new")
    assert nobody.get(url).content == b"new"
    service.delete(f"/object/{bucket}/wl/b%20c.txt")
    assert refusal(nobody.get(url)) == NO_KEY


def test_a_signed_url_can_ask_to_be_saved_under_a_name(service: httpx.Client, bucket: str) -> None:
    put(service, bucket, "a.txt")
    url = service.post(f"/object/sign/{bucket}/a.txt", json={"expiresIn": 60}).json()["signedURL"]
    assert service.get(f"{url}&download=").headers["content-disposition"] == "attachment;"
    named = service.get(f"{url}&download=n%20%C3%B1.txt").headers["content-disposition"]
    assert named == "attachment; filename=n%20%C3%B1.txt; filename*=UTF-8''n%20%C3%B1.txt"


def test_each_bad_signature_is_told_apart(
    stack: LocalStack, service: httpx.Client, nobody: httpx.Client, bucket: str
) -> None:
    put(service, bucket, "a", "b")
    grant = {"url": f"{bucket}/a", "scope": "download"}

    def with_token(text: str) -> tuple[str, ...]:
        return refusal(nobody.get(f"/object/sign/{bucket}/a", params={"token": text}))

    expired = token(stack, **grant, expires_in=-1)
    assert with_token(expired)[1:3] == ("InvalidJWT", '"exp" claim timestamp check failed')
    tampered = token(stack, **grant, secret="x" * 32)
    assert with_token(tampered)[1:3] == ("InvalidJWT", "signature verification failed")
    for garbage in ("nonsense", ""):
        assert with_token(garbage)[1:3] == ("InvalidJWT", "Invalid Compact JWS")
    other = token(stack, **grant | {"url": f"{bucket}/b"})
    assert with_token(other)[1:3] == ("InvalidSignature", "Invalid signature")
    no_token = invalid("querystring must have required property 'token'")
    assert refusal(nobody.get(f"/object/sign/{bucket}/a")) == no_token


@pytest.mark.parametrize("seconds", [0, -1, 1.5, None])
def test_a_signature_lasts_whole_seconds(service: httpx.Client, bucket: str, seconds: float | None) -> None:
    asked = {} if seconds is None else {"expiresIn": seconds}
    assert refusal(service.post(f"/object/sign/{bucket}/a", json=asked))[1] == "Error"


def test_signing_what_is_not_there_finds_no_object(service: httpx.Client, bucket: str) -> None:
    for place in (bucket, "no-bucket"):
        assert refusal(service.post(f"/object/sign/{place}/a", json={"expiresIn": 60})) == NO_KEY


def test_many_are_signed_in_their_order_each_with_its_own_error(
    service: httpx.Client, nobody: httpx.Client, bucket: str
) -> None:
    put(service, bucket, "b", "a b")
    asked = {"expiresIn": 60, "paths": ["b", "none", "a b"]}
    first, missing, last = service.post(f"/object/sign/{bucket}", json=asked).json()
    assert missing == {
        "error": "Either the object does not exist or you do not have access to it",
        "path": "none",
        "signedURL": None,
    }
    assert (first["error"], first["path"], last["path"]) == (None, "b", "a b")
    assert nobody.get(last["signedURL"]).content == b"hello world"
    [missing] = service.post("/object/sign/no-bucket", json=asked | {"paths": ["a"]}).json()
    assert missing["signedURL"] is None
    none = service.post(f"/object/sign/{bucket}", json=asked | {"paths": []})
    assert refusal(none) == invalid("body/paths must NOT have fewer than 1 items")
    many = service.post(f"/object/sign/{bucket}", json=asked | {"paths": ["a"] * 1001})
    assert refusal(many) == invalid("body/paths must NOT have more than 1000 items")


def test_a_question_mark_in_a_key_makes_a_signed_url_that_never_works(service: httpx.Client, bucket: str) -> None:
    put(service, bucket, "q%3Fx")
    url = service.post(f"/object/sign/{bucket}/q%3Fx", json={"expiresIn": 60}).json()["signedURL"]
    assert refusal(service.get(url))[1] == "InvalidSignature"


# Reading


def test_an_object_is_served_whole_in_part_or_not_again(service: httpx.Client, bucket: str) -> None:
    put(service, bucket, "a")
    for path in (f"/object/{bucket}/a", f"/object/authenticated/{bucket}/a"):
        whole = service.get(path)
        assert (whole.status_code, whole.content) == (200, b"hello world")
        tag = whole.headers["etag"]
        assert tag == f'"{hashlib.md5(b"hello world").hexdigest()}"'
        assert whole.headers["cache-control"] == "no-cache"
        assert whole.headers["accept-ranges"] == "bytes"
        again = service.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        for asked, got, place in (
            ("bytes=0-4", b"hello", "bytes 0-4/11"),
            ("bytes=6-", b"world", "bytes 6-10/11"),
            ("bytes=-5", b"world", "bytes 6-10/11"),
            ("bytes=6-99", b"world", "bytes 6-10/11"),
        ):
            part = service.get(path, headers={"Range": asked})
            assert (part.status_code, part.content) == (206, got)
            assert part.headers["content-range"] == place
        beyond = service.get(path, headers={"Range": "bytes=11-"})
        assert refusal(beyond, http_status=416)[1] == "invalid_range"
        head = service.head(path)
        assert (head.status_code, head.headers["content-length"], head.content) == (200, "11", b"")


def test_a_head_of_nothing_has_no_body(service: httpx.Client, bucket: str) -> None:
    answer = service.head(f"/object/{bucket}/none")
    assert (answer.status_code, answer.content) == (400, b"")


def test_a_page_is_served_as_plain_text(service: httpx.Client, bucket: str) -> None:
    html = {"Content-Type": "text/html"}
    service.post(f"/object/{bucket}/a.html", content=b"<p>", headers=html)
    assert service.get(f"/object/{bucket}/a.html").headers["content-type"] == "text/plain"


def test_info_tells_of_an_object_and_gives_the_users_metadata(service: httpx.Client, bucket: str) -> None:
    put(service, bucket, "wd/a.txt")
    told = service.get(f"/object/info/{bucket}/wd/a.txt").json()
    assert set(told) == {
        "id", "name", "version", "bucket_id", "size", "content_type", "cache_control", "etag",
        "metadata", "last_modified", "created_at",
    }  # fmt: skip
    assert (told["name"], told["bucket_id"], told["size"], told["metadata"]) == ("wd/a.txt", bucket, 11, {})
    assert told["last_modified"].endswith("Z")
    assert service.get(f"/object/info/authenticated/{bucket}/wd/a.txt").json() == told
    assert refusal(service.get(f"/object/info/{bucket}/wd")) == NO_KEY
    assert refusal(service.get(f"/object/info/{bucket}/%23"))[1] == "InvalidKey"


def test_only_a_public_bucket_is_open_to_everyone(service: httpx.Client, nobody: httpx.Client, bucket: str) -> None:
    put(service, bucket, "a")
    assert refusal(service.get(f"/object/public/{bucket}/a")) == NO_BUCKET
    assert refusal(service.get(f"/object/public/{bucket}/none")) == NO_KEY
    service.put(f"/bucket/{bucket}", json={"public": True})
    assert nobody.get(f"/object/public/{bucket}/a").content == b"hello world"
    assert nobody.get(f"/object/{bucket}/a").content == b"hello world"
    assert nobody.get(f"/object/info/public/{bucket}/a").json()["size"] == 11


# Removing, moving, copying


def test_remove_answers_what_is_really_gone(service: httpx.Client, bucket: str) -> None:
    put(service, bucket, "d/a", "d/b")
    gone = service.request("DELETE", f"/object/{bucket}", json={"prefixes": ["d/a", "d", "none"]}).json()
    assert [row["name"] for row in gone] == ["d/a"]
    assert set(gone[0]) == {
        "name", "bucket_id", "owner", "owner_id", "version", "id", "updated_at", "created_at",
        "last_accessed_at", "metadata", "user_metadata",
    }  # fmt: skip
    assert (gone[0]["owner"], gone[0]["owner_id"]) == ("", "")
    assert names(service, bucket, prefix="d") == ["b"]
    for place in (bucket, "no-bucket"):
        assert service.request("DELETE", f"/object/{place}", json={"prefixes": ["d/a"]}).json() == []
    none = service.request("DELETE", f"/object/{bucket}", json={"prefixes": []})
    assert refusal(none) == invalid("body/prefixes must NOT have fewer than 1 items")


def test_a_single_object_is_deleted_or_missing(service: httpx.Client, bucket: str) -> None:
    put(service, bucket, "a")
    assert service.delete(f"/object/{bucket}/a").json() == {"message": "Successfully deleted"}
    assert refusal(service.delete(f"/object/{bucket}/a")) == NO_KEY


def test_an_object_moves_unless_something_is_in_its_way(service: httpx.Client, bucket: str) -> None:
    put(service, bucket, "a", "c")

    def moved(source: str, destination: str, **more: str) -> httpx.Response:
        asked = {"bucketId": bucket, "sourceKey": source, "destinationKey": destination}
        return service.post("/object/move", json=asked | more)

    assert moved("a", "b/b").json() == {"message": "Successfully moved"}
    assert service.get(f"/object/{bucket}/b/b").content == b"hello world"
    assert moved("b/b", "b/b").status_code == 200
    assert refusal(moved("a", "z")) == refusal(moved("b/b", "z", bucketId="no-bucket")) == NO_KEY
    assert refusal(moved("b/b", "c"))[1::2] == ("Duplicate", "ResourceAlreadyExists")
    assert refusal(moved("b/b", "#"))[1] == "InvalidKey"
    other = new_bucket(service)
    assert moved("b/b", "b", destinationBucket=other).status_code == 200
    assert service.get(f"/object/{other}/b").content == b"hello world"


def test_a_copy_lives_on_its_own(service: httpx.Client, bucket: str) -> None:
    put(service, bucket, "a", "c")

    def copied(source: str, destination: str, **headers: str) -> httpx.Response:
        asked = {"bucketId": bucket, "sourceKey": source, "destinationKey": destination}
        return service.post("/object/copy", json=asked, headers=headers)

    answer = copied("a", "b").json()
    assert (answer["Key"], answer["name"], answer["bucket_id"]) == (f"{bucket}/b", "b", bucket)
    assert answer["Id"] == answer["id"]
    assert (answer["metadata"]["size"], answer["user_metadata"]) == (11, {})
    service.delete(f"/object/{bucket}/a")
    assert service.get(f"/object/{bucket}/b").content == b"hello world"
    assert refusal(copied("b", "c")) == DUPLICATE
    assert copied("b", "c", **{"x-upsert": "true"}).status_code == 200
    assert refusal(copied("none", "d")) == NO_KEY
    asked = {"bucketId": bucket, "sourceKey": "b", "destinationKey": "b", "destinationBucket": "no-bucket"}
    assert refusal(service.post("/object/copy", json=asked))[2] == "The related resource does not exist"


# Buckets


def test_a_bucket_is_made_changed_emptied_and_deleted(service: httpx.Client) -> None:
    bucket = new_bucket(service, file_size_limit="10MB", allowed_mime_types=["image/*"])
    told = service.get(f"/bucket/{bucket}").json()
    assert (told["file_size_limit"], told["allowed_mime_types"], told["public"]) == (
        10_000_000,
        ["image/*"],
        False,
    )
    assert told["created_at"].endswith("Z")
    assert told in service.get("/bucket").json()
    again = service.post("/bucket", json={"name": bucket})
    assert refusal(again)[1::2] == ("Duplicate", "BucketAlreadyExists")
    changed = service.put(f"/bucket/{bucket}", json={"file_size_limit": None, "allowed_mime_types": None})
    assert changed.json() == {"message": "Successfully updated"}
    told = service.get(f"/bucket/{bucket}").json()
    assert told["file_size_limit"] is told["allowed_mime_types"] is None
    put(service, bucket, "a")
    assert refusal(service.delete(f"/bucket/{bucket}"))[0::3] == ("409", "ResourceNotEmpty")
    assert service.post(f"/bucket/{bucket}/empty").status_code == 200
    assert service.delete(f"/bucket/{bucket}").json() == {"message": "Successfully deleted"}
    for gone in (service.get(f"/bucket/{bucket}"), service.delete(f"/bucket/{bucket}")):
        assert refusal(gone) == NO_BUCKET


def test_a_bucket_with_a_bad_name_or_limit_is_refused(service: httpx.Client) -> None:
    assert refusal(service.post("/bucket", json={"name": "a/b"}))[2] == "Bucket name invalid"
    assert refusal(service.post("/bucket", json={"name": "a", "file_size_limit": "1GB"}))[0] == "413"
    assert refusal(service.post("/bucket", json={}))[2] == "body must have required property 'name'"


# Row-level security


def test_a_visitor_without_policies_finds_nothing_and_writes_nothing(
    service: httpx.Client, visitor: httpx.Client, bucket: str
) -> None:
    put(service, bucket, "a")
    transfer = {"bucketId": bucket, "sourceKey": "a", "destinationKey": "b"}
    upsert = {"x-upsert": "true"}
    assert visitor.get("/bucket").json() == []
    assert refusal(visitor.get(f"/bucket/{bucket}")) == NO_BUCKET
    assert names(visitor, bucket, prefix="") == []
    for refused in (
        visitor.post(f"/object/{bucket}/b", content=b"x"),
        visitor.post(f"/object/{bucket}/a", content=b"x"),
        visitor.post(f"/object/{bucket}/a", content=b"x", headers=upsert),
        visitor.put(f"/object/{bucket}/a", content=b"x"),
        visitor.post(f"/object/upload/sign/{bucket}/a"),
        visitor.post("/bucket", json={"name": f"{bucket}-2"}),
    ):
        assert refusal(refused) == BY_POLICY
    for hidden in (
        visitor.get(f"/object/{bucket}/a"),
        visitor.get(f"/object/info/{bucket}/a"),
        visitor.post(f"/object/sign/{bucket}/a", json={"expiresIn": 60}),
        visitor.post("/object/move", json=transfer),
        visitor.post("/object/copy", json=transfer),
    ):
        assert refusal(hidden) == NO_KEY
    [signed] = visitor.post(f"/object/sign/{bucket}", json={"expiresIn": 60, "paths": ["a"]}).json()
    assert signed["signedURL"] is None
    assert visitor.request("DELETE", f"/object/{bucket}", json={"prefixes": ["a"]}).json() == []
    assert refusal(visitor.delete(f"/object/{bucket}/a"))[2] == "Access denied"
    assert service.get(f"/object/{bucket}/a").content == b"hello world"


def test_each_policy_opens_what_it_says(
    stack: LocalStack, service: httpx.Client, user: httpx.Client, bucket: str
) -> None:
    def allow(command: str) -> None:
        clause = "with check" if command == "insert" else "using"
        stack.execute_sql(
            f"""create policy "{command} in {bucket}" on storage.objects for {command} to authenticated
                {clause} (bucket_id = '{bucket}' and (storage.foldername(name))[1] = auth.uid()::text)"""
        )

    path = f"/object/{bucket}/{USER}/a"
    upsert = {"x-upsert": "true"}
    allow("insert")
    assert user.post(path, content=b"one").status_code == 200
    assert refusal(user.post(f"/object/{bucket}/other/a", content=b"x")) == BY_POLICY
    assert refusal(user.get(path)) == NO_KEY
    assert refusal(user.post(path, content=b"two", headers=upsert)) == BY_POLICY
    allow("select")
    assert user.get(path).content == b"one"
    assert refusal(user.post(path, content=b"two", headers=upsert)) == BY_POLICY
    allow("update")
    assert user.post(path, content=b"two", headers=upsert).status_code == 200
    assert user.get(path).content == b"two"
    gone = {"prefixes": [f"{USER}/a"]}
    assert user.request("DELETE", f"/object/{bucket}", json=gone).json() == []
    allow("delete")
    [row] = user.request("DELETE", f"/object/{bucket}", json=gone).json()
    assert (row["owner"], row["owner_id"]) == (USER, USER)


# Resumable uploads


def resumable(bucket: str, key: str, length: int | None, **more: str) -> dict[str, str]:
    said = {"bucketName": bucket, "objectName": key} | more
    pairs = [f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items()]
    length_header = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    return TUS | length_header | {"Upload-Metadata": ",".join(pairs)}


def plain(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"].startswith("text/plain")
    return response.status_code, response.text


def test_a_resumable_upload_shows_once_its_last_byte_is_there(service: httpx.Client, bucket: str) -> None:
    asked = resumable(bucket, "t/a.pdf", 11, contentType="application/pdf", cacheControl="60", metadata='{"a": 1}')
    created = service.post("/upload/resumable", headers=asked)
    assert created.status_code == 201
    location = created.headers["location"]
    assert location.startswith(str(service.base_url))
    first = service.patch(location, content=b"hello", headers=CHUNK | {"Upload-Offset": "0"})
    assert (first.status_code, first.headers["upload-offset"]) == (204, "5")
    assert refusal(service.get(f"/object/{bucket}/t/a.pdf")) == NO_KEY
    head = service.head(location, headers=TUS)
    assert (head.status_code, head.headers["upload-offset"], head.headers["upload-length"]) == (
        200,
        "5",
        "11",
    )
    last = service.patch(location, content=b" world", headers=CHUNK | {"Upload-Offset": "5"})
    assert (last.status_code, last.headers["upload-offset"]) == (204, "11")
    assert service.get(f"/object/{bucket}/t/a.pdf").content == b"hello world"
    told = service.get(f"/object/info/{bucket}/t/a.pdf").json()
    assert (told["content_type"], told["cache_control"], told["metadata"]) == (
        "application/pdf",
        "max-age=60",
        {"a": 1},
    )
    assert told["etag"] == f'"{hashlib.md5(b"hello world").hexdigest()}"'
    assert service.head(location, headers=TUS).headers["upload-offset"] == "11"


def test_a_resumable_upload_may_begin_with_its_creation_or_be_empty(service: httpx.Client, bucket: str) -> None:
    whole = service.post("/upload/resumable", content=b"abc", headers=CHUNK | resumable(bucket, "a", 3))
    assert (whole.status_code, whole.headers["upload-offset"]) == (201, "3")
    assert service.get(f"/object/{bucket}/a").content == b"abc"
    assert service.post("/upload/resumable", headers=resumable(bucket, "empty", 0)).status_code == 201
    assert service.get(f"/object/{bucket}/empty").content == b""


def test_a_resumable_upload_may_tell_its_length_later(service: httpx.Client, bucket: str) -> None:
    location = service.post("/upload/resumable", headers=resumable(bucket, "a", None)).headers["location"]
    assert service.head(location, headers=TUS).headers["upload-defer-length"] == "1"
    part = CHUNK | {"Upload-Offset": "0"}
    assert service.patch(location, content=b"abc", headers=part).status_code == 204
    last = CHUNK | {"Upload-Offset": "3", "Upload-Length": "4"}
    assert service.patch(location, content=b"d", headers=last).status_code == 204
    assert service.get(f"/object/{bucket}/a").content == b"abcd"


def test_a_broken_connection_keeps_what_had_arrived(stack: LocalStack, service: httpx.Client, bucket: str) -> None:
    content = random.Random(1).randbytes(40 * 2**20)
    sent = 32 * 2**20  # more than any socket buffers by itself
    location = service.post("/upload/resumable", headers=resumable(bucket, "a", len(content))).headers["location"]
    headers = CHUNK | {"Upload-Offset": "0", "Content-Length": str(len(content))}
    with connect(stack, service, f"PATCH {httpx.URL(location).path}", headers) as wire:
        wire.sendall(content[:sent])
    offset = int(service.head(location, headers=TUS).headers["upload-offset"])
    assert 0 < offset <= sent
    assert refusal(service.get(f"/object/{bucket}/a")) == NO_KEY
    rest = service.patch(location, content=content[offset:], headers=CHUNK | {"Upload-Offset": str(offset)})
    assert rest.status_code == 204
    assert hashlib.md5(service.get(f"/object/{bucket}/a").content).digest() == hashlib.md5(content).digest()


def test_a_resumable_upload_says_no_in_plain_text(
    stack: LocalStack, service: httpx.Client, visitor: httpx.Client, nobody: httpx.Client, bucket: str
) -> None:
    put(service, bucket, "there")

    def created(client: httpx.Client, headers: dict[str, str]) -> tuple[int, str]:
        return plain(client.post("/upload/resumable", headers=headers))

    good = resumable(bucket, "a", 3)
    without = dict(good)
    del without["Tus-Resumable"]
    assert created(service, without) == (412, "Tus-Resumable Required")
    assert created(service, TUS | {"Upload-Length": "3"}) == (400, "Metadata header is required")
    assert created(service, TUS | {"Upload-Metadata": good["Upload-Metadata"]})[0] == 400
    assert created(service, resumable(bucket, "there", 3)) == (409, "The resource already exists")
    missing = service.post("/upload/resumable", headers=resumable("no-bucket", "a", 3))
    assert plain(missing)[0] == 404
    assert missing.headers["tus-resumable"] == "1.0.0"  # which tells it from a server without this route
    assert created(service, resumable(bucket, "#", 3))[0] == 400
    assert created(service, resumable(bucket, "a", 52_428_801)) == (413, "Maximum size exceeded")
    assert created(visitor, good)[0] == 403
    assert refusal(nobody.post("/upload/resumable", headers=good))[1] == "Error"
    images = new_bucket(service, allowed_mime_types=["image/*"])
    assert created(service, resumable(images, "a", 3, contentType="text/plain"))[0] == 415
    assert service.post("/upload/resumable", headers=resumable(images, "a", 3)).status_code == 201
    over = service.post("/upload/resumable", headers=resumable(bucket, "there", 3) | {"x-upsert": "true"})
    assert over.status_code == 201


def test_a_token_that_expires_during_a_resumable_upload_is_told_except_to_a_head(
    stack: LocalStack, service: httpx.Client, nobody: httpx.Client, bucket: str
) -> None:
    location = service.post("/upload/resumable", headers=resumable(bucket, "a", 3)).headers["location"]
    expired = {"Authorization": f"Bearer {token(stack, role='service_role', expires_in=-60)}"}
    message = ("403", "Unauthorized", '"exp" claim timestamp check failed', "AccessDenied")
    assert refusal(nobody.post("/upload/resumable", headers=resumable(bucket, "b", 3) | expired)) == message
    part = CHUNK | {"Upload-Offset": "0"} | expired
    assert refusal(nobody.patch(location, content=b"abc", headers=part)) == message
    head = nobody.head(location, headers=TUS | expired)
    assert (head.status_code, head.content) == (400, b"")
    assert "tus-resumable" not in head.headers
    assert refusal(nobody.post(f"/object/list/{bucket}", json={"prefix": ""}, headers=expired)) == message


def test_a_missing_bucket_is_told_by_reading_an_object_and_not_by_signing_or_removing(service: httpx.Client) -> None:
    assert refusal(service.get("/object/no-bucket/a")) == NO_BUCKET
    assert refusal(service.get("/object/info/no-bucket/a")) == NO_BUCKET
    assert refusal(service.post("/object/sign/no-bucket/a", json={"expiresIn": 60})) == NO_KEY
    assert service.request("DELETE", "/object/no-bucket", json={"prefixes": ["a"]}).json() == []
    assert service.post("/object/list/no-bucket", json={"prefix": ""}).json() == []


def test_a_chunk_out_of_place_is_refused(service: httpx.Client, bucket: str) -> None:
    location = service.post("/upload/resumable", headers=resumable(bucket, "a", 3)).headers["location"]
    at = {"Upload-Offset": "0"}
    assert plain(service.patch(location, content=b"a", headers=TUS | at)) == (
        403,
        "Content-Type header required",
    )
    wrong = service.patch(location, content=b"a", headers=CHUNK | {"Upload-Offset": "1"})
    assert plain(wrong) == (409, "Upload-Offset conflict")
    assert plain(service.patch(location, content=b"abcd", headers=CHUNK | at))[0] == 413
    assert plain(service.patch("/upload/resumable/nonsense", headers=CHUNK | at)) == (
        400,
        "Invalid upload id",
    )
    assert service.delete(location, headers=TUS).status_code == 204
    assert service.head(location, headers=TUS).status_code == 404


def test_a_signed_resumable_upload_needs_no_login(service: httpx.Client, nobody: httpx.Client, bucket: str) -> None:
    signature = service.post(f"/object/upload/sign/{bucket}/a").json()["token"]
    good = resumable(bucket, "a", 3)
    missing = nobody.post("/upload/resumable/sign", headers=good)
    assert plain(missing) == (400, "Missing x-signature header")
    signed = {"x-signature": signature}
    location = nobody.post("/upload/resumable/sign", headers=good | signed).headers["location"]
    part = CHUNK | {"Upload-Offset": "0"} | signed
    assert nobody.patch(location, content=b"abc", headers=part).status_code == 204
    assert service.get(f"/object/{bucket}/a").content == b"abc"


def test_the_server_tells_what_it_can_resume(nobody: httpx.Client) -> None:
    answer = nobody.options("/upload/resumable")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-max-size"] == "52428800"
    assert "creation-with-upload" in answer.headers["tus-extension"].split(",")


# Through supabase-py


def test_supabase_py_goes_the_whole_way(supabase: Client, bucket: str) -> None:
    files = supabase.storage.from_(bucket)
    uploaded = files.upload("s3/a b.bin", b"one", {"cache-control": "60", "metadata": {"n": 1}})
    assert (uploaded.path, uploaded.full_path) == ("s3/a b.bin", f"{bucket}/s3/a b.bin")
    files.update("s3/a b.bin", b"two", {"content-type": "image/png"})
    assert files.download("s3/a b.bin") == b"two"
    assert files.info("s3/a b.bin")["content_type"] == "image/png"
    assert (files.exists("s3/a b.bin"), files.exists("s3/none")) == (True, False)
    assert [entry["name"] for entry in files.list("s3")] == ["a b.bin"]
    signed = files.create_signed_url("s3/a b.bin", 60, {"download": "n.txt"})["signedURL"]
    assert signed
    assert httpx.get(signed, trust_env=False, timeout=300).content == b"two"
    [one, missing] = files.create_signed_urls(["s3/a b.bin", "none"], 60)
    assert one["signedURL"]
    assert missing["signedURL"] is None
    ticket = files.create_signed_upload_url("s3/c.txt")
    assert files.upload_to_signed_url("s3/c.txt", ticket["token"], b"c").full_path == f"{bucket}/s3/c.txt"
    files.move("s3/c.txt", "s3/d.txt")
    files.copy("s3/d.txt", "s3/e.txt")
    assert len(files.list_v2({"prefix": "s3/"}).objects) == 3
    gone = files.remove(["s3/a b.bin", "s3/d.txt", "s3/e.txt", "s3/none"])
    assert sorted(row["name"] for row in gone) == ["s3/a b.bin", "s3/d.txt", "s3/e.txt"]
    assert files.list("s3") == []


def test_supabase_py_reads_our_errors(supabase: Client, bucket: str) -> None:
    files = supabase.storage.from_(bucket)
    files.upload("a", b"one")
    with pytest.raises(StorageApiError) as raised:
        files.upload("a", b"two")
    assert (raised.value.status, raised.value.code) == ("409", "Duplicate")
    with pytest.raises(StorageApiError, match="Bucket not found"):
        supabase.storage.from_("no-bucket").exists("a")
    with pytest.raises(StorageApiError, match="Invalid key"):
        files.upload("ñ", b"x")


def test_supabase_py_manages_buckets(supabase: Client) -> None:
    name = f"test-{uuid.uuid4()}"
    supabase.storage.create_bucket(name, options={"file_size_limit": 1000})
    assert supabase.storage.get_bucket(name).file_size_limit == 1000
    supabase.storage.update_bucket(name, {"public": True})
    assert name in [bucket.id for bucket in supabase.storage.list_buckets()]
    supabase.storage.from_(name).upload("a", b"x")
    supabase.storage.empty_bucket(name)
    supabase.storage.delete_bucket(name)
    with pytest.raises(StorageApiError, match="Bucket not found"):
        supabase.storage.get_bucket(name)


# What no HTTP client would send


def quoted(key: str) -> str:
    return "".join(f"%{byte:02X}" for byte in key.encode())


def connect(stack: LocalStack, client: httpx.Client, line: str, headers: dict[str, str]) -> socket.socket:
    """Open a request whose body the test sends, or does not send, by hand."""
    url = httpx.URL(stack.url)
    wire = socket.create_connection((url.host, url.port or 80))
    lines = [f"{line} HTTP/1.1", f"Host: {url.host}", f"Authorization: {client.headers['authorization']}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return wire


def hang_up(wire: socket.socket) -> None:
    """Send no more, and wait until the server has noticed."""
    wire.shutdown(socket.SHUT_WR)
    while wire.recv(4096):
        pass


def raw(stack: LocalStack, method: str, path: str, body: bytes, authorization: str) -> tuple[int, Any]:
    """Send a path exactly as written: httpx would tidy it up."""
    wire = http.client.HTTPConnection(httpx.URL(stack.url).netloc.decode())
    with contextlib.closing(wire):
        wire.request(method, f"/storage/v1{path}", body, {"Authorization": authorization})
        answer = wire.getresponse()
        return answer.status, json.loads(answer.read())
