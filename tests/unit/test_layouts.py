"""What each column of a frame is made from."""

from __future__ import annotations

import pyarrow as pa

from admin_crm._postgrest.layouts import CUSTOMERS, ORDERS


def test_a_column_names_the_fields_that_it_is_made_from():
    assert CUSTOMERS.column("recency_days").fields == ("recency_as_sent", "frequency")
    assert CUSTOMERS.column("customer_tier").fields == ("tier",)
    assert ORDERS.column("is_cancelled").fields == ("status",)


def test_a_column_that_the_library_does_not_know_is_typed_by_its_values():
    assert CUSTOMERS.is_unknown("shoe_size")
    assert ORDERS.is_unknown("shoe_size")
    assert not CUSTOMERS.is_unknown("customer_phone")
    assert not ORDERS.is_unknown("items")


def test_every_spelling_of_cancelled_counts_and_no_status_is_none():
    statuses = pa.array(["Cancelado", "canceled", "pending", None])
    assert ORDERS.column("is_cancelled").compute(statuses).to_pylist() == [True, True, False, False]
