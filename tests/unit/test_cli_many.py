"""Many customers: the plan and the question first, an outcome for each, and exit code 1 if one failed."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import typer

from admin_crm import BulkError, BulkResult, CustomerNotFoundError
from admin_crm.cli.many import RunOptions, confirm, counted, run
from cli_helpers import ANA, MALLORY, NOBODY, Bulk, answering

IDS = [str(ANA.id), str(MALLORY.id)]


@pytest.fixture
def bulk() -> Bulk:
    """A bulk function."""
    return Bulk("notify_customers")


def test_more_than_one_is_planned_and_asked(
    bulk: Bulk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = answering(monkeypatch, "y")
    run(partial(bulk, None, IDS), "Notify 2 customers", 2, RunOptions())
    assert questions == ["Notify 2 customers (2 would be done)? [y/N]"]
    assert [options.get("dry_run", False) for _, _, options in bulk.calls] == [True, False]
    assert capsys.readouterr().out == "2 done\n"


@pytest.mark.parametrize("answer", ["", "n", "no", "yup"])
def test_any_other_answer_does_nothing(
    answer: str, bulk: Bulk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, answer)
    with pytest.raises(typer.Exit) as ended:
        run(partial(bulk, None, IDS), "Notify 2 customers", 2, RunOptions())
    assert ended.value.exit_code == 1
    assert bulk.written == []
    assert capsys.readouterr().err == "nothing was done\n"


def test_where_nobody_can_be_asked_it_is_refused_without_a_request(
    bulk: Bulk, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        run(partial(bulk, None, IDS), "Notify 2 customers", 2, RunOptions())
    assert ended.value.exit_code == 2
    assert bulk.calls == []
    assert "--yes" in capsys.readouterr().err


def test_one_is_not_asked_unless_it_is_dangerous(bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    run(partial(bulk, None, IDS[:1]), "Notify 1 customer", 1, RunOptions())
    assert bulk.written == [IDS[:1]]
    questions = answering(monkeypatch, "yes")
    run(partial(bulk, None, IDS[:1]), "Ban 1 customer", 1, RunOptions(), always_ask=True)
    assert len(questions) == 1


def test_yes_asks_nothing_and_plans_nothing(bulk: Bulk) -> None:
    run(partial(bulk, None, IDS), "Notify 2 customers", 2, RunOptions(yes=True, journal=Path("j")))
    assert bulk.written == [IDS]
    assert [options["journal"] for _, _, options in bulk.calls] == [Path("j")]


def test_a_dry_run_writes_nothing(bulk: Bulk, capsys: pytest.CaptureFixture[str]) -> None:
    run(partial(bulk, None, IDS), "Notify 2 customers", 2, RunOptions(dry_run=True))
    assert bulk.written == []
    assert capsys.readouterr().out == "2 would be done\n"


def test_an_item_that_failed_is_told_and_is_exit_code_1(bulk: Bulk, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        run(partial(bulk, None, [*IDS, str(NOBODY)]), "Notify 3 customers", 3, RunOptions(yes=True))
    assert ended.value.exit_code == 1
    told = capsys.readouterr()
    assert told.out == "2 done, 1 failed\n"
    assert told.err == f"{NOBODY}: no such customer — check the id\n"


def test_a_plan_in_which_all_fail_is_not_asked(bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = answering(monkeypatch)
    with pytest.raises(typer.Exit) as ended:
        run(partial(bulk, None, [str(NOBODY)]), "Ban 1 customer", 1, RunOptions(), always_ask=True)
    assert ended.value.exit_code == 1
    assert questions == []


def test_a_plan_in_which_nothing_is_left_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = answering(monkeypatch)

    def all_done(*, journal: object, dry_run: bool) -> BulkResult:
        assert (journal, dry_run) == (None, True)
        return BulkResult("notify_customers", skipped=[ANA.id, MALLORY.id], dry_run=True)

    run(all_done, "Notify 2 customers", 2, RunOptions())
    assert questions == []
    assert "2" in capsys.readouterr().out


def test_json_lists_every_outcome(bulk: Bulk, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        run(partial(bulk, None, [*IDS, str(NOBODY)]), "Notify", 3, RunOptions(yes=True, as_json=True))
    told = json.loads(capsys.readouterr().out)
    assert told["done"] == IDS
    why = {"error": "CustomerNotFoundError", "message": "no such customer", "hint": "check the id"}
    assert told["failed"] == {str(NOBODY): why}


def test_many_failures_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    failed = {str(uuid4()): CustomerNotFoundError("no such customer") for _ in range(50)}
    with pytest.raises(typer.Exit):
        run(lambda **_: BulkResult("notify_customers", failed=failed), "Notify", 50, RunOptions(yes=True))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 30 CustomerNotFoundError; --json lists them all"


def test_what_was_done_before_a_stop_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    result = BulkResult("notify_customers", done=[ANA.id], remaining=[MALLORY.id])

    def stop(**options: object) -> BulkResult:
        raise BulkError("stopped after 1 of 2", result=result)

    with pytest.raises(BulkError):
        run(stop, "Notify", 2, RunOptions(yes=True, as_json=True))
    told = json.loads(capsys.readouterr().out)
    assert (told["done"], told["remaining"]) == ([str(ANA.id)], [str(MALLORY.id)])


def test_where_passwords_are_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    result = BulkResult("create_customers", done=[ANA.id], passwords_file=Path("p.csv"))
    run(lambda **_: result, "Create", 1, RunOptions())
    assert "p.csv" in capsys.readouterr().out


def test_customers_are_counted_in_words() -> None:
    assert [counted(count) for count in (1, 2, 1200)] == ["1 customer", "2 customers", "1,200 customers"]


def test_yes_confirms() -> None:
    confirm("Delete", yes=True)
