"""The timeline: every kind of event, newest first, with the tables that the shop has."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import CustomerNotFoundError, SchemaMismatchError, get_customer_timeline
from helpers import NOTES, NOTIFICATIONS, ORDERS, PROFILES, REST, SOMEBODY

POINTS, COUPONS = f"{REST}/loyalty_points", f"{REST}/coupons"
NO_TABLE = httpx.Response(404, json={"code": "PGRST205", "message": "Could not find the table 'public.coupons'"})


def at(day: int) -> str:
    return f"2026-01-{day:02}T00:00:00Z"


def table(server: respx.Router, url: str, *rows: dict[str, object]) -> respx.Route:
    answer = httpx.Response(200, json=rows, headers={"content-range": f"*/{len(rows)}"})
    return server.get(url).mock(return_value=answer)


@pytest.fixture
def shop():
    """A customer with one event of each kind."""
    row = {"id": str(UUID(int=1)), "customer_id": SOMEBODY, "user_id": SOMEBODY}
    with respx.mock(assert_all_called=False) as server:
        table(server, PROFILES, {"id": SOMEBODY})
        table(server, ORDERS, {**row, "order_number": "A-1", "total": 1234.5, "status": "paid", "created_at": at(1)})
        table(server, NOTES, {"customer_id": SOMEBODY, "tags": ["vip", "gifts"], "updated_at": at(5)})
        table(server, NOTIFICATIONS, {**row, "title": "Hola", "message": "…", "created_at": at(3)})
        table(server, POINTS, {**row, "points": 20, "reason": "birthday", "created_at": at(2)})
        table(
            server,
            COUPONS,
            {**row, "code": "VUELVE15", "used_at": at(4)},
            {**row, "id": str(UUID(int=2)), "code": "UNUSED"},
        )
        yield server


def test_the_timeline_contains_every_kind_of_event_newest_first(ask, shop):
    events = ask(get_customer_timeline, SOMEBODY)
    assert [(event.kind, event.title) for event in events] == [
        ("notes", "vip, gifts"),
        ("coupon", "VUELVE15"),
        ("notification", "Hola"),
        ("loyalty_points", "+20 points birthday"),
        ("order", "A-1: 1,234.50 (paid)"),
    ]
    assert ask(get_customer_timeline, SOMEBODY, limit=2) == events[:2]


def test_tables_that_the_shop_lacks_are_asked_for_once(ask, shop):
    missing = [shop.get(url).mock(return_value=NO_TABLE) for url in (POINTS, COUPONS)]
    for _ in range(2):
        assert {event.kind for event in ask(get_customer_timeline, SOMEBODY)} == {"order", "notes", "notification"}
    assert [route.call_count for route in missing] == [1, 1]


def test_a_missing_column_is_not_a_missing_table(ask, shop):
    refusal = httpx.Response(400, json={"code": "42703", "message": "column coupons.customer_id does not exist"})
    shop.get(COUPONS).mock(return_value=refusal)
    with pytest.raises(SchemaMismatchError):
        ask(get_customer_timeline, SOMEBODY)


def test_the_timeline_of_an_unknown_customer_is_an_error(ask, shop):
    table(shop, PROFILES)
    with pytest.raises(CustomerNotFoundError):
        ask(get_customer_timeline, SOMEBODY)
