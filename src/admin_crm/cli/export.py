"""`admin-crm export`: customers or orders as a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from admin_crm import AdminCRM, export_customers, export_orders
from admin_crm._core.table_layout import Dialect, FileFormat
from admin_crm.cli.tables import plain_text
from admin_crm.settings import zone_of

_DAY = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


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
        datetime | None, typer.Option(formats=_DAY, help="Orders placed then or later, by the shop's clock.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=_DAY, help="Orders placed before then.")] = None,
    status: Annotated[str | None, typer.Option(help="Orders of this status.")] = None,
) -> None:
    """Write all customers, or all orders, to a file; the project is the one given by SUPABASE_URL and the keys."""
    if not orders and (since, until, status) != (None, None, None):
        raise typer.BadParameter("--since, --until and --status are for --orders")
    names = None if columns is None else [name.strip() for name in columns.split(",") if name.strip()]
    separated_by = "\t" if separator == "tab" else separator
    with AdminCRM.from_env() as crm, _one_line(), _progress() as progress:
        zone = zone_of(crm.settings.time_zone)
        if orders:
            done = export_orders(
                crm, path, format=file_format, columns=names, personal=personal, dialect=dialect,
                separator=separated_by, progress=progress, status=status,
                since=since and since.replace(tzinfo=zone), until=until and until.replace(tzinfo=zone),
            )  # fmt: skip
        else:
            done = export_customers(
                crm, path, format=file_format, columns=names, personal=personal, dialect=dialect,
                separator=separated_by, progress=progress,
            )  # fmt: skip
    typer.echo(f"{done.rows:,} {'orders' if orders else 'customers'} written to {path} ({done.size / 1e6:,.1f} MB)")


@contextmanager
def _progress() -> Generator[Callable[[int, int], None] | None]:
    """Show a bar on a terminal."""
    if not _is_terminal():
        yield None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Exporting", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _is_terminal() -> bool:
    return sys.stderr.isatty()


@contextmanager
def _one_line() -> Generator[None]:
    """Show what the disk says, and which package is missing, in one line."""
    try:
        yield
    except (OSError, ImportError) as error:
        Console(stderr=True).print(plain_text(error), style="red", soft_wrap=True)
        raise typer.Exit(1) from None
