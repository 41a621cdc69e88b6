"""Pictures of customers and orders that you have, with matplotlib (extra `plots`); nothing personal is in them.

Every function takes rows or a frame, draws into the axes `ax` or into a figure of its own, and returns the axes.
Nothing is shown or saved, and no setting of matplotlib is changed.
"""

from admin_crm.plots.customers import health, segments, spend, tiers
from admin_crm.plots.orders import cohorts, orders_by_month, retention
from admin_crm.plots.rfm import recency_frequency, rfm_heatmap

__all__ = [
    "cohorts",
    "health",
    "orders_by_month",
    "recency_frequency",
    "retention",
    "rfm_heatmap",
    "segments",
    "spend",
    "tiers",
]
