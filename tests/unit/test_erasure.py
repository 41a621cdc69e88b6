"""The steps about rows: what each is still about, and what it sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import respx

from admin_crm import CustomerData
from admin_crm._postgrest.erasure import Step, coupons_step, delete_step, orders_step, points_step, profile_step
from admin_crm.client import AnyCRM, operation
from helpers import ORDERS, PROFILES, REST, SOMEBODY, Ask

WHO = UUID(SOMEBODY)


def data(**parts: Any) -> CustomerData:
    return CustomerData(customer_id=WHO, read_at=datetime.now(UTC), **parts)


@operation
async def carry_out(crm: AnyCRM, step: Step) -> None:
    await step.erase()


@respx.mock
def test_rows_are_deleted_by_whoever_they_belong_to_and_none_comes_back(ask: Ask) -> None:
    route = respx.delete(f"{REST}/referrals").respond(204)
    step = delete_step(ask.crm, WHO, "referrals", "referrals", ("referrer_id", "referred_id"))
    ask(carry_out, step)
    request = route.calls.last.request
    assert request.url.params["or"] == f"(referrer_id.eq.{SOMEBODY},referred_id.eq.{SOMEBODY})"
    assert "return=minimal" in request.headers["prefer"]
    assert [step.left(data(referrals=rows)) for rows in ([], [{"id": 1}, {"id": 2}])] == [0, 2]


@respx.mock
def test_a_profile_keeps_what_is_no_personal_column(ask: Ask) -> None:
    route = respx.patch(PROFILES).respond(204)
    profile = {"id": SOMEBODY, "full_name": "Ana", "phone": "5", "ia_context": {"a": 1}, "ai_preferences": [], "own": 1}
    step = profile_step(ask.crm, WHO, data(profile=profile))
    ask(carry_out, step)
    written = json.loads(route.calls.last.request.content)
    assert written == {"full_name": "Cliente anonimizado", "phone": None, "ia_context": {}, "ai_preferences": {}}
    assert step.left(data(profile=profile)) == 1
    assert step.left(data(profile=profile | written)) == 0
    assert step.left(data()) == 0


@pytest.mark.parametrize("name", ["Ana", ""])
def test_a_name_alone_makes_a_profile_personal(ask: Ask, name: str) -> None:
    step = profile_step(ask.crm, WHO, data())
    assert step.left(data(profile={"full_name": name})) == 1
    assert step.left(data(profile={"full_name": None})) == 0


@respx.mock
def test_orders_are_emptied_in_the_columns_that_the_shop_has(ask: Ask) -> None:
    route = respx.patch(ORDERS).respond(204)
    orders = [{"id": 1, "tracking_notes": None}, {"id": 2, "mp_payment_data": {"payer": 1}}]
    step = orders_step(ask.crm, WHO, data(orders=orders))
    ask(carry_out, step)
    request = route.calls.last.request
    assert json.loads(request.content) == {"tracking_notes": None, "mp_payment_data": None}
    assert request.url.params["customer_id"] == f"eq.{SOMEBODY}"
    assert step.left(data(orders=orders)) == 1


@respx.mock
def test_points_lose_their_description_alone(ask: Ask) -> None:
    route = respx.patch(f"{REST}/loyalty_points").respond(204)
    step = points_step(ask.crm, WHO)
    ask(carry_out, step)
    assert json.loads(route.calls.last.request.content) == {"description": None}
    assert (
        step.left(data(loyalty_points=[{"points": 4, "description": "Ana"}, {"points": 4, "description": None}])) == 1
    )


@respx.mock
def test_only_coupons_for_one_use_are_switched_off(ask: Ask) -> None:
    route = respx.patch(f"{REST}/coupons").respond(204)
    coupons = [{"code": f'C,"{number}', "description": "Ana", "max_uses": 1} for number in range(60)]
    coupons += [{"code": "VIP", "description": "Ana", "max_uses": 100}, {"code": "ALL", "is_active": True}]
    coupons += [{"code": "OLD", "description": None, "max_uses": 1, "is_active": False}]
    step = coupons_step(ask.crm, data(coupons=coupons))
    ask(carry_out, step)
    assert step.left(data(coupons=coupons)) == 60
    assert route.call_count == 2
    first = route.calls[0].request
    assert json.loads(first.content) == {"description": None, "is_active": False}
    assert "VIP" not in str([call.request.url for call in route.calls])
