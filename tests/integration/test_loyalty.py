"""Points, used coupons, offers, referrals and wishes, on the local stack, with each right."""

from __future__ import annotations

import pytest

from admin_crm import (
    CustomerNotFoundError,
    InvalidInputError,
    PermissionDeniedError,
    SchemaMismatchError,
    Settings,
    adjust_loyalty_points,
    get_admin_customer_details,
    get_customer_coupons,
    get_customer_wishlist,
    get_loyalty_balance,
    get_loyalty_history,
    get_loyalty_offers,
    get_loyalty_tiers,
    get_referrals,
    tier_progress,
    whatsapp_link,
)
from helpers import Ask, user_id_of

NOBODY = "00000000-0000-4000-8000-00000000dead"
PRIVATE = [
    pytest.param(get_customer_coupons, "customer_coupons", id="coupons"),
    pytest.param(get_loyalty_offers, "smart_loyalty_propositions", id="offers"),
    pytest.param(get_referrals, "referrals", id="referrals"),
]


@pytest.fixture(params=["secret key", "session and secret key"])
def with_key(request, caller) -> Ask:
    """Ask operations with the secret key, alone or beside a session."""
    return request.getfixturevalue("by_key" if request.param == "secret key" else "by_both")


def test_the_balance_is_what_the_history_adds_up_to(admin, stack):
    history = admin(get_loyalty_history, stack.customer_id)
    stored = stack.execute_sql(f"select count(*) as n from loyalty_points where customer_id = '{stack.customer_id}'")
    assert len(history) == stored[0]["n"]
    assert {entry.transaction_type for entry in history} == {"earned", "spent", "expired"}
    assert all(entry.points > 0 for entry in history)
    assert {entry.transaction_type for entry in history if entry.signed_points < 0} == {"spent", "expired"}
    assert admin(get_loyalty_balance, stack.customer_id) == sum(entry.signed_points for entry in history)
    assert [entry.created_at for entry in history] == sorted((entry.created_at for entry in history), reverse=True)
    assert all(entry.description for entry in history)
    assert any(entry.order_id for entry in history)


def test_points_are_given_and_taken(admin, customer, stack):
    assert admin(get_loyalty_balance, customer) == 0
    given = admin(adjust_loyalty_points, customer, 120, "  Bienvenida ")
    assert (given.points, given.transaction_type, given.signed_points) == (120, "earned", 120)
    assert (given.description, str(given.customer_id), given.order_id) == ("Bienvenida", customer, None)
    assert given.created_at is not None
    taken = admin(adjust_loyalty_points, customer, -150, "Canje")
    assert (taken.points, taken.transaction_type, taken.signed_points) == (150, "spent", -150)
    # As in the web admin, nothing keeps a balance from becoming negative.
    assert admin(get_loyalty_balance, customer) == -30
    assert {entry.id: entry for entry in admin(get_loyalty_history, customer)} == {given.id: given, taken.id: taken}
    stored = stack.execute_sql(f"select min(points) as least from loyalty_points where customer_id = '{customer}'")
    assert stored[0]["least"] == 120


def test_nobody_is_given_points_who_does_not_exist(admin):
    for operation, *arguments in [(adjust_loyalty_points, 5, "regalo"), (get_loyalty_balance,), (get_loyalty_history,)]:
        with pytest.raises(CustomerNotFoundError, match=NOBODY):
            admin(operation, NOBODY, *arguments)


def test_a_customer_gives_nobody_points(stranger, customer, stack):
    with pytest.raises(PermissionDeniedError):
        stranger(adjust_loyalty_points, customer, 1000, "para mí")
    assert stack.execute_sql(f"select id from loyalty_points where customer_id = '{customer}'") == []


def test_used_coupons_say_what_they_are_worth(with_key, stack):
    coupons = with_key(get_customer_coupons, stack.customer_id)
    assert {coupon.coupon_code: (coupon.discount_type, coupon.discount_value) for coupon in coupons} == {
        "BIENVENIDA10": ("percentage", 10),
        "VIP20": ("percentage", 20),
    }
    assert [coupon.used_at for coupon in coupons] == sorted((coupon.used_at for coupon in coupons), reverse=True)
    assert all(coupon.description and coupon.order_id for coupon in coupons)
    assert not any(coupon.model_extra for coupon in coupons)


def test_offers_are_read_with_the_secret_key(with_key, stack):
    (offer,) = with_key(get_loyalty_offers, stack.customer_id)
    assert (offer.generated_code, offer.coupon_code, offer.is_claimed) == ("VUELVE-1", "VUELVE-1", False)
    assert (offer.discount_type, offer.discount_value) == ("percentage", 15)
    assert offer.created_at < offer.expires_at


def test_referrals_are_read_in_both_directions(with_key, stack):
    (brought,) = with_key(get_referrals, stack.customer_id)
    assert (str(brought.referrer_id), brought.status, brought.reward_points_referrer) == (
        stack.customer_id, "completed", 50,
    )  # fmt: skip
    assert with_key(get_referrals, brought.referred_id) == [brought]


