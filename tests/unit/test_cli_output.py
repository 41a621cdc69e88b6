"""Results go to the standard output, messages to the standard error, and a reader may go away."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any
from uuid import uuid4

import pytest

from admin_crm import Evidence
from admin_crm.cli import output


def test_messages_are_plain_text_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.tell("[red]Ana[/red]\x1b[2J\nOrdóñez " + "x" * 300, style="red")
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert told.err.startswith("[red]Ana[/red] [2J Ordóñez")


def test_json_has_ids_as_text_and_no_signed_url(capsys: pytest.CaptureFixture[str]) -> None:
    file = Evidence(id=uuid4(), path="x/a.png", file_name="ñ.png", url="https://shop.test/?token=secret")
    output.write_json({"files": [file], "balance": 3})
    printed = capsys.readouterr().out
    told = json.loads(printed)
    assert told["balance"] == 3
    assert told["files"][0]["id"] == str(file.id)
    assert "token" not in printed
    assert "ñ.png" in printed


@pytest.mark.parametrize("emit", [lambda: output.write("x" * 100_000), lambda: output.show("x" * 100_000)])
def test_a_reader_who_goes_away_is_no_error(emit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        emit()
        output.write("more, which goes nowhere")


def test_only_two_terminals_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert output.is_interactive()
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert not output.is_interactive()


def test_an_answer_is_read_and_the_end_of_the_input_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(" yes \n"))
    assert output.ask("Do [it]?") == "yes"
    assert output.ask("Do it?") == ""
    told = capsys.readouterr()
    assert "Do [it]?" in told.err
    assert told.out == ""


def test_a_bar_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    with output.progress_bar("Exporting") as progress:
        assert progress is None
    monkeypatch.setattr(sys, "stderr", Terminal())
    with output.progress_bar("Exporting") as progress:
        assert progress is not None
        progress(5, 10)
