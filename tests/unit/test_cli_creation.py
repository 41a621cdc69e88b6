"""Creating customers in the terminal: a password is shown only to who asks for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from admin_crm import BulkResult, CreatedCustomer, CustomerProfile
from admin_crm.cli import creation as cli
from cli_helpers import ANA, answering

WORDS = ("create", "--email", "ana@clientes.example", "--name", "Ana", "--phone", "5512345678")


@pytest.fixture
def created(run: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], str]]:
    """What is created, and how."""
    asked: list[tuple[dict[str, Any], str]] = []

    def create(crm: object, data: dict[str, Any], *, method: str) -> CreatedCustomer:
        asked.append((data, method))
        return CreatedCustomer(
            id=ANA.id, email=data["email"], needs_confirmation=False, profile=CustomerProfile(id=ANA.id),
            password=None if method == "invite" else SecretStr("s3cret-pass[b]"),
        )  # fmt: skip

    monkeypatch.setattr(cli, "create_customer_with_details", create)
    return asked


def test_a_password_is_shown_only_when_asked(run: Any, created: list[Any]) -> None:
    for words in ((), ("--json",)):
        assert "s3cret" not in run(*WORDS, *words).output
    assert "password: s3cret-pass[b]" in run(*WORDS, "--show-password").stdout
    assert json.loads(run(*WORDS, "--show-password", "--json").stdout)["password"] == "s3cret-pass[b]"
    assert json.loads(run(*WORDS, "--show-password", "--json", "--invite").stdout)["password"] is None


def test_an_address_is_created_if_one_is_given(run: Any, created: list[Any]) -> None:
    run(*WORDS)
    run(*WORDS, "--street", "Calle 5", "--number", "7", "--colony", "Centro", "--zip", "72000", "--invite")
    (first, by_sign_up), (second, by_invitation) = created
    assert (first["address"], by_sign_up, by_invitation) == (None, "sign_up", "invite")
    assert second["address"] == {"street": "Calle 5", "number": "7", "colony": "Centro", "zip_code": "72000"}


def test_what_is_wrong_with_the_data_is_one_line(run: Any) -> None:
    done = run("create", "--email", "nobody", "--name", "Ana", "--phone", "55")
    assert done.exit_code == 2
    assert "email must be an e-mail address" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_import_is_planned_asked_and_done(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    calls: list[dict[str, Any]] = []

    def create(crm: object, file: Any, **options: Any) -> BulkResult:
        calls.append({"file": file, **options})
        if options.get("dry_run"):
            return BulkResult("create_customers", remaining=["row 2", "row 3"], dry_run=True)
        return BulkResult("create_customers", done=[ANA.id])

    monkeypatch.setattr(cli, "create_customers", create)
    (tmp_path / "new.csv").write_text("email\n", "utf-8")
    assert run("import", "new.csv").exit_code == 2
    assert calls == []
    questions = answering(monkeypatch, "y")
    assert run("import", "new.csv", "--invite").stdout == "1 done\n"
    assert questions == ["Create the customers of new.csv (2 would be done)? [y/N]"]
    assert [call["method"] for call in calls] == ["invite", "invite"]
    assert run("import", "missing.csv").exit_code == 2
    assert run("import", "new.csv", "--invite", "--passwords", "p.csv").exit_code == 2
