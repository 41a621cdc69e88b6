"""What is printed of a person is masked, literal, and complete where little is known."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

from admin_crm import (
    AdminCustomerDetail,
    BulkResult,
    CustomerProfile,
    LoyaltyAnalysis,
    LoyaltyProposition,
    Moderation,
    PreviousStatus,
)
from admin_crm.cli.tables import Tables, plain_text
from cli_helpers import ANA, shown


def test_names_are_shown_literally_and_cannot_control_the_terminal() -> None:
    assert "Ana [bold]Ordóñez[/bold]" in shown(Tables().customers([ANA]))
    assert str(plain_text("Ana\x1b[2J\nOrdóñez")) == "Ana [2J Ordóñez"


def test_spent_and_orders_count_what_the_segment_counts_where_the_view_has_it() -> None:
    bought = ANA.model_copy(update={"total_orders": 0, "frequency": 6, "monetary": Decimal("14527.70")})
    line = next(each for each in shown(Tables().customers([bought]), width=200).splitlines() if "Ana" in each)
    assert "│ 14,527.70 │      6 │" in line
    stored = ANA.model_copy(update={"total_orders": 3})
    line = next(each for each in shown(Tables().customers([stored]), width=200).splitlines() if "Ana" in each)
    assert "│ 1,234.50 │      3 │" in line


def test_a_customer_without_any_data_can_be_shown() -> None:
    bare = shown(Tables().detail(AdminCustomerDetail(id=uuid4())))
    assert "Customer" in bare
    assert "—" in bare


def test_a_stored_plan_is_shown_like_a_written_one() -> None:
    stored = LoyaltyProposition(
        id=uuid4(),
        customer_id=uuid4(),
        generated_code="VUELVE10",
        personalized_message="Te extrañamos",
        discount_value=Decimal(10),
        discount_type="percent",
    )
    written = LoyaltyAnalysis(analysis="Compra cada mes", next_steps=["Llamar", "Esperar"])
    assert "VUELVE10, 10" in shown(Tables().plan(stored))
    assert "Te extrañamos" in shown(Tables().plan(stored))
    assert "Llamar; Esperar" in shown(Tables().plan(written))


def test_bulk_operations_are_shown_as_counts() -> None:
    planned = BulkResult("notify_customers", remaining=[uuid4() for _ in range(1_200)], dry_run=True)
    told = shown(Tables().outcomes([planned, BulkResult("notify_customers", done=[uuid4()])]))
    assert "dry run" in told
    assert "1,200" in told


def test_what_moderation_did_is_shown_without_the_customer() -> None:
    profile = CustomerProfile(id=uuid4(), full_name="Ana", account_status="banned")
    active = {"profile": profile, "previous": PreviousStatus(account_status="active"), "logged": False}
    until = datetime(2026, 11, 28, 10, 30, tzinfo=UTC)
    table = shown(
        Tables().moderations(
            [
                Moderation(**active, sign_in="banned", tokens_valid_until=until),
                Moderation(**active, sign_in="not_enforced"),
            ]
        )
    )
    assert "2026-11-28 10:30 UTC" in table
    assert "not enforced" in table
    assert "Ana" not in table
