"""The doctor says what reading the whole directory costs the database, and what helps."""

from __future__ import annotations

import itertools

import httpx
import pytest

from admin_crm import Settings, doctor
from admin_crm.diagnosis import cost
from directory_function import answer
from helpers import KEY, QUICK, URL, Ask, Caller
from project_server import Project, line_of, rows

ASKING = QUICK.model_copy(update={"directory_function": Settings().directory_function})


@pytest.fixture
def taking(monkeypatch):
    """Let the requests that are measured take so many seconds: one on the way, one row, one page."""

    def take(*seconds: float) -> None:
        ticks = itertools.accumulate(each for second in seconds for each in (0.0, second))
        monkeypatch.setattr(cost, "clock", lambda: next(ticks))

    return take


@pytest.mark.parametrize(
    ("row", "page", "verdict", "words"),
    [
        (0.06, 0.07, "pass", "100 requests of 20 ms each, about 2.0 s"),
        (0.65, 0.65, "warn", "100 requests of 600 ms each, about 60.0 s"),
        (0.01, 0.65, "warn", "100 requests of 600 ms each, about 60.0 s"),
    ],
)
def test_the_cost_is_that_of_all_pages_without_the_time_on_the_way(
    ask: Ask, project: Project, taking, row: float, page: float, verdict: str, words: str
) -> None:
    taking(0.05, row, page)
    project.tables["customer_intelligence_360"].return_value = rows(100_000, given=1000)
    told = line_of(ask(doctor), "whole read")
    assert told.verdict == verdict
    assert words in told.meaning
    assert ("admin-crm sql directory" in told.advice) == (verdict == "warn")
    # Where one row takes as long as a page, the view aggregates all orders for it.
    assert ("left join lateral" in told.advice) == (verdict == "warn" and row > 0.3)


def test_a_shop_with_the_function_is_read_in_one_request(caller: Caller, project: Project) -> None:
    project.function.return_value = httpx.Response(200, content=answer())
    told = line_of(caller(doctor, caller.open(URL, KEY, settings=ASKING)), "whole read")
    assert (told.verdict, "one request" in told.meaning) == ("pass", True)
    assert project.function.call_count == 1
