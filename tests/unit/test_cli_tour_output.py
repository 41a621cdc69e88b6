"""The tour as data."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import Self
from uuid import UUID

import pytest

from admin_crm import Evidence
from admin_crm.cli import tour
from admin_crm.cli.tables import Tables
from admin_crm.cli.tour_output import tour_as_data
from admin_crm.local import LocalStack


class Connection:
    """A connection that is opened and closed."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.events.append("closed")

    def __str__(self) -> str:
        return "a connection"


def test_as_data_the_tour_is_each_step_with_its_code_and_its_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = Connection()

    def connect(stack: object) -> Connection:
        return connection

    def spent(crm: Connection) -> dict[str, object]:
        """Say it."""
        sys.stdout.write("a bar\n")
        assert crm.events == []
        return {"spent": Decimal("2.50"), "files": [Evidence(path="a/b", file_name="b", url="https://signed")]}

    def with_async(stack: object) -> list[UUID]:
        return [UUID(int=7)]

    monkeypatch.setattr(tour, "CONNECT", tour.Step("Connect", connect, Tables.text))
    monkeypatch.setattr(tour, "STEPS", [tour.Step("Spent", spent, Tables.text)])
    monkeypatch.setattr(tour, "WITH_ASYNC", tour.Step("Async", with_async, Tables.text))
    told = tour_as_data(LocalStack())
    assert [step["title"] for step in told] == ["Connect", "Spent", "Async"]
    assert told[1]["text"] == "Say it."
    assert told[1]["code"].startswith("def spent(crm: Connection)")
    assert told[0]["result"] == "a connection"
    assert told[1]["result"]["spent"] == "2.50"
    assert "https://signed" not in json.dumps(told[1]["result"])
    assert told[2]["result"] == [str(UUID(int=7))]
    assert connection.events == ["closed"]
    assert capsys.readouterr() == ("", "a bar\n")  # the output is for the data
