"""What the guide of the terminal shows runs, line by line, on a local stack of its own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from admin_crm.cli import app
from admin_crm.local import LocalStack
from shops import local_only, open_shop

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "terminal.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)

pytestmark = [pytest.mark.once, local_only]  # they write as they like


@pytest.fixture(scope="module")
def shop() -> Iterator[LocalStack]:
    """A stack of their own."""
    with open_shop() as running:
        yield running


def test_the_commands_of_the_guide_run_one_after_the_other(
    shop: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in shop.environment.items():
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
