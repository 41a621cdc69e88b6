"""Whatever a customer writes into the columns that are the customer's own, an administrator reads and writes on (R5).

The customer writes with a customer's own token, through PostgREST: what row-level security, types and checks let
through is what a stranger can do to the shop.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any

import httpx
import pytest

from admin_crm import (
    AccountStatus,
    AdminCustomer,
    add_customer_tags,
    customers_frame,
    get_admin_customer_details,
    get_admin_customer_notes,
    get_all_customers,
    get_customer_intelligence,
    get_customer_orders,
    get_customer_preferences,
    get_customer_timeline,
    get_directory_stats,
    is_locked,
    iter_customers,
    lift_expired_suspensions,
    search_customers,
    send_customer_notification,
    set_custom_fields,
    update_customer_status,
)
from admin_crm.local import LocalStack
from helpers import Ask
from shops import open_shop

DEEP: Any = 1
for _ in range(220):
    DEEP = [DEEP]

MOMENTS = ["infinity", "-infinity", "12026-01-01", "0044-03-15 BC", "0001-01-01", "9999-12-31 23:59:59.999999", None]
TEXTS = [
    "",
    " ",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x")',
    "a" * 20_000,
    "\u202etxt\u0007",
    "Ñ̃\U0001f600",
    None,
]
JSON: list[Any] = [
    [],
    {},
    None,
    "gotas",
    5,
    True,
    [None],
    {"interests": None, "preferred_styles": None},
    {"interests": "gotas", "propensity_score": "alta", "updated_at": ""},
    {"interests": [None, 5, {"a": []}, "té"], "preferred_styles": {"a": 1}, "updated_at": "infinity"},
    {"interests": DEEP, "last_query": DEEP},
    {"interests": [10**400], "propensity_score": 0.30000000000000004, "x": 10**400},
    {"personality_notes": 0.30000000000000004, "last_query": [], "visual_theme_hint": {}},
]
ITEMS: list[Any] = [
    {},
    "taza",
    None,
    [None],
    [[]],
    [5],
    [{"price": "abc", "name": "Taza", "quantity": "dos"}],
    [{"price": [], "name": {}, "quantity": None, "product_id": 5}],
    [{"price": 0.30000000000000004, "quantity": 1e300, "name": ""}],
    [{"name": "Taza", "product_id": "no uuid", "quantity": -3}],
    DEEP,
    [{"price": 10**400, "quantity": 10**400, "image": DEEP}],
]

PROFILE = {
    "full_name": TEXTS[:-1],
    "phone": TEXTS,
    "whatsapp": TEXTS,
    "avatar_url": TEXTS,
    "referral_code": TEXTS,
    "birthdate": MOMENTS,
    "suspension_end": MOMENTS,
    "created_at": MOMENTS,
    "updated_at": MOMENTS,
    "customer_tier": [None],
    "account_status": [None],
    "total_orders": [None, -2147483648, 2147483647],
    "total_spent": [None, "NaN", -99999999.99],
    "favorite_category_id": [None],
    "ia_context": JSON,
    "ai_preferences": JSON,
}
ADDRESS = {
    **dict.fromkeys(["label", "full_name", "phone", "notes", "references"], TEXTS),
    **dict.fromkeys(["street", "number", "colony", "city", "state", "zip_code"], TEXTS[:-1]),
    "type": [None],
    "is_default": [None, True],
    "created_at": MOMENTS,
}
ORDER = {
    "order_number": TEXTS[:-1],
    "items": ITEMS,
    "subtotal": ["NaN"],
    "shipping_cost": ["NaN", None],
    "discount": ["NaN", None],
    "total": ["NaN", -99999999.99],
    "status": [None],
    "payment_method": [None],
    "payment_status": [None],
    "tracking_notes": TEXTS,
    "mp_payment_data": JSON,
    "updated_at": MOMENTS,
}


class Customer:
    """A signed-in customer, who may write what the shop's policies allow."""

    def __init__(self, stack: LocalStack, customer_id: str) -> None:
        email = stack.execute_sql(f"select email from auth.users where id = '{customer_id}'")[0]["email"]
        self.id = customer_id
        self.http = httpx.Client(base_url=stack.url, headers={"apikey": stack.publishable_key}, timeout=60)
        found = self.http.post(
            "/auth/v1/token?grant_type=password", json={"email": email, "password": stack.customer_password}
        )
        self.http.headers["Authorization"] = f"Bearer {found.json()['access_token']}"
        self.http.headers["Prefer"] = "return=representation"

    def change(self, table: str, column: str, row_id: str, **values: Any) -> None:
        """Write all values at once, or those that the server takes."""
        if not self._changed(table, column, row_id, values):
            for name, value in values.items():
                self._changed(table, column, row_id, {name: value})

    def add(self, table: str, row: dict[str, Any], **values: Any) -> None:
        """Add a row with all the values, or one for each that the server takes."""
        if not self._added(table, row | values):
            for name, value in values.items():
                self._added(table, row | {name: value})

    def _changed(self, table: str, column: str, row_id: str, values: dict[str, Any]) -> bool:
        done = self.http.patch(f"/rest/v1/{table}", params={column: f"eq.{row_id}"}, json=values)
        return done.is_success and len(done.json()) > 0

    def _added(self, table: str, row: dict[str, Any]) -> bool:
        return self.http.post(f"/rest/v1/{table}", json=row).is_success


