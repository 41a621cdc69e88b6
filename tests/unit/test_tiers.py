"""The tiers of a shop, and how far a customer is."""

from __future__ import annotations

import json
from decimal import Decimal

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import (
    AdminCustomer,
    CustomerProfile,
    CustomerTier,
    InvalidInputError,
    LoyaltyTier,
    SchemaMismatchError,
    Settings,
    get_loyalty_tiers,
    tier_progress,
)
from admin_crm._postgrest.decode import adapter_of, decode
from helpers import REST

ID = "7e1b2c3d-0000-4000-8000-000000000001"
STORE_SETTINGS = f"{REST}/store_settings"
DEFAULTS = {"bronze": 0, "silver": 5000, "gold": 20000, "platinum": 50000}


def read(model, **row):
    return decode(json.dumps([{"id": ID, **row}]).encode(), adapter_of(model))[0]


@pytest.mark.parametrize(
    ("spent", "tier", "following", "left"),
    [
        (0, "bronze", "silver", 5000),
        ("4999.99", "bronze", "silver", "0.01"),
        (5000, "silver", "gold", 15000),
        (20000, "gold", "platinum", 30000),
        (50000, "platinum", None, None),
        (10**9, "platinum", None, None),
    ],
)
def test_a_tier_is_reached_at_its_threshold(spent, tier, following, left):
    progress = tier_progress(Decimal(spent))
    assert (progress.tier, progress.next_tier) == (tier, following)
    assert progress.amount_to_next == (None if left is None else Decimal(left))


def test_tier_progress_takes_a_customer_and_refuses_an_invalid_amount():
    assert tier_progress(read(AdminCustomer, total_spent=7500)).tier is CustomerTier.SILVER
    assert tier_progress(read(AdminCustomer)).tier is CustomerTier.BRONZE
    for wrong in (Decimal(-1), Decimal("nan"), float("inf")):
        with pytest.raises(InvalidInputError):
            tier_progress(wrong)


@pytest.fixture
def shop():
    with respx.mock as server:
        yield server


def configure(shop, config):
    return shop.get(STORE_SETTINGS).respond(200, json=[{"loyalty_tiers_config": config}])


def test_the_tiers_are_those_of_the_shops_settings_lowest_first(ask, shop):
    gold = {"id": "gold", "name": "Oro", "threshold": 900.5, "multiplier": 1.5, "color": "#fd0", "benefits": ["Regalo"]}
    route = configure(shop, [gold, {"id": "diamante", "threshold": "20000"}, {"id": "bronze", "threshold": 0}])
    bronze, found, diamond = ask(get_loyalty_tiers)
    assert (bronze.id, bronze.name, bronze.benefits) == (CustomerTier.BRONZE, None, [])
    assert found == LoyaltyTier(
        id=CustomerTier.GOLD, name="Oro", threshold=Decimal("900.5"), multiplier=Decimal("1.5"), color="#fd0",
        benefits=["Regalo"],
    )  # fmt: skip
    assert (diamond.id, diamond.threshold) == ("diamante", 20000)
    assert dict(route.calls[0].request.url.params) == {"select": "loyalty_tiers_config", "id": "eq.1"}
    progress = tier_progress(Decimal(1000), tiers=[bronze, found, diamond])
    assert (progress.tier, progress.next_tier, progress.amount_to_next) == ("gold", "diamante", 19000)


@pytest.mark.parametrize(
    "config", [None, [], {}, "oro", [None, 5], [{"threshold": 5}], [{"id": "gold"}], [{"id": "gold", "threshold": -1}]]
)
def test_a_shop_that_says_nothing_usable_has_the_default_tiers(ask, shop, config):
    configure(shop, config)
    assert {tier.id: tier.threshold for tier in ask(get_loyalty_tiers)} == DEFAULTS


@pytest.mark.parametrize("config", [[{"id": "gold", "threshold": "mucho"}, {"id": "silver", "threshold": 10}]])
def test_an_odd_threshold_costs_its_own_tier(ask, shop, config):
    configure(shop, config)
    assert [(tier.id, tier.threshold) for tier in ask(get_loyalty_tiers)] == [("silver", 10)]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"code": "PGRST205", "message": "Could not find the table 'public.store_settings' in the schema cache"}),
        (400, {"code": "42703", "message": "column store_settings.loyalty_tiers_config does not exist"}),
        (200, []),
    ],
)
def test_a_shop_without_such_settings_has_the_thresholds_of_ours(caller, shop, status, body):
    shop.get(STORE_SETTINGS).mock(return_value=httpx.Response(status, json=body))
    crm = caller.open("https://shop.test", "sb_secret_unit-test-key", settings=Settings(gold_from=Decimal(7000)))
    assert {tier.id: tier.threshold for tier in caller(get_loyalty_tiers, crm)} == {**DEFAULTS, "gold": 7000}


def test_a_refusal_is_not_taken_for_a_shop_without_tiers(ask, shop):
    shop.get(STORE_SETTINGS).respond(400, json={"code": "22P02", "message": "invalid input syntax"})
    with pytest.raises(InvalidInputError):
        ask(get_loyalty_tiers)


def test_only_a_missing_table_or_column_means_that_the_shop_has_no_tiers(ask, shop):
    shop.get(url__startswith=STORE_SETTINGS).respond(404, json={"code": "PGRST202", "message": "no such function"})
    with pytest.raises(SchemaMismatchError):
        ask(get_loyalty_tiers)


def test_who_has_not_reached_the_lowest_threshold_is_in_the_lowest_tier():
    tiers = [LoyaltyTier(id="oro", threshold=Decimal(500)), LoyaltyTier(id="plata", threshold=Decimal(100))]
    assert tier_progress(5, tiers=tiers).model_dump() == {
        "tier": "plata", "spent": Decimal(5), "next_tier": "oro", "amount_to_next": Decimal(495),
    }  # fmt: skip
    with pytest.raises(InvalidInputError, match="tier"):
        tier_progress(5, tiers=[LoyaltyTier(id="oro")])


@given(
    spent=st.decimals(min_value=0, max_value=10**6, places=2),
    thresholds=st.lists(st.decimals(min_value=0, max_value=10**6, places=2), min_size=1, unique=True),
)
def test_the_next_tier_is_the_nearest_that_is_not_reached(spent, thresholds):
    tiers = [LoyaltyTier(id=str(each), threshold=each) for each in thresholds]
    progress = tier_progress(read(CustomerProfile, total_spent=str(spent)), tiers=tiers)
    missing = [each - spent for each in thresholds if each > spent and each != min(thresholds)]
    assert progress.amount_to_next == (min(missing) if missing else None)
