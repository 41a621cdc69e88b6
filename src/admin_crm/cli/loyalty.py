"""`admin-crm points`: a customer's loyalty points."""

from __future__ import annotations

from typing import Annotated

import typer

from admin_crm import AdminCRM, adjust_loyalty_points, get_loyalty_balance, get_loyalty_history
from admin_crm.cli.options import AsJson, OneId
from admin_crm.cli.output import show, usage_error, write_json
from admin_crm.cli.tables import Tables


def points(
    customer: OneId,
    *,
    adjust: Annotated[int | None, typer.Option(help="Give so many points; a negative number takes them.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; the customer may see it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a customer's points, or give and take them."""
    if (adjust is None) != (reason is None):
        raise usage_error("--adjust and --reason go together")
    with AdminCRM.from_env() as crm:
        if adjust is not None and reason is not None:
            adjust_loyalty_points(crm, customer, adjust, reason)
        balance, history = get_loyalty_balance(crm, customer), get_loyalty_history(crm, customer)
    if as_json:
        write_json({"balance": balance, "history": history})
    else:
        show(Tables().points(balance, history))
