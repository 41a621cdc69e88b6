"""The command line where no server is needed: missing extras, errors, exports, what is shown of a person."""

import csv
import importlib
import importlib.util
import io
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from rich.console import Console
from typer.testing import CliRunner

from admin_crm import (
    AdminCustomer,
    AdminCustomerDetail,
    LoyaltyAnalysis,
    LoyaltyProposition,
    Page,
    ServiceUnavailableError,
)
from admin_crm.cli import commands as cli
from admin_crm.cli import tour
from admin_crm.cli.tables import Tables, plain
from admin_crm.local import LocalStackError

ANA = AdminCustomer(
    id=uuid4(),
    full_name="Ana [bold]Ordóñez[/bold]",
    email="ana@clientes.example",
    phone="+52 55 1234 5678",
    total_spent=Decimal("1234.50"),
)
MALLORY = AdminCustomer(id=uuid4(), full_name='=HYPERLINK("http://evil.example")', phone="+52 55 0000 0000")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run a command where nothing is configured, unless told otherwise."""
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


def shown(renderable: Any) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


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


def test_the_entry_point_shows_the_commands_when_none_is_given(
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
def test_the_librarys_and_the_stacks_errors_are_told_without_a_traceback(
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
    assert "a…@clientes.example" in done.stdout
    assert "…78" in done.stdout
    assert "ana@clientes.example" not in done.stdout
    assert "page 2 of 3, 31 customers in all" in done.stdout


def test_a_table_shows_emails_and_phones_when_asked(run: Any, shop: None) -> None:
    done = run("customers", "--show-personal")
    assert "ana@clientes.example" in done.stdout
    assert "+52 55 1234 5678" in done.stdout


def test_names_are_shown_as_they_are_and_cannot_style_or_steer_the_terminal() -> None:
    assert "Ana [bold]Ordóñez[/bold]" in shown(Tables().customers([ANA]))
    assert str(plain("Ana\x1b[2J\nOrdóñez")) == "Ana [2J Ordóñez"


def test_a_csv_export_holds_everybody_and_no_formula(run: Any, shop: None) -> None:
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


def test_all_that_match_can_be_listed_in_one_table(run: Any, shop: None) -> None:
    done = run("customers", "ordonez", "--all")
    assert "Ana" in done.stdout
    assert "HYPERLINK" not in done.stdout


def test_a_customer_of_whom_nothing_is_known_can_be_shown() -> None:
    bare = shown(Tables().detail(AdminCustomerDetail(id=uuid4())))
    assert "Customer" in bare
    assert "—" in bare


def test_a_plan_that_the_shop_stored_is_shown_like_one_that_it_wrote() -> None:
    stored = LoyaltyProposition(
        id=uuid4(),
        customer_id=uuid4(),
        generated_code="VUELVE10",
        personalized_message="Te extrañamos",
        discount_value=Decimal(10),
        discount_type="percent",
    )
    written = LoyaltyAnalysis(analysis="Compra cada mes", next_steps=["Llamar", "Esperar"])
    assert "VUELVE10, 10" in shown(Tables().plan(stored))
    assert "Te extrañamos" in shown(Tables().plan(stored))
    assert "Llamar; Esperar" in shown(Tables().plan(written))


def test_the_code_of_a_step_is_the_source_that_runs_without_its_docstring() -> None:
    def answer(crm: object) -> int:
        """Say it."""
        question = 6
        return question * 7

    step: tour.Step[object, int] = tour.Step("Ask", answer, Tables.words)
    assert step.text == "Say it."
    assert step.code.splitlines() == [
        "def answer(crm: object) -> int:",
        "    question = 6",
        "    return question * 7",
    ]


def test_a_step_without_a_docstring_shows_all_of_its_source() -> None:
    def answer(crm: object) -> int:
        return 42

    step: tour.Step[object, int] = tour.Step("Ask", answer, Tables.words)
    assert step.code.splitlines() == ["def answer(crm: object) -> int:", "    return 42"]
