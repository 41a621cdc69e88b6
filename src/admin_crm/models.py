"""The result models: frozen pydantic models that keep unknown columns (R4, R5)."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BeforeValidator, Field, computed_field

from admin_crm._core.fields import CustomerId, Email, Model, Moment, Phone, Status, Tier, TierColumn
from admin_crm._core.redaction import mask_email, mask_phone
from admin_crm.labels import (
    AccountStatus,
    CustomerTier,
    HealthStatus,
    NotificationType,
    Segment,
    canonical_health,
    canonical_segment,
)

T = TypeVar("T")


class AIPreferences(Model):
    """A customer's preferences, as inferred by the shop's AI."""

    preferred_styles: list[str] = []
    interests: list[str] = []
    visual_theme_hint: str | None = None
    personality_notes: str | None = None


class IAContext(Model):
    """The last interaction of a customer with the shop's AI assistant."""

    last_query: str | None = None
    last_intent: str | None = None
    persona_cluster: str | None = None
    visual_theme_hint: str | None = None
    propensity_score: float | None = None
    updated_at: Moment | None = None


class CustomerIntelligence(Model):
    """A customer's segment and health, as labels of the shop and as canonical names."""

    segment: str | None = None
    health_status: str | None = None

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
    the same in every shop. `total_spent` and `monetary` are in the shop's currency.
    """

    id: UUID = CustomerId
    full_name: str | None = None
    email: Email = None
    avatar_url: str | None = None
    phone: str | None = Phone
    whatsapp: str | None = None
    birthdate: date | None = None
    created_at: Moment | None = None
    account_status: Status | None = None
    tier: Tier | None = TierColumn
    total_orders: int | None = None
    total_spent: Decimal | None = None
    frequency: int | None = None
    monetary: Decimal | None = None
    ai_preferences: AIPreferences | None = None
    ia_context: IAContext | None = None
    recency_as_sent: int | None = Field(default=None, validation_alias="recency_days", exclude=True, repr=False)

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

    def _repr_html_(self) -> str:
        """Show the customer in a notebook, with masked e-mail and phone: notebooks are often shared."""
        shown = {
            "id": self.id,
            "name": self.full_name,
            "e-mail": mask_email(self.email),
            "phone": mask_phone(self.phone or self.whatsapp),
            "segment": self.segment,
            "orders": self.total_orders,
            "spent": self.total_spent,
        }
        rows = (f"<tr><th>{name}</th><td>{html.escape(str(value))}</td></tr>" for name, value in shown.items())
        return f"<table>{''.join(rows)}</table>"


class CustomerProfile(Model):
    """A row of `customer_profiles`."""

    id: UUID = CustomerId
    full_name: str | None = None
    avatar_url: str | None = None
    phone: str | None = Phone
    whatsapp: str | None = None
    birthdate: date | None = None
    tier: Tier | None = TierColumn
    account_status: Status = AccountStatus.ACTIVE
    suspension_end: Moment | None = None
    total_orders: int | None = None
    total_spent: Decimal | None = None
    favorite_category_id: UUID | str | None = None
    ai_preferences: AIPreferences | None = None
    ia_context: IAContext | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class Address(Model):
    """A row of `addresses`."""

    id: UUID | str | None = None
    customer_id: UUID
    type: str | None = None
    label: str | None = None
    full_name: str | None = None
    street: str | None = None
    number: str | None = None
    colony: str | None = None
    city: str | None = None
    state: str | None = None
    zip_code: str | None = None
    phone: str | None = None
    notes: str | None = None
    references: str | None = None
    is_default: bool | None = None
    created_at: Moment | None = None


class OrderItem(Model):
    """One line of an order."""

    product_id: UUID | str | None = None
    name: str | None = None
    price: Decimal | None = None
    quantity: int | float | None = None
    """The quantity; in old orders it may be fractional or None."""
    image: str | None = None


class Order(Model):
    """A row of `orders`; `items` comes from the JSON column of the order."""

    id: UUID | str
    order_number: str | None = None
    customer_id: UUID | None = None
    items: list[OrderItem] | None = None
    subtotal: Decimal | None = None
    shipping_cost: Decimal | None = None
    discount: Decimal | None = None
    total: Decimal = Decimal(0)
    status: str | None = None
    payment_method: str | None = None
    payment_status: str | None = None
    tracking_notes: str | None = None
    created_at: Moment | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether the order is cancelled; accepts all spellings in use."""
        return self.status is not None and self.status.casefold() in CANCELLED


CANCELLED = ("cancelled", "canceled", "cancelado")
"""The status values that mean a cancelled order."""


class OrdersSummary(Model):
    """The figures of a customer's orders, without cancelled ones."""

    total_spent: Decimal = Decimal(0)
    total_orders: int = 0
    aov: Decimal = Decimal(0)
    """The average order value, rounded to the cent."""
    last_order_date: Moment | None = None


class AdminNotes(Model):
    """A customer's row of `admin_customer_notes`."""

    customer_id: UUID
    notes: str | None = None
    tags: Annotated[list[str], BeforeValidator(lambda tags: tags or [])] = []
    custom_fields: Annotated[dict[str, Any], BeforeValidator(lambda fields: fields or {})] = {}
    updated_at: Moment | None = None


class Evidence(Model):
    """An evidence file; `url` is a signed URL that expires."""

    id: UUID | str | None = None
    path: str
    url: str | None = Field(default=None, repr=False)
    """The signed URL, None if it could not be created; anyone who has it can open the file, so it is in no repr."""
    file_name: str
    uploaded_at: Moment | None = None
    size: int | None = None
    content_type: str | None = None


class Notification(Model):
    """A row of `user_notifications`."""

    id: UUID
    user_id: UUID
    title: str
    message: str
    type: Annotated[NotificationType | str, Field(union_mode="left_to_right")] = NotificationType.INFO
    is_read: bool | None = False
    created_at: Moment | None = None


class AdminCustomerDetail(AdminCustomer):
    """One customer with everything that the web admin shows on the customer's page."""

    suspension_end: Moment | None = None
    addresses: list[Address] = Field(default=[], repr=False)
    orders: list[Order] = Field(default=[], repr=False)
    """The orders that are not cancelled, newest first."""
    orders_summary: OrdersSummary = OrdersSummary()
    admin_notes: AdminNotes | None = None
    evidence: list[Evidence] = Field(default=[], repr=False)


class DirectoryStats(Model):
    """The figures of the directory; unknown segment and health labels are counted under their own name."""

    total: int
    new_this_month: int
    contactable: int
    contactable_percent: float
    birthdays_this_month: int
    by_segment: dict[str, int]
    by_health_status: dict[str, int]
    revenue: Decimal


class TierProgress(Model):
    """A customer's loyalty tier and the amount to the next one."""

    tier: CustomerTier
    spent: Decimal
    next_tier: CustomerTier | None
    amount_to_next: Decimal | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, with the total number of items; the first page is 1."""

    items: list[T]
    total: int
    page: int
    page_size: int

    @property
    def pages(self) -> int:
        """The number of pages."""
        return -(-self.total // self.page_size)

    def __iter__(self) -> Iterator[T]:
        """Iterate over the items on this page."""
        return iter(self.items)

    def __len__(self) -> int:
        """Return the number of items on this page."""
        return len(self.items)
