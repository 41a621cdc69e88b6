"""What brings a customer back: points, tiers, used coupons, offers, referrals and wishes."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AliasChoices, AliasPath, Field

from admin_crm._core.fields import Model, Money, RowId, Timestamp
from admin_crm.labels import CustomerTier

Tier = Annotated[CustomerTier | str, Field(union_mode="left_to_right")]

_TAKEN = ("spent", "redeemed", "expired")
"""The transaction types that take points away; their rows hold how many, without a sign."""


class LoyaltyEntry(Model):
    """A row of `loyalty_points`: points that a customer was given or lost."""

    id: RowId
    """The row's id."""
    customer_id: UUID | None = None
    """The customer; None if it was not read."""
    points: int | float | None = None
    """The points as stored: positive whether they were given or taken; `signed_points` has the sign."""
    transaction_type: str | None = None
    """earned, spent or expired, in some shops also redeemed or adjustment; None if the table does not have it."""
    description: str | None = Field(default=None, validation_alias=AliasChoices("description", "reason"))
    """What the points are for, as the shop wrote it; None if there is none."""
    order_id: RowId | None = None
    """The order that the points belong to; None if there is none."""
    created_at: Timestamp | None = None
    """When the points were given or taken; None if unknown."""

    @property
    def signed_points(self) -> int | float | None:
        """The points as the balance counts them: negative for spent, redeemed and expired ones."""
        return -abs(self.points) if self.points is not None and self.transaction_type in _TAKEN else self.points


class UsedCoupon(Model):
    """A row of `customer_coupons`: a coupon that a customer has used, with what it is worth."""

    id: RowId
    """The row's id."""
    customer_id: UUID | None = None
    """The customer; None if it was not read."""
    coupon_code: str | None = Field(default=None, validation_alias=AliasChoices("coupon_code", "code"))
    """The coupon's code."""
    order_id: RowId | None = None
    """The order that it was used for; None if unknown."""
    used_at: Timestamp | None = None
    """When it was used; None if unknown."""
    description: str | None = Field(
        default=None, validation_alias=AliasChoices("description", AliasPath("coupon", "description"))
    )
    """The coupon's description, from `coupons`; None if it has none."""
    discount_type: str | None = Field(
        default=None, validation_alias=AliasChoices("discount_type", AliasPath("coupon", "discount_type"))
    )
    """percentage or fixed, from `coupons`; None if unknown."""
    discount_value: Money | None = Field(
        default=None, validation_alias=AliasChoices("discount_value", AliasPath("coupon", "discount_value"))
    )
    """Percent, or an amount in the shop's currency, from `coupons`; None if unknown."""


class LoyaltyOffer(Model):
    """A row of `smart_loyalty_propositions`: an offer that the shop's AI has made to a customer."""

    id: RowId
    """The offer's id."""
    customer_id: UUID | None = None
    """The customer; None if it was not read."""
    coupon_code: str | None = None
    """The code in `coupons`; None once that coupon is deleted."""
    generated_code: str | None = None
    """The code that the customer was told."""
    personalized_message: str | None = None
    """The message to the customer."""
    discount_type: str | None = None
    """percentage or fixed."""
    discount_value: Money | None = None
    """Percent, or an amount in the shop's currency."""
    expires_at: Timestamp | None = None
    """When the offer ends."""
    is_claimed: bool | None = None
    """Whether the customer has taken it; None if the row does not say."""
    created_at: Timestamp | None = None
    """When the offer was made; None if unknown."""


class Referral(Model):
    """A row of `referrals`: one customer has referred another one."""

    id: RowId
    """The referral's id."""
    referrer_id: UUID
    """The customer who referred the other one."""
    referred_id: UUID
    """The customer who was referred."""
    status: str | None = None
    """pending, completed or cancelled."""
    reward_points_referrer: int | None = None
    """The points for the customer who referred the other one; None if unknown."""
    reward_points_referred: int | None = None
    """The points for the customer who was referred; None if unknown."""
    created_at: Timestamp | None = None
    """When the customer was referred; None if unknown."""
    completed_at: Timestamp | None = None
    """When the points were given; None until then."""


class WishlistItem(Model):
    """A row of `customer_wishlists`: a product that a customer wants, with its name and price of today."""

    id: RowId
    """The row's id."""
    customer_id: UUID | None = None
    """The customer; None if it was not read."""
    product_id: RowId
    """The product's id."""
    product_name: str | None = Field(
        default=None, validation_alias=AliasChoices("product_name", AliasPath("product", "name"))
    )
    """The product's name, from `products`; None if it is not visible."""
    price: Money | None = Field(default=None, validation_alias=AliasChoices("price", AliasPath("product", "price")))
    """The product's price in the shop's currency, from `products`; None if it is not visible."""
    created_at: Timestamp | None = None
    """When it was put on the list; None if unknown."""


class LoyaltyTier(Model):
    """A loyalty tier of the shop."""

    id: Tier
    """bronze, silver, gold or platinum, or the shop's own tier as a string."""
    name: str | None = None
    """The name that customers see; None if there is none."""
    threshold: Money | None = None
    """The minimum lifetime spend, in the shop's currency; None if the shop does not say."""
    multiplier: Decimal | None = None
    """By how much the points of an order are multiplied; None if the shop does not say."""
    color: str | None = None
    """The colour in the shop's app, such as ``#cd7f32``; None if there is none."""
    benefits: list[str] = []
    """What the tier offers, as customers read it."""


class TierProgress(Model):
    """A customer's loyalty tier and the amount to the next one."""

    tier: Tier
    """The tier that the amount spent reaches."""
    spent: Money
    """The amount spent, in the shop's currency."""
    next_tier: Tier | None
    """The next tier; None for the highest."""
    amount_to_next: Money | None
    """The amount missing to the next tier, in the shop's currency; None for the highest."""
