"""Evidence files in the terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from admin_crm import BulkResult, Evidence
from admin_crm.cli import evidence as cli
from cli_helpers import ANA

PATH = f"{ANA.id}/0123456789abcdef0123456789abcdef.png"


def test_paths_are_whole_however_narrow_the_terminal(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Evidence(path=PATH, file_name="[b]caja\x1b.png", size=1234, uploaded_at=datetime(2026, 11, 28, tzinfo=UTC))
    monkeypatch.setattr(cli, "list_customer_evidence", lambda crm, customer, original_names: [file])
    monkeypatch.setenv("COLUMNS", "40")
    shown = run("evidence", "list", str(ANA.id), "--names").stdout
    assert PATH in shown.splitlines()
    assert "2026-11-28  1,234 bytes" in shown
    assert "[b]caja .png" in shown
    assert json.loads(run("evidence", "list", str(ANA.id), "--json").stdout)[0]["path"] == PATH


def test_no_files_are_said_to_be_none(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "list_customer_evidence", lambda crm, customer, original_names: [])
    assert run("evidence", "list", str(ANA.id)).stdout == "no files\n"


def test_files_are_added_each_with_its_outcome(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def upload(crm: object, files: Any, **options: Any) -> BulkResult:
        asked.append(files)
        return BulkResult("upload_evidence_files", done=[ANA.id], paths={"a.png": PATH})

    monkeypatch.setattr(cli, "upload_evidence_files", upload)
    told = json.loads(run("evidence", "add", str(ANA.id), "a.png", "--json").stdout)
    assert asked == [{str(ANA.id): [Path("a.png")]}]
    assert told["paths"] == {"a.png": PATH}
    assert PATH in run("evidence", "add", str(ANA.id), "a.png").stdout


@pytest.mark.parametrize(("to", "name"), [((), Path(PATH).name), (("b.png",), "b.png"), ((".",), Path(PATH).name)])
def test_a_file_is_downloaded_under_its_name_or_another(
    to: tuple[str, ...], name: str, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(
        cli, "download_customer_evidence", lambda crm, path, target, progress: asked.append(target) or 1234
    )
    assert run("evidence", "get", PATH, *to).stdout == f"1,234 bytes: {name}\n"
    assert json.loads(run("evidence", "get", PATH, *to, "--json").stdout) == {"path": PATH, "file": name, "size": 1234}
    assert asked == [Path(name)] * 2


def test_a_deletion_asks(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    deleted: list[str] = []
    monkeypatch.setattr(cli, "delete_customer_evidence", lambda crm, paths: deleted.extend(paths) or list(paths))
    done = run("evidence", "rm", PATH)
    assert (done.exit_code, deleted) == (2, [])
    assert "Delete 1 file permanently" in done.stderr
    assert json.loads(run("evidence", "rm", PATH, "--yes", "--json").stdout) == {"deleted": [PATH]}
    assert run("evidence", "rm", PATH, "--yes").stdout == "1 deleted\n"
