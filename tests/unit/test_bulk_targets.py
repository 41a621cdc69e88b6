"""Whom a bulk operation is for."""

from __future__ import annotations

from uuid import UUID

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from admin_crm import (
    AdminCustomer,
    AdminCustomerDetail,
    AdminNotes,
    CreatedCustomer,
    CustomerProfile,
    InvalidInputError,
    Order,
    customers_frame,
    orders_frame,
    paginate,
)
from admin_crm.bulk.targets import customer_ids

A, B = (UUID(f"7e1b2c3d-0000-4000-8000-00000000000{number}") for number in (1, 2))
ORDER = UUID("0e1b2c3d-0000-4000-8000-000000000009")
CUSTOMERS = [AdminCustomer(id=A), AdminCustomer(id=B)]
CREATED = CreatedCustomer(
    id=A, email="a@c.example", password=None, needs_confirmation=False, profile=CustomerProfile(id=A)
)
ORDERS = [Order(id=ORDER, customer_id=A), Order(id=ORDER, customer_id=B)]


@pytest.mark.parametrize(
    "customers",
    [
        [A, B],
        (str(A), str(B).upper()),
        CUSTOMERS,
        [AdminCustomerDetail(id=A), CustomerProfile(id=B)],
        [CREATED, B],
        ORDERS,
        [AdminNotes(customer_id=A), B],
        paginate(CUSTOMERS),
        {A: 1, B: 2},
        (each for each in CUSTOMERS),
        [A, str(A), CUSTOMERS[0], B, A],
        customers_frame(CUSTOMERS),
        customers_frame(CUSTOMERS, backend="polars"),
        customers_frame(CUSTOMERS, backend="pyarrow"),
        orders_frame(ORDERS),  # whose `id` is the order's
        customers_frame(CUSTOMERS)["id"],
        pl.Series([str(A), str(B)]),
        pa.array([str(A), str(B)]),
        pd.DataFrame({"id": [A, B]}).to_numpy()[:, 0],
    ],
)  # fmt: skip
def test_customers_come_in_many_forms_and_each_counts_once(customers):
    assert customer_ids(customers) == [A, B]


@pytest.mark.parametrize("customers", [[], pd.DataFrame({"id": []}), pa.table({"id": []}), paginate([])])
def test_nobody_is_an_empty_list(customers):
    assert customer_ids(customers) == []


@pytest.mark.parametrize(
    ("customers", "told"),
    [
        ([A, "nope"], r"customers\[1\] must be a UUID"),
        ([A, None], r"customers\[1\] must be a customer or an id, not NoneType"),
        ([A, B, 7], r"customers\[2\]"),
        ([A, {"id": str(B)}], r"customers\[1\] .* dict"),
        ([Order(id=ORDER)], r"customers\[0\] .* NoneType"),
        (pd.DataFrame({"id": [str(A), None]}), r"customers\[1\]"),
        (pa.table({"customer_id": [str(A), None]}), r"customers\[1\]"),
        (pd.DataFrame({"name": ["Ana"]}), "no column customer_id or id"),
        (pa.table({}), "no column"),
        (customers_frame(CUSTOMERS).set_index("id"), "no column"),
        (A, "not UUID"),
        (str(A), "not str"),
        (AdminCustomer(id=A), "not AdminCustomer"),
        (None, "not NoneType"),
        (pl.LazyFrame({"id": [str(A)]}), "not LazyFrame"),
    ],
)
def test_what_is_no_customer_is_named_by_its_place(customers, told):
    with pytest.raises(InvalidInputError, match=told) as refused:
        customer_ids(customers)
    assert refused.value.argument == "customers"


def test_an_address_in_the_list_by_mistake_is_not_repeated_in_the_error():
    with pytest.raises(InvalidInputError) as refused:
        customer_ids([A, "ana.lopez@clientes.example"])
    assert "ana.lopez@" not in str(refused.value)
