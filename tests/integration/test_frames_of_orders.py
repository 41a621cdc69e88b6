"""Frames of orders, their items and timelines straight from the shop, and what is computed and drawn of them."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pandas as pd
import polars as pl
import pytest

from admin_crm import (
    PermissionDeniedError,
    cohorts,
    customers_frame,
    get_all_customers,
    get_all_orders,
    get_customer_timeline,
    order_items_frame,
    orders_frame,
    plots,
    rfm_table,
    segment_table,
    timeline_frame,
)
from helpers import Ask

COLUMNS = [
    "id",
    "customer_id",
    "created_at",
    "status",
    "is_cancelled",
    "total",
    "items",
    "tracking_number",
    "updated_at",
]


def by_id(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("id", ignore_index=True)


@pytest.mark.parametrize("filters", [{}, {"status": "cancelled"}, {"since": datetime(2026, 8, 1, tzinfo=UTC)}])
def test_a_frame_of_the_shops_orders_is_the_frame_of_its_list(by_key, filters):
    frame = by_key(orders_frame, columns=COLUMNS, **filters)
    of_orders = orders_frame(by_key(get_all_orders, **filters), columns=COLUMNS)
    assert len(frame) > 0
    assert frame["created_at"].is_monotonic_decreasing
    pd.testing.assert_frame_equal(by_id(frame), by_id(of_orders))


def test_an_administrator_gets_the_same_items_as_the_orders_hold(by_admin):
    items = by_admin(order_items_frame)
    orders = by_admin(get_all_orders)
    assert len(items) == sum(len(order.items or ()) for order in orders)
    assert set(items["order_id"]) == {str(order.id) for order in orders if order.items}


@pytest.mark.xdist_group("capped")
def test_a_shop_that_gives_50_rows_at_once_gives_them_all(caller, capped):
    ask = Ask(caller, caller.open(capped.url, capped.secret_key))
    count = capped.execute_sql("select count(*) from public.orders")[0]["count"]
    frame = ask(orders_frame, columns=["id"], backend="polars")
    assert isinstance(frame, pl.DataFrame)
    assert (len(frame), frame["id"].n_unique()) == (count, count)
    assert ask(order_items_frame)["order_id"].nunique() <= count


def test_a_timeline_is_that_of_the_customer(by_key):
    customer = by_key(orders_frame, columns=["customer_id"])["customer_id"].dropna().iloc[0]
    events = by_key(get_customer_timeline, customer)
    frame = by_key(timeline_frame, customer)
    assert frame["kind"].tolist() == [event.kind for event in events]
    pd.testing.assert_frame_equal(frame, timeline_frame(events))


def test_a_signed_in_customer_gets_no_frame(stranger):
    for frame in (orders_frame, order_items_frame):
        with pytest.raises(PermissionDeniedError, match="only a signed-in administrator"):
            stranger(frame)


@pytest.mark.once
def test_the_shop_is_analysed_and_drawn_without_a_warning_and_without_a_name(by_key):
    customers, orders = by_key(customers_frame), by_key(orders_frame)
    assert segment_table(customers)["customers"].sum() == len(customers)
    assert rfm_table(customers).equals(rfm_table(by_key(get_all_customers)))
    bought = orders[~orders["is_cancelled"] & orders["customer_id"].notna()]
    assert cohorts(orders)[0].sum() == bought["customer_id"].nunique()
    from matplotlib import pyplot as plt

    for name in plots.__all__:
        ax = getattr(plots, name)(orders if name in {"cohorts", "retention", "orders_by_month"} else customers)
        ax.figure.savefig(io.BytesIO(), format="png", dpi=40)
    plt.close("all")
