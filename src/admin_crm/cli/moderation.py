"""Commands that change a customer's status: the column alone, or with the sign-in and a record of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

import typer

from admin_crm import (
    AccountStatus,
    AdminCRM,
    lift_expired_suspensions,
    moderate_customers,
    select_customers,
    update_customer_status,
)
from admin_crm._core.secret_key import has_secret_key
from admin_crm.cli.many import RunOptions, confirm, counted, run
from admin_crm.cli.options import (
    DAY,
    AsJson,
    DryRun,
    Ids,
    Journal,
    OneId,
    Until,
    Yes,
    by_the_shops_clock,
    given_ids,
)
from admin_crm.cli.output import ask, is_interactive, progress_bar, show, tell, usage_error, write_json
from admin_crm.cli.tables import Tables

Reason = Annotated[str | None, typer.Option(help="Why; kept in the moderation log. Asked for if it is not given.")]
Actor = Annotated[str | None, typer.Option(help="Who does it, where a secret key does not say.")]
Force = Annotated[bool, typer.Option("--force", help="Lock even administrators, or yourself.")]
SignIn = Annotated[
    bool | None,
    typer.Option("--sign-in/--no-sign-in", help="Whether to ban the sign-in too.", show_default="with a secret key"),
]
Allow = Annotated[int | None, typer.Option(help="How many may be locked with --yes.", show_default="bulk_limit")]


def status(
    customer: OneId,
    status: Annotated[str, typer.Argument(help="active, suspended or banned.")],
    *,
    until: Annotated[datetime | None, typer.Option(formats=DAY, help="When a suspension ends, as in suspend.")] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set the status column alone, as the web admin does. See also ban, suspend and reinstate."""
    with AdminCRM.from_env() as crm:
        if status.casefold() != AccountStatus.ACTIVE:
            confirm(f"Set the status of 1 customer to {status}", yes=yes)
        profile = update_customer_status(crm, customer, status, by_the_shops_clock(crm, until))
    write_json(profile) if as_json else show(Tables().statuses([profile]))


def ban(
    customers: Ids = None,
    *,
    reason: Reason = None,
    actor: Actor = None,
    sign_in: SignIn = None,
    force: Force = False,
    allow: Allow = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """Ban customers. Changes the status and the sign-in, and keeps a record."""
    terms = _Terms(AccountStatus.BANNED, "Ban", reason, actor, sign_in, force, allow)
    _moderate(given_ids(customers), terms, None, RunOptions(yes, dry_run, journal, as_json))


def suspend(
    customers: Ids = None,
    *,
    until: Until,
    reason: Reason = None,
    actor: Actor = None,
    sign_in: SignIn = None,
    force: Force = False,
    allow: Allow = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """Suspend customers until a time. Changes the status and the sign-in, and keeps a record."""
    terms = _Terms(AccountStatus.SUSPENDED, "Suspend", reason, actor, sign_in, force, allow)
    _moderate(given_ids(customers), terms, until, RunOptions(yes, dry_run, journal, as_json))


def reinstate(
    customers: Ids = None,
    *,
    reason: Reason = None,
    actor: Actor = None,
    sign_in: SignIn = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """Lift bans and suspensions. Changes the status and the sign-in, and keeps a record."""
    terms = _Terms(AccountStatus.ACTIVE, "Reinstate", reason, actor, sign_in)
    _moderate(given_ids(customers), terms, None, RunOptions(yes, dry_run, journal, as_json))


def lift_expired(*, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Reactivate all customers whose suspension has ended. For a scheduler, with --yes."""
    tables = Tables()
    with AdminCRM.from_env() as crm:
        if dry_run or not yes:
            due = select_customers(crm, status="suspended", locked=False)
            if dry_run or not due:
                write_json(due) if as_json else show(tables.customers(due) if due else "no suspension has ended")
                return
            confirm(f"Lift {len(due):,} suspensions that have ended", yes=False)
        with progress_bar("Lifting") as progress:
            lifted = lift_expired_suspensions(crm, progress=progress)
    write_json(lifted) if as_json else show(tables.locked(lifted) if lifted else "no suspension has ended")


@dataclass(frozen=True)
class _Terms:
    """What the three commands that moderate have in common."""

    status: AccountStatus
    verb: str
    reason: str | None
    actor: str | None
    sign_in: bool | None
    force: bool = False
    allow: int | None = None


def _moderate(ids: Sequence[str], terms: _Terms, until: datetime | None, options: RunOptions) -> None:
    locks = terms.status is not AccountStatus.ACTIVE
    reason = terms.reason or _asked_reason(terms.verb, len(ids))
    with AdminCRM.from_env() as crm:
        # Who answers the question has seen the number; a script says it.
        allow = terms.allow if options.yes else max(len(ids), terms.allow or 0)
        moderate = partial(
            moderate_customers, crm, ids, terms.status, suspension_end=by_the_shops_clock(crm, until), reason=reason,
            actor=terms.actor, enforce_sign_in=terms.sign_in, force=terms.force, allow=allow,
        )  # fmt: skip
        if locks and terms.sign_in is None and not has_secret_key(crm):
            tell("without a secret key the sign-in is not banned: the status alone changes", style="yellow")
        run(moderate, f"{terms.verb} {counted(len(ids))}", len(ids), options, always_ask=locks)


def _asked_reason(verb: str, count: int) -> str:
    if not is_interactive():
        raise usage_error("--reason is missing, and nobody can be asked here")
    reason = ask(f"{verb} {counted(count)}. Why?")
    if not reason:
        raise usage_error("a reason is needed")
    return reason
