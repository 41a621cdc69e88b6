"""The command line where no server is needed: missing extras, errors, exports."""

from __future__ import annotations

import csv
import importlib
import importlib.util
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from admin_crm import Export, Page, ServiceUnavailableError
from admin_crm.cli import commands as cli
from admin_crm.cli import export as cli_export
from admin_crm.local import LocalStackError
from cli_helpers import ANA, MALLORY


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run a command where nothing is configured, unless a fixture configures it."""
    for name in ("SUPABASE_URL", "SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(cli.app, words)


@pytest.fixture
def shop(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop of two customers, one of them malicious."""
    monkeypatch.setenv("SUPABASE_URL", "https://shop.test")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_unit-test-key")
    monkeypatch.setattr(cli, "get_all_customers", lambda crm: [ANA, MALLORY])
    monkeypatch.setattr(
        cli,
        "search_customers",
        lambda crm, text, **filters: Page(items=[ANA], total=31, page=filters["page"], page_size=15),
    )


def test_without_its_extra_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "typer", None)
    for module in ("admin_crm.cli", "admin_crm.cli.commands", "admin_crm.cli.tables"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("admin_crm.cli")
    assert ended.value.code == 2
    assert capsys.readouterr().err == "admin-crm needs its extras: pip install 'admin-crm[cli,local]'\n"


@pytest.mark.parametrize("command", ["demo", "local"])
def test_without_deno_the_stack_commands_say_what_to_install(
    command: str, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = run(command)
    assert (done.exit_code, done.stderr) == (2, f"{cli.INSTALL}\n")


def test_the_entry_point_lists_the_commands_when_none_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["admin-crm"])
    with pytest.raises(SystemExit):
        cli.main()
    printed = "".join(capsys.readouterr())
    assert all(command in printed for command in ("demo", "local", "customers"))


def test_an_error_is_one_line_and_exit_code_1(run: Any) -> None:
    done = run("customers")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr == "SUPABASE_URL is set neither in the environment nor in .env\n"


@pytest.mark.parametrize("error", [ServiceUnavailableError("gone"), LocalStackError("gone")])
def test_errors_of_the_library_and_the_stack_are_shown_without_a_traceback(
    error: Exception, run: Any, shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(crm: object, text: str, **filters: object) -> None:
        raise error

    monkeypatch.setattr(cli, "search_customers", fail)
    done = run("customers")
    assert (done.exit_code, done.stderr) == (1, "gone\n")


def test_a_table_masks_emails_and_phones(run: Any, shop: None) -> None:
    done = run("customers", "ana", "--page", "2")
    assert done.exit_code == 0
    assert "…@clientes.example" in done.stdout
    assert "…78" in done.stdout
    assert "ana@clientes.example" not in done.stdout
    assert "page 2 of 3, 31 customers in all" in done.stdout


def test_a_table_shows_emails_and_phones_when_asked(run: Any, shop: None) -> None:
    done = run("customers", "--show-personal")
    assert "ana@clientes.example" in done.stdout
    assert "+52 55 1234 5678" in done.stdout


def test_a_csv_export_contains_every_customer_and_no_formula(run: Any, shop: None) -> None:
    done = run("customers", "--all", "--format", "csv")
    head, ana, mallory = csv.reader(io.StringIO(done.stdout))
    assert tuple(head) == cli.COLUMNS
    assert dict(zip(head, ana, strict=True)) | {"id": ""} == dict.fromkeys(cli.COLUMNS, "") | {
        "full_name": "Ana [bold]Ordóñez[/bold]",
        "email": "ana@clientes.example",
        "phone": "+52 55 1234 5678",
        "total_spent": "1234.50",
    }
    assert mallory[1:5] == ['\'=HYPERLINK("http://evil.example")', "", "+52 55 0000 0000", ""]


def test_a_json_export_keeps_money_exact(run: Any, shop: None) -> None:
    done = run("customers", "--format", "json")
    assert [row["total_spent"] for row in json.loads(done.stdout)] == ["1234.50"]


def test_all_matching_customers_can_be_listed_in_one_table(run: Any, shop: None) -> None:
    done = run("customers", "ordonez", "--all")
    assert "Ana" in done.stdout
    assert "HYPERLINK" not in done.stdout


def test_labels_in_the_terminal_are_those_of_every_function(run: Any, shop: None) -> None:
    for words, meant in ((("--tier", "golden"), "gold"), (("--segment", "chamipon"), "champion")):
        done = run("customers", "--all", *words)
        assert (done.exit_code, done.stdout) == (1, "")
        assert f"did you mean '{meant}'?" in done.stderr
    assert run("customers", "--all", "--segment", "at-risk", "--status", "BANNED").exit_code == 0


@pytest.fixture
def exported(shop: None, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path, dict[str, Any]]]:
    """What the exports of a shop are asked for."""
    asked: list[tuple[str, Path, dict[str, Any]]] = []

    def exporting(what: str) -> Any:
        def export(crm: object, path: Path, **options: Any) -> Export:
            asked.append((what, path, options))
            return Export(path=path, format="csv", rows=1200, size=150_000, seconds=0.5)

        return export

    monkeypatch.setattr(cli_export, "export_customers", exporting("customers"))
    monkeypatch.setattr(cli_export, "export_orders", exporting("orders"))
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
def test_what_the_disk_says_is_one_line_too(
    error: Exception, run: Any, shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(crm: object, path: Path, **options: object) -> None:
        raise error

    monkeypatch.setattr(cli_export, "export_customers", fail)
    done = run("export", "nowhere/a.csv")
    assert (done.exit_code, done.stderr) == (1, f"{error}\n")


def test_a_bar_is_for_terminals(run: Any, exported: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_export, "_is_terminal", lambda: True)
    assert run("export", "a.csv").exit_code == 0
    progress = exported[0][2]["progress"]
    progress(5, 10)
