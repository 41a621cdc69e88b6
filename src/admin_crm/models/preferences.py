"""What a customer has ordered most."""

from __future__ import annotations

from uuid import UUID

from admin_crm._core.fields import Model


class ProductCount(Model):
    """A product, and how many of it a customer has ordered."""

    name: str
    """The product's name; products of one name are one product."""
    count: int | float
    """How many the customer has ordered."""
    product_id: UUID | str | None = None
    """The id of the product; of several of one name, the id ordered most. None if no order contains it."""

    @property
    def quantity(self) -> int | float:
        """How many the customer has ordered; the same as `count`."""
        return self.count


class CategoryCount(Model):
    """A category, and how many of its products a customer has ordered."""

    name: str
    """The category's name; categories of one name are one category."""
    count: int | float
    """How many of its products the customer has ordered."""
    category_id: UUID | str | None = None
    """The id of the category; of several of one name, the id ordered most. None for the unknown category."""

    @property
    def quantity(self) -> int | float:
        """How many of its products the customer has ordered; the same as `count`."""
        return self.count


class CustomerPreferences(Model):
    """A customer's favourite products and categories, most ordered first."""

    top_products: list[ProductCount]
    """The most ordered products."""
    top_categories: list[CategoryCount]
    """The most ordered categories."""
