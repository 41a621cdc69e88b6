"""`admin-crm export`: customers or orders as a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from admin_crm import AdminCRM, export_customers, export_orders
from admin_crm._core.table_layout import Dialect, FileFormat
from admin_crm.cli.layout import plain_text
from admin_crm.cli.options import DAY, AsJson, by_the_shops_clock
from admin_crm.cli.output import progress_bar, show, usage_error, write_json


def export(
    path: Annotated[Path, typer.Argument(help="Ends with .csv, .jsonl, .ndjson, .parquet or .xlsx.")],
    *,
    orders: Annotated[bool, typer.Option("--orders", help="Orders instead of customers.")] = False,
    columns: Annotated[str | None, typer.Option(help="Names of columns, separated by commas.")] = None,
    personal: Annotated[
        bool, typer.Option("--personal/--no-personal", help="With names, e-mails, phones and birthdates.")
    ] = True,
    file_format: Annotated[FileFormat | None, typer.Option("--format", help="Where the path does not say it.")] = None,
    dialect: Annotated[Dialect, typer.Option(help="Of CSV: for programs, or for opening in Excel.")] = "standard",
    separator: Annotated[str | None, typer.Option(help="Of CSV: a comma, a semicolon, tab or |.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=DAY, help="Orders placed then or later, by the shop's clock, such as 2026-01-31."),
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAY, help="Orders placed before then.")] = None,
    status: Annotated[str | None, typer.Option(help="Orders of this status.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write all customers, or all orders, to a file."""
    if not orders and (since, until, status) != (None, None, None):
        raise usage_error("--since, --until and --status are for --orders")
    names = None if columns is None else [name.strip() for name in columns.split(",") if name.strip()]
    separated_by = "\t" if separator == "tab" else separator
    with AdminCRM.from_env() as crm, progress_bar("Exporting") as progress:
        if orders:
            done = export_orders(
                crm, path, format=file_format, columns=names, personal=personal, dialect=dialect,
                separator=separated_by, progress=progress, status=status,
                since=by_the_shops_clock(crm, since), until=by_the_shops_clock(crm, until),
            )  # fmt: skip
        else:
            done = export_customers(
                crm, path, format=file_format, columns=names, personal=personal, dialect=dialect,
                separator=separated_by, progress=progress,
            )  # fmt: skip
    if as_json:
        write_json(done)
    else:
        what = "orders" if orders else "customers"
        show(plain_text(f"{done.rows:,} {what} written to {path} ({done.size / 1e6:,.1f} MB)"))
