"""A customer's timeline as a frame."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload
from uuid import UUID

from admin_crm._core.backends import Converter, converter_to
from admin_crm._core.context import CallContext
from admin_crm._core.operation import answered_by_fakes, run_sync
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM, operation
from admin_crm.errors import InvalidInputError
from admin_crm.frames.given import rows_of
from admin_crm.models import Order, TimelineEvent
from admin_crm.timeline import timeline_of

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_Arrow = Literal["pyarrow", "arrow"]


@overload
def timeline_frame(
    source: Iterable[TimelineEvent],
    /,
    *,
    personal: bool = False,
    backend: Literal["pandas"] = "pandas",
) -> pd.DataFrame: ...
@overload
def timeline_frame(
    source: Iterable[TimelineEvent],
    /,
    *,
    personal: bool = False,
    backend: Literal["polars"],
) -> pl.DataFrame: ...
@overload
def timeline_frame(
    source: Iterable[TimelineEvent],
    /,
    *,
    personal: bool = False,
    backend: _Arrow,
) -> pa.Table: ...
@overload
def timeline_frame(
    source: AdminCRM,
    customer_id: UUID | str,
    /,
    *,
    limit: int | None = None,
    personal: bool = False,
    backend: Literal["pandas"] = "pandas",
) -> pd.DataFrame: ...
@overload
def timeline_frame(
    source: AdminCRM,
    customer_id: UUID | str,
    /,
    *,
    limit: int | None = None,
    personal: bool = False,
    backend: Literal["polars"],
) -> pl.DataFrame: ...
@overload
def timeline_frame(
    source: AdminCRM,
    customer_id: UUID | str,
    /,
    *,
    limit: int | None = None,
    personal: bool = False,
    backend: _Arrow,
) -> pa.Table: ...
@overload
def timeline_frame(
    source: AsyncAdminCRM,
    customer_id: UUID | str,
    /,
    *,
    limit: int | None = None,
    personal: bool = False,
    backend: Literal["pandas"] = "pandas",
) -> Coroutine[Any, Any, pd.DataFrame]: ...
@overload
def timeline_frame(
    source: AsyncAdminCRM,
    customer_id: UUID | str,
    /,
    *,
    limit: int | None = None,
    personal: bool = False,
    backend: Literal["polars"],
) -> Coroutine[Any, Any, pl.DataFrame]: ...
@overload
def timeline_frame(
    source: AsyncAdminCRM,
    customer_id: UUID | str,
    /,
    *,
    limit: int | None = None,
    personal: bool = False,
    backend: _Arrow,
) -> Coroutine[Any, Any, pa.Table]: ...
@answered_by_fakes
def timeline_frame(
    source: AnyCRM | Iterable[TimelineEvent],
    customer_id: UUID | str | None = None,
    /,
    *,
    limit: int | None = None,
    personal: bool = False,
    backend: str = "pandas",
) -> Any:
    """Return a customer's timeline as a frame, a row for each event.

    Args:
        source: a connection (await the call with an `AsyncAdminCRM`), or events that you have, of
            `get_customer_timeline`, which keep their order.
        customer_id: of a connection, the customer.
        limit: of a connection, the maximum number of events; by default all.
        personal: include `title`, which may hold a notification's or a coupon's text, or tags.
        backend: ``pandas``, ``polars`` or ``pyarrow``, as for `orders_frame`.

    Returns:
        A frame with the columns `at`, `kind`, `points`, and of an order `order_number`, `status` and `total`; with
        `personal` also `title`.

    Raises:
        ImportError: a package is not installed; the message names the extra.
        InvalidInputError: the id is missing or no UUID, comes with events that you have, the limit is less than 1, or
            there is no such backend.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.

    Reads what `get_customer_timeline` reads.

    Needs what `get_customer_timeline` needs; events that you have need nothing.

    Examples:
        >>> frame = timeline_frame(crm, customer_id)
        >>> frame["kind"].value_counts()
    """
    convert = converter_to(backend)
    if isinstance(source, AdminCRM | AsyncAdminCRM):
        if customer_id is None:
            raise InvalidInputError("a timeline needs a customer", argument="customer_id", hint="pass the id")
        return _timeline_frame(source, customer_id, limit, convert, personal=personal)
    if customer_id is not None or limit is not None:
        raise InvalidInputError("a customer and a limit are for reading with a connection", argument="customer_id")
    return run_sync(CallContext("timeline_frame"), _frame_of(source, convert, personal=personal), whole=True)


@operation
async def _timeline_frame(
    crm: AnyCRM, customer_id: UUID | str, limit: int | None, convert: Converter, *, personal: bool
) -> Any:
    return convert(_table(await timeline_of(crm, customer_id, limit), personal=personal))


async def _frame_of(events: Iterable[TimelineEvent], convert: Converter, *, personal: bool) -> Any:
    rows = rows_of(events, TimelineEvent, "timeline_frame takes a connection and a customer, or events")
    return convert(_table(rows, personal=personal))


def _table(events: Sequence[TimelineEvent], *, personal: bool) -> Any:
    import pyarrow as pa

    from admin_crm._postgrest.arrow import AMOUNT, MOMENT, TEXT, array_of

    orders = [event.row if isinstance(event.row, Order) else None for event in events]
    columns = {
        "at": array_of(MOMENT, (event.at for event in events), "at"),
        "kind": array_of(TEXT, (event.kind for event in events), "kind"),
        "points": array_of(AMOUNT, (event.points for event in events), "points"),
        "order_number": array_of(TEXT, (order and order.order_number for order in orders), "order_number"),
        "status": array_of(TEXT, (order and order.status for order in orders), "status"),
        "total": array_of(AMOUNT, (order and order.total for order in orders), "total"),
    }
    titles = {"title": array_of(TEXT, (event.title for event in events), "title")} if personal else {}
    return pa.table({**columns, **titles})
