"""A customer: the directory's row, the profile, and everything on the customer's page."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import (
    Field,
    computed_field,
)

from admin_crm._core.fields import CustomerId, Email, Model, Money, Phone, RowId, TierColumn, Timestamp, displayed
from admin_crm._core.html import definitions
from admin_crm.labels import (
    AccountStatus,
    HealthStatus,
    Segment,
    canonical_health,
    canonical_segment,
)
from admin_crm.models.lists import MOST, rows_table
from admin_crm.models.loyalty import Tier
from admin_crm.models.orders import Order, OrdersSummary
from admin_crm.models.records import Address, AdminNotes, Evidence

Status = Annotated[AccountStatus | str, Field(union_mode="left_to_right")]


class AIPreferences(Model):
    """A customer's preferences, as inferred by the shop's AI."""

    preferred_styles: list[str] = []
    """Styles that the customer prefers."""
    interests: list[str] = []
    """Topics that the customer is interested in."""
    visual_theme_hint: str | None = None
    """The theme that the shop's app should show; None if unknown."""
    personality_notes: str | None = None
    """Free text about the customer's personality; None if there is none."""


class IAContext(Model):
    """The last interaction of a customer with the shop's AI assistant."""

    last_query: str | None = None
    """The last question to the assistant; None if there was none."""
    last_intent: str | None = None
    """The intent that the assistant detected; None if unknown."""
    persona_cluster: str | None = None
    """The cluster that the customer belongs to; None if unknown."""
    visual_theme_hint: str | None = None
    """The theme that the shop's app should show; None if unknown."""
    propensity_score: float | None = None
    """The estimated propensity to buy, as the shop computes it; None if unknown."""
    updated_at: Timestamp | None = None
    """When the row was last updated; None if unknown."""


class CustomerIntelligence(Model):
    """A customer's segment and health, as labels of the shop and as canonical names."""

    segment: str | None = None
    """The RFM segment, as the shop labels it; None if the view does not show it."""
    health_status: str | None = None
    """The health status, as the shop labels it; None if the view does not show it."""

    @property
    def canonical_segment(self) -> Segment | None:
        """The canonical segment; None for an unknown label."""
        return canonical_segment(self.segment)

    @property
    def canonical_health(self) -> HealthStatus | None:
        """The canonical health status; None for an unknown label."""
        return canonical_health(self.health_status)


class AdminCustomer(CustomerIntelligence):
    """One row of the customer directory.

    `segment` and `health_status` are the shop's own labels; `canonical_segment` and `canonical_health` are
    the same in every shop. `total_orders` and `total_spent` count delivered orders and decide the tier;
    `frequency` and `monetary` count all that are not cancelled. Both are right.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "full_name", "email", "phone", "whatsapp", "segment", "health_status", "tier", "frequency", "monetary",
        "recency_days", "created_at", "id",
    )  # fmt: skip

    id: UUID = CustomerId
    """The customer's id, which is also the user id in `auth.users`."""
    full_name: str | None = None
    """The full name; None if unknown."""
    email: Email = None
    """The e-mail address; None if unknown, or if the view returns a placeholder."""
    avatar_url: str | None = None
    """The URL of the profile picture; None if there is none."""
    phone: str | None = Phone
    """The phone number as entered; None if there is none."""
    whatsapp: str | None = None
    """The WhatsApp number as entered; None if there is none."""
    birthdate: date | None = None
    """The date of birth; None if unknown."""
    created_at: Timestamp | None = None
    """When the customer registered; None if the view does not have the column."""
    account_status: Status | None = None
    """active, suspended or banned, or an unknown status as a string; None if the view does not have it."""
    tier: Tier | None = TierColumn
    """The loyalty tier, or an unknown tier as a string; None if the shop has no tiers."""
    total_orders: int | None = None
    """The number of delivered orders, which the shop stores in the profile; None if the view does not have it."""
    total_spent: Money | None = None
    """The sum of delivered orders, stored in the profile, in the shop's currency; None if the view does not have it."""
    frequency: int | None = None
    """The number of orders that are not cancelled, which the view counts (the F of RFM); None if it does not."""
    monetary: Money | None = None
    """The sum of orders that are not cancelled, in the shop's currency (the M of RFM); None if the view lacks it."""
    ai_preferences: AIPreferences | None = None
    """Preferences inferred by the shop's AI; None if there are none."""
    ia_context: IAContext | None = None
    """The last interaction with the shop's assistant; None if there was none."""
    recency_as_sent: int | None = Field(default=None, validation_alias="recency_days", exclude=True, repr=False)
    """Days since the last order, as the view sends it."""

    @computed_field  # type: ignore[prop-decorator]  # mypy does not support decorators above @property
    @property
    def recency_days(self) -> int | None:
        """Days since the last order; None without orders (some views then return 365 and frequency 0)."""
        return None if self.frequency == 0 else self.recency_as_sent

    @property
    def intelligence(self) -> CustomerIntelligence:
        """Segment and health in one object, as in the web admin."""
        return CustomerIntelligence(segment=self.segment, health_status=self.health_status)

    @property
    def is_contactable(self) -> bool:
        """Whether the customer has a phone or WhatsApp number."""
        return bool((self.phone or "").strip() or (self.whatsapp or "").strip())


