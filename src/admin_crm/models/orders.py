"""Orders and their items."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from admin_crm._core.fields import Model, Money, RowId, Timestamp

CANCELLED = ("cancelled", "canceled", "cancelado")
"""The status values that mean a cancelled order."""


class OrderItem(Model):
    """One line of an order."""

    product_id: RowId | None = None
    """The product's id; None if the order does not contain it."""
    name: str | None = None
    """The product's name at the time of the order."""
    price: Money | None = None
    """The unit price in the shop's currency; None if the order does not contain it."""
    quantity: int | float | None = None
    """The quantity; in old orders it may be fractional or None."""
    image: str | None = None
    """The URL of the product's picture; None if there is none."""


class Order(Model):
    """A row of `orders`; `items` comes from the JSON column of the order."""

    COLUMNS = ("order_number", "created_at", "status", "total", "payment_status", "payment_method", "id")

    id: RowId
    """The order's id."""
    order_number: str | None = None
    """The number shown to the customer; None if the shop has none."""
    customer_id: UUID | None = None
    """The customer; None for an order without an account."""
    items: list[OrderItem] | None = None
    """The items from the order's JSON column; None if the shop keeps them in a table only."""
    subtotal: Money | None = None
    """The sum of the items, in the shop's currency; None if unknown."""
    shipping_cost: Money | None = None
    """The shipping cost, in the shop's currency; None if unknown."""
    discount: Money | None = None
    """The discount, in the shop's currency; None if unknown."""
    total: Money | None = None
    """The total in the shop's currency; None if unknown."""
    status: str | None = None
    """The shop's own status, in its language."""
    payment_method: str | None = None
    """How the customer pays, as the shop stores it; None if there is none."""
    payment_status: str | None = None
    """Whether it is paid, as the shop stores it; None if there is none."""
    tracking_notes: str | None = None
    """Notes about the delivery; None if there are none."""
    created_at: Timestamp | None = None
    """When the order was placed; None if unknown."""

    @property
    def is_cancelled(self) -> bool:
        """Whether the order is cancelled; accepts all spellings in use."""
        return self.status is not None and self.status.casefold() in CANCELLED


class OrdersSummary(Model):
    """The figures of a customer's orders, without cancelled ones."""

    total_spent: Money = Decimal(0)
    """The sum of the order totals that are known, in the shop's currency."""
    total_orders: int = 0
    """The number of orders."""
    aov: Money = Decimal(0)
    """The average of the order totals that are known, rounded to the cent."""
    last_order_date: Timestamp | None = None
    """The date of the last order; None without orders."""
