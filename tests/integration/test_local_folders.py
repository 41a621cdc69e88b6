"""What a killed stack leaves on the disk is removed by the next start, and nothing else is."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from admin_crm.local import LocalStack, folders
from shops import local_only

pytestmark = [local_only, pytest.mark.xdist_group("local-closed")]

PARENT = """
import signal
from admin_crm.local import LocalStack
with LocalStack() as stack:
    print(stack._process.pid, stack._folder, flush=True)
    signal.pause()
"""


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that no other test looks into; PostgreSQL's own account may enter it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def abandon(folder: Path) -> Path:
    """Make the folder of a stack whose every process is gone."""
    with folders.StackFolder.create() as made:
        (made.path / "storage").mkdir()
        (made.path / "storage" / "file").write_text("of nobody")
    return made.path


def processes_of(folder: str) -> list[str]:
    commands = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # gone meanwhile
            commands.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [command for command in commands if folder in command]


def test_what_a_killed_stack_leaves_is_removed_by_the_next_start(temporary: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        gateway, folder = parent.stdout.readline().split()
        with (Path(folder) / folders.MARKER).open("rb") as marker:
            os.kill(int(gateway), signal.SIGKILL)  # first, or it would tidy up after its parent
            parent.kill()
            fcntl.flock(marker, fcntl.LOCK_EX)  # waits until the last process of the stack is gone
    assert Path(folder).is_dir()
    assert processes_of(folder) == []
    with LocalStack() as following:
        assert not Path(folder).exists()
        assert [each for each in temporary.iterdir() if each.is_dir()] == [Path(following._folder)]


def test_the_folder_of_a_running_stack_is_left_alone(temporary: Path) -> None:
    with LocalStack() as running:
        folders.sweep()
        assert Path(running._folder).is_dir()
        assert running.execute_sql("select 1 as one") == [{"one": 1}]
    assert list(temporary.iterdir()) == []


def test_a_folder_is_owned_before_it_has_its_name(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def sweeping(before: Path, after: str) -> Path:
        folders.sweep()
        renamed = rename(before, after)
        folders.sweep()
        return renamed

    monkeypatch.setattr(Path, "rename", sweeping)
    with folders.StackFolder.create() as made:
        assert made.path.is_dir()
        assert made.path.parent == temporary


def test_an_abandoned_folder_is_removed(temporary: Path) -> None:
    abandoned = abandon(temporary)
    folders.sweep()
    assert not abandoned.exists()


def test_a_folder_without_our_marker_is_not_ours(temporary: Path) -> None:
    abandoned = abandon(temporary)
    (abandoned / folders.MARKER).unlink()
    folders.sweep()
    assert (abandoned / "storage" / "file").exists()


def test_a_folder_of_another_name_is_not_ours(temporary: Path) -> None:
    abandoned = abandon(temporary)
    renamed = abandoned.rename(temporary / "admin-crm-notes")
    folders.sweep()
    assert renamed.is_dir()


def test_another_users_folder_is_left_alone(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    abandoned = abandon(temporary)
    another = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    folders.sweep()
    assert abandoned.is_dir()


def test_a_folder_that_others_may_write_to_is_left_alone(temporary: Path) -> None:
    abandoned = abandon(temporary)
    abandoned.chmod(0o777)
    folders.sweep()
    assert abandoned.is_dir()


@pytest.mark.parametrize("what", ["folder", "marker"])
def test_a_link_is_not_followed(what: str, temporary: Path) -> None:
    abandoned = abandon(temporary)
    elsewhere = temporary / "elsewhere"
    if what == "folder":
        abandoned.rename(elsewhere)
        abandoned.symlink_to(elsewhere)
    else:
        (abandoned / folders.MARKER).rename(elsewhere)
        (abandoned / folders.MARKER).symlink_to(elsewhere)
    folders.sweep()
    assert elsewhere.exists()
    assert (abandoned / "storage" / "file").exists()


def test_two_sweeps_at_once_are_no_failure(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    abandoned = abandon(temporary)
    remove = folders.remove

    def meeting(path: Path) -> None:
        folders.sweep()  # a second one, which finds the folder owned by the first
        remove(path)

    monkeypatch.setattr(folders, "remove", meeting)
    folders.sweep()
    assert not abandoned.exists()


def test_a_folder_is_gone_when_its_stack_has_stopped_although_another_process_sweeps_it_meanwhile(
    temporary: Path,
) -> None:
    for _ in range(5):
        abandoned = abandon(temporary)
        for number in range(500):
            (abandoned / "storage" / f"file-{number}").touch()
        together = threading.Barrier(2)

        def remove(path: Path = abandoned, together: threading.Barrier = together) -> bool:
            together.wait()
            folders.remove(path)
            return path.exists()

        with ThreadPoolExecutor(2) as two:
            assert [still.result() for still in [two.submit(remove), two.submit(remove)]] == [False, False]


def test_a_stack_ends_after_the_last_program_that_writes_into_its_folder(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `initdb`, `tar` or `cp` do for a moment when the gateway that has started them was killed."""
    stack = LocalStack()
    with folders.StackFolder.create() as made:
        assert made.lock is not None
        writes = 'read -r _; touch "$0/late"'
        writer = subprocess.Popen(["sh", "-c", writes, made.path], stdin=subprocess.PIPE, pass_fds=[made.lock])
    assert writer.stdin
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        writer.stdin.close()

    monkeypatch.setattr(folders.time, "sleep", wait)
    stack._folder = str(made.path)
    stack.stop()
    assert waited
    assert writer.wait() == 0
    assert list(temporary.iterdir()) == []


def test_a_stack_does_not_wait_for_ever_for_who_owns_its_folder(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "OWNED_SECONDS", 0.05)
    stack = LocalStack()
    with folders.StackFolder.create() as made:
        stack._folder = str(made.path)
        stack.stop()
    assert list(temporary.iterdir()) == []


def test_a_removal_that_is_cut_short_is_finished_by_the_next_sweep(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandoned = abandon(temporary)
    (abandoned / "postgres").mkdir()

    def leave(path: Path, *, ignore_errors: bool) -> None:
        """Remove nothing, as where the disk refuses it."""

    with monkeypatch.context() as cut:
        cut.setattr(shutil, "rmtree", leave)
        folders.sweep()
    assert abandoned.is_dir()
    folders.sweep()
    assert not abandoned.exists()


def test_no_temporary_folder_at_all_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    folders.sweep()
