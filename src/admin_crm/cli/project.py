"""Commands about a project: its check, SQL for its owner, and a local one."""

from __future__ import annotations

import importlib.util
import signal
import time
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from admin_crm import AdminCRM, Settings, doctor
from admin_crm.cli.options import AsJson, ShowPersonal
from admin_crm.cli.output import console, errors, progress_bar, show, tell, write, write_json, write_lines
from admin_crm.cli.tables import Tables
from admin_crm.local import LocalStack
from admin_crm.local.stack import FEWEST_CUSTOMERS
from admin_crm.sql import directory_sql, moderation_sql

INSTALL = "admin-crm needs its extras: pip install 'admin-crm[cli,local]'"


class Labels(StrEnum):
    """The language of the local shop's segments and health."""

    SPANISH = "es"
    ENGLISH = "en"


class Sql(StrEnum):
    """What `admin-crm sql` prints."""

    DIRECTORY = "directory"
    MODERATION = "moderation"


def run_doctor(
    *,
    write_checks: Annotated[bool, typer.Option("--write-checks", help="Also test writes, and undo them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the project, and what the keys can do. The exit code is 1 if a check fails."""
    with AdminCRM.from_env() as crm, progress_bar("Checking") as progress:
        report = doctor(crm, write_checks=write_checks, progress=progress)
    if as_json:
        write_json({"ok": report.ok, "checks": [asdict(each) for each in report.checks]})
    else:
        write(f"{report}\n")
    raise typer.Exit(0 if report.ok else 1)


def print_sql(
    what: Annotated[
        Sql,
        typer.Argument(help="directory: read it in one request. moderation: bans that hold, on the record."),
    ],
    *,
    key: Annotated[str, typer.Option(help="The key column of the directory's view: id or customer_id.")] = "id",
    as_json: AsJson = False,
) -> None:
    """Print SQL that the shop's owner may install. It changes nothing."""
    settings = Settings.from_env()
    text = directory_sql(settings, key=key) if what is Sql.DIRECTORY else moderation_sql(settings)
    write_json({"what": what, "sql": text}) if as_json else write(text)


def demo(*, as_json: AsJson = False, show_personal: ShowPersonal = False) -> None:
    """Take a guided tour on a local Supabase. It shows the code of each step."""
    _require_local_extra()
    from admin_crm.cli.tour_output import show_tour, tour_as_data

    with errors().status("Starting a local Supabase with 1,200 customers …"):
        stack = LocalStack().start()
    try:
        if as_json:
            write_json(tour_as_data(stack))
            return
        show_tour(stack, console(), Tables(personal=show_personal))
    finally:
        stack.stop()
    show("End of the tour. To work with such a shop yourself, run `admin-crm local`.")


def local(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 selects a free one.")] = 0,
    data_dir: Annotated[Path | None, typer.Option(help="Keep the data in this directory.", file_okay=False)] = None,
    customers: Annotated[int, typer.Option(min=FEWEST_CUSTOMERS, help="How many customers the shop has.")] = 1200,
    max_rows: Annotated[int, typer.Option(min=1, help="Maximum rows in one response.")] = 1000,
    labels: Annotated[Labels, typer.Option(help="Language of segments and health.")] = Labels.SPANISH,
    email_confirmation: Annotated[
        bool, typer.Option("--email-confirmation", help="Sign-ups must confirm their e-mail.")
    ] = False,
    gated_view: Annotated[bool, typer.Option("--gated-view", help="Gate the view on auth.uid().")] = False,
    order_items: Annotated[bool, typer.Option("--order-items", help="Store order items in a table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the variables as JSON.")] = False,
) -> None:
    """Run a local Supabase until Ctrl-C. Prints the variables that connect to it."""
    _require_local_extra()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stack = LocalStack(
        port=port,
        data_dir=data_dir,
        customers=customers,
        max_rows=max_rows,
        labels="en" if labels is Labels.ENGLISH else "es",
        email_confirmation=email_confirmation,
        gated_view=gated_view,
        order_items=order_items,
    )
    try:
        with errors().status("Starting a local Supabase …"):
            stack.start()
        if as_json:
            write_json({"environment": stack.environment, "customer_id": stack.customer_id})
        else:
            write_lines(f"export {name}={value}" for name, value in stack.environment.items())
            write_lines([f"# a customer: {stack.customer_id}"])
        tell("Press Ctrl-C to stop it.")
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        # A requested stop is not an error.
        tell("stopped")
    finally:
        stack.stop()


def _require_local_extra() -> None:
    if importlib.util.find_spec("deno") is None:
        tell(INSTALL)
        raise typer.Exit(2)
