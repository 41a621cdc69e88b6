"""Points in the terminal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from admin_crm import LoyaltyEntry
from admin_crm.cli import loyalty as cli
from cli_helpers import ANA


def test_points_are_shown_and_given(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [LoyaltyEntry(id="1", points=50, transaction_type="spent", description="Canje")]
    given: list[tuple[int, str]] = []
    monkeypatch.setattr(cli, "get_loyalty_balance", lambda crm, customer: 1250)
    monkeypatch.setattr(cli, "get_loyalty_history", lambda crm, customer: entries)
    monkeypatch.setattr(cli, "adjust_loyalty_points", lambda crm, customer, *words: given.append(words))
    shown = run("points", str(ANA.id)).stdout
    assert "1,250 points" in shown
    assert "-50" in shown
    assert given == []
    told = json.loads(run("points", str(ANA.id), "--adjust", "-20", "--reason", "Error", "--json").stdout)
    assert (told["balance"], told["history"][0]["points"]) == (1250, 50)
    assert given == [(-20, "Error")]


@pytest.mark.parametrize("words", [("--adjust", "5"), ("--reason", "x")])
def test_points_and_their_reason_go_together(words: tuple[str, ...], run: Any) -> None:
    assert run("points", str(ANA.id), *words).exit_code == 2
