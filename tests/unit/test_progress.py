"""One meaning of the argument `progress`."""

from __future__ import annotations

import inspect
import sys

import pytest
import respx

import admin_crm
from admin_crm import InvalidTypeError
from admin_crm._core.progress import Tally, reporting
from helpers import KEY, QUICK, SOMEBODY, URL

LONG = {
    "anonymize_customer": (SOMEBODY,),
    "create_customers": ([],),
    "customers_frame": (),
    "delete_customer": (SOMEBODY,),
    "delete_customer_evidence": ([f"{SOMEBODY}/a.png"],),
    "doctor": (),
    "download_customer_evidence": (f"{SOMEBODY}/a.png",),
    "export_customers": ("a.csv",),
    "export_orders": ("a.csv",),
    "get_all_customers": (),
    "get_all_orders": (),
    "get_customer_data": (SOMEBODY,),
    "get_directory_stats": (),
    "get_locked_customers": (),
    "lift_expired_suspensions": (),
    "moderate_customers": ([SOMEBODY], "active"),
    "notify_customers": ([SOMEBODY], "a", "b"),
    "order_items_frame": (),
    "orders_frame": (),
    "reconcile_sign_in_bans": (),
    "select_customers": (),
    "set_custom_fields_of": ([SOMEBODY], {"a": 1}),
    "tag_customers": ([SOMEBODY],),
    "upload_customer_evidence": (SOMEBODY, b"a"),
    "upload_evidence_files": ([(SOMEBODY, b"a")],),
}
"""Every function that may take long, and what it takes besides the connection."""


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


@respx.mock
@pytest.mark.parametrize("name", LONG)
def test_every_long_call_refuses_what_is_no_progress_before_any_request(caller, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    why = {"reason": "a"}
    options = {
        "anonymize_customer": why,
        "delete_customer": why,
        "moderate_customers": why,
        "tag_customers": {"add": ["a"]},
    }.get(name, {})
    crm = caller.open(URL, KEY, settings=QUICK)
    with pytest.raises(InvalidTypeError, match="progress"):
        caller(getattr(admin_crm, name), crm, *LONG[name], progress="yes", **options)
    assert not respx.calls


def test_what_takes_progress_is_what_may_take_long():
    takes = {
        name
        for name in admin_crm.__all__
        if inspect.isroutine(each := getattr(admin_crm, name)) and "progress" in inspect.signature(each).parameters
    }
    assert takes == set(LONG)


def test_what_is_done_is_never_more_than_all_and_what_was_expected_is_corrected_at_the_end():
    told = []
    tally = Tally(lambda *figures: told.append(figures), 3)
    tally.add(2)
    tally.finish()
    tally.add(5)
    tally.finish()
    assert told == [(2, 3), (2, 2), (3, 3)]


def test_a_bar_follows_a_total_that_becomes_known_later(capsys):
    with reporting(True, 0, "work") as report:
        assert report is not None
        report(7, 7)
    assert "7/7" in capsys.readouterr().err
