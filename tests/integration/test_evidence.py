"""Evidence on a real stack: uploads are downloaded unchanged, and those without permission are refused."""

import io
import os
import random
import re
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from admin_crm import (
    AdminCRMError,
    CustomerNotFoundError,
    EvidenceNotDeletedError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    delete_customer_evidence,
    download_customer_evidence,
    get_evidence_url,
    list_customer_evidence,
    upload_customer_evidence,
)
from admin_crm._storage.resumable import PART_SIZE
from admin_crm.local import LocalStack
from helpers import Ask, user_id_of, watch

MIB = 1024 * 1024
# The same in every process that collects these tests: pytest may make them part of a test's name.
PNG = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(5000)
PDF = b"%PDF-1.7\n" + random.Random(2).randbytes(5000)


@pytest.mark.parametrize(
    ("file_name", "content", "ending", "kind", "original_name"),
    [
        ("Ñandú #1 (copia)?.PDF", PDF, ".pdf", "application/pdf", "Ñandú #1 (copia)?.PDF"),
        ("recibo", PNG, ".png", "image/png", "recibo"),
        ("../../x.sh", b"#!/bin/sh\n", ".sh", None, "x.sh"),
        ("nota.txt", "¡Mañana!".encode(), ".txt", "text/plain", "nota.txt"),
        ("logo 🎁.jpeg", b"\xff\xd8\xff\xe0" + PNG, ".jpeg", "image/jpeg", "logo 🎁.jpeg"),
    ],
)
def test_an_upload_is_downloaded_byte_for_byte(
    admin: Ask, customer: str, file_name: str, content: bytes, ending: str, kind: str | None, original_name: str
) -> None:
    path = admin(upload_customer_evidence, customer, content, file_name=file_name)
    assert re.fullmatch(rf"{customer}/[0-9a-f]{{32}}\{ending}", path)
    assert admin(download_customer_evidence, path) == content
    (file,) = admin(list_customer_evidence, customer, original_names=True)
    assert (file.path, file.file_name, file.size) == (path, original_name, len(content))
    assert kind is None or file.content_type == kind
    assert httpx.get(file.url, trust_env=False, timeout=300).content == content


def test_a_content_type_passed_by_the_caller_is_kept(by_key: Ask, customer: str) -> None:
    by_key(upload_customer_evidence, customer, b"a;b", content_type="text/csv")
    assert [file.content_type for file in by_key(list_customer_evidence, customer)] == ["text/csv"]


def test_every_kind_of_file_is_uploaded_and_downloaded(by_key: Ask, customer: str, tmp_path: Path) -> None:
    source, target = tmp_path / "pieza.png", tmp_path / "copia.png"
    source.write_bytes(PNG)
    with tempfile.SpooledTemporaryFile() as spooled, source.open("rb") as opened, target.open("w+b") as written:
        spooled.write(PNG)
        for file in (source, str(source), opened, spooled, io.BytesIO(PNG)):
            path = by_key(upload_customer_evidence, customer, file)
            assert by_key(download_customer_evidence, path, tmp_path / "a") == len(PNG)
            assert (tmp_path / "a").read_bytes() == PNG
        assert by_key(download_customer_evidence, path, written) == len(PNG)
    assert target.read_bytes() == PNG
    assert len(by_key(list_customer_evidence, customer)) == 5
    assert len({file.path for file in by_key(list_customer_evidence, customer)}) == 5


def test_an_empty_file_and_one_just_above_the_limit_are_refused_before_anything_is_sent(
    quick: Any, customer: str
) -> None:
    limited = quick(max_evidence_bytes=1000)
    requests = watch(limited)
    for content, words in ((b"", "empty"), (b"x" * 1001, "larger than 1,000 bytes")):
        with pytest.raises(InvalidInputError, match=words):
            limited(upload_customer_evidence, customer, content)
    assert requests == []
    limited(upload_customer_evidence, customer, b"x" * 1000)


@pytest.mark.parametrize("size", [PART_SIZE, PART_SIZE + 1, 10 * MIB])
def test_a_file_above_six_mebibytes_is_uploaded_in_parts(by_key: Ask, customer: str, size: int) -> None:
    content = os.urandom(size)
    requests, reported = watch(by_key), []
    path = by_key(
        upload_customer_evidence,
        customer,
        io.BytesIO(content),
        file_name="Vídeo.mov",
        progress=lambda sent, total: reported.append((sent, total)),
    )
    parts = [request.headers["upload-offset"] for request in requests if request.method == "PATCH"]
    assert parts == ([] if size == PART_SIZE else ["0", str(PART_SIZE)])
    assert reported[-1] == (size, size)
    assert by_key(download_customer_evidence, path) == content
    (file,) = by_key(list_customer_evidence, customer, original_names=True)
    assert (file.file_name, file.content_type, file.size) == ("Vídeo.mov", "video/quicktime", size)


