"""The command line where no server is needed: missing extras, errors, the version, Ctrl-C."""

from __future__ import annotations

import importlib
import re
import runpy
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer

from admin_crm import Page, ServiceUnavailableError
from admin_crm.cli import commands as cli
from admin_crm.cli import customers
from admin_crm.local import LocalStackError
from cli_helpers import ANA


def test_without_its_extra_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "typer", None)
    for module in [name for name in sys.modules if name.startswith("admin_crm.cli")]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("admin_crm.cli")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "admin-crm needs its extras: pip install 'admin-crm[cli,local]'\n"


def test_the_entry_point_lists_the_commands_when_none_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["admin-crm"])
    with pytest.raises(SystemExit):
        cli.main()
    printed = "".join(capsys.readouterr())
    assert all(command in printed for command in ("demo", "local", "customers", "lift-expired", "evidence", "ai"))


def test_the_version_is_that_of_the_package(bare: Any) -> None:
    done = bare("--version")
    assert (done.exit_code, done.stdout) == (0, f"admin-crm {version('admin-crm')}\n")


def test_without_a_project_one_line_says_how_to_get_one(bare: Any) -> None:
    done = bare("customers")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("SUPABASE_URL is set neither in the environment nor in .env — set it to https://")
    assert "admin-crm local" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "error",
    [ServiceUnavailableError("gone"), LocalStackError("gone"), FileNotFoundError("gone"), ImportError("gone")],
)
def test_expected_errors_are_one_line_and_a_trace_when_asked(
    error: Exception, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(crm: object, text: str, **filters: object) -> None:
        password = "never-shown"  # noqa: F841
        raise error

    monkeypatch.setattr(customers, "search_customers", fail)
    done = run("customers")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", "gone\n")
    traced = run("--debug", "customers")
    assert traced.exit_code == 1
    assert "Traceback" in traced.stderr
    assert "in fail" in traced.stderr
    assert "never-shown" not in traced.stderr


def test_a_bug_is_not_taken_for_an_error_of_the_shop(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customers, "search_customers", lambda *words, **filters: 1 / 0)
    assert isinstance(run("customers").exception, ZeroDivisionError)


def test_ctrl_c_ends_with_130_and_one_line(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(crm: object, text: str, **filters: object) -> Page[Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(customers, "search_customers", interrupt)
    done = run("customers")
    assert (done.exit_code, done.stdout) == (130, "")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("show",),
        ("show", "some-id"),
        ("tag", "some-id"),
        ("tag", "some-id", "vip"),
        ("status", str(ANA.id), "sleeping", "--yes"),
        ("customers", "--page", "0"),
        ("customers", "--no-such-option"),
        ("nothing",),
    ],
)
def test_wrong_usage_is_exit_code_2(words: tuple[str, ...], run: Any) -> None:
    assert run(*words).exit_code == 2


def test_at_80_columns_the_list_of_commands_shows_each_sentence_whole(
    bare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words in ((), ("evidence",), ("ai",)):
        listed = bare(*words, "--help").stdout.partition("Commands:\n")[2].splitlines()
        assert len(listed) > 3
        assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []


def test_completion_is_offered(bare: Any) -> None:
    assert "--install-completion" in bare("--help").stdout


def all_commands() -> dict[str, set[str]]:
    """Return the options of every command, by its name."""
    groups = {"": cli.app, "evidence ": cli.evidence.app, "ai ": cli.ai.app}
    found = {}
    for prefix, group in groups.items():
        for name, command in typer.main.get_group(group).commands.items():
            if not hasattr(command, "commands"):
                found[prefix + name] = {word for each in command.params for word in (*each.opts, *each.secondary_opts)}
    return found


def test_the_guide_has_every_command_and_no_option_that_does_not_exist() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "terminal.md").read_text("utf-8")
    commands = all_commands()
    assert [name for name in commands if f"admin-crm {name}" not in guide and f"`{name}" not in guide] == []
    known = set().union(*commands.values(), {"--debug", "--install-completion"})
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", guide)) <= known


def test_every_command_has_json_but_the_one_that_speaks_nothing_else() -> None:
    assert {name for name, options in all_commands().items() if "--json" not in options} <= {"mcp"}


def test_every_command_for_many_can_be_planned_and_goes_on() -> None:
    many = {"notify", "tag", "untag", "fields", "ban", "suspend", "reinstate", "import"}
    commands = all_commands()
    assert [name for name in many if not {"--yes", "--dry-run", "--journal"} <= commands[name]] == []


def test_the_package_is_run_as_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["admin_crm", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("admin_crm", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("admin-crm ")


def test_a_bug_is_shown_by_python_itself_whose_traceback_has_no_local_variables():
    assert not cli.app.pretty_exceptions_enable
