"""The directory as a frame."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from admin_crm._core.backends import Converter, converter_to
from admin_crm._core.context import CallContext
from admin_crm._core.operation import answered_by_fakes, run_sync
from admin_crm._core.progress import Progress, is_wanted
from admin_crm._postgrest.columns import frame_columns
from admin_crm._postgrest.counted import count_customers, counting
from admin_crm._postgrest.decode import first_keys
from admin_crm._postgrest.key_ranges import fetch_pages
from admin_crm._postgrest.rights import check_view
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM, operation
from admin_crm.frames.given import rows_of
from admin_crm.models import AdminCustomer

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_Arrow = Literal["pyarrow", "arrow"]


@overload
def customers_frame(
    source: AdminCRM | Iterable[AdminCustomer],
    /,
    *,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: Literal["pandas"] = "pandas",
    progress: Progress = None,
) -> pd.DataFrame: ...
@overload
def customers_frame(
    source: AdminCRM | Iterable[AdminCustomer],
    /,
    *,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: Literal["polars"],
    progress: Progress = None,
) -> pl.DataFrame: ...
@overload
def customers_frame(
    source: AdminCRM | Iterable[AdminCustomer],
    /,
    *,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: _Arrow,
    progress: Progress = None,
) -> pa.Table: ...
@overload
def customers_frame(
    source: AsyncAdminCRM,
    /,
    *,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: Literal["pandas"] = "pandas",
    progress: Progress = None,
) -> Coroutine[Any, Any, pd.DataFrame]: ...
@overload
def customers_frame(
    source: AsyncAdminCRM,
    /,
    *,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: Literal["polars"],
    progress: Progress = None,
) -> Coroutine[Any, Any, pl.DataFrame]: ...
@overload
def customers_frame(
    source: AsyncAdminCRM,
    /,
    *,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: _Arrow,
    progress: Progress = None,
) -> Coroutine[Any, Any, pa.Table]: ...
@answered_by_fakes
def customers_frame(
    source: AnyCRM | Iterable[AdminCustomer],
    /,
    *,
    columns: Sequence[str] | None = None,
    personal: bool = False,
    backend: str = "pandas",
    progress: Progress = None,
) -> Any:
    """Return customers as a frame: money as float64, timestamps in UTC, ids and labels as strings.

    From a connection, all customers are read straight into columns, which takes a fraction of the time and the memory
    of `get_all_customers`; the server is asked only for the columns that are needed. The values are the same.

    Args:
        source: a connection, whose customers come newest first (await the call with an `AsyncAdminCRM`); or customers
            that you have, which keep their order.
        columns: the names of the columns, in this order: fields of `AdminCustomer`, `recency_days`,
            `canonical_segment`, `canonical_health`, `is_contactable`, `age` (in years), or names of columns that the
            shop has besides. By default all but the last, `avatar_url` and what the shop's AI has inferred.
        personal: include names, e-mail addresses, phone numbers and birthdates. Off by default, because notebooks are
            often shared.
        backend: ``pandas``, ``polars``, or ``pyarrow``, whose table duckdb and everything else takes that
            speaks Arrow.
        progress: of a connection, True for a progress bar (extra `notebook`), or a function of the customers read and
            all. They are then counted first, with one request.

    Returns:
        A frame with one row for each customer. JSON is text. What could not be read is missing, and is counted in one
        warning.

    Raises:
        ImportError: a package is not installed; the message names the extra.
        InvalidInputError: a column is personal and `personal` is not set, or there is no such backend.
        PermissionDeniedError: the view is empty for these credentials although customers exist.
        IncompleteReadError: a page could not be fetched; `rows` holds what was fetched, a dict for each customer.

    Reads the view `customer_intelligence_360`, through the function `customer_directory` where the shop has it.

    Needs what `get_all_customers` needs; customers that you have need nothing.

    Examples:
        >>> frame = customers_frame(crm)
        >>> frame.groupby("canonical_segment")["total_spent"].sum()
        >>> customers_frame(crm, columns=["tier", "age"], backend="polars")
    """
    convert = converter_to(backend)
    names = frame_columns(columns, personal=personal)
    is_wanted(progress)  # raises where it is no such argument
    if isinstance(source, AdminCRM | AsyncAdminCRM):
        return _customers_frame(source, names, convert, progress)
    return run_sync(CallContext("customers_frame"), _frame_of(source, names, convert), whole=True)


@operation
async def _customers_frame(crm: AnyCRM, names: Sequence[str], convert: Converter, progress: Progress) -> Any:
    from admin_crm._postgrest.record_batches import RecordDecoder

    decoder = RecordDecoder(AdminCustomer, names, newest_first=True)
    with counting(decoder, progress, await count_customers(crm, progress), "customers") as counted:
        pages = await fetch_pages(crm, counted, decoder.fields)
    await check_view(crm, first_keys(decoder, pages))
    return convert(decoder.table(pages))


async def _frame_of(customers: Iterable[AdminCustomer], names: Sequence[str], convert: Converter) -> Any:
    from admin_crm._postgrest.record_batches import RecordDecoder

    decoder = RecordDecoder(AdminCustomer, names)
    found = rows_of(customers, AdminCustomer, "customers_frame takes a connection or customers")
    return convert(decoder.table([decoder.convert(found)], as_they_come=True))
