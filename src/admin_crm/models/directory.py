"""The statistics of the directory."""

from __future__ import annotations

from admin_crm._core.fields import Model, Money


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
    revenue: Money | None
    """The total of the orders that are not cancelled (`monetary`), in the shop's currency; None if unknown."""
    revenue_delivered: Money | None
    """The total of the delivered orders (`total_spent`), in the shop's currency; None if unknown."""
