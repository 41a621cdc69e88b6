"""The file of generated passwords: on the disk first, for its owner only, and read back."""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from admin_crm import ConflictError, InvalidInputError
from admin_crm._core.csv_cells import formula_free
from admin_crm.bulk.passwords import PasswordsFile, passwords_path
from helpers import shown_with_locals

ANA, BEA, CLEO = (UUID(int=number) for number in range(3))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "passwords.csv"


def opened(path: Path) -> PasswordsFile:
    file = PasswordsFile(path)
    file.open()
    return file


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def secret_of(file: PasswordsFile, user) -> str:
    return file.of(user).get_secret_value()


def test_passwords_are_on_the_disk_when_they_are_known_and_only_their_owner_reads_them(path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    file = opened(path)
    assert not path.exists()
    file.add([(ANA, "ana@x.example"), (BEA, "bea@x.example")])
    assert path.stat().st_ino in synced
    assert path.parent.stat().st_ino in synced
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert rows(path) == [
        ["id", "email", "password"],
        [str(ANA), "ana@x.example", secret_of(file, ANA)],
        [str(BEA), "bea@x.example", secret_of(file, BEA)],
    ]
    assert len({secret_of(file, user) for user in (ANA, BEA)}) == 2
    assert (file.is_there, file.added) == (True, {ANA, BEA})
    file.close()


def test_a_file_is_gone_on_with_and_keeps_its_passwords(path):
    first = opened(path)
    first.add([(ANA, "ana@x.example")])
    first.close()
    path.chmod(0o644)
    second = opened(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second.add([(ANA, "ana@x.example"), (BEA, "bea@x.example")])
    second.close()
    assert secret_of(second, ANA) == secret_of(first, ANA)
    assert second.added == {BEA}
    assert [row[0] for row in rows(path)] == ["id", str(ANA), str(BEA)]


@pytest.mark.parametrize("torn", [5, -1, -2, -40])
def test_a_line_that_a_kill_tore_is_written_anew(path, torn):
    first = opened(path)
    first.add([(ANA, "ana@x.example")])
    first.add([(BEA, "bea@x.example")])
    first.close()
    path.write_bytes(path.read_bytes()[:torn])
    second = opened(path)
    second.add([(ANA, "ana@x.example"), (BEA, "bea@x.example")])
    second.close()
    assert [row[0] for row in rows(path)] == ["id", str(ANA), str(BEA)]
    assert (secret_of(second, ANA) == secret_of(first, ANA)) is (torn < 0)
    assert secret_of(second, BEA) != secret_of(first, BEA)


def test_what_is_nobodys_is_taken_out_at_the_end(path):
    file = opened(path)
    file.add([(ANA, "ana@x.example"), (BEA, "bea@x.example")])
    file.drop(BEA)
    file.drop(CLEO)
    assert len(rows(path)) == 3
    file.close()
    assert [row[0] for row in rows(path)] == ["id", str(ANA)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = opened(path)
    again.drop(ANA)
    again.close()
    assert (again.is_there, list(path.parent.iterdir())) == (False, [])


def test_a_kill_while_the_file_is_written_anew_loses_nothing(path, monkeypatch):
    file = opened(path)
    file.add([(ANA, "ana@x.example"), (BEA, "bea@x.example")])
    file.drop(BEA)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space") as raised:
            file.close()
    assert raised.value.filename == str(path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_a_spreadsheet_would_run_is_text_and_a_password_never_looks_like_it(path):
    file = opened(path)
    file.add([(ANA, "=cmd|x@x.example")])
    assert rows(path)[1][1] == "'=cmd|x@x.example"
    many = [uuid4() for _ in range(300)]
    file.add((user, "x@x.example") for user in many)
    assert [row[2] for row in rows(path)] == [formula_free(row[2]) for row in rows(path)]
    file.close()


@pytest.mark.parametrize(
    "content",
    [
        b"email;full_name\r\nana@x.example;secreta-9\r\n",
        b"email",
        b"id,email,password\r\nno-id,ana@x.example,secreta-9\r\n",
        b"id,email,password\r\n" + str(ANA).encode() + b",secreta-9\r\n",
        b'id,email,password\r\n"secreta-9"9,\r\n',
        b"id,email\r\n\xff\xff\r\n",
    ],
)
def test_another_file_is_not_touched(path, content):
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="no file of passwords") as raised:
        opened(path)
    assert raised.value.argument == "passwords"
    assert "secreta-9" not in shown_with_locals(raised.value)
    assert path.read_bytes() == content


def test_two_at_once_are_refused(path):
    first = opened(path)
    first.add([(ANA, "ana@x.example")])
    with pytest.raises(ConflictError, match="another process"):
        opened(path)
    second = PasswordsFile(path)  # it was there before the first made the file
    with pytest.raises(ConflictError, match="another process"):
        second.add([(BEA, "bea@x.example")])
    first.close()
    opened(path).close()


def test_a_link_is_not_followed(path, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"")
    path.symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic link"):
        opened(path)


def test_nothing_is_written_after_the_end(path):
    file = opened(path)
    file.close()
    file.add([(ANA, "ana@x.example")])
    assert (path.exists(), file.of(ANA)) == (False, None)


def test_a_full_disk_shows_no_password(path, monkeypatch):
    file = opened(path)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space") as raised:
            file.add([(ANA, "ana@x.example")])
    assert raised.value.filename == str(path)
    written = path.read_text().splitlines()
    assert all(line.rpartition(",")[2] not in shown_with_locals(raised.value) for line in written[1:])
    assert file.of(ANA) is None
    file.close()


def test_the_file_lies_beside_the_journal_or_in_the_working_folder():
    assert passwords_path("a.csv", "b.journal") == Path("a.csv")
    assert passwords_path(None, "lists/b.journal") == Path("lists/b.journal.passwords.csv")
    one, other = passwords_path(None, None), passwords_path(None, None)
    assert one != other
    assert (one.parent, one.suffix, one.name.startswith("customer-passwords-")) == (Path(), ".csv", True)
