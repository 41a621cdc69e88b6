"""The directory: its statistics, and one page of a list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from admin_crm._core.fields import Model

T = TypeVar("T")


class DirectoryStats(Model):
    """The figures of the directory; unknown segment and health labels are counted under their own name."""

    total: int
    """The number of customers."""
    new_this_month: int
    """Customers who registered this month; `new_this_month` lists them."""
    contactable: int
    """Customers with a phone or WhatsApp number."""
    contactable_percent: float
    """Their share in percent, rounded to one decimal."""
    birthdays_this_month: int
    """Customers whose birthday is this month; `birthdays_this_month` lists them."""
    by_segment: dict[str, int]
    """Customers per canonical segment, or per label if it is unknown; largest first."""
    by_health_status: dict[str, int]
    """Customers per canonical health status, or per label if it is unknown; largest first."""
    revenue: Decimal | None
    """The total of the orders that are not cancelled (`monetary`), in the shop's currency; None if unknown."""
    revenue_delivered: Decimal | None
    """The total of the delivered orders (`total_spent`), in the shop's currency; None if unknown."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, with the total number of items; the first page is 1."""

    items: list[T]
    """The items on this page."""
    total: int
    """The number of items on all pages."""
    page: int
    """The page number, from 1."""
    page_size: int
    """The maximum number of items per page."""

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
