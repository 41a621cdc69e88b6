"""The doctor as a whole: it only reads, ends where no project answers, and its report is safe to show."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from admin_crm import ClientStateError, DoctorCheck, DoctorReport, Settings, doctor
from admin_crm._core.limiter import Limiter
from admin_crm.diagnosis.tables import TABLES
from helpers import ANON, KEY, QUICK, URL, Ask, Caller
from project_server import USER, Project, jwt, rows


def test_a_healthy_project_passes_every_check_and_is_only_read(ask: Ask, project: Project) -> None:
    report = ask(doctor)
    assert {check.verdict for check in report.checks} == {"pass"}, str(report)
    assert report.ok
    methods = {call.request.method: call.request.url.path for call in project.router.calls}
    assert methods.keys() == {"GET", "OPTIONS", "POST"}
    # What a function is asked for without a customer ends before it does anything.
    assert methods["POST"] == "/functions/v1/customer-intelligence"


def test_a_report_takes_few_requests_and_each_waits_for_its_turn(
    caller: Caller, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = []
    acquire = Limiter.acquire
    monkeypatch.setattr(
        Limiter, "acquire", lambda limiter, **how: (turns.append(how["adaptive"]), acquire(limiter, **how))[1]
    )
    project.tables["admin_users"].return_value = rows(1, given=1)
    token = jwt(role="authenticated", sub=USER, exp=int(time.time()) + 3600)
    caller(doctor, caller.open(URL, ANON, access_token=token, secret_key=KEY, settings=QUICK))
    assert len(turns) == len(project.router.calls)
    assert turns.count(True) == sum("/rest/v1/" in str(call.request.url) for call in project.router.calls)
    # Each table: its columns, the rows that the session sees, and those that there are. Three requests measure.
    assert len(turns) <= 3 * len(TABLES) + 23


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
        (DoctorCheck("key", "pass", "a secret key"), DoctorCheck("row cap", "warn", "<50>", "raise it\nset a;\nset b;"))
    )
    assert str(report).splitlines() == [
        "PASS  key      a secret key",
        "WARN  row cap  <50>",
        "               → raise it",
        "                 set a;",
        "                 set b;",
    ]
    assert report.ok
    assert "<td>&lt;50&gt;</td><td>raise it<br>set a;<br>set b;</td>" in report._repr_html_()
    assert str(DoctorReport(())) == ""
