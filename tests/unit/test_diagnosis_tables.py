"""The doctor's checks of tables and columns."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from admin_crm import Settings, doctor
from admin_crm.diagnosis.tables import TABLES
from helpers import KEY, QUICK, URL, Ask, Caller
from project_server import Project, as_user, line_of, refused, rows


def only_these(*names: str) -> Any:
    """Refuse queries that ask for a column of another name, as PostgREST does."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params["select"]
        missing = [name for name in asked.split(",") if name != "*" and name not in names]
        return refused("42703", f"column t.{missing[0]} does not exist") if missing else rows(1)

    return answer


def test_a_column_may_have_its_other_name(ask: Ask, project: Project) -> None:
    known = "id full_name phone whatsapp account_status suspension_end tier birthdate total_orders total_spent"
    more = "favorite_category_id avatar_url ai_preferences ia_context created_at updated_at"
    project.profiles.mock(side_effect=only_these(*known.split(), *more.split()))
    assert line_of(ask(doctor), "columns of customer_profiles").verdict == "pass"


@pytest.mark.parametrize(("missing", "verdict"), [("references", "warn"), ("street", "fail")])
def test_a_missing_column_fails_only_where_it_is_needed(ask: Ask, project: Project, missing: str, verdict: str) -> None:
    known = (
        "id customer_id type label full_name street number colony city state zip_code is_default phone notes references"
        " created_at"
    )
    project.tables["addresses"].mock(side_effect=only_these(*known.replace(missing, "").split()))
    addresses = line_of(ask(doctor), "columns of addresses")
    assert addresses.verdict == verdict
    assert addresses.meaning.startswith(f"missing: {missing} (")


@pytest.mark.parametrize("code", ["PGRST205", "42P01"])
def test_a_missing_table_fails_unless_the_library_works_without_it(ask: Ask, project: Project, code: str) -> None:
    project.tables["order_items"].return_value = refused(code, "Could not find the table 'public.order_items'", 404)
    project.tables["orders"].return_value = refused(code, "Could not find the table 'public.orders'", 404)
    report = ask(doctor)
    assert line_of(report, "columns of order_items").verdict == "pass"
    assert line_of(report, "columns of orders").verdict == "fail"
    assert code in line_of(report, "columns of orders").meaning


OPTIONAL = [getattr(Settings(), table.setting) for table in TABLES if table.fallback]


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_table_that_not_every_shop_has_may_be_missing(ask: Ask, project: Project, name: str) -> None:
    project.tables[name].return_value = refused("PGRST205", f"Could not find the table 'public.{name}'", 404)
    line = line_of(ask(doctor), f"columns of {name}")
    assert (line.verdict, line.meaning.partition(":")[0]) == ("pass", f"{name} does not exist")


def test_the_optional_tables_are_those_of_the_shop() -> None:
    assert set(OPTIONAL) == {
        *("order_items", "loyalty_points", "coupons", "customer_coupons", "customer_wishlists"),
        *("smart_loyalty_propositions", "referrals", "store_settings"),
    }


@pytest.mark.parametrize(
    ("table", "privileges"),
    [("orders", "select, insert, update, delete"), ("customer_intelligence_360", "select")],
)
def test_a_missing_grant_is_named_with_the_sql_that_gives_it(
    caller: Caller, project: Project, table: str, privileges: str
) -> None:
    project.tables[table].return_value = refused("42501", f"permission denied for table {table}", 403)
    for crm, role in ((as_user(caller), "authenticated"), (caller.open(URL, KEY, settings=QUICK), "service_role")):
        line = line_of(caller(doctor, crm), f"columns of {table}")
        assert line.verdict == "fail"
        assert line.meaning == f"the role {role} may not read {table}: a grant is missing [42501]"
        assert line.advice.splitlines()[1:] == [f"grant {privileges} on public.{table} to {role};"]


def test_no_grant_is_proposed_where_something_else_is_denied(ask: Ask, project: Project) -> None:
    project.tables["orders"].return_value = refused("42501", "permission denied for function is_admin", 403)
    line = line_of(ask(doctor), "columns of orders")
    assert (line.verdict, "grant select" in line.advice) == ("fail", False)
    assert "is_admin" in line.meaning
