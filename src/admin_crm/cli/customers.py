"""Commands that read: the directory, and one customer."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from admin_crm import (
    AdminCRM,
    AdminCustomer,
    filter_customers,
    get_admin_customer_details,
    get_all_customers,
    get_customer_orders,
    get_customer_timeline,
    get_directory_stats,
    get_locked_customers,
    search_customers,
)
from admin_crm._core.csv_cells import formula_free
from admin_crm.cli.options import AsJson, OneId, ShowPersonal
from admin_crm.cli.output import progress_bar, show, usage_error, write, write_json, write_lines
from admin_crm.cli.tables import Tables

COLUMNS = (
    "id", "full_name", "email", "phone", "whatsapp", "birthdate", "created_at", "tier", "account_status", "segment",
    "health_status", "total_orders", "total_spent", "recency_days", "frequency", "monetary",
)  # fmt: skip
"""The columns of a CSV export."""


class Format(StrEnum):
    """The output format of `admin-crm customers`."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    IDS = "ids"


def customers(
    text: Annotated[str, typer.Argument(help="Part of a name, phone, WhatsApp or id.")] = "",
    *,
    segment: Annotated[
        str | None, typer.Option(help="champion, Campeón, at-risk, ... or the shop's own label.")
    ] = None,
    health: Annotated[str | None, typer.Option(help="healthy, stable, ... or the shop's own label.")] = None,
    tier: Annotated[str | None, typer.Option(help="bronze, silver, gold or platinum.")] = None,
    status: Annotated[str | None, typer.Option(help="active, suspended or banned.")] = None,
    page: Annotated[int | None, typer.Option(help="The first page is 1.", show_default="1")] = None,
    page_size: Annotated[int | None, typer.Option(help="Customers per page.", show_default="15")] = None,
    all_matches: Annotated[bool, typer.Option("--all", help="List all matches, not only one page.")] = False,
    output: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="csv and json contain unmasked e-mails and phones; ids is for other commands.",
            show_default="table",
        ),
    ] = None,
    as_json: AsJson = False,
    show_personal: ShowPersonal = False,
) -> None:
    """List or search customers."""
    if all_matches and (page is not None or page_size is not None):
        raise usage_error("--all lists every page, so it does not go with --page or --page-size")
    if as_json and output not in {None, Format.JSON}:
        raise usage_error(f"--json and --format {output} are two different things")
    tables = Tables(personal=show_personal)
    with AdminCRM.from_env() as crm:
        if all_matches:
            with progress_bar("Reading") as progress:
                everyone = get_all_customers(crm, progress=progress)
            found = filter_customers(everyone, text, segment=segment, health_status=health, tier=tier, status=status)
            table = tables.customers(found)
        else:
            result = search_customers(
                crm, text, segment=segment, health_status=health, tier=tier, status=status,
                page=1 if page is None else page, page_size=15 if page_size is None else page_size,
            )  # fmt: skip
            found, table = result.items, tables.page(result)
    if as_json or output is Format.JSON:
        write_json(found)
    elif output is Format.CSV:
        write(_csv(found))
    elif output is Format.IDS:
        write_lines(each.id for each in found)
    else:
        show(table)


def show_customer(customer: OneId, *, as_json: AsJson = False, show_personal: ShowPersonal = False) -> None:
    """Show one customer, with orders, addresses, notes and files."""
    with AdminCRM.from_env() as crm:
        detail = get_admin_customer_details(crm, customer)
    write_json(detail) if as_json else show(Tables(personal=show_personal).detail(detail))


def stats(*, as_json: AsJson = False) -> None:
    """Show the directory in figures."""
    with AdminCRM.from_env() as crm, progress_bar("Reading") as progress:
        figures = get_directory_stats(crm, progress=progress)
    write_json(figures) if as_json else show(Tables().stats(figures))


def orders(
    customer: OneId,
    *,
    cancelled: Annotated[bool, typer.Option("--cancelled/--no-cancelled", help="With cancelled ones.")] = True,
    as_json: AsJson = False,
) -> None:
    """Show a customer's orders, newest first."""
    with AdminCRM.from_env() as crm:
        found = get_customer_orders(crm, customer, include_cancelled=cancelled)
    write_json(found) if as_json else show(Tables().orders(found, title="Orders"))


def timeline(
    customer: OneId,
    *,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many of the latest events.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what happened to a customer, newest first."""
    with AdminCRM.from_env() as crm:
        events = get_customer_timeline(crm, customer, limit=limit)
    write_json(events) if as_json else show(Tables().timeline(events))


def locked(*, as_json: AsJson = False) -> None:
    """Show the customers who are banned or suspended now."""
    with AdminCRM.from_env() as crm:
        found = get_locked_customers(crm)
    write_json(found) if as_json else show(Tables().locked(found))


def _csv(found: Sequence[AdminCustomer]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in found:
        row = each.model_dump(mode="json", include=set(COLUMNS))
        writer.writerow(formula_free(row.get(name)) for name in COLUMNS)
    return text.getvalue()