@pytest.mark.parametrize("size", [1000, PART_SIZE + 1])
def test_a_file_that_the_server_refuses_as_too_large_is_invalid(
    quick: Any, stack: LocalStack, customer: str, size: int
) -> None:
    bucket = f"small-{uuid4()}"
    stack.execute_sql(
        f"insert into storage.buckets (id, name, public, file_size_limit) values ('{bucket}', '{bucket}', false, 10)"
    )
    with pytest.raises(InvalidInputError) as refused:
        quick(evidence_bucket=bucket)(upload_customer_evidence, customer, b"x" * size)
    assert refused.value.status == 413


def test_all_files_are_listed_when_there_are_more_than_a_thousand(
    by_key: Ask, stack: LocalStack, customer: str
) -> None:
    stack.execute_sql(
        "insert into storage.objects (bucket_id, name, metadata) select 'customer-evidence',"
        f" '{customer}/' || n || '.png', '{{\"size\": 1}}' from generate_series(1, 1100) n"
    )
    files = by_key(list_customer_evidence, customer)
    # Storage forbids to delete its rows by SQL: a file would stay behind each.
    assert len(by_key(delete_customer_evidence, [file.path for file in files])) == 1100
    assert len({file.path for file in files}) == len(files) == 1100
    assert all(file.url for file in files)


def test_newest_first_without_folders_and_placeholders(by_key: Ask, customer: str) -> None:
    first = by_key(upload_customer_evidence, customer, PNG)
    second = by_key(upload_customer_evidence, customer, PDF)
    bucket = by_key.crm.supabase.storage.from_("customer-evidence")
    for name in ("sub/a.png", ".emptyFolderPlaceholder"):
        by_key.caller.wait(bucket.upload(f"{customer}/{name}", b""))
    assert [file.path for file in by_key(list_customer_evidence, customer)] == [second, first]


def test_a_url_can_set_the_name_to_save_as(admin: Ask, customer: str) -> None:
    path = admin(upload_customer_evidence, customer, PDF)
    answer = httpx.get(admin(get_evidence_url, path, download="año.pdf", expires_in=60), trust_env=False, timeout=300)
    assert answer.content == PDF
    assert "a%C3%B1o.pdf" in answer.headers["content-disposition"]


def test_the_secret_key_deletes_and_lists_what_does_not_exist(by_key: Ask, customer: str) -> None:
    first, second = (by_key(upload_customer_evidence, customer, PNG) for _ in range(2))
    gone = f"{customer}/gone.png"
    assert by_key(delete_customer_evidence, first) == [first]
    with pytest.raises(EvidenceNotDeletedError) as raised:
        by_key(delete_customer_evidence, [second, gone])
    assert (raised.value.deleted, raised.value.missing, raised.value.denied) == ((second,), (gone,), ())
    with pytest.raises(NotFoundError):
        by_key(delete_customer_evidence, first)
    assert by_key(list_customer_evidence, customer) == []


def test_an_administrator_without_a_delete_policy_is_refused(by_admin: Ask, customer: str) -> None:
    path = by_admin(upload_customer_evidence, customer, PNG)
    with pytest.raises(PermissionDeniedError):
        by_admin(delete_customer_evidence, path)
    with pytest.raises(PermissionDeniedError):
        by_admin(delete_customer_evidence, [path])
    other = by_admin(upload_customer_evidence, customer, PNG)
    with pytest.raises(EvidenceNotDeletedError) as raised:
        by_admin(delete_customer_evidence, [path, other])
    assert raised.value.denied == (path, other)
    assert by_admin(download_customer_evidence, path) == PNG


@pytest.mark.parametrize("operation", [upload_customer_evidence, list_customer_evidence])
@pytest.mark.parametrize(
    ("customer_id", "kind"),
    [("c-1", InvalidInputError), ("00000000-0000-4000-8000-00000000dead", CustomerNotFoundError)],
)
def test_an_unknown_customer_or_malformed_id_is_refused(
    admin: Ask, operation: Any, customer_id: str, kind: type[AdminCRMError]
) -> None:
    with pytest.raises(kind):
        admin(operation, customer_id, *([PNG] if operation is upload_customer_evidence else []))


@pytest.mark.parametrize("operation", [get_evidence_url, download_customer_evidence])
def test_a_file_that_does_not_exist_is_not_found(admin: Ask, customer: str, operation: Any) -> None:
    with pytest.raises(NotFoundError):
        admin(operation, f"{customer}/gone.png")


def test_a_signed_in_customer_sees_no_evidence_of_others(stranger: Ask, by_key: Ask, customer: str) -> None:
    path = by_key(upload_customer_evidence, customer, PNG)
    for operation, *arguments in (
        (upload_customer_evidence, customer, PNG),
        (list_customer_evidence, customer),
        (get_evidence_url, path),
        (download_customer_evidence, path),
        (delete_customer_evidence, path),
    ):
        with pytest.raises(NotFoundError):
            stranger(operation, *arguments)
    assert by_key(download_customer_evidence, path) == PNG


@pytest.mark.parametrize("size", [100, PART_SIZE + 1])
def test_a_signed_in_customer_may_not_add_evidence_about_themselves(
    stranger: Ask, stack: LocalStack, size: int
) -> None:
    with pytest.raises(PermissionDeniedError):
        stranger(upload_customer_evidence, user_id_of(stranger.crm), b"x" * size)
