"""The directory in parts that other processes and machines read: Dask, Spark, or workers of your own."""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, overload
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.backends import Converter, converter_to, require
from admin_crm._core.gather import gather
from admin_crm._core.progress import Progress, is_wanted
from admin_crm._postgrest.columns import directory_fields, frame_columns
from admin_crm._postgrest.counted import counting
from admin_crm._postgrest.decode import ModelDecoder, first_keys, read_total
from admin_crm._postgrest.key_ranges import Range, fetch_pages, in_order_of_key
from admin_crm._postgrest.query import EXACT_COUNT, KeyRow, count_rows, fetch, send_query
from admin_crm._postgrest.rights import Row, check_user
from admin_crm._postgrest.view import fetch_view_columns
from admin_crm.client import AdminCRM, AnyCRM, operation
from admin_crm.models import AdminCustomer
from admin_crm.settings import Settings

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_KEYS = 1 << 128
_MOST = 1_000


@dataclass(frozen=True, kw_only=True)
class CustomerPartition:
    """A part of the directory: the customers whose id lies above `above` and not above `up_to`.

    It may be pickled and read anywhere: it holds neither a key nor an address. Whoever reads it connects with what the
    environment says there (`AdminCRM.from_env`), or with a connection of their own.
    """

    number: int
    """The number of the partition, from 0."""
    above: UUID | None
    """The ids lie above this one; None for the first partition."""
    up_to: UUID | None
    """And not above this one; None for the last partition."""
    settings: Settings = field(default_factory=Settings, repr=False)
    """The names, limits and timeouts of the connection that made it."""

    def read(
        self, crm: AdminCRM | None = None, *, columns: Sequence[str] | None = None, progress: Progress = None
    ) -> list[AdminCustomer]:
        """Return the customers of this partition, in the order of their ids.

        Args:
            crm: a connection; by default one that is made with `AdminCRM.from_env` and closed again.
            columns: as for `get_all_customers`.
            progress: as for `get_all_customers`, of the customers in this partition.

        Raises:
            InvalidInputError: the environment lacks the URL or a key.
            PermissionDeniedError: the view is empty for these credentials although customers exist.
            IncompleteReadError: a page could not be fetched.

        Reads the view `customer_intelligence_360`, through the function `customer_directory` where the shop has it.
        Needs the rights that `get_all_customers` needs.

        Examples:
            >>> [len(partition.read()) for partition in customer_partitions(crm, 4)]
        """
        is_wanted(progress)  # raises where it is no such argument
        with self._connected(crm) as connection:
            return _read_partition(connection, self._range, directory_fields(columns), progress)

    @overload
    def frame(
        self,
        crm: AdminCRM | None = None,
        *,
        columns: Sequence[str] | None = None,
        personal: bool = False,
        backend: Literal["pandas"] = "pandas",
        progress: Progress = None,
    ) -> pd.DataFrame: ...
    @overload
    def frame(
        self,
        crm: AdminCRM | None = None,
        *,
        columns: Sequence[str] | None = None,
        personal: bool = False,
        backend: Literal["polars"],
        progress: Progress = None,
    ) -> pl.DataFrame: ...
    @overload
    def frame(
        self,
        crm: AdminCRM | None = None,
        *,
        columns: Sequence[str] | None = None,
        personal: bool = False,
        backend: Literal["pyarrow", "arrow"],
        progress: Progress = None,
    ) -> pa.Table: ...
    def frame(
        self,
        crm: AdminCRM | None = None,
        *,
        columns: Sequence[str] | None = None,
        personal: bool = False,
        backend: str = "pandas",
        progress: Progress = None,
    ) -> Any:
        """Return the customers of this partition as a frame, in the order of their ids.

        All partitions have frames of the same types: columns that the library does not know are text.

        Args:
            crm: a connection; by default one that is made with `AdminCRM.from_env` and closed again.
            columns: as for `customers_frame`.
            personal: as for `customers_frame`.
            backend: as for `customers_frame`.
            progress: as for `read`.

        Raises:
            ImportError: a package is not installed; the message names the extra.
            InvalidInputError: a column is personal and `personal` is not set, there is no such backend, or the
                environment lacks the URL or a key.
            PermissionDeniedError: the view is empty for these credentials although customers exist.
            IncompleteReadError: a page could not be fetched.

        Reads what `read` reads.

        Examples:
            >>> partition.frame(columns=["tier", "total_spent"], backend="polars")
        """
        convert, names = converter_to(backend), frame_columns(columns, personal=personal)
        is_wanted(progress)  # raises where it is no such argument
        with self._connected(crm) as connection:
            return _frame_partition(connection, self._range, names, convert, progress)

    @contextmanager
    def _connected(self, crm: AdminCRM | None) -> Generator[AdminCRM]:
        if crm is not None:
            yield crm
            return
        with AdminCRM.from_env(settings=self.settings) as connection:
            yield connection

    @property
    def _range(self) -> Range:
        above = -1 if self.above is None else self.above.int
        return Range(above, _KEYS - 1 if self.up_to is None else self.up_to.int, counted=True)


