"""A file takes its place when it is complete; until then, and after a failure, nothing of it is there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from admin_crm import InvalidInputError
from admin_crm._core.disk import PRIVATE, naming, path_of, replacing


def test_a_file_is_there_only_when_it_is_complete(tmp_path):
    target = tmp_path / "customers.csv"
    with replacing(target, "path") as file:
        file.write(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert [each.name for each in tmp_path.iterdir()] == ["customers.csv"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, OSError])
def test_a_failure_leaves_what_was_there(tmp_path, error):
    target = tmp_path / "customers.csv"
    target.write_bytes(b"before")

    def write_half():
        with replacing(target, "path") as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        write_half()
    assert target.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["customers.csv"]


def test_a_private_file_is_its_owners_from_the_beginning(tmp_path):
    with replacing(tmp_path / "new", "path", mode=PRIVATE):
        assert [stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()] == [0o600]
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_a_file_is_replaced_where_modes_are_set_by_path_only(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "fchmod")  # as on Windows before Python 3.13
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with replacing(target, "path") as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"


def test_a_replaced_file_keeps_its_mode(tmp_path):
    (tmp_path / "old").touch()
    (tmp_path / "old").chmod(0o640)
    with replacing(tmp_path / "old", "path", mode=PRIVATE):
        pass
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o640


@pytest.mark.parametrize(("path", "error"), [("nowhere/a.csv", FileNotFoundError), (".", IsADirectoryError)])
def test_an_error_of_the_disk_names_the_path(tmp_path, path, error):
    with pytest.raises(error) as raised, replacing(tmp_path / path, "path"):
        pass
    assert raised.value.filename == str(tmp_path / path)


def test_a_pipe_is_no_file_to_replace(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    pipe = replacing(tmp_path / "pipe", "path", hint="choose another")
    with pytest.raises(InvalidInputError, match="path is not a regular file") as raised, pipe:
        pass
    assert (raised.value.argument, raised.value.hint) == ("path", "choose another")


def test_a_path_that_cannot_be_one_is_named(tmp_path):
    with pytest.raises(InvalidInputError, match="path cannot be used for writing"), replacing(Path("a\0b"), "path"):
        pass


def test_an_error_without_a_number_stays_as_it_is():
    with pytest.raises(OSError, match=r"^odd$") as raised, naming(Path("somewhere")):
        raise OSError("odd")
    assert raised.value.filename is None


@pytest.mark.parametrize(
    ("wrong", "error"), [("a\0b", InvalidInputError), ("a\ud800", InvalidInputError), (5, TypeError)]
)
def test_what_no_path_can_be_is_refused_by_the_name_of_the_argument(wrong, error):
    with pytest.raises(error, match="journal") as raised:
        path_of(wrong, "journal")
    assert raised.value.argument == "journal"
