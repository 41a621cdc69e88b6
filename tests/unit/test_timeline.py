"""The timeline: every kind of event, newest first, with the tables that the shop has."""

from __future__ import annotations

import base64
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import CustomerNotFoundError, SchemaMismatchError, get_customer_timeline
from helpers import ANON, KEY, NOTES, NOTIFICATIONS, ORDERS, PROFILES, QUICK, REST, SOMEBODY, URL, Ask

POINTS, COUPONS, LOG = (f"{REST}/{name}" for name in ("loyalty_points", "customer_coupons", "moderation_log"))
NO_TABLE = httpx.Response(404, json={"code": "PGRST205", "message": "Could not find the table 'public.x'"})


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
        entry = {**row, "transaction_type": "earned", "points": 1200, "description": "birthday", "created_at": at(2)}
        table(server, POINTS, entry)
        table(server, COUPONS, {**row, "coupon_code": "VUELVE15", "used_at": at(4)})
        table(server, LOG, {**row, "status": "banned", "reason": "three returns", "created_at": at(6)})
        yield server


def test_the_timeline_contains_every_kind_of_event_newest_first(ask, shop):
    events = ask(get_customer_timeline, SOMEBODY)
    assert [(event.kind, event.title, event.points) for event in events] == [
        ("moderation", "banned: three returns", None),
        ("notes", "vip, gifts", None),
        ("coupon", "VUELVE15", None),
        ("notification", "Hola", None),
        ("loyalty_points", "+1,200 points birthday", 1200),
        ("order", "A-1: 1,234.50 (paid)", None),
    ]
    assert ask(get_customer_timeline, SOMEBODY, limit=2) == events[:2]


def test_tables_that_the_shop_lacks_are_asked_for_once(ask, shop):
    missing = [shop.get(url).mock(return_value=NO_TABLE) for url in (POINTS, COUPONS, LOG)]
    for _ in range(2):
        assert {event.kind for event in ask(get_customer_timeline, SOMEBODY)} == {"order", "notes", "notification"}
    assert [route.call_count for route in missing] == [1, 1, 1]


def answer_old_columns(*rows: dict[str, object]):
    """Answer as a table that lacks the columns of today's shops."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["select"] != "*":
            return httpx.Response(400, json={"code": "42703", "message": "column x.transaction_type does not exist"})
        return httpx.Response(200, json=rows, headers={"content-range": f"*/{len(rows)}"})

    return answer


def test_tables_with_the_columns_of_older_shops_are_read_too(ask, shop):
    row = {"id": str(UUID(int=1)), "customer_id": SOMEBODY}
    points = shop.get(POINTS).mock(
        side_effect=answer_old_columns({**row, "points": 12.5, "reason": "promo", "created_at": at(2)})
    )
    shop.get(COUPONS).mock(
        side_effect=answer_old_columns(
            {**row, "code": "VUELVE15", "used_at": at(4)}, {**row, "id": str(UUID(int=2)), "code": "UNUSED"}
        )
    )
    for _ in range(2):
        titles = {event.kind: event.title for event in ask(get_customer_timeline, SOMEBODY)}
        assert (titles["loyalty_points"], titles["coupon"]) == ("+12.5 points promo", "VUELVE15")
    assert points.call_count == 3  # what the shop lacks is found out once


def test_a_missing_column_is_not_a_missing_table(ask, shop):
    refusal = httpx.Response(
        400, json={"code": "42703", "message": "column customer_coupons.customer_id does not exist"}
    )
    shop.get(COUPONS).mock(return_value=refusal)
    with pytest.raises(SchemaMismatchError):
        ask(get_customer_timeline, SOMEBODY)


def visible(server: respx.Router, *rows: dict[str, object]) -> list[str | None]:
    """Let the session see these rows of used coupons, none of the customer's; returns whose it asks to leave out."""
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["select"] == "customer_id":
            asked.append(request.url.params.get("customer_id"))
            return httpx.Response(200, json=rows)
        return httpx.Response(200, json=[], headers={"content-range": "*/0"})

    server.get(COUPONS).mock(side_effect=answer)
    return asked


def as_user(caller, **options) -> Ask:
    """Ask as a signed-in user whose id is in the token."""
    claims = base64.urlsafe_b64encode(b'{"sub": "%b", "role": "authenticated"}' % SOMEBODY.encode()).decode()
    return Ask(caller, caller.open(URL, ANON, access_token=f"header.{claims}.signature", settings=QUICK, **options))


def test_a_session_that_sees_nobodys_coupons_is_told_so_once(caller, shop, caplog):
    asked = visible(shop)
    admin = as_user(caller)
    for _ in range(2):
        assert "coupon" not in {event.kind for event in admin(get_customer_timeline, SOMEBODY)}
    (warning,) = caplog.messages
    assert "sees no row of customer_coupons, so timelines lack used coupons" in warning
    # What the user was given as a customer says nothing of what an administrator sees.
    assert asked == [f"neq.{SOMEBODY}"]


def test_no_coupons_are_no_news_where_they_would_be_seen(ask, caller, shop, caplog):
    asked = visible(shop, {"customer_id": str(UUID(int=9))})
    for connection in (ask, as_user(caller, secret_key=KEY)):
        connection(get_customer_timeline, SOMEBODY)
        assert asked == []
    admin = as_user(caller)
    for _ in range(2):
        admin(get_customer_timeline, SOMEBODY)
    assert len(asked) == 1
    assert caplog.messages == []


def test_the_timeline_of_an_unknown_customer_is_an_error(ask, shop):
    table(shop, PROFILES)
    with pytest.raises(CustomerNotFoundError):
        ask(get_customer_timeline, SOMEBODY)
