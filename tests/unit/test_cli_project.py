"""The check of a project, SQL, and the local stack where it cannot start."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import pytest

from admin_crm import DoctorCheck, DoctorReport
from admin_crm.cli import project as cli


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
