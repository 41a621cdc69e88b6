"""A change of the account status: checked first, proved by the row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from admin_crm import CustomerNotFoundError, InvalidInputError
from admin_crm._postgrest.account_status import checked_change, fetch_status, only_locked, write_status
from admin_crm.client import operation
from helpers import SOMEBODY

writing, fetching = operation(write_status), operation(fetch_status)
TOMORROW = datetime.now(UTC) + timedelta(days=1)


def test_a_status_is_understood_in_any_case_and_knows_whether_it_locks() -> None:
    assert [checked_change(each, None).locks for each in ("Active", "SUSPENDED", "banned")] == [False, True, True]
    assert checked_change("suspended", TOMORROW).values == {
        "account_status": "suspended",
        "suspension_end": TOMORROW.isoformat(),
    }


@pytest.mark.parametrize(
    ("status", "end", "argument"),
    [
        ("frozen", None, "status"),
        ("active", TOMORROW, "suspension_end"),
        ("banned", TOMORROW, "suspension_end"),
        ("suspended", datetime.now(UTC) - timedelta(days=1), "suspension_end"),
        ("suspended", datetime(2999, 1, 1), "suspension_end"),  # noqa: DTZ001
    ],
)
def test_a_change_that_cannot_be_is_refused(status: str, end: datetime | None, argument: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        checked_change(status, end)
    assert raised.value.argument == argument


def test_the_row_that_is_returned_proves_the_change(ask: Any, shop: Any) -> None:
    assert ask(writing, UUID(SOMEBODY), checked_change("banned", None)).account_status == "banned"
    with pytest.raises(CustomerNotFoundError):
        ask(writing, UUID(int=9), checked_change("banned", None))


def test_no_more_than_the_status_is_fetched(ask: Any, shop: Any) -> None:
    shop.add(SOMEBODY, "suspended", TOMORROW, phone="55")
    found = ask(fetching, UUID(SOMEBODY))
    assert (found.account_status, found.suspension_end, found.phone) == ("suspended", TOMORROW, None)
    assert ask(fetching, UUID(int=9)) is None


def test_the_moment_stands_in_quotes_because_it_holds_signs_of_the_filter(ask: Any) -> None:
    class Filtered:
        def or_(self, text: str) -> str:
            return text

    now = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=-6)))
    assert only_locked(Filtered(), now) == (
        "account_status.eq.banned,and(account_status.eq.suspended,"
        'or(suspension_end.is.null,suspension_end.gt."2026-01-02T03:00:00-06:00"))'
    )
