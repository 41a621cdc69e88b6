"""The evidence files to upload: which are taken, what they are called, and what is wrong with the others."""

from __future__ import annotations

import io
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from admin_crm import AdminCustomer, InvalidInputError, InvalidTypeError
from admin_crm.bulk.files import Chosen, chosen_files
from files import PNG, Asynchronous, OnceOnly, as_ordinary_user, closed

ANA = UUID("a11a5e00-0000-4000-8000-000000000001")
BEA = UUID("a11a5e00-0000-4000-8000-000000000002")


def chosen(files: Any, limit: int = 10_000) -> list[Chosen]:
    with ExitStack() as closing:
        found = chosen_files(files, limit, closing)
        for each in found:
            if each.error is None:
                with ExitStack() as closing_it:
                    source = each.open(limit, closing_it)
                    assert source.read(0, source.size)
        return found


def failure(file: Any, **options: Any) -> InvalidInputError:
    (found,) = chosen([(ANA, file)], **options)
    assert found.error is not None
    return found.error


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.png"
    path.write_bytes(PNG)
    return path


def test_a_mapping_has_a_file_or_several_for_each_customer(scan):
    files = {ANA: scan, str(BEA): [str(scan), b"hola", io.BytesIO(PNG)]}
    assert [(each.customer, each.name) for each in chosen(files)] == [
        (ANA, f"{ANA}: {scan}"), (BEA, f"{BEA}: {scan}"), (BEA, f"{BEA}: file 3"), (BEA, f"{BEA}: file 4")
    ]  # fmt: skip


def test_pairs_may_name_a_customer_often_and_in_every_way(scan):
    customer = AdminCustomer.model_validate({"id": str(ANA), "created_at": None})
    pairs = ((each, scan) for each in (ANA, str(ANA), customer))
    assert {each.customer for each in chosen(pairs)} == {ANA}
    assert [each.customer for each in chosen([[str(BEA), scan]])] == [BEA]


def test_a_folder_has_a_folder_for_each_customer(tmp_path):
    for path in (
        f"{ANA}/b.png", f"{ANA}/a.png", f"{BEA}/c.pdf", f"{BEA}/.DS_Store", f"{BEA}/Thumbs.db", ".git/config",
        "nobody/d.png", f"{BEA}/more/e.png", "f.png",
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(PNG)
    (tmp_path / f"{BEA}/link.png").symlink_to(tmp_path / "f.png")
    (tmp_path / "a11a5e00-0000-4000-8000-000000000003").symlink_to(tmp_path / str(ANA))
    found = {each.name: each.error.message if each.error else None for each in chosen(tmp_path)}
    assert found == {
        "a11a5e00-0000-4000-8000-000000000003": "it is in no customer's folder",
        f"{ANA}: a.png": None,
        f"{ANA}: b.png": None,
        f"{BEA}: c.pdf": None,
        f"{BEA}: link.png": "it is no file",
        f"{BEA}: more": "it is no file",
        "d.png": "the file's customer has no valid id",
        "f.png": "it is in no customer's folder",
    }
    assert [each.name for each in chosen(str(tmp_path))] == list(found)


def test_a_folder_that_is_not_there_is_the_disks_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        chosen(tmp_path / "none")


def test_a_file_is_known_by_its_content_and_its_own_name(tmp_path, scan):
    other = tmp_path / "other" / "scan.png"
    other.parent.mkdir()
    other.write_bytes(PNG)
    renamed = tmp_path / "renamed.png"
    renamed.write_bytes(PNG)
    first, same, named = (each.digest for each in chosen([(ANA, scan), (ANA, other), (ANA, renamed)]))
    assert first == same != named
    scan.write_bytes(PNG + b"!")
    assert chosen([(ANA, scan)])[0].digest != first


def test_a_stream_that_can_be_read_once_is_kept(scan):
    (found,) = chosen([(ANA, OnceOnly(PNG))])
    assert found.error is None
    with scan.open("rb") as stream:
        assert chosen([(ANA, stream)])[0].digest == chosen([(ANA, scan)])[0].digest


def test_one_stream_is_not_for_two(scan):
    with scan.open("rb") as stream:
        first, second = chosen([(ANA, stream), (BEA, stream)])
    assert first.error is None
    assert "there twice" in second.error.message


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", "empty"),
        (b"x" * 10_001, "larger than"),
        (closed(), "cannot be used"),
        (io.StringIO("text"), "binary mode"),
        (Asynchronous(), "asynchronous"),
        (5, "must be a path"),
        (None, "must be a path"),
        ("none.png", "cannot be read: No such file"),
        (".", "cannot be read: Is a directory"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_cannot_be_uploaded_is_told_of_the_file(file, message):
    assert message in failure(file).message


def test_a_file_of_somebody_else_is_told(scan):
    scan.chmod(0)
    with as_ordinary_user():
        error = failure(scan)
    assert isinstance(error.__cause__, PermissionError) or "Permission denied" in error.message


@pytest.mark.parametrize("customer", ["nobody", 5, None, ""])
def test_a_customer_who_has_no_id_is_told_of_the_file(customer, scan):
    (found,) = chosen([(customer, scan)])
    assert (found.name, found.error.message) == (str(scan), "the file's customer has no valid id")


@pytest.mark.parametrize("files", [5, None, b"scan.png", ["scan.png"], [(ANA,)], [ANA]], ids=repr)
def test_what_are_no_files_is_refused_as_a_whole(files):
    with pytest.raises(InvalidTypeError, match="files"):
        chosen(files)
