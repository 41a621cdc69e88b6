"""What type checkers must infer; never run, only read by mypy and pyright."""

# pyright: reportUnnecessaryTypeIgnoreComment=error

from collections.abc import AsyncIterable, Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any, assert_type

import pandas as pd
import polars as pl
import pyarrow as pa

from admin_crm import (
    AdminCRM,
    AdminCustomer,
    AdminCustomerDetail,
    AdminNotes,
    AsyncAdminCRM,
    CustomerPartition,
    CustomerProfile,
    Evidence,
    Page,
    add_customer_tags,
    customer_partitions,
    customers_frame,
    get_admin_customer_details,
    get_all_customers,
    iter_customers,
    list_customer_evidence,
    paginate,
    search_customers,
    update_customer_status,
)


def sync_caller(crm: AdminCRM) -> None:
    assert_type(get_all_customers(crm), list[AdminCustomer])
    assert_type(search_customers(crm, "ana", page=2), Page[AdminCustomer])
    assert_type(get_admin_customer_details(crm, "id"), AdminCustomerDetail)
    assert_type(update_customer_status(crm, "id", "suspended", datetime.now(UTC)), CustomerProfile)
    assert_type(add_customer_tags(crm, "id", ["vip"]), AdminNotes)
    assert_type(list_customer_evidence(crm, "id"), list[Evidence])
    assert_type(iter_customers(crm), Iterable[AdminCustomer])
    assert_type(paginate(get_all_customers(crm)), Page[AdminCustomer])
    assert_type(customers_frame(crm), pd.DataFrame)
    assert_type(customers_frame(get_all_customers(crm), columns=["tier"], backend="polars"), pl.DataFrame)
    assert_type(customers_frame(crm, personal=True, backend="arrow"), pa.Table)
    assert_type(customer_partitions(crm, 4), list[CustomerPartition])
    assert_type(customer_partitions(crm, 4)[0].frame(), pd.DataFrame)
    assert_type(customer_partitions(crm, 4)[0].read(crm), list[AdminCustomer])
    with crm as same:
        assert_type(same, AdminCRM)


async def async_caller(crm: AsyncAdminCRM) -> None:
    later = get_all_customers(crm)
    _ = assert_type(later, Coroutine[Any, Any, list[AdminCustomer]])
    assert_type(await later, list[AdminCustomer])
    assert_type(await search_customers(crm, "ana"), Page[AdminCustomer])
    assert_type(iter_customers(crm), AsyncIterable[AdminCustomer])
    assert_type(await customers_frame(crm), pd.DataFrame)
    assert_type(await customers_frame(crm, backend="polars"), pl.DataFrame)
    assert_type(await customers_frame(crm, backend="pyarrow"), pa.Table)
    assert_type(await customer_partitions(crm, 4), list[CustomerPartition])
    async with crm as same:
        assert_type(same, AsyncAdminCRM)


def rejected(crm: AdminCRM, later: AsyncAdminCRM) -> None:
    # An ignore that is not needed is itself an error, so each line proves that both checkers reject it.
    update_customer_status(crm, "id")  # type: ignore[call-overload]
    search_customers(crm, "a", "champion")  # type: ignore[call-overload]
    search_customers(crm, text=5)  # type: ignore[call-overload]
    get_all_customers()  # type: ignore[call-overload]
    for _ in iter_customers(later):  # type: ignore[attr-defined]
        pass
    len(get_all_customers(later))  # type: ignore[arg-type]
