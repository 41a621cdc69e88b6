"""`admin-crm ai`: what the shop's Edge Functions say of a customer."""

from __future__ import annotations

from typing import Annotated

import typer

from admin_crm import (
    AdminCRM,
    apply_suggested_tags,
    generate_whatsapp_message,
    get_customer_narrative,
    get_proactive_insights,
    get_strategic_loyalty_analysis,
    suggest_customer_tags,
)
from admin_crm.cli.options import AsJson, OneId
from admin_crm.cli.output import show, write_json
from admin_crm.cli.tables import Tables

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Ask the shop's Edge Functions.")


@app.command()
def tags(
    customer: OneId,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Add them to the customer's tags.")] = False,
    as_json: AsJson = False,
) -> None:
    """Suggest tags for a customer."""
    with AdminCRM.from_env() as crm:
        suggestion = suggest_customer_tags(crm, customer)
        if apply:
            apply_suggested_tags(crm, customer, suggestion)
    write_json(suggestion) if as_json else show(Tables().suggestion(suggestion))


@app.command()
def whatsapp(
    customer: OneId,
    *,
    about: Annotated[str | None, typer.Option(help="What the message is about.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a WhatsApp message to a customer; it is not sent."""
    with AdminCRM.from_env() as crm:
        message = generate_whatsapp_message(crm, customer, about)
    write_json({"message": message}) if as_json else show(Tables().text(message))


@app.command()
def narrative(customer: OneId, *, as_json: AsJson = False) -> None:
    """Describe a customer in a few sentences."""
    with AdminCRM.from_env() as crm:
        story = get_customer_narrative(crm, customer)
    write_json({"narrative": story}) if as_json else show(Tables().text(story))


@app.command()
def loyalty(customer: OneId, *, as_json: AsJson = False) -> None:
    """Plan how to keep a customer. The shop's function may create a coupon each time."""
    with AdminCRM.from_env() as crm:
        plan = get_strategic_loyalty_analysis(crm, customer)
    write_json(plan) if as_json else show(Tables().plan(plan))


@app.command()
def insights(*, as_json: AsJson = False) -> None:
    """Show what the shop's function finds worth knowing now."""
    with AdminCRM.from_env() as crm:
        found = get_proactive_insights(crm)
    write_json(found) if as_json else show(Tables().insights(found))
