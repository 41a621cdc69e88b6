"""One meaning of the argument `progress`."""

from __future__ import annotations

import sys

import pytest

from admin_crm import InvalidTypeError
from admin_crm._core.progress import reporting


def test_a_function_is_called_as_it_is():
    told = []
    with reporting(lambda *figures: told.append(figures), 3, "work") as report:
        assert report is not None
        report(1, 3)
    assert told == [(1, 3)]


@pytest.mark.parametrize("nothing", [None, False])
def test_nothing_is_reported_unless_it_is_asked_for(nothing):
    with reporting(nothing, 3, "work") as report:
        assert report is None


def test_a_bar_shows_what_is_done(capsys):
    with reporting(True, 3, "work", unit="row") as report:
        assert report is not None
        report(1, 3)
        report(3, 3)
    shown = capsys.readouterr().err
    assert "work" in shown
    assert "3/3" in shown


def test_anything_else_is_refused():
    with pytest.raises(InvalidTypeError) as refused, reporting("yes", 3, "work"):  # type: ignore[arg-type]
        pass
    assert refused.value.argument == "progress"


def test_a_bar_without_tqdm_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="notebook"), reporting(True, 3, "work"):
        pass
