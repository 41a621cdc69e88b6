"""What a customer has ordered most."""

from __future__ import annotations

from uuid import UUID

from admin_crm._core.fields import Model


class ProductCount(Model):
    """A product, and the quantity that a customer has ordered."""

    product_id: UUID | str | None
    """The product's id; None if the order does not contain it."""
    name: str
    """The product's name."""
    quantity: int | float
    """How many the customer has ordered."""


class CategoryCount(Model):
    """A category, and the quantity of its products that a customer has ordered."""

    category_id: UUID | str | None
    """The category's id; None for the unknown category."""
    name: str
    """The category's name."""
    quantity: int | float
    """How many of its products the customer has ordered."""


class CustomerPreferences(Model):
    """A customer's favourite products and categories, most ordered first."""

    top_products: list[ProductCount]
    """The most ordered products."""
    top_categories: list[CategoryCount]
    """The most ordered categories."""
