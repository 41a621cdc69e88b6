"""What the guide of the terminal shows runs, line by line, on the shop of the documentation."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from admin_crm.cli import app
from admin_crm.local import LocalStack
from shops import local_only

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "terminal.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)

pytestmark = local_only  # they write as they like


def test_the_commands_of_the_guide_run_one_after_the_other(
    playground: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in playground.environment.items():
        monkeypatch.setenv(name, value)
    for line in "".join(BLOCKS).splitlines():
        piped = ""
        for command in line.split(" | "):
            program, *words = shlex.split(command)
            assert program == "admin-crm"
            done = CliRunner().invoke(app, words, input=piped)
            assert done.exit_code == 0, f"{command}: {done.output}"
            piped = done.stdout
        assert piped, line
