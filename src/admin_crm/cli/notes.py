"""Commands for what administrators note about customers: notes, tags, custom fields, and messages to them."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated

import typer

from admin_crm import (
    AdminCRM,
    AdminNotes,
    NotificationType,
    get_admin_customer_notes,
    notify_customers,
    set_custom_fields_of,
    tag_customers,
    update_admin_customer_notes,
)
from admin_crm._core import validation as check
from admin_crm.cli.many import RunOptions, counted, run
from admin_crm.cli.options import AsJson, DryRun, IdOrStdin, Ids, Journal, OneId, Yes, given_ids
from admin_crm.cli.output import show, usage_error, write_json
from admin_crm.cli.tables import Tables

Tags = Annotated[list[str], typer.Argument(metavar="TAG...", help="Tags, as they are written.")]


def notify(
    customers: Ids = None,
    *,
    title: Annotated[str, typer.Option(help="At most 200 characters.")],
    message: Annotated[str, typer.Option(help="At most 5,000 characters.")],
    kind: Annotated[NotificationType, typer.Option("--type", help="How the app shows it.")] = NotificationType.INFO,
    yes: Yes = False,
    dry_run: DryRun = False,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """Send a notification to customers, each of them once."""
    ids = given_ids(customers)
    with AdminCRM.from_env() as crm:
        send = partial(notify_customers, crm, ids, title, message, kind)
        run(send, f"Notify {counted(len(ids))}", len(ids), RunOptions(yes, dry_run, journal, as_json))


def notes(
    customer: OneId,
    *,
    text: Annotated[str | None, typer.Option("--set", help="Replace the notes with this text.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a customer's notes, tags and fields, or set the notes."""
    with AdminCRM.from_env() as crm:
        if text is None:
            found = get_admin_customer_notes(crm, customer) or AdminNotes(customer_id=check.uuid(customer))
        else:
            found = update_admin_customer_notes(crm, customer, notes=text)
    write_json(found) if as_json else show(Tables().notes(found))


def tag(
    customer: IdOrStdin,
    tags: Tags,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """Add tags to a customer, or to many. All other tags stay."""
    ids = given_ids(customer)
    with AdminCRM.from_env() as crm:
        change = partial(tag_customers, crm, ids, add=tags)
        run(change, f"Tag {counted(len(ids))}", len(ids), RunOptions(yes, dry_run, journal, as_json))


def untag(
    customer: IdOrStdin,
    tags: Tags,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """Remove tags from a customer, or from many. All other tags stay."""
    ids = given_ids(customer)
    with AdminCRM.from_env() as crm:
        change = partial(tag_customers, crm, ids, remove=tags)
        run(change, f"Untag {counted(len(ids))}", len(ids), RunOptions(yes, dry_run, journal, as_json))


def fields(
    customer: IdOrStdin,
    changes: Annotated[
        list[str], typer.Argument(metavar="NAME=TEXT...", help="NAME:=JSON for other values; NAME:=null removes.")
    ],
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """Set custom fields of a customer, or of many. All other fields stay."""
    values = dict(_field(each) for each in changes)
    ids = given_ids(customer)
    with AdminCRM.from_env() as crm:
        change = partial(set_custom_fields_of, crm, ids, values)
        run(change, f"Set fields of {counted(len(ids))}", len(ids), RunOptions(yes, dry_run, journal, as_json))


def _field(change: str) -> tuple[str, object]:
    name, equals, text = change.partition("=")
    if not equals or not name.removesuffix(":"):
        raise usage_error("a field is NAME=TEXT or NAME:=JSON")
    if not name.endswith(":"):
        return name, text
    try:
        return name[:-1], json.loads(text)
    except ValueError:
        raise usage_error(f"what stands after {name}= is not JSON") from None