@operation
async def customer_partitions(crm: AnyCRM, n: int) -> list[CustomerPartition]:
    """Cut the directory into parts that other processes and machines can read at once.

    Together the parts are all customers, and no customer is in two of them; customers who are created afterwards
    are in one of them too. Each part has about the same number of customers.

    Args:
        crm: the connection.
        n: how many parts, from 1 to 1,000.

    Returns:
        The parts, in the order of the ids.

    Raises:
        InvalidInputError: n is less than 1 or more than 1,000.

    Reads the ids between the parts from the table `customer_profiles`, in n small requests.

    Needs an administrator's session or the secret key; whoever reads a part needs what `get_all_customers` needs.

    Examples:
        >>> from concurrent.futures import ProcessPoolExecutor
        >>> with ProcessPoolExecutor(4) as pool:
        ...     parts = list(pool.map(CustomerPartition.frame, customer_partitions(crm, 4)))
    """
    return await _cut(crm, check.integer(n, "n", maximum=_MOST))


@operation
async def customers_dask(
    crm: AnyCRM, n: int, *, columns: Sequence[str] | None = None, personal: bool = False
) -> dd.DataFrame:
    """Return all customers as a Dask frame of n partitions, each read where it is needed (extra `dask`).

    Nothing is read before the frame is computed. Every worker connects by itself, with what the environment says
    there (`AdminCRM.from_env`).

    Args:
        crm: the connection; it only cuts the directory into parts.
        n: how many partitions, from 1 to 1,000.
        columns: as for `customers_frame`; columns that the library does not know are text.
        personal: as for `customers_frame`.

    Raises:
        ImportError: a package is not installed; the message names the extra.
        InvalidInputError: n is less than 1 or more than 1,000, or a column is personal and `personal` is not set.

    Reads what `customer_partitions` reads; the workers read the view `customer_intelligence_360`.

    Needs an administrator's session or the secret key; the workers need what `get_all_customers` needs.

    Examples:
        >>> customers_dask(crm, 16).groupby("tier")["total_spent"].sum().compute()
    """
    dask_frames = require("dask.dataframe", "dask")
    check.boolean(personal, "personal")
    convert, names = converter_to("pandas"), frame_columns(columns, personal=personal)
    from admin_crm._postgrest.record_batches import RecordDecoder

    empty = convert(RecordDecoder(AdminCustomer, names).table([], as_text=True))
    parts = await _cut(crm, check.integer(n, "n", maximum=_MOST))
    frame: dd.DataFrame = dask_frames.from_map(
        CustomerPartition.frame, parts, columns=names, personal=personal, meta=empty, enforce_metadata=False
    )
    return frame


async def _cut(crm: AnyCRM, n: int) -> list[CustomerPartition]:
    ends = [None, *await _ends(crm, n), None]
    return [
        CustomerPartition(number=number, above=above, up_to=up_to, settings=crm.settings)
        for number, (above, up_to) in enumerate(pairwise(ends))
    ]


async def _ends(crm: AnyCRM, n: int) -> list[UUID]:
    """Return the ids at which the directory is cut: so many customers after each other, or, of few, anywhere."""
    if n == 1:
        return []
    table = crm.settings.profiles_table
    total = await count_rows(crm, table)

    def last_of(number: int) -> Coroutine[Any, Any, list[KeyRow]]:
        offset = max(total * number // n - 1, 0)
        return fetch(crm, lambda: crm.supabase.table(table).select("id").order("id").offset(offset).limit(1), KeyRow)

    found: Sequence[list[KeyRow]] = []
    if total >= n:
        found = await gather(crm, *map(last_of, range(1, n)))
    ends = sorted({row.id for rows in found for row in rows})
    return ends if len(ends) == n - 1 else [UUID(int=_KEYS * number // n) for number in range(1, n)]


@operation
async def _read_partition(
    crm: AnyCRM, part: Range, fields: Sequence[str] | None, progress: Progress
) -> list[AdminCustomer]:
    decoder = ModelDecoder(AdminCustomer)
    with counting(decoder, progress, await _count(crm, part, progress), "customers") as counted:
        customers = in_order_of_key(decoder, await fetch_pages(crm, counted, fields, part))
    await _check_rights(crm, customers)
    return customers


@operation
async def _frame_partition(
    crm: AnyCRM, part: Range, names: Sequence[str], convert: Converter, progress: Progress
) -> Any:
    from admin_crm._postgrest.record_batches import RecordDecoder

    decoder = RecordDecoder(AdminCustomer, names)
    with counting(decoder, progress, await _count(crm, part, progress), "customers") as counted:
        pages = await fetch_pages(crm, counted, decoder.fields, part)
    await _check_rights(crm, first_keys(decoder, pages))
    return convert(decoder.table(pages, as_text=True))


async def _count(crm: AnyCRM, part: Range, progress: Progress) -> int:
    """Fetch how many customers a part has, where somebody wants to know how far a read is."""
    if not is_wanted(progress):
        return 0
    low, high = str(UUID(int=max(part.after, 0))), str(UUID(int=part.upto))

    def counted() -> Any:
        rows = crm.supabase.table(crm.settings.profiles_table).select("id", count=EXACT_COUNT)
        return rows.gt("id", low).lte("id", high).limit(1)

    return await send_query(crm, counted, read_total)


async def _check_rights(crm: AnyCRM, rows: Sequence[Row]) -> None:
    """Raise where these rights do not see the customers; that a part has none is no reason to think so."""
    await check_user(crm, rows)
    if not rows:
        await fetch_view_columns(crm)  # raises where the view shows nothing at all
