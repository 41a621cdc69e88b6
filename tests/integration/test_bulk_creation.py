"""Creating many customers: out of a file, going on after a failure, by invitation.

What a kill leaves behind is in test_bulk_interrupted.
"""

from __future__ import annotations

import csv
import stat
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from admin_crm import (
    BulkError,
    ConflictError,
    CustomerCreationError,
    InvalidInputError,
    PermissionDeniedError,
    SchemaMismatchError,
    create_customer_with_details,
    create_customers,
)
from admin_crm.local import LocalStack

ONE = {"full_name": "Ya Registrada", "phone": "55"}


@pytest.fixture
def list_of(tmp_path: Path) -> Any:
    """Make lists of customers who are in no other test's list."""
    name = uuid4().hex[:8]

    def rows(count: int) -> list[dict[str, Any]]:
        return [
            {
                "email": f"Lista-{name}-{number}@Clientes.example", "full_name": f"Lista {number}",
                "phone": f"55 {number}", "whatsapp": f"56 {number}", "street": "Ocho", "number": str(number),
                "colony": "Centro", "zip_code": "01000",
            }
            for number in range(count)
        ]  # fmt: skip

    rows.like = f"lista-{name}-%"
    return rows


def written(folder: Path, rows: list[dict[str, Any]], separator: str = ";") -> Path:
    """Write a file as Excel does."""
    path = folder / "clientes.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, rows[0], delimiter=separator)
        table.writeheader()
        table.writerows(rows)
    return path


def created(stack: LocalStack, like: str) -> list[dict[str, Any]]:
    """Return what the shop has of the customers of a list."""
    return stack.execute_sql(
        "select u.id, u.email, p.full_name, p.whatsapp,"
        " (select count(*) from addresses a where a.customer_id = u.id and a.is_default) as addresses"
        " from auth.users u left join customer_profiles p on p.id = u.id"
        f" where u.email like '{like}' order by u.created_at, u.id"
    )


def check_all_there(stack: LocalStack, like: str, rows: list[dict[str, Any]], but: Any = None) -> None:
    """Check that the customers of these rows are there once, whole, and nobody else of the list."""
    found = [row for row in created(stack, like) if row["id"] != str(but)]
    assert sorted((row["email"], row["full_name"], row["whatsapp"], row["addresses"]) for row in found) == sorted(
        (row["email"].lower(), row["full_name"], row["whatsapp"], 1) for row in rows
    )


def passwords_in(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["email"].lower(): row["password"] for row in csv.DictReader(file)}


def check_passwords(stack: LocalStack, path: Path, emails: set[str]) -> None:
    """Check that the file has these customers' passwords, that all of them work, and that nobody else reads it."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    passwords = passwords_in(path)
    assert passwords.keys() == emails
    for email, password in passwords.items():
        answer = httpx.post(
            f"{stack.url}/auth/v1/token?grant_type=password",
            json={"email": email, "password": password},
            headers={"apikey": stack.publishable_key},
        )
        assert answer.status_code == 200, answer.text


def test_customers_of_a_file_are_created_but_for_the_one_who_is_registered(by_key, stack, tmp_path, list_of):
    rows = list_of(20)
    known = by_key(create_customer_with_details, {**ONE, "email": rows[6]["email"]}, method="admin")
    rows += [{**rows[3], "email": rows[3]["email"].upper()}, {**rows[4], "email": "no address"}]
    plan = by_key(create_customers, written(tmp_path, rows), dry_run=True)
    assert (len(plan.remaining), list(plan.failed)) == (20, ["row 22", "row 23"])
    result = by_key(create_customers, written(tmp_path, rows), journal=tmp_path / "journal")
    assert str(result) == "create_customers: 19 done, 3 failed"
    assert isinstance(result.failed["row 8"], ConflictError)
    assert result.failed["row 8"].customer_id == known.id
    assert "row 5" in result.failed["row 22"].message
    assert isinstance(result.failed["row 23"], InvalidInputError)
    del rows[20:], rows[6]
    check_all_there(stack, list_of.like, rows, but=known.id)
    check_passwords(stack, result.passwords_file, {row["email"].lower() for row in rows})


@pytest.mark.once
def test_what_stopped_in_the_middle_goes_on_where_it_was(by_both, stack, tmp_path, list_of):
    rows, journal = list_of(25), tmp_path / "journal"
    half = by_both(create_customers, rows[:3], journal=journal)
    assert len(half.done) == 3
    stack.execute_sql("alter table addresses rename column zip_code to postal_code")
    try:
        with pytest.raises(BulkError) as stopped:
            by_both(create_customers, rows, journal=journal)
    finally:
        stack.execute_sql("alter table addresses rename column postal_code to zip_code")
    result = stopped.value.result
    assert isinstance(stopped.value.__cause__, SchemaMismatchError)
    assert {type(error) for error in result.failed.values()} == {CustomerCreationError}
    assert (len(result.failed), result.remaining) == (20, ["row 24", "row 25"])
    again = by_both(create_customers, rows, journal=journal)
    assert (len(again.done), len(again.skipped), again.failed) == (22, 3, {})
    check_all_there(stack, list_of.like, rows)
    check_passwords(stack, again.passwords_file, {row["email"].lower() for row in rows})
    assert len(by_both(create_customers, rows, journal=journal).skipped) == 25


def test_customers_are_invited_once(by_key, stack, tmp_path, list_of):
    rows, journal = list_of(3), tmp_path / "journal"
    result = by_key(create_customers, rows, method="invite", journal=journal)
    assert (len(result.done), result.passwords_file) == (3, None)
    check_all_there(stack, list_of.like, rows)
    mails = f"select email, invited_at from auth.users where email like '{list_of.like}' order by email"
    before = stack.execute_sql(mails)
    # As if it had been killed before the journal said that it is done.
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]))
    again = by_key(create_customers, rows, method="invite", journal=journal)
    assert again.done == result.done
    assert stack.execute_sql(mails) == before
    assert all(each["invited_at"] for each in before)
    other = by_key(create_customers, rows, method="invite")
    assert {type(error) for error in other.failed.values()} == {ConflictError}
    assert stack.execute_sql(mails) == before


def test_without_the_secret_key_nobody_is_created(by_admin, stack, list_of):
    with pytest.raises(PermissionDeniedError, match="needs the secret key"):
        by_admin(create_customers, list_of(1))
    assert created(stack, list_of.like) == []
