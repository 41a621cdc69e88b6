"""The `admin-crm` command: a guided tour, a local shop, the customer directory, exports, and the project check."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from admin_crm import (
    AdminCRM,
    AdminCRMError,
    AdminCustomer,
    Settings,
    doctor,
    filter_customers,
    get_all_customers,
    search_customers,
)
from admin_crm._core.csv_cells import formula_free
from admin_crm.local import LocalStack, LocalStackError
from admin_crm.sql import directory_sql, moderation_sql

INSTALL = "admin-crm needs its extras: pip install 'admin-crm[cli,local]'"

try:
    import typer
    from rich.console import Console
    from typer.core import TyperGroup

    from admin_crm.cli.export import export
    from admin_crm.cli.tables import Tables, plain_text
except ModuleNotFoundError:
    sys.stderr.write(f"{INSTALL}\n")
    raise SystemExit(2) from None

COLUMNS = (
    "id", "full_name", "email", "phone", "whatsapp", "birthdate", "created_at", "tier", "account_status", "segment",
    "health_status", "total_orders", "total_spent", "recency_days", "frequency", "monetary",
)  # fmt: skip
"""The columns of a CSV export."""


class Labels(StrEnum):
    """The language of the local shop's segments and health."""

    SPANISH = "es"
    ENGLISH = "en"


class Format(StrEnum):
    """The output format of `admin-crm customers`."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class Sql(StrEnum):
    """What `admin-crm sql` prints."""

    DIRECTORY = "directory"
    MODERATION = "moderation"


class _Commands(TyperGroup):
    """The commands; an expected error prints one line and exits with code 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (AdminCRMError, LocalStackError) as error:
            _errors().print(plain_text(error), style="red", soft_wrap=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    name="admin-crm",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    help=__doc__,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
)

ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="Show e-mails and phones unmasked.")]


@app.command()
def demo(*, show_personal: ShowPersonal = False) -> None:
    """Show the library step by step on a local Supabase, with the code of every step."""
    _require_local_extra()
    from admin_crm.cli.tour import tour

    console = _console()
    with console.status("Starting a local Supabase with 1,200 customers …"):
        stack = LocalStack().start()
    try:
        tour(stack, console, Tables(personal=show_personal))
    finally:
        stack.stop()
    console.print("End of the tour. To work with such a shop yourself, run `admin-crm local`.")


@app.command()
def local(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 selects a free one.")] = 0,
    data_dir: Annotated[Path | None, typer.Option(help="Keep the data in this directory.", file_okay=False)] = None,
    max_rows: Annotated[int, typer.Option(min=1, help="Maximum rows in one response.")] = 1000,
    labels: Annotated[Labels, typer.Option(help="Language of segments and health.")] = Labels.SPANISH,
    email_confirmation: Annotated[
        bool, typer.Option("--email-confirmation", help="Sign-ups must confirm their e-mail.")
    ] = False,
    gated_view: Annotated[bool, typer.Option("--gated-view", help="Gate the view on auth.uid().")] = False,
    order_items: Annotated[bool, typer.Option("--order-items", help="Store order items in a table.")] = False,
) -> None:
    """Run a local Supabase until Ctrl-C, and print the environment variables to connect to it."""
    _require_local_extra()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stack = LocalStack(
        port=port,
        data_dir=data_dir,
        max_rows=max_rows,
        labels="en" if labels is Labels.ENGLISH else "es",
        email_confirmation=email_confirmation,
        gated_view=gated_view,
        order_items=order_items,
    )
    try:
        with _errors().status("Starting a local Supabase …"):
            stack.start()
        for name, value in stack.environment.items():
            typer.echo(f"export {name}={value}")
        typer.echo(f"# a customer: {stack.customer_id}")
        typer.echo("Press Ctrl-C to stop it.", err=True)
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        # A requested stop is not an error.
        typer.echo("stopped", err=True)
    finally:
        stack.stop()


@app.command()
def customers(
    text: Annotated[str, typer.Argument(help="Part of a name, phone, WhatsApp or id.")] = "",
    *,
    segment: Annotated[
        str | None, typer.Option(help="champion, Campeón, at-risk, ... or the shop's own label.")
    ] = None,
    health: Annotated[str | None, typer.Option(help="healthy, stable, ... or the shop's own label.")] = None,
    tier: Annotated[str | None, typer.Option(help="bronze, silver, gold or platinum.")] = None,
    status: Annotated[str | None, typer.Option(help="active, suspended or banned.")] = None,
    page: Annotated[int, typer.Option()] = 1,
    page_size: Annotated[int, typer.Option()] = 15,
    all_matches: Annotated[bool, typer.Option("--all", help="List all matches, not only one page.")] = False,
    output: Annotated[
        Format, typer.Option("--format", help="csv and json contain unmasked e-mails and phones.")
    ] = Format.TABLE,
    show_personal: ShowPersonal = False,
) -> None:
    """List or search the customers of the project given by SUPABASE_URL and SUPABASE_SECRET_KEY."""
    tables = Tables(personal=show_personal)
    with AdminCRM.from_env() as crm:
        if all_matches:
            found = filter_customers(
                get_all_customers(crm), text, segment=segment, health_status=health, tier=tier, status=status
            )
            table = tables.customers(found)
        else:
            result = search_customers(
                crm, text,
                segment=segment, health_status=health, tier=tier, status=status, page=page, page_size=page_size,
            )  # fmt: skip
            found, table = result.items, tables.page(result)
    if output is Format.TABLE:
        _console().print(table)
    elif output is Format.CSV:
        _write_csv(found)
    else:
        rows = [each.model_dump(mode="json") for each in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))


app.command()(export)


@app.command("doctor")
def run_doctor(
    *, write_checks: Annotated[bool, typer.Option("--write-checks", help="Also test writes, and undo them.")] = False
) -> None:
    """Check the project given by SUPABASE_URL and the keys; exit with code 1 if a check fails."""
    with AdminCRM.from_env() as crm:
        report = doctor(crm, write_checks=write_checks)
    typer.echo(report)
    raise typer.Exit(0 if report.ok else 1)


@app.command("sql")
def print_sql(
    what: Annotated[
        Sql,
        typer.Argument(help="directory: read it in one request. moderation: bans that hold, on the record."),
    ],
    *,
    key: Annotated[str, typer.Option(help="The key column of the directory's view: id or customer_id.")] = "id",
) -> None:
    """Print SQL that the shop's owner may install; nothing is changed by printing it."""
    settings = Settings.from_env()
    typer.echo(directory_sql(settings, key=key) if what is Sql.DIRECTORY else moderation_sql(settings), nl=False)


def main() -> None:
    """Run the command line."""
    app()


def _write_csv(found: Sequence[AdminCustomer]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in found:
        row = each.model_dump(mode="json", include=set(COLUMNS))
        writer.writerow(formula_free(row.get(name)) for name in COLUMNS)


def _require_local_extra() -> None:
    if importlib.util.find_spec("deno") is None:
        typer.echo(INSTALL, err=True)
        raise typer.Exit(2)


def _console() -> Console:
    """Return a console for tables; if the output is not a terminal, it is 120 characters wide."""
    return Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120)


def _errors() -> Console:
    return Console(stderr=True)
