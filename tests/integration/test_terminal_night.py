"""An operator's night on the local stack, in ten commands."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from admin_crm.cli import app
from admin_crm.local import LocalStack

pytestmark = pytest.mark.once


@pytest.fixture
def crm(stack: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run a command against the running stack, which has to succeed; its output is returned."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**stack.environment, "COLUMNS": "120"}.items():
        monkeypatch.setenv(name, value)

    def run(*words: str, given: str = "") -> str:
        done = CliRunner().invoke(app, words, input=given)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.fixture
def newcomers(stack: LocalStack) -> Iterator[str]:
    """The domain of the customers that the test creates, who are removed afterwards."""
    domain = f"{uuid4().hex}.example"
    yield domain
    stack.execute_sql(f"delete from auth.users where email like '%@{domain}'")


def test_a_night_is_ten_commands(crm: Any, stack: LocalStack, customer: str, newcomers: str, tmp_path: Path) -> None:
    tag, title = f"noche-{uuid4().hex[:8]}", f"Te extrañamos {uuid4().hex[:8]}"
    stack.execute_sql(
        "update public.customer_profiles set account_status = 'suspended', suspension_end = now() - interval '1 day'"
        f" where id = '{customer}'"
    )
    Path("caja.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    with Path("nuevos.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["email", "full_name", "phone"])
        writer.writerows([f"c{number}@{newcomers}", f"Cliente {number}", "55 1234 5678"] for number in range(20))

    assert str(customer) in crm("lift-expired", "--yes")  # 1
    at_risk = crm("customers", "--segment", "at-risk", "--page-size", "15", "--format", "ids")  # 2
    assert "15 done" in crm("tag", "-", tag, "--yes", given=at_risk)  # 3
    notify = ("notify", "-", "--title", title, "--message", "Vuelve", "--yes", "--journal", "noche.jsonl")
    assert "15 done" in crm(*notify, given=at_risk)  # 4
    assert " customers written to clientes.csv" in crm("export", "clientes.csv")  # 5
    assert "1 done" in crm("evidence", "add", str(customer), "caja.png")  # 6
    files = json.loads(crm("evidence", "list", str(customer), "--json"))  # 7
    created = json.loads(crm("import", "nuevos.csv", "--yes", "--json"))  # 8
    assert "1 done" in crm("ban", str(customer), "--reason", "Contracargos", "--yes")  # 9
    assert str(customer) in crm("locked", "--json")  # 10

    ids = at_risk.split()
    (tagged,) = stack.execute_sql(f"select count(*) from public.admin_customer_notes where '{tag}' = any(tags)")
    (told,) = stack.execute_sql(f"select count(*) from public.user_notifications where title = '{title}'")
    (made,) = stack.execute_sql(f"select count(*) from auth.users where email like '%@{newcomers}'")
    assert (len(ids), tagged["count"], told["count"], made["count"]) == (15, 15, 15, 20)
    assert len(created["done"]) == 20
    assert Path(created["passwords_file"]).stat().st_mode & 0o077 == 0
    assert [file["size"] for file in files] == [72]
    assert crm(*notify, given=at_risk) == "0 done, 15 skipped\n"  # the journal does nothing twice
    assert "1 deleted" in crm("evidence", "rm", files[0]["path"], "--yes")
    stack.execute_sql(f"delete from public.user_notifications where title = '{title}'")
    stack.execute_sql(
        f"update public.admin_customer_notes set tags = array_remove(tags, '{tag}') where '{tag}' = any(tags)"
    )


def test_each_reading_command_has_json_that_is_its_table(crm: Any, customer: str) -> None:
    for words in (
        ("show", str(customer)), ("orders", str(customer)), ("timeline", str(customer)), ("points", str(customer)),
        ("notes", str(customer)), ("evidence", "list", str(customer)), ("stats",), ("customers",), ("ai", "insights"),
    ):  # fmt: skip
        assert crm(*words)
        assert json.loads(crm(*words, "--json")) is not None


def test_one_customer_is_changed_without_a_question(crm: Any, customer: str) -> None:
    who = str(customer)
    crm("tag", who, "vip", "mayoreo")
    crm("untag", who, "mayoreo")
    crm("fields", who, "talla=M", "descuento:=10")
    crm("notes", who, "--set", "Prefiere WhatsApp")
    crm("points", who, "--adjust", "50", "--reason", "Regalo")
    notes = json.loads(crm("notes", who, "--json"))
    assert (notes["tags"], notes["notes"]) == (["vip"], "Prefiere WhatsApp")
    assert notes["custom_fields"] == {"talla": "M", "descuento": 10}
    assert json.loads(crm("points", who, "--json"))["balance"] == 50
    assert "active" in crm("status", who, "active")
