"""The doctor's checks of the view and its labels, the row limit and suspensions."""

from __future__ import annotations

import httpx
import pytest

from admin_crm import doctor
from helpers import Ask, Caller
from project_server import USER, Project, as_user, line_of, refused, rows


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


def test_several_overdue_suspensions_are_counted(ask: Ask, project: Project) -> None:
    project.profiles.mock(side_effect=lambda request: rows(3))
    assert line_of(ask(doctor), "suspensions").meaning == "3 suspensions have ended but not been lifted"


def one_of_many(total: int, **columns: object) -> httpx.Response:
    return httpx.Response(206, json=[columns], headers={"content-range": f"0-0/{total}"})


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        (
            one_of_many(80, segment="En Riesgo", health_status="Regular"),
            "warn",
            "labelled En Riesgo and Regular, never",
        ),
        (one_of_many(3, segment="At Risk", health_status=None), "warn", "3 customers without orders"),
        (one_of_many(3, segment="At Risk", health_status=None), "warn", "labelled At Risk, never as prospects"),
        (one_of_many(80, segment="Prospecto", health_status="Sin Actividad"), "pass", "no visible customer"),
        (rows(0), "pass", "no visible customer"),
        (refused("42703", "column t.recency_days does not exist"), "pass", "not tested"),
        (refused("42P01", "relation does not exist", 404), "fail", "does not exist"),
    ],
)
def test_labels_that_follow_from_a_recency_of_365_are_counted(
    ask: Ask, project: Project, answer: httpx.Response, verdict: str, words: str
) -> None:
    view = project.tables["customer_intelligence_360"]
    view.mock(side_effect=lambda request: answer if "recency_days=eq.365" in str(request.url) else rows(1))
    labels = line_of(ask(doctor), "labels")
    assert labels.verdict == verdict
    assert words in labels.meaning
    assert ("frequency 0" in labels.advice) == (verdict == "warn")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [(rows(0), "fail"), (rows(1, given=1), "pass"), (refused("42P01", "no admin_users", 404), "pass")],
    ids=["customer", "administrator", "unknown"],
)
def test_a_user_who_sees_only_himself_does_not_see_the_directory(
    caller: Caller, project: Project, answer: httpx.Response, verdict: str
) -> None:
    project.tables["admin_users"].return_value = answer
    directory = line_of(caller(doctor, as_user(caller)), "directory")
    assert directory.verdict == verdict
    assert ("one customer only, the signed-in user" in directory.meaning) == (verdict == "fail")
    assert USER not in str(directory)


def test_who_holds_a_secret_key_is_told_to_sign_in_and_keep_it(ask: Ask, project: Project) -> None:
    project.tables["customer_intelligence_360"].return_value = rows(0)
    assert "secret_key=..." in line_of(ask(doctor), "directory").advice
