"""pandas DataFrames with numeric and datetime columns (extra `notebook`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from admin_crm.models import AdminCustomer, Order

if TYPE_CHECKING:
    import pandas as pd

_CUSTOMER = {
    "id": "string",
    "full_name": "string",
    "email": "string",
    "phone": "string",
    "whatsapp": "string",
    "birthdate": "datetime64[us]",
    "created_at": "datetime64[us, UTC]",
    "account_status": "string",
    "tier": "string",
    "segment": "string",
    "canonical_segment": "string",
    "health_status": "string",
    "canonical_health": "string",
    "total_orders": "Int64",
    "total_spent": "float64",
    "recency_days": "Int64",
    "frequency": "Int64",
    "monetary": "float64",
}
_PERSONAL = ["full_name", "email", "phone", "whatsapp", "birthdate"]
_ORDER = {
    "id": "string",
    "customer_id": "string",
    "order_number": "string",
    "created_at": "datetime64[us, UTC]",
    "status": "string",
    "is_cancelled": "bool",
    "payment_method": "string",
    "payment_status": "string",
    "subtotal": "float64",
    "shipping_cost": "float64",
    "discount": "float64",
    "total": "float64",
}


def customers_frame(customers: Iterable[AdminCustomer], *, personal: bool = False) -> pd.DataFrame:
    """Return customers as a DataFrame: money as float64, timestamps in UTC, ids and labels as strings.

    Args:
        customers: the customers, one row each, in their order.
        personal: include names, e-mails, phone numbers and birthdates. Off by default, because notebooks are
            often shared.

    Returns:
        A DataFrame with a column for each figure and label; canonical labels are in columns of their own.

    Raises:
        ImportError: pandas is not installed.

    Examples:
        >>> frame = customers_frame(get_all_customers(crm))
        >>> frame.groupby("canonical_segment")["total_spent"].sum()
    """
    columns = {name: dtype for name, dtype in _CUSTOMER.items() if personal or name not in _PERSONAL}
    return _frame(list(customers), columns)


def orders_frame(orders: Iterable[Order]) -> pd.DataFrame:
    """Return orders as a DataFrame: money as float64, timestamps in UTC, ids and labels as strings.

    Raises:
        ImportError: pandas is not installed.

    Examples:
        >>> frame = orders_frame(get_customer_orders(crm, customer_id))
        >>> frame.resample("ME", on="created_at")["total"].sum()
    """
    return _frame(list(orders), _ORDER)


def _frame(rows: Sequence[AdminCustomer | Order], columns: Mapping[str, str]) -> pd.DataFrame:
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("DataFrames require pandas: pip install 'admin-crm[notebook]'") from error
    series: dict[str, Any] = {}
    for name, dtype in columns.items():
        values = [getattr(row, name) for row in rows]
        if dtype.startswith("datetime64"):
            utc = dtype.endswith("UTC]")
            series[name] = pd.Series(pd.to_datetime(values, utc=utc), dtype=dtype)
        elif dtype == "string":
            series[name] = pd.Series([None if value is None else str(value) for value in values], dtype=dtype)
        else:
            series[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(series)
