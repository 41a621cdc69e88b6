"""The journal of a bulk operation: what it remembers, whatever ended the process that wrote it."""

from __future__ import annotations

import json
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import ConflictError, InvalidInputError
from admin_crm.bulk.journal import Journal

AT = datetime(2026, 11, 28, 9, 32, 0, 123456, UTC)


def opened(path: Path | None, operation: str = "notify_customers", read_only: bool = False, **arguments: object):
    journal = Journal(path, operation, arguments, read_only=read_only)
    try:
        journal.open()
    except BaseException:
        journal.__exit__(None, None, None)
        raise
    return journal


def test_a_journal_goes_on_where_it_stopped(tmp_path):
    path = tmp_path / "journal"
    with opened(path, title="a") as first:
        first.begin(["x", "y", "z", "w"], AT)
        first.end(["x"], ["y"], {"z": "CustomerNotFoundError"})
    with opened(path, title="a") as second:
        assert second.key == first.key
        assert second.finished == {"x", "y"}  # what failed is tried again
        assert second.moments["w"] == {AT}
        second.begin(["w"], AT)
        second.end(["w"], [], {})
    with opened(path, title="a") as third:
        assert third.finished == {"x", "y", "w"}


def test_without_a_path_there_is_only_a_key_which_is_another_one_each_time():
    with opened(None) as first, opened(None) as second:
        first.begin(["x"], AT)
        first.end(["x"], [], {})
        assert first.key != second.key
        assert not first.is_kept


@pytest.mark.skipif(sys.platform == "win32", reason="files have other rights there")
def test_only_its_owner_may_read_a_journal(tmp_path):
    with opened(tmp_path / "journal"):
        assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("operation", "arguments", "what"),
    [
        ("tag_customers", {"title": "a"}, "belongs to 'notify_customers'"),
        ("notify_customers", {"title": "b"}, "other arguments"),
    ],
)
def test_a_journal_of_something_else_is_refused_and_stays_as_it_is(tmp_path, operation, arguments, what):
    path = tmp_path / "journal"
    with opened(path, title="a") as journal:
        journal.end(["x"], [], {})
    before = path.read_bytes()
    with pytest.raises(InvalidInputError, match=what) as refused:
        opened(path, operation, **arguments)
    assert refused.value.argument == "journal"
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        b"id,name\n7,Ana\n",
        b"one line of somebody's file",
        b"[1]\n",
        b"7\n",
        b"{}\n",
        b'{"journal": 1}\n',
        b'{"journal": 2, "operation": "notify_customers"}\n',
        b"\xff\xfe\n",
        b"\n\n",
    ],
)
def test_a_file_that_is_no_journal_is_refused_and_stays_as_it_is(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="this file"):
        opened(path)
    assert path.read_bytes() == content


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.end(["x"], [], {})
    path.write_bytes(path.read_bytes() + b"\x00\x00\n")
    with pytest.raises(InvalidInputError, match="line 3"):
        opened(path)


def test_two_at_once_are_refused_until_the_first_has_ended(tmp_path):
    path = tmp_path / "journal"
    with opened(path):
        with pytest.raises(ConflictError, match="another process"):
            opened(path)
        with opened(path, read_only=True) as looking:  # a dry run only looks
            assert looking.finished == set()
    with opened(path):
        pass


def test_a_dry_run_makes_no_file_and_changes_none(tmp_path):
    path = tmp_path / "journal"
    with opened(path, read_only=True) as journal:
        journal.end(["x"], [], {})
    assert not path.exists()
    with opened(path) as written:
        written.end(["y"], [], {})
    before = path.read_bytes()
    with opened(path, read_only=True) as journal:
        assert journal.finished == {"y"}
    assert path.read_bytes() == before


def test_what_has_no_id_is_named_by_a_hash_that_only_this_journal_gives_it(tmp_path):
    with opened(tmp_path / "a") as first, opened(tmp_path / "b") as second:
        customer = uuid4()
        assert first.name_of(customer) == str(customer)
        assert first.name_of("ana@shop.example") == first.name_of("ana@shop.example")
        assert first.name_of("ana@shop.example") != second.name_of("ana@shop.example")
        assert UUID(first.name_of("ana@shop.example")).version == 5


def test_a_journal_holds_no_argument(tmp_path):
    with opened(tmp_path / "journal", title="Hola Ana"):
        pass
    assert b"Hola" not in (tmp_path / "journal").read_bytes()


def test_a_line_that_was_interrupted_is_replaced_by_the_next_one(tmp_path, monkeypatch):
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.end(["x"], [], {})
        monkeypatch.setattr("admin_crm.bulk.journal.os.fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            journal.begin(["y"], AT)
        monkeypatch.undo()
        journal.end(["z"], [], {})
    with opened(path) as again:
        assert again.finished == {"x", "z"}


def interrupted(descriptor: int) -> None:
    raise KeyboardInterrupt


def test_a_task_that_was_cancelled_while_its_thread_was_to_open_the_file_leaves_none_open(tmp_path):
    journal = Journal(tmp_path / "journal", "notify_customers", {})
    with journal:
        pass
    journal.open()
    journal.begin(["x"], AT)
    assert not (tmp_path / "journal").exists()


ITEMS = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=4)


@given(batches=st.lists(st.tuples(ITEMS, ITEMS, st.datetimes(timezones=st.just(UTC))), max_size=6), cut=st.data())
def test_any_beginning_of_the_file_says_what_its_whole_lines_say(tmp_path_factory, batches, cut):
    path = tmp_path_factory.mktemp("journal") / "journal"
    with opened(path) as journal:
        key = journal.key
        for done, unchanged, at in batches:
            journal.begin([*done, *unchanged], at)
            journal.end(done, unchanged, {})
    content = path.read_bytes()
    size = cut.draw(st.integers(0, len(content)))
    path.write_bytes(content[:size])
    whole = [json.loads(line) for line in content[:size].split(b"\n")[1:-1]]
    with opened(path) as resumed:
        assert (resumed.key == key) == (b"\n" in content[:size])
        assert resumed.finished == {
            each for line in whole for name in ("done", "unchanged") for each in line.get(name, ())
        }
        begun = {(each, datetime.fromisoformat(line["at"])) for line in whole for each in line.get("begun", ())}
        assert {(item, at) for item, moments in resumed.moments.items() for at in moments} == begun
        resumed.end(["after"], [], {})
    with opened(path) as again:  # what follows a torn line is whole
        assert "after" in again.finished