COMPUTED_FROM = {
    "recency_days": ("recency_as_sent", "frequency"),
    "canonical_segment": ("segment",),
    "canonical_health": ("health_status",),
    "intelligence": ("segment", "health_status"),
    "is_contactable": ("phone", "whatsapp"),
}
"""The fields that each computed attribute of a customer in the directory is made from."""


class CustomerProfile(Model):
    """A row of `customer_profiles`."""

    COLUMNS = (
        "full_name", "phone", "whatsapp", "tier", "account_status", "suspension_end", "total_orders", "total_spent",
        "created_at", "id",
    )  # fmt: skip

    id: UUID = CustomerId
    """The customer's id, which is also the user id in `auth.users`."""
    full_name: str | None = None
    """The full name; None if unknown."""
    avatar_url: str | None = None
    """The URL of the profile picture; None if there is none."""
    phone: str | None = Phone
    """The phone number as entered; None if there is none."""
    whatsapp: str | None = None
    """The WhatsApp number as entered; None if there is none."""
    birthdate: date | None = None
    """The date of birth; None if unknown."""
    tier: Tier | None = TierColumn
    """The loyalty tier, or an unknown tier as a string; None if the shop has no tiers."""
    account_status: Status | None = None
    """active, suspended or banned, or an unknown status as a string; None if the row does not say."""
    suspension_end: Timestamp | None = None
    """When the suspension ends; None without an end date or a suspension."""
    total_orders: int | None = None
    """The number of delivered orders; None if the table does not have the column."""
    total_spent: Money | None = None
    """The sum of delivered orders, in the shop's currency; None if the table does not have the column."""
    favorite_category_id: RowId | None = None
    """The id of the favourite category; None if there is none."""
    ai_preferences: AIPreferences | None = None
    """Preferences inferred by the shop's AI; None if there are none."""
    ia_context: IAContext | None = None
    """The last interaction with the shop's assistant; None if there was none."""
    created_at: Timestamp | None = None
    """When the profile was created; None if unknown."""
    updated_at: Timestamp | None = None
    """When the row was last updated; None if unknown."""


class AdminCustomerDetail(AdminCustomer):
    """One customer with everything that the web admin shows on the customer's page."""

    COLUMNS = (*AdminCustomer.COLUMNS, "account_status", "suspension_end", "birthdate")

    suspension_end: Timestamp | None = None
    """When the suspension ends; None without an end date or a suspension."""
    addresses: list[Address] = Field(default=[], repr=False)
    """All addresses, the default one first, then in the order in which they were added."""
    orders: list[Order] = Field(default=[], repr=False)
    """The orders that are not cancelled, newest first; columns that only your shop has are in `get_customer_orders`."""
    orders_summary: OrdersSummary = OrdersSummary()
    """The figures of `orders`: what `frequency` and `monetary` say too, where the view counts alike."""
    admin_notes: AdminNotes | None = None
    """Administrators' notes; None if there are none yet."""
    evidence: list[Evidence] = Field(default=[], repr=False)
    """The evidence files, newest first, with signed URLs."""

    @property
    def default_address(self) -> Address | None:
        """The default address; None if no address is marked as the default one."""
        return next((address for address in self.addresses if address.is_default), None)

    def _repr_html_(self) -> str:
        """Show the customer in a notebook, with notes, orders, addresses and files."""
        person = displayed(self)
        if self.admin_notes:
            notes = displayed(self.admin_notes)
            person |= {name: notes[name] for name in ("tags", "notes", "custom_fields") if notes.get(name)}
        summary = self.orders_summary
        person["orders"] = f"{summary.total_orders:,}, {summary.total_spent:,.2f} in all"
        parts = (("Orders", self.orders), ("Addresses", self.addresses), ("Evidence", self.evidence))
        tables = [rows_table(rows[:MOST], f"{title}: {len(rows):,}") for title, rows in parts if rows]
        return "".join([definitions(self.full_name or "Customer", person), *tables])
