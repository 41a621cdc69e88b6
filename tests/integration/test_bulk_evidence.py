"""Evidence files of many customers, on the local stack."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from admin_crm import (
    BulkError,
    CustomerNotFoundError,
    InvalidInputError,
    PermissionDeniedError,
    download_customer_evidence,
    list_customer_evidence,
    upload_evidence_files,
)
from files import PNG

LARGE = b"%PDF-1.7" + bytes(7 * 1024 * 1024)
"""More than is sent in one part."""


@pytest.fixture
def scans(tmp_path: Path, customer: str, stack) -> Path:
    """A folder with files of a customer, of the seed's, and of nobody."""
    folder = tmp_path / "scans"
    for owner, name, content in (
        (customer, "INE (frente).png", PNG),
        (customer, "contrato.pdf", LARGE),
        (stack.customer_id, "recibo.png", PNG + uuid4().bytes),
        (str(uuid4()), "de nadie.png", PNG),
        ("sin dueño", "foto.png", PNG),
    ):
        (folder / owner).mkdir(parents=True, exist_ok=True)
        (folder / owner / name).write_bytes(content)
    return folder


def test_a_folder_is_uploaded_and_what_belongs_to_nobody_is_told(admin, scans, customer, stack):
    result = admin(upload_evidence_files, scans)
    assert sorted(map(str, result.done)) == sorted([customer, customer, stack.customer_id])
    assert sorted(type(error).__name__ for error in result.failed.values()) == [
        CustomerNotFoundError.__name__, InvalidInputError.__name__
    ]  # fmt: skip
    listed = admin(list_customer_evidence, customer, original_names=True)
    assert {each.file_name: (each.path, each.content_type) for each in listed} == {
        "INE (frente).png": (result.paths[f"{customer}: INE (frente).png"], "image/png"),
        "contrato.pdf": (result.paths[f"{customer}: contrato.pdf"], "application/pdf"),
    }
    assert admin(download_customer_evidence, result.paths[f"{customer}: contrato.pdf"]) == LARGE


def test_no_file_is_stored_twice_although_the_journal_does_not_say_so(by_key, scans, customer, stack, tmp_path):
    journal = tmp_path / "journal"
    first = by_key(upload_evidence_files, scans, journal=journal)
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]))  # as if it had been killed just before it was noted
    second = by_key(upload_evidence_files, scans, journal=journal)
    assert (second.done, second.paths, second.failed.keys()) == (first.done, first.paths, first.failed.keys())
    names = f"select name from storage.objects where name like '{customer}/%'"
    assert {row["name"] for row in stack.execute_sql(names)} <= set(first.paths.values())
    assert len(stack.execute_sql(names)) == 2
    third = by_key(upload_evidence_files, scans, journal=journal)
    assert (len(third.skipped), third.done) == (3, [])


def test_who_may_not_upload_is_told_so(stranger, tmp_path):
    from helpers import user_id_of

    own = user_id_of(stranger.crm)
    with pytest.raises(BulkError, match="stopped after 0 of 1") as stopped:
        stranger(upload_evidence_files, {own: [PNG]})
    assert isinstance(stopped.value.__cause__, PermissionDeniedError)
