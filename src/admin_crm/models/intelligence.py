"""What the shop's Edge Functions return."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
)

from admin_crm._core.fields import Model, Money, RowId, Timestamp


def _split(tags: object) -> object:
    return tags.split(",") if isinstance(tags, str) else tags


def _distinct(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


def _listed(steps: object) -> object:
    return [steps] if isinstance(steps, str) else steps or []


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Tags = Annotated[list[str], BeforeValidator(_split), AfterValidator(_distinct)]
Steps = Annotated[list[str], BeforeValidator(_listed)]
Discount = Annotated[Money | str, Field(union_mode="left_to_right")]


class TagSuggestion(Model):
    """Suggested tags for a customer, with the segment and the reasoning; `apply_suggested_tags` adds them."""

    tags: Tags
    """The suggested tags, without duplicates."""
    segment: Text | None = None
    """The suggested segment, in the function's own words; None if it was not sent."""
    reasoning: str | None = None
    """Why these tags were suggested; None if it was not sent."""


class Insight(Model):
    """An insight about the shop."""

    title: Text
    """A short title."""
    description: str | None = None
    """The insight; None if it was not sent."""
    type: Text | None = None
    """The function's own category, for example ``warning``; None if it was not sent."""


class SuggestedCoupon(Model):
    """A coupon for a customer; `discount` is a number, or a string such as ``15%`` if the function sends one."""

    code: Text
    """The coupon code."""
    discount: Discount | None = None
    """A number, or a string such as ``15%``; None if it was not sent."""
    reason: str | None = None
    """Why it was suggested; None if it was not sent."""


class LoyaltyAnalysis(Model):
    """A loyalty plan for a customer: one of the two result types of `get_strategic_loyalty_analysis`."""

    analysis: Text
    """The analysis as text."""
    suggested_coupon: SuggestedCoupon | None = None
    """A suggested coupon; None if there is none."""
    recovery_message: str | None = None
    """A message to the customer; None if there is none."""
    next_steps: Steps = Field(default_factory=list[str])
    """Suggested actions."""


class LoyaltyProposition(Model):
    """An offer stored by the function: the other result type of `get_strategic_loyalty_analysis`."""

    id: RowId
    """The id of the stored offer."""
    customer_id: UUID
    """The customer."""
    generated_code: Text
    """The coupon code."""
    personalized_message: Text
    """The message to the customer."""
    discount_value: Money
    """The discount, in units of `discount_type`."""
    discount_type: Text
    """The shop's own type, for example ``percentage``."""
    segment_at_generation: str | None = None
    """The customer's segment when the offer was created; None if it was not sent."""
    created_at: Timestamp | None = None
    """When the offer was stored; None if it was not sent."""
    expires_at: Timestamp | None = None
    """When the offer ends; None if it was not sent."""
    recovered: bool = False
    """Whether the function's answer was lost, and the offer was found where the function stores it."""

    @property
    def suggested_coupon(self) -> SuggestedCoupon:
        """The coupon, under the same name as in `LoyaltyAnalysis`."""
        return SuggestedCoupon(code=self.generated_code, discount=self.discount_value)

    @property
    def recovery_message(self) -> str:
        """The message to the customer, under the same name as in `LoyaltyAnalysis`."""
        return self.personalized_message
