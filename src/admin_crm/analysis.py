"""RFM scores, segments, cohorts, retention and birthdays, of customers and orders that you have (extra `notebook`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast, overload

from admin_crm._core import validation as check
from admin_crm._core.backends import Frame
from admin_crm._core.birthdays import days_to_birthday
from admin_crm.errors import InvalidInputError
from admin_crm.frames import customers_frame, orders_frame
from admin_crm.frames.given import frame_columns_of, is_frame, rows_of
from admin_crm.labels import canonical_segment
from admin_crm.models import AdminCustomer, Order, RowList

if TYPE_CHECKING:
    import pandas as pd

_SCORES = 5
_EPOCH = 1970 * 12
"""The number of the month from which pandas counts its periods."""


def rfm_table(customers: Iterable[AdminCustomer] | Frame) -> pd.DataFrame:
    """Return scores from 1 to 5 for recency, frequency and monetary value of each customer; makes no request.

    The scores are quintiles of the customers with orders: 5 for the fifth who ordered last, most often, or for the most
    money. Equal values have equal scores, so where many customers are alike, not every score is given.

    Args:
        customers: customers, or a frame with the columns `id`, `recency_days`, `frequency`, `monetary` and `segment`.

    Returns:
        A pandas frame in the order of the customers, with the columns `id`, `recency_days`, `frequency`, `monetary`,
        the scores `r`, `f` and `m` (missing without orders), `rfm` (the three digits as a string), and the shop's
        `segment` with its `canonical_segment`.

    Raises:
        ImportError: pandas or pyarrow is not installed.
        InvalidInputError: the frame lacks a column.

    Examples:
        >>> table = rfm_table(customers_frame(crm))
        >>> table[table["rfm"] == "555"]["id"]
        >>> table.groupby("canonical_segment")[["r", "f", "m"]].mean()
    """
    table = customer_columns(customers, "id", "recency_days", "frequency", "monetary", "segment")
    buyers = table["frequency"].fillna(0) > 0
    table["r"] = _score(table["recency_days"].where(buyers), lowest_is_best=True)
    table["f"] = _score(table["frequency"].where(buyers))
    table["m"] = _score(table["monetary"].where(buyers))
    table["rfm"] = table["r"].astype("string") + table["f"].astype("string") + table["m"].astype("string")
    table["canonical_segment"] = _canonical(table["segment"])
    return table[[name for name in table.columns if not name.endswith("segment")] + ["segment", "canonical_segment"]]


def segment_table(customers: Iterable[AdminCustomer] | Frame) -> pd.DataFrame:
    """Return how many customers each segment has, and what they have spent; makes no request.

    Args:
        customers: customers, or a frame with the columns `segment` and `monetary`.

    Returns:
        A pandas frame with a row for each of the shop's labels, the largest segment first (customers without a label
        are one row with a missing label), and the columns `segment`, `canonical_segment`, `customers`, `share` (of all
        customers, from 0 to 1) and `monetary` (the sum, in the shop's currency).

    Raises:
        ImportError: pandas or pyarrow is not installed.
        InvalidInputError: the frame lacks a column.

    Examples:
        >>> segment_table(get_all_customers(crm))
    """
    rows = customer_columns(customers, "segment", "monetary")
    grouped = rows.groupby("segment", dropna=False, sort=True)["monetary"].agg(["size", "sum"]).reset_index()
    table = grouped.rename(columns={"size": "customers", "sum": "monetary"})
    table["canonical_segment"] = _canonical(table["segment"])
    table["share"] = table["customers"] / max(1, len(rows))
    table = table.sort_values("customers", ascending=False, kind="stable", ignore_index=True)
    return table[["segment", "canonical_segment", "customers", "share", "monetary"]]


def cohorts(orders: Iterable[Order] | Frame, *, time_zone: str = "UTC") -> pd.DataFrame:
    """Return how many customers of each month's first buyers bought in each month after it; makes no request.

    Cancelled orders do not count, and orders without a customer or a date have no cohort.

    Args:
        orders: orders of all customers, or a frame with the columns `customer_id`, `created_at` and `is_cancelled`.
        time_zone: the shop's time zone, in which the months begin and end: an IANA name, or `crm.settings.time_zone`.

    Returns:
        A pandas frame with a row for each month of first orders (`cohort`, a monthly period) and a column for each
        number of months since (`months`, from 0). The values are numbers of customers; months after that of the last
        order are missing.

    Raises:
        ImportError: pandas or pyarrow is not installed.
        InvalidInputError: the frame lacks a column, or there is no such time zone.

    Examples:
        >>> cohorts(get_all_orders(crm), time_zone=crm.settings.time_zone)
    """
    import pandas as pd

    bought = monthly_orders(orders, time_zone)
    bought = bought[~bought["is_cancelled"] & bought["customer_id"].notna()][["customer_id", "month"]].drop_duplicates()
    first = bought.groupby("customer_id")["month"].transform("min")
    counts = pd.crosstab(first, bought["month"] - first)
    last = 0 if bought.empty else int(bought["month"].max())
    longest = -1 if bought.empty else int((bought["month"] - first).max())
    counts = counts.reindex(columns=range(longest + 1), fill_value=0).astype("Int64")
    starts = counts.index.to_numpy(dtype="int64")
    counts = counts.mask(starts[:, None] + counts.columns.to_numpy(dtype="int64")[None, :] > last)
    counts.index = cast("Any", pd.PeriodIndex).from_ordinals(starts - _EPOCH, freq="M", name="cohort")
    counts.columns.name = "months"
    return counts


def retention(orders: Iterable[Order] | Frame, *, time_zone: str = "UTC") -> pd.DataFrame:
    """Return which share of each month's first buyers bought again in each month after it; makes no request.

    Args:
        orders: as for `cohorts`.
        time_zone: as for `cohorts`.

    Returns:
        The frame of `cohorts`, as shares from 0 to 1; the column 0 is 1.

    Raises:
        ImportError: pandas or pyarrow is not installed.
        InvalidInputError: the frame lacks a column, or there is no such time zone.

    Examples:
        >>> retention(get_all_orders(crm)).mean()
    """
    counts = cohorts(orders, time_zone=time_zone).astype("Float64")
    return (counts.div(counts[0], axis=0) if 0 in counts.columns else counts).astype("float64")


@overload
def birthdays(
    customers: Iterable[AdminCustomer], *, within_days: int = 7, today: date | None = None, time_zone: str = "UTC"
) -> list[AdminCustomer]: ...
@overload
def birthdays(
    customers: pd.DataFrame, *, within_days: int = 7, today: date | None = None, time_zone: str = "UTC"
) -> pd.DataFrame: ...
def birthdays(
    customers: Iterable[AdminCustomer] | pd.DataFrame,
    *,
    within_days: int = 7,
    today: date | None = None,
    time_zone: str = "UTC",
) -> list[AdminCustomer] | pd.DataFrame:
    """Return the customers whose birthday is today or within some days, the next one first; makes no request.

    The days go on into the next year. A birthday on 29 February is on 28 February in other years.

    Args:
        customers: customers; or a pandas frame with the column `birthdate` (of `customers_frame(..., personal=True)`).
        within_days: how many days after today belong to it; from 365 on it is everybody with a birthdate.
        today: the first day; by default today in the time zone.
        time_zone: the shop's time zone, which decides what day it is now; an IANA name.

    Returns:
        The customers, or the rows of the frame.

    Raises:
        InvalidInputError: the number of days is negative, there is no such time zone, `today` is not a date, or the
            frame has no column `birthdate`.

    Examples:
        >>> for customer in birthdays(get_all_customers(crm), within_days=14):
        ...     print(customer.full_name, customer.birthdate)
    """
    days = check.integer(within_days, "within_days", minimum=0)
    zone = check.time_zone(time_zone)
    first = datetime.now(zone).date() if today is None else check.day(today, "today")
    if not is_frame(customers):
        rows = rows_of(customers, AdminCustomer, "birthdays takes customers or a frame")
        ahead = [(_days_ahead(row.birthdate, first), row) for row in rows]
        return RowList(row for left, row in sorted(ahead, key=lambda each: each[0]) if left <= days)
    frame = cast("pd.DataFrame", customers)
    dates = frame_columns_of(frame, ["birthdate"], "pass personal=True to customers_frame")["birthdate"]
    days_of = {place: _days_ahead(_day(each), first) for place, each in enumerate(dates) if each == each}  # noqa: PLR0124
    chosen = sorted((left, place) for place, left in days_of.items() if left <= days)
    return frame.iloc[[place for _, place in chosen]]


def customer_columns(customers: Iterable[AdminCustomer] | Frame, *names: str) -> pd.DataFrame:
    """Return some columns of customers, or of a frame of them, in pandas.

    Raises:
        InvalidInputError: the frame lacks some of them.
    """
    if is_frame(customers):
        return frame_columns_of(customers, names, "name them in columns= of customers_frame")
    return customers_frame(cast("Iterable[AdminCustomer]", customers), columns=names)


def order_columns(orders: Iterable[Order] | Frame, *names: str) -> pd.DataFrame:
    """Return some columns of orders, or of a frame of them, in pandas.

    Raises:
        InvalidInputError: the frame lacks some of them.
    """
    if is_frame(orders):
        return frame_columns_of(orders, names, "name them in columns= of orders_frame")
    return orders_frame(cast("Iterable[Order]", orders), columns=names)


def monthly_orders(orders: Iterable[Order] | Frame, time_zone: str) -> pd.DataFrame:
    """Return the orders that have a date, with the number of their `month` in the shop's time zone, cancelled ones too.

    Raises:
        InvalidInputError: the frame lacks a column, or its times have no time zone.
    """
    import pandas as pd

    zone = check.time_zone(time_zone)
    rows = order_columns(orders, "customer_id", "created_at", "is_cancelled")
    rows = rows[rows["created_at"].notna()].reset_index(drop=True)
    if not isinstance(rows["created_at"].dtype, pd.DatetimeTZDtype):
        raise InvalidInputError(
            "the times in created_at have no time zone", argument="orders", hint="orders_frame has them in UTC"
        )
    local = cast("Any", rows["created_at"].astype("datetime64[us, UTC]")).dt.tz_convert(zone)
    rows["month"] = local.dt.year.astype("int64") * 12 + local.dt.month.astype("int64") - 1
    return rows.astype({"is_cancelled": "bool"})


def _score(values: pd.Series[Any], *, lowest_is_best: bool = False) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    # Of a column with a mask, pandas 2 ranks what is missing too.
    known = pd.Series(values.astype("Float64").to_numpy(dtype="float64", na_value=np.nan), index=values.index)
    rank = known.rank(pct=True, ascending=not lowest_is_best)
    return cast("pd.Series[Any]", np.ceil(rank * _SCORES)).clip(1, _SCORES).astype("Int64")


def _canonical(labels: pd.Series[Any]) -> pd.Series[Any]:
    names = {label: canonical_segment(str(label)) for label in labels.dropna().unique()}
    return labels.map({label: None if name is None else str(name) for label, name in names.items()}).astype("string")


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _days_ahead(birthdate: date | None, first: date) -> float:
    return float("inf") if birthdate is None else days_to_birthday(birthdate, first)
