"""Exports: customers and orders as a file, for spreadsheets, programs and archives."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import IO, Any

from admin_crm._core import validation as check
from admin_crm._core.context import return_no_rows
from admin_crm._core.disk import PRIVATE, naming, replacing
from admin_crm._core.gather import run_to_end
from admin_crm._core.log import log
from admin_crm._core.progress import Progress, is_wanted, reporting
from admin_crm._core.table_files import TableFile
from admin_crm._core.table_layout import Dialect, FileFormat, TableLayout, table_layout
from admin_crm._core.workbook import Workbook
from admin_crm._postgrest.columns import frame_columns
from admin_crm._postgrest.decode import ModelDecoder
from admin_crm._postgrest.exported import (
    ExportedCustomer,
    ExportedOrder,
    customer_cells,
    customer_fields,
    order_cells,
    order_columns,
    order_fields,
)
from admin_crm._postgrest.orders import check_sees_orders, orders_source
from admin_crm._postgrest.query import count_rows
from admin_crm._postgrest.row_source import RowSource
from admin_crm._postgrest.stream import PageReader, Reader
from admin_crm._postgrest.table_pages import TablePages
from admin_crm.client import AnyCRM, operation
from admin_crm.models import AdminCustomer, Export


@operation
async def export_customers(
    crm: AnyCRM,
    path: str | os.PathLike[str],
    *,
    format: FileFormat | None = None,  # noqa: A002 (the word that everybody uses)
    columns: Sequence[str] | None = None,
    personal: bool = True,
    dialect: Dialect = "standard",
    separator: str | None = None,
    progress: Progress = None,
) -> Export:
    """Write all customers to a file: CSV, JSON Lines, Parquet or Excel, by the file's suffix.

    The customers are read and written page by page, so memory does not grow with the shop. The file appears when it is
    complete: an export that fails or is interrupted leaves neither half a file nor a temporary one, and what was there
    before stays. A new file is readable by its owner only; a file that is replaced keeps its permissions.

    Args:
        crm: the connection.
        path: where the file goes: ``.csv``, ``.jsonl`` or ``.ndjson``, ``.parquet`` or ``.xlsx``. A file there is
            replaced.
        format: ``csv``, ``jsonl``, ``parquet`` or ``xlsx``, where the path does not say it.
        columns: the names of the columns, in this order, as for `customers_frame`. By default all of its columns.
        personal: False leaves out names, e-mail addresses, phone numbers and birthdates. Unlike a frame, a file that
            you ask for by its name has them by default.
        dialect: of CSV. ``standard`` is for programs: commas, decimal points, moments in UTC. ``excel`` is for opening
            in Excel: a byte order mark, semicolons, and moments as the shop's clock shows them
            (`Settings.time_zone`).
        separator: of CSV: ``,``, ``;``, a tab or ``|``. Excel expects semicolons, and then decimal commas, where the
            decimal sign is a comma; elsewhere, as in Mexico, ``dialect="excel"`` needs ``separator=","``.
        progress: called with the customers written and their total; True shows a tqdm progress bar. An exception that
            it raises stops the export.

    Returns:
        What was written: the path, the format, the number of rows, the size and the time.

    Raises:
        InvalidInputError: the path says no format, a column is personal and `personal` is not set, an option is
            not for this format, or there are more customers than a sheet of Excel has rows (1,048,575).
        ImportError: a package is not installed; the message names the extra. CSV and JSON Lines need none.
        OSError: the file cannot be written, as Python reports it: FileNotFoundError for a missing folder, a full disk.
        PermissionDeniedError: these credentials do not see the customers.
        IncompleteReadError: a page after the first could not be fetched.

    Reads the view `customer_intelligence_360`, through the function `customer_directory` where the shop has it. For
    Excel and with `progress` it first counts `customer_profiles`.

    Needs what `get_all_customers` needs.

    Examples:
        >>> export_customers(crm, "customers.csv").rows
        >>> export_customers(crm, "customers.xlsx", columns=["full_name", "phone", "segment"], progress=True)
        >>> export_customers(crm, "customers.parquet", personal=False)
    """
    names = frame_columns(columns, personal=personal)
    layout = table_layout("customers", path, format, dialect, separator)
    return await _export(crm, layout, _customers(crm, names, layout.format), progress)


@operation
async def export_orders(
    crm: AnyCRM,
    path: str | os.PathLike[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    format: FileFormat | None = None,  # noqa: A002
    columns: Sequence[str] | None = None,
    personal: bool = True,
    dialect: Dialect = "standard",
    separator: str | None = None,
    progress: Progress = None,
) -> Export:
    """Write the orders of all customers to a file: CSV, JSON Lines, Parquet or Excel, by the file's suffix.

    Read, written and left as `export_customers` does. Each order is a row, in the order of the ids; its items are one
    column of JSON.

    Args:
        crm: the connection.
        path: as for `export_customers`.
        since: only orders placed at this time or later, with a time zone.
        until: only orders placed before this time, with a time zone.
        status: only orders of this status, as for `get_all_orders`; by default all, cancelled ones included.
        format: as for `export_customers`.
        columns: the names of the columns, in this order: fields of `Order`, `is_cancelled`, or names of columns that
            the shop has besides, such as ``tracking_number``. By default the fields of `Order` and `is_cancelled`.
        personal: False leaves out the notes about the delivery.
        dialect: as for `export_customers`.
        separator: as for `export_customers`.
        progress: called with the orders written and their total; True shows a tqdm progress bar.

    Returns:
        What was written: the path, the format, the number of rows, the size and the time.

    Raises:
        InvalidInputError: a time has no time zone, `since` is not before `until`, or what `export_customers` refuses.
        ImportError: a package is not installed; the message names the extra. CSV and JSON Lines need none.
        OSError: the file cannot be written, as Python reports it.
        PermissionDeniedError: these credentials do not see the orders.
        IncompleteReadError: a page after the first could not be fetched.

    Reads `orders`; for Excel and with `progress` it first counts them.

    Needs an administrator's session or the secret key.

    Examples:
        >>> export_orders(crm, "november.csv", since=datetime(2026, 11, 1, tzinfo=UTC), dialect="excel")
        >>> export_orders(crm, "orders.parquet", status="delivered", columns=["customer_id", "created_at", "total"])
    """
    names = order_columns(columns, personal=personal)
    layout = table_layout("orders", path, format, dialect, separator)
    orders = orders_source(crm, ModelDecoder(ExportedOrder), since, until, status, ",".join(order_fields(names)))
    return await _export(crm, layout, _orders(crm, names, layout.format, orders), progress)


@dataclass
class _Content:
    """What is exported."""

    columns: list[str]
    pages: Reader[Any]
    piece_of: Callable[[Sequence[Sequence[Any]]], Any]
    """Turns pages into a piece that the file takes."""
    count: Callable[[], Awaitable[int]]
    schema: Any = None
    """The schema of the pieces, for Parquet."""


def _customers(crm: AnyCRM, names: list[str], file_format: str) -> _Content:
    count = partial(count_rows, crm, crm.settings.profiles_table)
    if file_format == "parquet":
        from admin_crm._postgrest.record_batches import RecordDecoder

        batches = RecordDecoder(AdminCustomer, names)
        table_of = partial(batches.table, as_they_come=True, as_text=True)
        return _Content(names, PageReader(crm, batches, batches.fields), table_of, count, table_of([]).schema)
    rows, cells = ModelDecoder(ExportedCustomer), customer_cells(names)
    pages = PageReader(crm, rows, customer_fields(names))
    return _Content(names, pages, lambda found: [cells(row) for page in found for row in page], count)


def _orders(crm: AnyCRM, names: list[str], file_format: str, orders: RowSource[ExportedOrder]) -> _Content:
    cells = order_cells(names)

    def rows_of(found: Sequence[Sequence[ExportedOrder]]) -> list[list[Any]]:
        return [cells(row) for page in found for row in page]

    pages = TablePages(orders, partial(check_sees_orders, crm))
    if file_format == "parquet":
        from admin_crm._postgrest.order_tables import order_tables

        table_of = order_tables(names)
        return _Content(names, pages, lambda found: table_of(rows_of(found)), orders.count, table_of([]).schema)
    return _Content(names, pages, rows_of, orders.count)


async def _export(crm: AnyCRM, layout: TableLayout, source: _Content, progress: Progress) -> Export:
    begun = time.monotonic()
    return_no_rows()
    with ExitStack() as closing:
        file = closing.enter_context(replacing(layout.path, "path", mode=PRIVATE))
        total = await source.count() if is_wanted(progress) or layout.most_rows else 0
        layout.check_rows(total)
        report = closing.enter_context(reporting(progress, total, layout.title, unit=f" {layout.title}"))
        table = closing.enter_context(
            layout.open(file, source.columns, check.time_zone(crm.settings.time_zone), source.schema)
        )
        rows = 0
        try:
            while pages := await source.pages.next():
                rows += sum(map(len, pages))
                layout.check_rows(rows)
                with naming(layout.path):
                    await run_to_end(crm, partial(_write, table, source.piece_of, pages))
                if report is not None:
                    report(rows, max(rows, total))
        finally:
            await source.pages.close()
        with naming(layout.path):
            size = await run_to_end(crm, partial(_finish, table, file))
        if report is not None and rows != total:
            report(rows, rows)  # customers came or went meanwhile, or there are none
    shortened = table.shortened if isinstance(table, Workbook) else 0
    if shortened:
        log.warning("%s texts in %s are longer than a cell of Excel holds, and are cut", shortened, layout.path.name)
    return Export(
        path=layout.path, format=layout.format, rows=rows, size=size, seconds=round(time.monotonic() - begun, 3),
        shortened=shortened,
    )  # fmt: skip


def _write(
    table: TableFile, piece_of: Callable[[Sequence[Sequence[Any]]], Any], pages: Sequence[Sequence[Any]]
) -> None:
    table.write(piece_of(pages))


def _finish(table: TableFile, file: IO[bytes]) -> int:
    table.finish()
    file.flush()
    os.fsync(file.fileno())  # before the file takes the place of another
    return file.tell()
