"""The command in a real terminal: questions, Ctrl-C, width, colours, and readers that go away."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from admin_crm.local import LocalStack

pexpect = pytest.importorskip("pexpect", reason="there is no such terminal on Windows")
pytestmark = [
    pytest.mark.once,
    # Python warns of a fork beside threads; the child starts another program at once.
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]

COLOUR = re.compile(r"\x1b\[[\d;]*3[0-7]")


@pytest.fixture
def environment(stack: LocalStack) -> dict[str, str]:
    """What a command is told of the running stack."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    return {**inherited, **stack.environment, "TERM": "xterm-256color", "PYTHONUTF8": "1"}


@pytest.fixture
def terminal(environment: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """Start a command in a terminal of its own."""

    def start(*words: str, width: int = 100, **more: str) -> Any:
        return pexpect.spawn(
            sys.executable, ["-m", "admin_crm", *words],
            env={**environment, **more}, cwd=str(tmp_path), encoding="utf-8", timeout=60, dimensions=(50, width),
        )  # fmt: skip

    return start


def ended(child: Any) -> tuple[int | None, str]:
    """Wait for the end of a command; return its exit code and what it has printed since the last question."""
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before


def status_of(stack: LocalStack, customer: str) -> str:
    (row,) = stack.execute_sql(f"select account_status from public.customer_profiles where id = '{customer}'")
    return str(row["account_status"])


def test_a_ban_asks_why_and_whether(terminal: Callable[..., Any], stack: LocalStack, customer: str) -> None:
    child = terminal("ban", customer)
    child.expect(r"Why\?")
    child.sendline("Contracargos")
    child.expect(r"Ban 1 customer \(1 would be done\)\? \[y/N\]")
    child.sendline("")
    code, printed = ended(child)
    assert (code, status_of(stack, customer)) == (1, "active")
    assert "nothing was done" in printed
    child = terminal("ban", customer, "--reason", "Contracargos")
    child.expect(r"\[y/N\]")
    child.sendline("y")
    code, printed = ended(child)
    assert (code, status_of(stack, customer)) == (0, "banned"), printed
    assert "1 done" in printed


def test_ctrl_c_at_a_question_does_nothing_and_ends_with_130(
    terminal: Callable[..., Any], stack: LocalStack, customer: str
) -> None:
    child = terminal("ban", customer, "--reason", "x")
    child.expect(r"\[y/N\]")
    child.sendintr()
    code, printed = ended(child)
    assert (code, status_of(stack, customer)) == (130, "active")
    assert "Traceback" not in printed


def test_ctrl_d_at_a_question_is_no(terminal: Callable[..., Any], stack: LocalStack, customer: str) -> None:
    child = terminal("ban", customer, "--reason", "x")
    child.expect(r"\[y/N\]")
    child.sendeof()
    assert (ended(child)[0], status_of(stack, customer)) == (1, "active")


def test_a_terminal_of_40_columns_has_ids_and_names(terminal: Callable[..., Any]) -> None:
    code, printed = ended(terminal("customers", "Lucía Fernández", width=40))
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in printed.splitlines()]
    assert code == 0
    assert max(map(len, lines)) <= 40
    assert any("c0ffee00" in line and "Lucía" in line for line in lines)


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours_are_for_who_wants_them(no_color: str, terminal: Callable[..., Any]) -> None:
    code, printed = ended(terminal("show", "nope", NO_COLOR=no_color))
    assert code == 2
    assert "must be a UUID" in printed
    assert bool(COLOUR.search(printed)) is not bool(no_color)


@pytest.mark.parametrize("output", [("--format", "csv"), ("--json",), (), ("--format", "ids")])
def test_a_reader_that_has_read_enough_is_no_error(output: tuple[str, ...], environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "admin_crm", "customers", "--all", *output]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.read(10)
        running.stdout.close()
        complaints = running.stderr.read().decode()
    assert running.returncode == 0
    assert "Error" not in complaints
    assert "Traceback" not in complaints
