"""What stays after an erasure is told, and where it still says who the customer was."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from admin_crm import CustomerData, Settings
from admin_crm._postgrest.leftovers import kept_of
from helpers import SOMEBODY

SETTINGS = Settings()


def kept(*, books: bool = True, **parts: Any) -> dict[str, int | None]:
    data = CustomerData(customer_id=UUID(SOMEBODY), read_at=datetime.now(UTC), **parts)
    return {each.name: each.count for each in kept_of(data, SETTINGS, books=books)}


def test_nothing_is_kept_of_nothing() -> None:
    assert kept() == {}


def test_books_are_kept_and_those_of_a_deleted_customer_are_the_orders_alone() -> None:
    parts = {name: [{"id": 1}] for name in ("orders", "loyalty_points", "used_coupons", "referrals", "moderation")}
    assert kept(**parts) == {
        "orders": 1, "loyalty_points": 1, "customer_coupons": 1, "referrals": 1, "moderation_log": 1,
    }  # fmt: skip
    assert kept(**parts, books=False) == {"orders": 1, "moderation_log": 1}


def test_filled_columns_that_the_library_does_not_know_are_named() -> None:
    profile = {"id": SOMEBODY, "full_name": "Ana", "instagram": "@ana", "facebook": None, "total_spent": 3}
    orders = [{"id": 1, "tracking_notes": "x", "buyer": "Ana"}, {"id": 2, "buyer": ""}, {"id": 3, "buyer": "B"}]
    assert kept(profile=profile, orders=orders) == {"orders": 3, "orders.buyer": 2, "customer_profiles.instagram": 1}


def test_values_of_the_customer_are_found_in_columns_that_stay() -> None:
    found = kept(
        profile={"full_name": "Ana Torres", "phone": "55 1234"},
        account={"email": "ana@x.example", "user_metadata": {"deep": [{"nick": "Anita"}, 7]}},
        addresses=[{"street": "Calle Ámbar", "number": "7"}],
        orders=[
            {"id": 1, "items": [{"name": "Taza ANA TORRES"}], "tracking_notes": "Ana Torres"},
            {"id": 2, "items": [{"name": "Taza", "note": "para anita"}]},
            {"id": 7, "items": [{"name": "Taza"}]},
        ],
        moderation=[{"reason": "vive en CALLE ÁMBAR"}, {"reason": "otra cosa"}],
    )
    assert {name: count for name, count in found.items() if "." in name} == {
        "orders.items": 2, "moderation_log.reason": 1, "auth.audit_log_entries": None,
    }  # fmt: skip


def test_a_table_that_the_shop_does_not_have_is_named_unless_most_shops_lack_it() -> None:
    assert kept(absent=["addresses", "order_items", "moderation_log"]) == {"addresses": None}
