"""Pictures in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from admin_crm import plots
from admin_crm.cli import plot as cli
from cli_helpers import ANA, MALLORY


@pytest.fixture
def shop(run: Any, canvas: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A shop of two customers without orders; the frames that are read."""
    read: list[str] = []
    monkeypatch.setattr(cli, "customers_frame", lambda crm: read.append("customers") or [ANA, MALLORY])
    monkeypatch.setattr(cli, "orders_frame", lambda crm: read.append("orders") or [])
    return read


@pytest.mark.parametrize("name", plots.__all__)
def test_every_picture_is_drawn_to_a_file(name: str, run: Any, shop: list[str], tmp_path: Path) -> None:
    picture = name.replace("_", "-")
    done = run("plot", picture, "picture.svg", "--language", "en")
    assert (done.exit_code, done.stdout) == (0, f"{picture} drawn to picture.svg\n"), done.output
    assert "<svg" in (tmp_path / "picture.svg").read_text("utf-8")
    assert shop == ["orders" if name in {"cohorts", "retention", "orders_by_month"} else "customers"]


def test_a_picture_is_told_as_json(run: Any, shop: list[str]) -> None:
    told = json.loads(run("plot", "rfm-heatmap", "a.png", "--json").stdout)
    assert told == {"picture": "rfm-heatmap", "path": "a.png"}


@pytest.mark.parametrize("words", [("segments", "a.doc"), ("segments",), ("nothing", "a.png")])
def test_what_cannot_be_drawn_is_wrong_usage_and_nothing_is_read(
    words: tuple[str, ...], run: Any, shop: list[str]
) -> None:
    assert run("plot", *words).exit_code == 2
    assert shop == []


def test_every_picture_of_plots_can_be_drawn():
    assert [picture.value.replace("-", "_") for picture in cli.Picture] == plots.__all__
