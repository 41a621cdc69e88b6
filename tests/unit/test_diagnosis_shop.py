"""The doctor's checks of the view, tables, columns, functions and suspensions."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from admin_crm import doctor
from helpers import Ask
from project_server import Project, line_of, refused, rows


@pytest.mark.parametrize(
    ("shown", "there", "verdict"), [(0, 1200, "fail"), (1100, 1200, "warn"), (0, 0, "warn"), (1200, 1200, "pass")]
)
def test_the_view_is_compared_with_the_profiles(
    ask: Ask, project: Project, shown: int, there: int, verdict: str
) -> None:
    project.tables["customer_intelligence_360"].return_value = rows(shown)
    project.profiles.mock(side_effect=lambda request: rows(there))
    assert line_of(ask(doctor), "directory").verdict == verdict


@pytest.mark.parametrize(
    ("given", "total", "verdict", "words"),
    [
        (50, 1200, "warn", "50 rows per response"),
        (1000, 1200, "pass", "1,000 rows per response"),
        (40, 40, "pass", "at least 40"),
        (10_000, 12_000, "pass", "at least 10,000"),
        (40, None, "warn", "does not count rows"),
    ],
)
def test_the_row_limit_is_deduced_from_the_rows_returned(
    ask: Ask, project: Project, given: int, total: int | None, verdict: str, words: str
) -> None:
    project.profiles.mock(side_effect=lambda request: rows(total, given))
    row_cap = line_of(ask(doctor), "row limit")
    assert row_cap.verdict == verdict
    assert words in row_cap.meaning


def only_these(*names: str) -> Any:
    """Refuse queries that ask for a column of another name, as PostgREST does."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params["select"]
        missing = [name for name in asked.split(",") if name != "*" and name not in names]
        return refused("42703", f"column t.{missing[0]} does not exist") if missing else rows(1)

    return answer


def test_a_column_may_have_its_other_name(ask: Ask, project: Project) -> None:
    known = "id full_name phone whatsapp account_status suspension_end tier birthdate total_spent"
    project.profiles.mock(side_effect=only_these(*known.split()))
    assert line_of(ask(doctor), "columns of customer_profiles").verdict == "pass"


@pytest.mark.parametrize(("missing", "verdict"), [("references", "warn"), ("street", "fail")])
def test_a_missing_column_fails_only_where_it_is_needed(ask: Ask, project: Project, missing: str, verdict: str) -> None:
    known = (
        "id customer_id type label full_name street number colony city state zip_code is_default phone notes references"
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


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (httpx.Response(200, text="ok"), "pass"),
        (httpx.Response(404, json={"code": "NOT_FOUND", "message": "Requested function was not found"}), "warn"),
        (httpx.Response(404, json={"error": "no such customer"}), "pass"),
        (httpx.Response(503, text="boot error"), "warn"),
    ],
)
def test_functions_are_checked_without_running_them(
    ask: Ask, project: Project, answer: httpx.Response, verdict: str
) -> None:
    project.functions.return_value = answer
    assert line_of(ask(doctor), "function loyalty-intelligence").verdict == verdict
    assert all(not call.request.content for call in project.functions.calls)


def test_several_overdue_suspensions_are_counted(ask: Ask, project: Project) -> None:
    project.profiles.mock(side_effect=lambda request: rows(3))
    assert line_of(ask(doctor), "suspensions").meaning == "3 suspensions have ended but not been lifted"
