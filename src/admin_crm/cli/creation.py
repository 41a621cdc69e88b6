"""Commands that create customers: one, or those of a CSV file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from admin_crm import AdminCRM, create_customer_with_details, create_customers
from admin_crm.cli.many import RunOptions, run
from admin_crm.cli.options import AsJson, DryRun, Journal, ShowPersonal, Yes
from admin_crm.cli.output import show, usage_error, write, write_json
from admin_crm.cli.tables import Tables

Invite = Annotated[bool, typer.Option("--invite", help="Send an invitation; the customer chooses the password.")]
_ADDRESS = ("street", "number", "colony", "zip_code", "city", "state")


def create(
    *,
    email: Annotated[str, typer.Option(help="The e-mail address to sign in with.")],
    name: Annotated[str, typer.Option(help="The full name.")],
    phone: Annotated[str, typer.Option(help="The phone number.")],
    whatsapp: Annotated[str | None, typer.Option(help="The WhatsApp number.", show_default="the phone")] = None,
    street: Annotated[str | None, typer.Option(help="With it begins an address.")] = None,
    number: Annotated[str | None, typer.Option(help="The house number.")] = None,
    colony: Annotated[str | None, typer.Option(help="The neighbourhood.")] = None,
    zip_code: Annotated[str | None, typer.Option("--zip", help="The postal code.")] = None,
    city: Annotated[str | None, typer.Option(help="The city.", show_default="the shop's")] = None,
    state: Annotated[str | None, typer.Option(help="The state.", show_default="the shop's")] = None,
    invite: Invite = False,
    show_password: Annotated[bool, typer.Option("--show-password", help="Print the generated password.")] = False,
    as_json: AsJson = False,
    show_personal: ShowPersonal = False,
) -> None:
    """Create a customer, with an address if it is given."""
    given = (street, number, colony, zip_code, city, state)
    address = {each: value for each, value in zip(_ADDRESS, given, strict=True) if value is not None}
    data = {"email": email, "full_name": name, "phone": phone, "whatsapp": whatsapp, "address": address or None}
    with AdminCRM.from_env() as crm:
        made = create_customer_with_details(crm, data, method="invite" if invite else "sign_up")
    password = made.password.get_secret_value() if made.password and show_password else None
    if as_json:
        told: dict[str, Any] = made.model_dump(mode="json", exclude={"password"})
        write_json({**told, "password": password})
        return
    show(Tables(personal=show_personal).created(made))
    if password:
        write(f"password: {password}\n")


def import_customers(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8, with a header.", exists=True)],
    *,
    invite: Invite = False,
    passwords: Annotated[
        Path | None,
        typer.Option(help="The file for generated passwords.", show_default="beside the journal, or here"),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """Create the customers of a CSV file."""
    if invite and passwords:
        raise usage_error("invited customers choose their passwords, so --passwords does not go with --invite")
    with AdminCRM.from_env() as crm:
        make = partial(create_customers, crm, file, method="invite" if invite else "admin", passwords=passwords)
        run(make, f"Create the customers of {file.name}", 2, RunOptions(yes, dry_run, journal, as_json))
