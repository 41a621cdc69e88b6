"""The check of a project, SQL, and the local stack where it cannot start."""

from __future__ import annotations

import importlib.util
import json
from typing import Any, ClassVar
from unittest.mock import Mock

import pytest

from admin_crm import DoctorCheck, DoctorReport
from admin_crm.cli import project as cli
from admin_crm.cli import tour_output


@pytest.mark.parametrize("command", ["demo", "local"])
def test_without_deno_the_stack_commands_say_what_to_install(
    command: str, bare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = bare(command)
    assert (done.exit_code, done.stderr) == (2, f"{cli.INSTALL}\n")


@pytest.mark.parametrize(("verdict", "code"), [("ok", 0), ("fail", 1)])
def test_a_report_is_text_or_json_and_its_verdict_the_exit_code(
    verdict: Any, code: int, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = DoctorReport((DoctorCheck("view", verdict, "it is there"),))
    monkeypatch.setattr(cli, "doctor", lambda crm, write_checks, progress: report)
    done = run("doctor")
    assert (done.exit_code, done.stdout) == (code, f"{report}\n")
    done = run("doctor", "--json")
    assert done.exit_code == code
    assert json.loads(done.stdout)["checks"][0]["verdict"] == verdict


@pytest.mark.parametrize("what", ["directory", "moderation"])
def test_sql_is_printed_without_a_project(what: str, bare: Any) -> None:
    done = bare("sql", what)
    assert done.exit_code == 0
    assert "create or replace function" in done.stdout
    assert json.loads(bare("sql", what, "--json").stdout) == {"what": what, "sql": done.stdout}


class Stack:
    """A local stack that starts nothing."""

    environment: ClassVar = {"SUPABASE_URL": "http://127.0.0.1:1"}
    customer_id = "c0ffee00-0000-4000-8000-000000000001"
    stopped = 0

    def __init__(self, **_: Any) -> None:
        self.options = _

    def start(self) -> Stack:
        return self

    def stop(self) -> None:
        Stack.stopped += 1


def test_a_local_shop_prints_its_variables_and_is_stopped(bare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "LocalStack", Stack)
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    monkeypatch.setattr(cli.time, "sleep", Mock(side_effect=KeyboardInterrupt))
    for stops, words in enumerate([("local", "--json"), ("local",)], start=Stack.stopped + 1):
        done = bare(*words)
        assert (done.exit_code, Stack.stopped) == (0, stops)
        if "--json" in words:
            assert json.loads(done.stdout) == {"environment": Stack.environment, "customer_id": Stack.customer_id}
        else:
            assert done.stdout == f"export SUPABASE_URL=http://127.0.0.1:1\n# a customer: {Stack.customer_id}\n"


def test_the_tour_as_data_stops_its_shop(bare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "LocalStack", Stack)
    monkeypatch.setattr(tour_output, "tour_as_data", lambda stack: [{"title": type(stack).__name__}])
    stops = Stack.stopped + 1
    done = bare("demo", "--json")
    assert (done.exit_code, Stack.stopped, json.loads(done.stdout)) == (0, stops, [{"title": "Stack"}])
