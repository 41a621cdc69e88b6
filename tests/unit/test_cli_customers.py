"""The directory and one customer in the terminal: what is masked, what is exact, and what does not go together."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from admin_crm import AdminCustomerDetail, CustomerProfile, DirectoryStats, Evidence, Order, Page, TimelineEvent
from admin_crm.cli import customers as cli
from cli_helpers import ANA, MALLORY


@pytest.fixture
def shop(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop of two customers, one of them malicious."""
    monkeypatch.setattr(cli, "get_all_customers", lambda crm, progress: [ANA, MALLORY])
    monkeypatch.setattr(
        cli,
        "search_customers",
        lambda crm, text, **filters: Page(items=[ANA], total=31, page=filters["page"], page_size=15),
    )


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
        assert (done.exit_code, done.stdout) == (2, "")
        assert f"did you mean '{meant}'?" in done.stderr
    assert run("customers", "--all", "--segment", "at-risk", "--status", "BANNED").exit_code == 0


@pytest.mark.parametrize(
    "words", [("--all", "--page", "2"), ("--all", "--page-size", "5"), ("--json", "--format", "csv")]
)
def test_options_that_contradict_each_other_are_a_usage_error(words: tuple[str, ...], run: Any, shop: None) -> None:
    done = run("customers", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words[0] in done.stderr
    assert words[1] in done.stderr


def test_ids_are_printed_one_per_line_for_other_commands(run: Any, shop: None) -> None:
    assert run("customers", "--all", "--format", "ids").stdout == f"{ANA.id}\n{MALLORY.id}\n"


def test_json_is_json_whatever_it_is_called(run: Any, shop: None) -> None:
    assert run("customers", "--json").stdout == run("customers", "--format", "json").stdout


def test_the_id_is_in_the_table_whole_where_there_is_room(
    run: Any, shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert str(ANA.id) in run("customers").stdout
    monkeypatch.setenv("COLUMNS", "40")
    narrow = run("customers").stdout
    assert str(ANA.id)[:8] in narrow
    assert "Ana [bold" in narrow
    assert max(map(len, narrow.splitlines())) <= 40


def test_one_customer_is_shown_without_the_urls_that_open_files(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Evidence(path="x/a.png", file_name="a.png", url="https://shop.test/signed?token=secret")
    detail = AdminCustomerDetail(id=ANA.id, full_name="Ana", email="ana@clientes.example", evidence=[file])
    monkeypatch.setattr(cli, "get_admin_customer_details", lambda crm, customer: detail)
    for words in ((), ("--json",), ("--show-personal",)):
        done = run("show", str(ANA.id), *words)
        assert done.exit_code == 0, done.output
        assert "token" not in done.stdout
        assert "a.png" in done.stdout
        assert ("ana@clientes.example" in done.stdout) is bool(words)


def test_figures_orders_events_and_locked_customers_are_tables_and_json(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 28, tzinfo=UTC)
    order = Order(id=uuid4(), customer_id=ANA.id, order_number="P-7", created_at=now, total=Decimal("9.90"), status="x")
    monkeypatch.setattr(cli, "get_customer_orders", lambda crm, customer, include_cancelled: [order])
    event = TimelineEvent(kind="order", at=now, title="P-7: 9.90", row=order)
    monkeypatch.setattr(cli, "get_customer_timeline", lambda crm, customer, limit: [event][:limit])
    profile = CustomerProfile(id=ANA.id, full_name="Ana", account_status="banned")
    monkeypatch.setattr(cli, "get_locked_customers", lambda crm: [profile])
    stats = DirectoryStats(
        total=1200, new_this_month=3, contactable=2, contactable_percent=0.2, birthdays_this_month=1,
        by_segment={"champion": 2}, by_health_status={}, revenue=None, revenue_delivered=None,
    )  # fmt: skip
    monkeypatch.setattr(cli, "get_directory_stats", lambda crm, progress: stats)
    for words, text, (name, value) in (
        (("orders", str(ANA.id)), "9.90", ("total", "9.90")),
        (("timeline", str(ANA.id), "--limit", "1"), "P-7: 9.90", ("kind", "order")),
        (("locked",), "banned", ("account_status", "banned")),
        (("stats",), "1,200", ("total", 1200)),
    ):
        assert text in run(*words).stdout
        told = json.loads(run(*words, "--json").stdout)
        assert (told[0] if isinstance(told, list) else told)[name] == value