@pytest.fixture(scope="module")
def shop() -> Iterator[LocalStack]:
    with open_shop() as running:
        yield running


@pytest.fixture
def admin(caller, shop) -> Ask:
    return Ask(caller, caller.open(shop.url, shop.secret_key))


@pytest.fixture
def hostile(shop) -> Iterator[Customer]:
    """A customer without orders, whose rows are as they were at the end."""
    (found,) = shop.execute_sql(
        "select id from public.customer_profiles p where id not in (select id from public.admin_users)"
        " and not exists (select from public.orders where customer_id = p.id) order by id limit 1"
    )
    before = shop.execute_sql(f"select * from public.customer_profiles where id = '{found['id']}'")[0]
    customer = Customer(shop, found["id"])
    yield customer
    customer.http.close()
    shop.execute_sql(f"delete from public.orders where customer_id = '{customer.id}'")
    shop.execute_sql(f"delete from public.addresses where customer_id = '{customer.id}'")
    shop.execute_sql(
        "update public.customer_profiles set account_status = 'active', suspension_end = null, birthdate = null,"
        f" ai_preferences = '{{}}', ia_context = '{{}}', created_at = '{before['created_at']}', total_spent = 0,"
        f" total_orders = 0, phone = null, whatsapp = null, avatar_url = null, full_name = 'Ana'"
        f" where id = '{customer.id}'"
    )