def test_the_wishlist_has_todays_names_and_prices(admin, customer, stack):
    items = admin(get_customer_wishlist, stack.customer_id)
    products = stack.execute_sql(
        "select products.name, products.price from customer_wishlists join products on products.id = product_id"
        f" where customer_id = '{stack.customer_id}' order by customer_wishlists.created_at desc"
    )
    assert [(item.product_name, float(item.price)) for item in items] == [
        (product["name"], float(product["price"])) for product in products
    ]
    assert len(items) == 3
    assert admin(get_customer_wishlist, customer) == []
    with pytest.raises(CustomerNotFoundError):
        admin(get_customer_wishlist, NOBODY)


def test_the_tiers_are_the_shops_own_to_anybody_who_asks(admin, caller, stack):
    tiers = admin(get_loyalty_tiers)
    assert [(tier.id, tier.name, tier.threshold) for tier in tiers] == [
        ("bronze", "Bronce", 0), ("silver", "Plata", 5000), ("gold", "Oro", 20000), ("platinum", "Platino", 50000),
    ]  # fmt: skip
    assert [float(tier.multiplier) for tier in tiers] == [1.0, 1.2, 1.5, 2.0]
    assert all(tier.benefits and tier.color for tier in tiers)
    visitor = caller.open(stack.url, stack.publishable_key)
    assert caller(get_loyalty_tiers, visitor) == tiers
    lucia = admin(get_admin_customer_details, stack.customer_id)
    assert tier_progress(lucia, tiers=tiers).tier == lucia.tier


def test_a_customer_of_the_directory_has_a_link(admin, stack):
    lucia = admin(get_admin_customer_details, stack.customer_id)
    digits = "".join(filter(str.isdigit, lucia.whatsapp))
    assert whatsapp_link(lucia, "Hola, Lucía") == f"https://wa.me/{digits}?text=Hola%2C%20Luc%C3%ADa"


@pytest.mark.parametrize(("operation", "table"), PRIVATE)
def test_a_session_alone_is_told_that_it_needs_the_secret_key(by_admin, customer, stack, operation, table):
    for each in (stack.customer_id, customer):
        with pytest.raises(PermissionDeniedError, match=f"the secret key.*{table}"):
            by_admin(operation, each)
    with pytest.raises(CustomerNotFoundError):
        by_admin(operation, NOBODY)


@pytest.mark.parametrize(("operation", "table"), PRIVATE)
def test_what_a_policy_shows_to_administrators_needs_no_secret_key(by_admin, customer, stack, operation, table):
    stack.execute_sql(f"create policy shown on {table} for select using ((select public.is_admin()))")
    try:
        assert len(by_admin(operation, stack.customer_id)) > 0
        assert by_admin(operation, customer) == []
    finally:
        stack.execute_sql(f"drop policy shown on {table}")


@pytest.mark.parametrize(("operation", "table"), PRIVATE)
def test_a_customer_without_any_has_none_where_the_secret_key_looks(with_key, customer, operation, table):
    assert with_key(operation, customer) == []
    with pytest.raises(CustomerNotFoundError):
        with_key(operation, NOBODY)
    with pytest.raises(InvalidInputError, match="customer_id"):
        with_key(operation, "not-a-uuid")


def test_what_an_administrator_sees_as_a_customer_is_not_taken_for_the_right_to_see_everybody(by_admin, stack):
    user = user_id_of(by_admin.crm)
    stack.execute_sql(f"insert into customer_profiles (id, full_name) values ('{user}', 'Ana')")
    try:
        stack.execute_sql(f"insert into customer_coupons (customer_id, coupon_code) values ('{user}', 'VIP20')")
        assert [coupon.coupon_code for coupon in by_admin(get_customer_coupons, user)] == ["VIP20"]
        with pytest.raises(PermissionDeniedError, match="secret key"):
            by_admin(get_customer_coupons, stack.customer_id)
    finally:
        stack.execute_sql(f"delete from customer_profiles where id = '{user}'")


@pytest.mark.parametrize(
    ("operation", "setting"),
    [
        (get_customer_coupons, "customer_coupons_table"),
        (get_loyalty_offers, "loyalty_offers_table"),
        (get_referrals, "referrals_table"),
        (get_customer_wishlist, "wishlists_table"),
        (get_loyalty_history, "loyalty_points_table"),
        (get_loyalty_balance, "points_balance_function"),
    ],
)
def test_a_shop_without_the_table_is_an_error_and_not_an_empty_list(caller, stack, operation, setting):
    crm = caller.open(stack.url, stack.secret_key, settings=Settings(**{setting: "not_there"}))
    with pytest.raises(SchemaMismatchError, match="not_there") as raised:
        caller(operation, crm, stack.customer_id)
    assert raised.value.name == "not_there"
