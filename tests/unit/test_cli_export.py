"""Exports in the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from admin_crm import Export
from admin_crm.cli import export as cli


@pytest.fixture
def exported(run: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path, dict[str, Any]]]:
    """What the exports of a shop are asked for."""
    asked: list[tuple[str, Path, dict[str, Any]]] = []

    def exporting(what: str) -> Any:
        def export(crm: object, path: Path, **options: Any) -> Export:
            asked.append((what, path, options))
            return Export(path=path, format="csv", rows=1200, size=150_000, seconds=0.5)

        return export

    monkeypatch.setattr(cli, "export_customers", exporting("customers"))
    monkeypatch.setattr(cli, "export_orders", exporting("orders"))
    return asked


def test_an_export_says_what_it_has_written(run: Any, exported: list[Any]) -> None:
    done = run("export", "a.csv", "--columns", "id, tier", "--dialect", "excel", "--separator", "tab", "--no-personal")
    assert (done.exit_code, done.stdout) == (0, "1,200 customers written to a.csv (0.1 MB)\n")
    ((what, path, options),) = exported
    assert (what, path, options.pop("progress")) == ("customers", Path("a.csv"), None)
    assert options == {
        "format": None, "columns": ["id", "tier"], "personal": False, "dialect": "excel", "separator": "\t",
    }  # fmt: skip


def test_orders_are_exported_by_the_days_of_the_shop(
    run: Any, exported: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_CRM_TIME_ZONE", "America/Mexico_City")
    done = run("export", "a.txt", "--orders", "--format", "jsonl", "--since", "2026-11-01", "--status", "delivered")
    assert (done.exit_code, done.stdout) == (0, "1,200 orders written to a.txt (0.1 MB)\n")
    ((what, _, options),) = exported
    assert (what, options["status"], options["until"], options["format"]) == ("orders", "delivered", None, "jsonl")
    assert options["since"].isoformat() == "2026-11-01T00:00:00-06:00"


def test_a_time_is_for_orders_only(run: Any, exported: list[Any]) -> None:
    done = run("export", "a.csv", "--since", "2026-11-01")
    assert done.exit_code == 2
    assert "--orders" in done.stderr
    assert exported == []


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "No such file or directory", "x"), ImportError("needs a package")]
)
def test_what_the_disk_says_is_one_line_too(error: Exception, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(crm: object, path: Path, **options: object) -> None:
        raise error

    monkeypatch.setattr(cli, "export_customers", fail)
    done = run("export", "nowhere/a.csv")
    assert (done.exit_code, done.stderr) == (1, f"{error}\n")


def test_an_export_is_told_as_json(run: Any, exported: list[Any]) -> None:
    told = json.loads(run("export", "a.csv", "--json").stdout)
    assert (told["path"], told["rows"]) == ("a.csv", 1200)
