"""Locking asks, a reason is needed, and the shop's clock decides when a suspension ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from admin_crm import AdminCustomer, CustomerProfile
from admin_crm.cli import moderation as cli
from cli_helpers import ANA, MALLORY, NOBODY, Bulk, answering

IDS = [str(ANA.id), str(MALLORY.id)]


@pytest.fixture
def bulk(run: Any, monkeypatch: pytest.MonkeyPatch) -> Bulk:
    """The function that moderates many."""
    bulk = Bulk("moderate_customers")
    monkeypatch.setattr(cli, "moderate_customers", bulk)
    return bulk


def test_a_ban_of_one_asks_why_and_whether(run: Any, bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = answering(monkeypatch, "Contracargos", "y")
    done = run("ban", IDS[0], "--actor", "Luz")
    assert (done.exit_code, done.stdout) == (0, "1 done\n"), done.output
    assert questions == ["Ban 1 customer. Why?", "Ban 1 customer (1 would be done)? [y/N]"]
    ids, words, options = bulk.calls[-1]
    assert (ids, words) == (IDS[:1], ("banned",))
    assert (options["reason"], options["actor"], options["enforce_sign_in"]) == ("Contracargos", "Luz", None)


@pytest.mark.parametrize("words", [("ban", IDS[0]), ("ban", IDS[0], "--reason", "x"), ("reinstate", IDS[0])])
def test_without_a_terminal_nothing_is_asked_and_nothing_done(words: tuple[str, ...], run: Any, bulk: Bulk) -> None:
    done = run(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert bulk.calls == []


def test_an_empty_reason_is_none(run: Any, bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "")
    assert run("reinstate", IDS[0]).exit_code == 2
    assert bulk.calls == []


def test_a_suspension_ends_by_the_shops_clock(run: Any, bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_CRM_TIME_ZONE", "America/Mexico_City")
    done = run("suspend", IDS[0], "--until", "2030-01-01", "--reason", "x", "--yes", "--no-sign-in", "--json")
    assert (done.exit_code, json.loads(done.stdout)["done"]) == (0, IDS[:1])
    _, words, options = bulk.calls[0]
    assert words == ("suspended",)
    assert options["suspension_end"] == datetime(2030, 1, 1, 6, tzinfo=UTC)
    assert options["enforce_sign_in"] is False


def test_who_has_seen_the_number_has_allowed_it_and_a_script_says_it(
    run: Any, bulk: Bulk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("ban", "--reason", "x", "--yes", given="\n".join(IDS))
    run("ban", "--reason", "x", "--yes", "--allow", "2", given="\n".join(IDS))
    answering(monkeypatch, "y")
    run("ban", *IDS, "--reason", "x")
    assert [options["allow"] for _, _, options in bulk.calls] == [None, 2, 2, 2]


def test_one_is_reinstated_without_a_question(run: Any, bulk: Bulk) -> None:
    assert run("reinstate", IDS[0], "--reason", "Error").exit_code == 0
    assert bulk.written == [IDS[:1]]


def test_one_who_does_not_exist_is_exit_code_1(run: Any, bulk: Bulk) -> None:
    done = run("ban", *IDS, str(NOBODY), "--reason", "x", "--yes")
    assert (done.exit_code, done.stdout) == (1, "2 done, 1 failed\n")
    assert str(NOBODY) in done.stderr


def test_a_session_alone_is_told_that_the_sign_in_stays(run: Any, bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "has_secret_key", lambda crm: False)
    assert "the sign-in is not banned" in run("ban", IDS[0], "--reason", "x", "--yes").stderr
    assert run("ban", IDS[0], "--reason", "x", "--yes", "--no-sign-in").stderr == ""


def test_the_status_alone_asks_before_it_locks(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def update(crm: object, *words: object) -> CustomerProfile:
        asked.append(words)
        return CustomerProfile(id=ANA.id, account_status=str(words[1]))

    monkeypatch.setattr(cli, "update_customer_status", update)
    assert run("status", IDS[0], "banned").exit_code == 2
    assert asked == []
    assert "banned" in run("status", IDS[0], "banned", "--yes").stdout
    assert json.loads(run("status", IDS[0], "active", "--json").stdout)["account_status"] == "active"
    assert asked == [(IDS[0], "banned", None), (IDS[0], "active", None)]


def test_expired_suspensions_are_shown_before_they_are_lifted(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    due: list[AdminCustomer] = [ANA, MALLORY]
    lifted = [CustomerProfile(id=each.id, full_name=each.full_name, account_status="active") for each in due]
    calls: list[str] = []
    monkeypatch.setattr(cli, "select_customers", lambda crm, **filters: calls.append(str(filters)) or due)
    monkeypatch.setattr(cli, "lift_expired_suspensions", lambda crm, progress: calls.append("lift") or lifted)
    assert run("lift-expired").exit_code == 2
    assert "Ana" in run("lift-expired", "--dry-run").stdout
    assert "lift" not in calls
    questions = answering(monkeypatch, "y")
    assert "2 in all" in run("lift-expired").stdout
    assert questions == ["Lift 2 suspensions that have ended? [y/N]"]
    assert len(json.loads(run("lift-expired", "--yes", "--json").stdout)) == 2
    due.clear()
    assert run("lift-expired").stdout == "no suspension has ended\n"
