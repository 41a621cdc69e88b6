"""What is left of a session, and the shapes of its answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from mcp.server.mcpserver.exceptions import ToolError

from admin_crm import AsyncAdminCRM, Notification, Page, Settings
from admin_crm.mcp import answers
from admin_crm.mcp.session import Session, Terms, by_the_shops_clock
from helpers import KEY, SOMEBODY, URL

ROW = Notification.model_validate(
    {"id": SOMEBODY, "user_id": SOMEBODY, "title": "Llama al +52 55 1234 5641", "new_column": 1}
)


def session(**terms: Any) -> Session:
    return Session(AsyncAdminCRM(URL, KEY, settings=Settings(time_zone="America/Mexico_City")), Terms(**terms))


def test_rows_are_used_up_and_an_answer_that_is_too_long_uses_none() -> None:
    one = session(max_rows=3)
    assert one.answer(str, "x", 2).rows_left == 1
    with pytest.raises(ToolError, match="has 2 rows, and this session may have 1 more"):
        one.answer(str, "x", 2)
    assert one.answer(str, "x", 1).rows_left == 0
    assert one.answer(str, "x").rows_left == 0


def test_locks_are_used_up() -> None:
    one = session(max_locks=1)
    one.locks.check(1)
    one.locks.take(1)
    with pytest.raises(ToolError, match="--max-locks"):
        one.locks.check(1)


def test_a_row_is_handed_over_masked_and_without_what_the_answer_does_not_have() -> None:
    shown = session().shaped(answers.Notification, ROW)
    assert shown.title == "Llama al …41"
    assert "new_column" not in shown.model_dump()
    assert session(personal=True).shaped(answers.Notification, ROW).title == "Llama al +52 55 1234 5641"


def test_a_page_knows_how_many_there_are() -> None:
    one = session()
    page: Page[Notification] = Page([ROW], total=31, page=2, page_size=15)
    shown = one.page(answers.Notification, page)
    assert (len(shown.items), shown.total, shown.page, shown.pages) == (1, 31, 2, 3)
    assert one.each(answers.Notification, [ROW, ROW]) == [shown.items[0]] * 2


def test_a_time_without_a_zone_is_by_the_shops_clock() -> None:
    naive = datetime(2026, 1, 31)  # noqa: DTZ001
    assert by_the_shops_clock(session(), naive).isoformat() == "2026-01-31T00:00:00-06:00"
    assert by_the_shops_clock(session(), naive.replace(tzinfo=UTC)).tzinfo is UTC
