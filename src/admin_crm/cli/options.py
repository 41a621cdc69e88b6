"""Arguments and options that several commands have, and what they stand for."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from admin_crm import AdminCRM
from admin_crm.bulk.targets import customer_ids
from admin_crm.cli.output import usage_error
from admin_crm.settings import zone_of

STDIN = "-"
"""In place of ids: read them from the standard input."""
DAY = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]

OneId = Annotated[str, typer.Argument(metavar="ID", help="The customer's id.")]
Ids = Annotated[
    list[str] | None, typer.Argument(metavar="ID...", help="Customers' ids; - or nothing reads them from the input.")
]
IdOrStdin = Annotated[str, typer.Argument(metavar="ID", help="A customer's id; - reads many from the input.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with e-mails and phones unmasked.")]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="Show e-mails and phones unmasked.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Journal = Annotated[
    Path | None, typer.Option("--journal", help="Note in this file what is done, and go on after it.", dir_okay=False)
]
Until = Annotated[
    datetime,
    typer.Option("--until", formats=DAY, help="When it ends, by the shop's clock: 2099-01-31, or 2099-01-31T18:00:00."),
]


def by_the_shops_clock(crm: AdminCRM, moment: datetime | None) -> datetime | None:
    """Return a time that was typed as a time of the shop's time zone."""
    return moment and moment.replace(tzinfo=zone_of(crm.settings.time_zone))


def given_ids(words: Sequence[str] | str | None) -> list[str]:
    """Return the ids that are given as arguments, or on the standard input; each once, in their order.

    The input holds ids between white space, the JSON of another command, or CSV with a column `id`.

    Raises:
        InvalidInputError: one of them is no id.
        Exit: there are none.
    """
    listed = [words] if isinstance(words, str) else list(words or ())
    if not listed and sys.stdin.isatty():
        raise usage_error("give the ids of customers, or - and ids on the standard input")
    if STDIN in listed and len(listed) > 1:
        raise usage_error("give ids or -, not both")
    found = listed if listed and STDIN not in listed else _read(sys.stdin.read())
    if not found:
        raise usage_error("there are no ids on the standard input")
    return [str(each) for each in customer_ids(found)]


def _read(text: str) -> list[str]:
    text = text.lstrip("\ufeff")
    if text.lstrip().startswith("["):
        return _from_json(text)
    header = next(csv.reader(text.splitlines()[:1]), list[str]())
    for name in ("customer_id", "id"):
        if name in header:
            return [row[name] for row in csv.DictReader(text.splitlines()) if row[name]]
    return text.split()


def _from_json(text: str) -> list[str]:
    try:
        rows = json.loads(text)
    except ValueError:
        raise usage_error("the standard input begins like JSON, but is not") from None
    return [_id_in(row) for row in cast("list[Any]", rows)]


def _id_in(row: Any) -> str:
    if isinstance(row, dict):
        fields = cast("dict[str, Any]", row)
        row = fields.get("customer_id") or fields.get("id")
    return str(row)
