"""Rows for tests: the same every time, whole, and like the shop's."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from admin_crm import (
    AdminCustomer,
    AdminCustomerDetail,
    CustomerTier,
    HealthStatus,
    InvalidTypeError,
    Order,
    Segment,
    canonical_segment,
    whatsapp_link,
)
from admin_crm.testing import make_customer, make_detail, make_order

MANY = range(200)


def test_the_same_number_makes_the_same_row_in_any_process_and_others_make_others():
    probe = "from admin_crm.testing import *; print(*[make(3).model_dump_json() for make in (make_detail, make_order)])"
    elsewhere = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert elsewhere == f"{make_detail(3).model_dump_json()} {make_order(3).model_dump_json()}\n"
    assert len({make_customer(number).id for number in MANY}) == len(MANY)
    assert len({make_order(number).id for number in MANY}) == len(MANY)
    assert make_customer() == make_customer(1)


@pytest.mark.parametrize("make", [make_customer, make_detail, make_order])
def test_every_row_is_whole_and_survives_being_written_and_read(make):
    for number in MANY:
        row = make(number)
        assert type(row).model_validate(row.model_dump(by_alias=False) | _sent(row)) == row
        empty = {name for name, value in row if value is None}
        assert empty <= {"avatar_url", "ai_preferences", "ia_context", "suspension_end", "tracking_notes"}


@pytest.mark.parametrize("make", [make_customer, make_detail])
def test_a_row_is_made_of_a_number(make):
    with pytest.raises(InvalidTypeError, match="number must be an integer, not str"):
        make("3")


def _sent(row: object) -> dict[str, object]:
    return {"recency_days": row.recency_as_sent} if isinstance(row, AdminCustomer) else {}


def test_a_customers_figures_go_together():
    for number in MANY:
        customer = make_customer(number)
        assert customer.frequency is not None
        assert customer.recency_days is not None
        if customer.recency_days <= 15 and customer.frequency >= 3:
            assert customer.canonical_segment is Segment.CHAMPION
        if customer.recency_days > 45:
            assert customer.canonical_segment is Segment.AT_RISK
        assert (customer.total_orders or 0) <= customer.frequency
        assert (customer.total_spent or 0) <= (customer.monetary or 0)
        assert customer.monetary is not None
        assert customer.monetary.as_tuple().exponent == -2
    assert len({make_customer(number).segment for number in MANY}) == 4


@pytest.mark.parametrize("label", ["Campeón", "Leal", "Regular", "En Riesgo", "Casi Perdido", "Nuevo", "Champions"])
def test_a_segment_brings_figures_that_are_likely_in_it(label):
    for number in range(20):
        customer = make_customer(number, segment=label)
        assert customer.segment == label
        assert customer.recency_days is not None
        assert customer.frequency is not None
        if customer.canonical_segment is Segment.CHAMPION:
            assert customer.recency_days <= 15
            assert customer.frequency >= 3
        if customer.canonical_segment in {Segment.AT_RISK, Segment.NEARLY_LOST}:
            assert customer.canonical_health is HealthStatus.NEEDS_ATTENTION


def test_a_figure_that_is_given_decides_those_that_follow_from_it():
    rich = make_customer(total_spent=Decimal(60_000), recency_days=2, frequency=9)
    assert (rich.tier, rich.segment, rich.health_status) == (CustomerTier.PLATINUM, "Campeón", "Saludable")
    nobody = make_customer(frequency=0)
    assert (nobody.recency_days, nobody.monetary, nobody.total_orders) == (None, 0, 0)
    assert nobody.segment == "En Riesgo"  # as the shop's view has it
    assert make_customer(segment="Prospecto").frequency == 0


def test_a_detail_is_the_customer_of_the_same_number_with_the_rest_of_the_page():
    for number in range(20):
        detail, customer = make_detail(number), make_customer(number)
        assert AdminCustomer.model_validate(detail.model_dump(include=set(AdminCustomer.model_fields))) is not None
        assert {name: getattr(detail, name) for name in AdminCustomer.model_fields} == dict(customer)
        assert detail.orders_summary.total_spent == detail.monetary == sum(each.total for each in detail.orders)
        assert detail.orders_summary.total_orders == detail.frequency == len(detail.orders)
        dates = [order.created_at for order in detail.orders]
        assert dates == sorted(dates, reverse=True)
        assert {order.customer_id for order in detail.orders} == {detail.id}
        assert detail.default_address is not None
        assert detail.admin_notes is not None
        assert detail.admin_notes.customer_id == detail.id
        assert detail.evidence[0].path.startswith(f"{detail.id}/")


def test_the_figures_of_a_detail_follow_from_its_orders():
    gone = make_order(2, status="cancelled", total=Decimal(7))
    detail = make_detail(orders=[make_order(total=Decimal("99.50")), gone])
    assert detail.orders_summary.total_spent == detail.monetary == Decimal("99.50")
    assert detail.frequency == 1
    assert make_detail(orders=[]).recency_days is None


def test_a_suspended_customer_has_an_end_of_it():
    assert make_detail(account_status="suspended").suspension_end is not None
    assert make_detail().suspension_end is None


def test_an_orders_total_is_what_its_items_cost_with_shipping():
    for number in MANY:
        order = make_order(number)
        assert order.items is not None
        assert order.subtotal == sum((each.price or 0) * (each.quantity or 0) for each in order.items)
        assert order.total == order.subtotal + order.shipping_cost
        assert order.created_at is not None
        assert order.created_at < datetime(2026, 6, 15, 12, tzinfo=UTC)
        assert order.customer_id == make_customer(number).id
    assert make_order(discount=Decimal(10)).total == make_order().total - 10


def test_given_items_decide_the_total():
    order = make_order(items=[{"name": "Vela", "price": "10.50", "quantity": 2}])
    assert (order.subtotal, order.total) == (Decimal("21.00"), Decimal("120.00"))


def test_fields_that_the_test_gives_are_kept_as_they_are():
    ident = uuid4()
    customer = make_customer(full_name="Ana", id=ident, tier="gold", email=None, recency_days=12)
    assert (customer.full_name, customer.id, customer.tier, customer.email) == ("Ana", ident, "gold", None)
    assert customer.recency_days == 12
    assert {order.customer_id for order in make_detail(id=ident).orders} == {ident}


def test_a_field_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="AdminCustomer has no field 'segmnet'; did you mean segment"):
        make_customer(segmnet="Leal")
    with pytest.raises(TypeError, match="Order has no field 'recency_days'"):
        make_order(recency_days=3)


def test_a_value_that_a_field_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="birthdate"):
        make_customer(birthdate="soon")


def test_nobody_can_be_reached_at_what_is_made_up_and_representations_mask_it():
    for number in MANY:
        customer = make_customer(number)
        assert customer.email is not None
        assert customer.email.endswith("@clientes.example")
        assert customer.email.isascii()
        assert customer.email not in repr(customer)
        assert customer.phone is not None
        assert customer.phone not in repr(customer)
        assert "wa.me/52550" in whatsapp_link(customer)
    assert make_detail().evidence[0].url not in repr(make_detail())


def test_what_is_made_is_of_the_public_models():
    assert [type(make()) for make in (make_customer, make_detail, make_order)] == [
        AdminCustomer,
        AdminCustomerDetail,
        Order,
    ]
    assert canonical_segment(make_customer().segment) is not None
