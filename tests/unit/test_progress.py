"""`progress` means the same everywhere: True is a bar, a function gets what is done and the total."""

from __future__ import annotations

import sys
import threading

import pytest

from admin_crm import InvalidTypeError
from admin_crm._core.progress import reporting


def test_a_function_gets_the_numbers_as_they_are():
    told = []
    with reporting(lambda done, total: told.append((done, total)), 9, "customers") as report:
        assert report is not None
        report(3, 9)
    assert told == [(3, 9)]


@pytest.mark.parametrize("progress", [None, False])
def test_without_progress_there_is_nothing_to_report_to(progress):
    with reporting(progress, 9, "customers") as report:
        assert report is None


def test_a_bar_takes_its_total_from_the_reports_and_leaves_no_thread(capsys):
    before = threading.active_count()
    with reporting(True, 0, "customers", unit=" customers") as report:
        assert report is not None
        report(3, 12)
        report(12, 12)
    assert "customers: 100%" in (shown := capsys.readouterr().err)
    assert "12/12" in shown
    assert threading.active_count() == before


def test_anything_else_is_a_type_error():
    with pytest.raises(InvalidTypeError, match="progress must be True or a function"), reporting("yes", 1, None):  # type: ignore[arg-type]
        pass


def test_a_bar_without_tqdm_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="notebook"), reporting(True, 1, None):
        pass
