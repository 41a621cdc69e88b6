"""The commands on a real local stack."""

import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from admin_crm.cli import app, tour_output
from admin_crm.cli import project as cli
from admin_crm.cli import tour as demo
from admin_crm.local import LocalStack, LocalStackError

pytestmark = pytest.mark.once


@pytest.fixture
def commands(stack: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run commands against the running stack."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**stack.environment, "COLUMNS": "120"}.items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(app, words)


@pytest.fixture
def stop_signal() -> Iterator[None]:
    """Put the handler back that `admin-crm local` replaces."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_the_tour_shows_every_step_with_its_code_needs_no_terminal_and_honours_no_color(
    commands: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADMIN_CRM_LOCAL_ENGINE", raising=False)  # as a newcomer's machine has it
    monkeypatch.setenv("NO_COLOR", "1")
    done = commands("demo")
    assert done.exit_code == 0, done.output
    # The seed has a few values that cannot be read, as a real shop has: the library says so (R5), and nothing else.
    assert [line for line in done.stderr.splitlines() if "some values could not be read" not in line] == []
    assert "\x1b" not in done.stdout
    for step in (demo.CONNECT, *demo.STEPS, demo.WITH_ASYNC):
        assert step.title in done.stdout
        assert step.code.splitlines()[0][:70] in done.stdout
    assert "1,200" in done.stdout
    assert "Lucía Fernández Ibarra" in done.stdout
    assert "…@clientes.example" in done.stdout
    assert "lucia@clientes.example" not in done.stdout


def test_a_tour_that_fails_stops_its_stack(commands: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []
    stop = LocalStack.stop

    def noting(self: LocalStack) -> None:
        stopped.append(self.url)
        stop(self)

    def fail(stack: LocalStack, console: object, tables: object) -> None:
        raise LocalStackError("tripped")

    monkeypatch.setattr(LocalStack, "stop", noting)
    monkeypatch.setattr(tour_output, "show_tour", fail)
    done = commands("demo")
    assert done.exit_code == 1
    assert "tripped" in done.stderr
    assert len(stopped) == 1


def test_customers_are_searched_on_the_server(commands: Any) -> None:
    done = commands("customers", "Lucía Fernández")
    assert "Lucía Fernández Ibarra" in done.stdout
    assert "page 1 of 1, 1 customers in all" in done.stdout


def test_an_export_contains_the_whole_directory(commands: Any, stack: LocalStack) -> None:
    (counted,) = stack.execute_sql("select count(*) from customer_intelligence_360")
    done = commands("customers", "--all", "--format", "csv")
    assert len(done.stdout.splitlines()) == 1 + counted["count"]


@pytest.mark.parametrize("words", [("customers.csv",), ("orders.xlsx", "--orders", "--status", "delivered")])
def test_an_export_writes_a_file(commands: Any, stack: LocalStack, words: tuple[str, ...]) -> None:
    done = commands("export", *words)
    assert done.exit_code == 0, done.output
    table = "public.orders where status = 'delivered'" if "--orders" in words else "customer_intelligence_360"
    (counted,) = stack.execute_sql(f"select count(*) from {table}")
    assert done.stdout.startswith(f"{counted['count']:,} {words[0].partition('.')[0]} written to {words[0]} (")
    assert Path(words[0]).stat().st_size > 10_000


def test_an_export_that_cannot_be_is_one_line(commands: Any) -> None:
    for words, code, told in ((("nowhere/a.csv",), 1, "No such file"), (("a.doc",), 2, "path must end with")):
        done = commands("export", *words)
        assert done.exit_code == code
        assert told in done.stderr
        assert len(done.stderr.splitlines()) <= 2


def test_the_printed_environment_can_be_pasted(
    commands: Any, stop_signal: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "time", SimpleNamespace(sleep=interrupt))
    done = commands("local", "--gated-view")
    assert done.exit_code == 0, done.output
    assert done.stderr.endswith("Press Ctrl-C to stop it.\nstopped\n")
    names = [line.split("=")[0] for line in done.stdout.splitlines() if not line.startswith("#")]
    assert names == [
        "export SUPABASE_URL",
        "export SUPABASE_SECRET_KEY",
        "export SUPABASE_PUBLISHABLE_KEY",
        "export ADMIN_CRM_EMAIL",
        "export ADMIN_CRM_PASSWORD",
    ]
