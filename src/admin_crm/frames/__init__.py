"""Frames: pandas, polars, or Arrow, which everything else takes (extra `notebook`)."""

from admin_crm.frames.customers import customers_frame
from admin_crm.frames.order_items import order_items_frame
from admin_crm.frames.orders import orders_frame
from admin_crm.frames.timeline import timeline_frame

__all__ = ["customers_frame", "order_items_frame", "orders_frame", "timeline_frame"]
