"""Exports of a real shop: every customer and every order, odd ones included, by whoever may see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from admin_crm import PermissionDeniedError, customers_frame, export_customers, export_orders, get_all_customers
from admin_crm._core.csv_cells import formula_free
from exported_files import FORMATS, rows_in
from helpers import Ask
from shops import named

HOSTILE = ['=HYPERLINK("http://evil.example")', "a;=1+1", 'Ana\r\n"la 1ª"', "\t@SUM(1)", "ñandú 😀, S.A.", "_x0041_"]
BY_TIME = {"recency_days", "segment", "canonical_segment", "health_status", "canonical_health"}
"""What the days since the last order change at any moment."""


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_holds_every_customer(asked, shop, tmp_path, name):
    done = asked(export_customers, tmp_path / f"a.{name}")
    rows = rows_in(tmp_path / f"a.{name}")
    customers = {str(customer.id): customer for customer in asked(get_all_customers)}
    assert {row["id"] for row in rows} == customers.keys()
    assert len(rows) == done.rows == len(customers)
    for row in rows:
        customer = customers[row["id"]]
        spent = row["total_spent"]
        assert (None if spent in ("", None) else Decimal(str(spent))) == customer.total_spent
        assert str(row["is_contactable"]).lower() == str(customer.is_contactable).lower()


def test_a_parquet_file_is_the_frame(by_key, tmp_path):
    by_key(export_customers, tmp_path / "a.parquet")
    in_file = pq.read_table(tmp_path / "a.parquet").sort_by("id")
    frame = by_key(customers_frame, personal=True, backend="arrow").sort_by("id")
    steady = [column for column in frame.column_names if column not in BY_TIME]
    assert in_file.column_names == frame.column_names
    assert in_file.select(steady).equals(frame.select(steady))


@pytest.mark.parametrize("name", FORMATS)
def test_names_that_strangers_chose_come_back_as_they_are(by_key, stack, tmp_path, name):
    with named(stack, *HOSTILE) as ids:
        by_key(export_customers, tmp_path / f"a.{name}", columns=["id", "full_name"])
        found = {row["id"]: row["full_name"] for row in rows_in(tmp_path / f"a.{name}")}
    shown = [formula_free(each) for each in HOSTILE] if name == "csv" else HOSTILE
    if name == "xlsx":  # how Excel writes controls, and what looks like one
        shown = [each.replace("_x0041_", "_x005F_x0041_").replace("\r", "_x000D_") for each in shown]
    assert [found[each] for each in ids] == shown


@pytest.mark.parametrize("name", FORMATS)
def test_one_odd_row_costs_one_odd_value(by_key, stack, customer, tmp_path, name, caplog):
    stack.execute_sql(
        "update public.customer_profiles set birthdate = 'infinity', created_at = '12026-01-01', full_name = '=1',"
        f" total_spent = 'NaN', ai_preferences = '[]' where id = '{customer}'"
    )
    columns = ["id", "birthdate", "created_at", "total_spent", "ai_preferences", "full_name"]
    by_key(export_customers, tmp_path / f"a.{name}", columns=columns)
    (row,) = [row for row in rows_in(tmp_path / f"a.{name}") if row["id"] == customer]
    assert {row[column] for column in columns[1:5]} <= {None, ""}
    assert str(row["full_name"]).endswith("=1")
    assert caplog.text.count("export_customers: some values could not be read") == 1


@pytest.mark.xdist_group("gated")
def test_a_view_that_shows_nothing_is_no_empty_file(caller, gated, tmp_path):
    ask = Ask(caller, caller.open(gated.url, gated.secret_key))
    with pytest.raises(PermissionDeniedError, match="signed-in administrator"):
        ask(export_customers, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.xdist_group("gated")
def test_an_administrator_of_the_shop_as_deployed_gets_a_file(caller, gated, tmp_path):
    ask = Ask(caller, caller.sign_in(gated.url, gated.publishable_key, gated.admin_email, gated.admin_password))
    told: list[tuple[int, int]] = []
    done = ask(export_customers, tmp_path / "a.jsonl", progress=lambda done, total: told.append((done, total)))
    (counted,) = gated.execute_sql("select count(*) from public.customer_profiles")
    assert done.rows == counted["count"]
    assert told[-1] == (done.rows, done.rows)
    assert len(told) >= done.rows / 50


@pytest.mark.parametrize("export", [export_customers, export_orders])
def test_a_signed_in_customer_gets_no_file(stranger, tmp_path, export):
    with pytest.raises(PermissionDeniedError):
        stranger(export, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_holds_every_order(by_key, stack, tmp_path, name):
    path: Path = tmp_path / f"a.{name}"
    done = by_key(export_orders, path)
    rows = rows_in(path)
    found = stack.execute_sql("select id, total::text, status, jsonb_array_length(items) as items from public.orders")
    assert done.rows == len(rows) == len(found)
    totals = {row["id"]: row["total"] for row in rows}
    assert totals.keys() == {each["id"] for each in found}
    for each in found:
        total = totals[each["id"]]
        assert (None if total in ("", None) else Decimal(str(total))) == (each["total"] and Decimal(each["total"]))
    assert path.stat().st_mode & 0o777 == 0o600


def test_orders_of_a_time_and_a_status(by_admin, stack, tmp_path):
    until = datetime.now(UTC) - timedelta(days=20)
    since = until - timedelta(days=60)
    done = by_admin(export_orders, tmp_path / "a.csv", since=since, until=until, status="Cancelled")
    (counted,) = stack.execute_sql(
        "select count(*) from public.orders where status in ('cancelled', 'canceled', 'cancelado')"
        f" and created_at >= '{since.isoformat()}' and created_at < '{until.isoformat()}'"
    )
    assert done.rows == counted["count"] > 0
    assert {row["is_cancelled"] for row in rows_in(tmp_path / "a.csv")} == {"true"}
