"""Frames straight from the shop's answers: the same values as from customers, odd rows included."""

from __future__ import annotations

from uuid import UUID

import pandas as pd
import pyarrow as pa
import pytest

from admin_crm import PermissionDeniedError, customers_frame, get_all_customers
from admin_crm._postgrest.columns import frame_columns
from helpers import Ask

EVERYTHING = [
    *frame_columns(None, personal=True), "avatar_url", "ai_preferences", "ia_context", "last_order_date", "updated_at",
    "favorite_category_id",
]  # fmt: skip
BY_TIME = ["recency_days", "segment", "canonical_segment", "health_status", "canonical_health"]
"""What the days since the last order change at any moment."""
ODD = {
    "birthdate": ("infinity", "12026-01-01", "0044-03-15 BC"),
    "created_at": ("infinity", "0044-03-15 BC", "12026-01-01"),
    "total_spent": ("NaN", "99999999.99", "-0.01"),
    "full_name": ("=1+1", "ñ" * 300, ""),
    "phone": (" ", "\u2028", "0052"),
    "ai_preferences": ('"gotas"', '{"interests": [null, "té"]}', "[]"),
    "ia_context": ('{"propensity_score": "alto"}', '{"a": [1.5, 12345678901234567890]}', "3"),
}


@pytest.fixture
def odd_rows(stack, customer):
    """Rows of customers who write odd values, one after the other."""

    def write(turn: int) -> None:
        values = ", ".join(f"{name} = '{values[turn]}'" for name, values in ODD.items())
        stack.execute_sql(f"update public.customer_profiles set {values} where id = '{customer}'")

    return write


def check_same(ask: Ask) -> pd.DataFrame:
    frame = ask(customers_frame, columns=EVERYTHING, personal=True)
    of_customers = customers_frame(ask(get_all_customers), columns=EVERYTHING, personal=True)
    assert list(frame.columns) == EVERYTHING
    pd.testing.assert_frame_equal(frame.drop(columns=BY_TIME), of_customers.drop(columns=BY_TIME))
    return frame


@pytest.mark.parametrize("turn", range(3))
def test_a_frame_of_the_shop_is_the_frame_of_its_customers(by_key, customer, odd_rows, turn, caplog):
    odd_rows(turn)
    frame = check_same(by_key)
    assert frame["id"].is_unique
    assert str(UUID(customer)) in set(frame["id"])
    warned = [record.getMessage() for record in caplog.records if record.getMessage().startswith("customers_frame:")]
    assert len(warned) == 1


def test_an_administrator_gets_the_same_frame(by_admin):
    frame = check_same(by_admin)
    assert frame["total_spent"].sum() > 0
    assert frame["is_contactable"].any()
    assert frame["age"].dropna().between(0, 120).all()


@pytest.mark.xdist_group("capped")
def test_a_shop_with_other_labels_and_columns_gets_the_same_frame(caller, capped):
    ask = Ask(caller, caller.open(capped.url, capped.secret_key))
    frame = check_same(ask)
    assert set(frame["canonical_segment"].dropna()) <= {"champion", "loyal", "new", "at_risk", "regular", "prospect"}
    assert frame["tier"].notna().all()
    named = ask(customers_frame, columns=["customer_tier", "id"])
    assert list(named.columns) == ["customer_tier", "id"]
    assert named["customer_tier"].tolist() == frame["tier"].tolist()


def test_personal_columns_come_only_on_request(by_key):
    frame = by_key(customers_frame, backend="arrow")
    assert isinstance(frame, pa.Table)
    assert not {"full_name", "email", "phone", "whatsapp", "birthdate"} & set(frame.column_names)
    assert {"is_contactable", "age", "canonical_segment", "recency_days"} <= set(frame.column_names)


@pytest.mark.xdist_group("gated")
def test_a_view_that_shows_nothing_is_no_empty_frame(caller, gated):
    ask = Ask(caller, caller.open(gated.url, gated.secret_key))
    with pytest.raises(PermissionDeniedError, match="signed-in administrator"):
        ask(customers_frame)


def test_a_signed_in_customer_gets_no_frame(stranger):
    with pytest.raises(PermissionDeniedError, match="only a signed-in administrator"):
        stranger(customers_frame)
