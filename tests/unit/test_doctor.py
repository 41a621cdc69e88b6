"""The doctor as a whole: it only reads, ends where no project answers, and its report is safe to show."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from admin_crm import ClientStateError, DoctorCheck, DoctorReport, Settings, doctor
from helpers import KEY, QUICK, URL, Ask, Caller
from project_server import Project


def test_a_healthy_project_passes_every_check_and_is_only_read(ask: Ask, project: Project) -> None:
    report = ask(doctor)
    assert {check.verdict for check in report.checks} == {"pass"}, str(report)
    assert report.ok
    assert {call.request.method for call in project.router.calls} == {"GET", "OPTIONS"}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<h1>Parked</h1>"),
        httpx.Response(200, json={"hello": "world"}),
        httpx.Response(404, html="<h1>Not here</h1>"),
        httpx.Response(301, headers={"location": "https://elsewhere.test"}),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
)
def test_the_report_ends_where_no_project_answers(ask: Ask, project: Project, answer: Any) -> None:
    project.settings.mock(side_effect=[answer] * 2)
    report = ask(doctor)
    assert [check.name for check in report.checks] == ["key", "URL"]
    assert report.checks[-1].verdict == "fail"
    assert report.checks[-1].advice
    assert not report.ok


def test_functions_with_the_same_name_share_one_line(caller: Caller, project: Project) -> None:
    settings = Settings(narrative_function="customer-intelligence", loyalty_function="customer-intelligence")
    report = caller(doctor, caller.open(URL, KEY, settings=settings))
    assert [check.name for check in report.checks if check.name.startswith("function")] == [
        "function customer-intelligence"
    ]


def test_a_closed_connection_raises_and_is_not_a_finding(caller: Caller, project: Project) -> None:
    crm = caller.open(URL, KEY, settings=QUICK)
    caller.wait(crm.close())
    with pytest.raises(ClientStateError):
        caller(doctor, crm)


def test_a_report_is_readable_and_safe_to_show() -> None:
    report = DoctorReport(
        (DoctorCheck("key", "pass", "a secret key"), DoctorCheck("row cap", "warn", "<50>", "raise it"))
    )
    assert str(report).splitlines() == [
        "PASS  key      a secret key",
        "WARN  row cap  <50>",
        "               → raise it",
    ]
    assert report.ok
    assert "<td>&lt;50&gt;</td><td>raise it</td>" in report._repr_html_()
    assert str(DoctorReport(())) == ""