def rounds(columns: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """One odd value for each column, then the next."""
    for values in zip_longest(*columns.values(), fillvalue=...):
        yield {name: value for name, value in zip(columns, values, strict=True) if value is not ...}


def directory(admin: Ask) -> dict[str, AdminCustomer]:
    return {str(row.id): row for row in admin(get_all_customers)}


def is_as_before(row: AdminCustomer, before: AdminCustomer) -> bool:
    """Whether a row has not changed, but for what the days since the last order change at any moment."""
    by_time = {"recency_days", "recency_as_sent", "segment", "health_status"}
    return row == before or row.model_dump(exclude=by_time) == before.model_dump(exclude=by_time)


def check_reads(admin: Ask, customer: str, others: dict[str, AdminCustomer]) -> None:
    """Every read works, and all other customers are read as before."""
    rows = directory(admin)
    assert rows.keys() == others.keys()
    assert all(is_as_before(row, others[each]) for each, row in rows.items() if each != customer)
    assert len(admin.caller.collect(iter_customers(admin.crm))) == len(others)
    assert admin(get_directory_stats).total == len(others)
    assert set(admin(customers_frame)["id"]) == others.keys()
    assert admin(search_customers, customer).total == 1
    assert str(admin(get_customer_intelligence, customer).id) == customer
    details = admin(get_admin_customer_details, customer)
    assert str(details.id) == customer
    assert details.unreadable.keys() >= {name for name in rows[customer].unreadable if name in PROFILE}
    assert is_locked(details) in (True, False, None)
    admin(get_customer_orders, customer)
    admin(get_customer_timeline, customer)
    admin(get_customer_preferences, customer)
    for model in (rows[customer], details, *details.orders, *details.addresses):
        assert repr(model)
        assert model.model_dump_json()


def check_writes(admin: Ask, customer: str) -> None:
    """Every write works, and says what it has written."""
    end = datetime.now(UTC) + timedelta(days=1)
    assert admin(update_customer_status, customer, "suspended", suspension_end=end).suspension_end == end
    assert admin(update_customer_status, customer, "active").account_status is AccountStatus.ACTIVE
    assert "vip" in admin(add_customer_tags, customer, ["vip"]).tags
    assert admin(send_customer_notification, customer, "Hola", "¿Sigues ahí?").title == "Hola"


def test_a_customer_who_writes_odd_values_into_the_profile_stops_no_administrator(admin, hostile):
    admin(lift_expired_suspensions)
    others = directory(admin)
    for odd in rounds(PROFILE):
        hostile.change("customer_profiles", "id", hostile.id, **odd)
        check_reads(admin, hostile.id, others)
        hostile.change("customer_profiles", "id", hostile.id, account_status="suspended", suspension_end="2020-01-01")
        assert [str(each.id) for each in admin(lift_expired_suspensions)] == [hostile.id]
        check_writes(admin, hostile.id)


def test_a_customer_who_writes_odd_addresses_and_orders_stops_no_administrator(admin, hostile):
    others = directory(admin)
    address = {"customer_id": hostile.id, "street": "a", "number": "1", "colony": "c", "zip_code": "91000"}
    for odd in rounds(ADDRESS):
        hostile.add("addresses", address, **odd)
    order = {"customer_id": hostile.id, "items": [], "subtotal": 1, "total": 1, "order_number": "x"}
    for number, odd in enumerate(rounds(ORDER)):
        hostile.add("orders", order | {"order_number": f"x{number}"}, **{"order_number": f"y{number}"} | odd)
    assert len(admin(get_admin_customer_details, hostile.id).addresses) >= len(MOMENTS)
    assert len(admin(get_customer_orders, hostile.id)) >= len(ITEMS)
    check_reads(admin, hostile.id, others)
    check_writes(admin, hostile.id)


def test_what_is_unreadable_is_kept_and_the_rest_of_the_row_is_read(admin, hostile):
    preferences = {"interests": "gotas", "preferred_styles": ["boho", None], "visual_theme_hint": "tierra"}
    hostile.change("customer_profiles", "id", hostile.id, ai_preferences=preferences, birthdate="infinity", phone="1")
    for row in (directory(admin)[hostile.id], admin(get_admin_customer_details, hostile.id)):
        assert row.unreadable == {"ai_preferences": preferences, "birthdate": "infinity"}
        assert (row.birthdate, row.phone) == (None, "1")
        assert (row.ai_preferences.preferred_styles, row.ai_preferences.visual_theme_hint) == (["boho"], "tierra")


def test_a_customer_cannot_make_the_totals_of_all_others_unreadable(admin, hostile):
    before = admin(get_directory_stats)
    hostile.add("orders", {"customer_id": hostile.id, "items": [], "subtotal": 1, "order_number": "n"}, total="NaN")
    after = admin(get_directory_stats)
    assert (after.total, after.revenue) == (before.total, before.revenue)
    assert admin(get_admin_customer_details, hostile.id).orders_summary.total_spent == Decimal(0)


def test_odd_notes_cost_only_what_is_odd(admin, hostile, shop):
    customer = hostile.id
    admin(add_customer_tags, customer, ["vip"])
    shop.execute_sql(
        "update public.admin_customer_notes set custom_fields = '[1]', updated_at = 'infinity'"
        f" where customer_id = '{customer}'"
    )
    notes = admin(get_admin_customer_notes, customer)
    assert (notes.tags, notes.custom_fields) == (["vip"], {})
    assert notes.unreadable == {"custom_fields": [1], "updated_at": "infinity"}
    shop.execute_sql(f"update public.admin_customer_notes set custom_fields = '{{}}' where customer_id = '{customer}'")
    assert admin(set_custom_fields, customer, {"a": 1}).custom_fields == {"a": 1}
    shop.execute_sql(f"delete from public.admin_customer_notes where customer_id = '{customer}'")
