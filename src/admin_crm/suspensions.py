"""Suspensions: who is locked at present, and lifting those that have ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from admin_crm._auth.bans import fetch_ban, set_ban
from admin_crm._core.gather import gather_outcomes
from admin_crm._core.progress import Progress, Tally, is_wanted, reporting
from admin_crm._core.secret_key import has_secret_key, with_secret_key
from admin_crm._postgrest.account_status import only_locked
from admin_crm._postgrest.decode import read_batch
from admin_crm._postgrest.query import EXACT_COUNT, batches, fetch_all, may_not_change, send_query, writable
from admin_crm._postgrest.rights import check_user
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import AdminCRMError, IncompleteReadError
from admin_crm.labels import AccountStatus
from admin_crm.models import CustomerProfile, RowList

__all__ = ["get_locked_customers", "lift_expired_suspensions"]


@operation
async def get_locked_customers(crm: AnyCRM, *, progress: Progress = None) -> list[CustomerProfile]:
    """Return all customers who are locked at present: banned, or suspended with an end that has not passed.

    Args:
        crm: the connection.
        progress: True for a progress bar (extra `notebook`), or a function of the customers read and all.

    Returns:
        Their profiles, in the order of their ids.

    Raises:
        PermissionDeniedError: these credentials do not see the customers.
        IncompleteReadError: the read was interrupted; `rows` holds the customers read so far.

    Reads `customer_profiles`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> for customer in get_locked_customers(crm):
        ...     print(customer.account_status, customer.suspension_end)
    """
    table, now = crm.settings.profiles_table, datetime.now(UTC)

    def query() -> Any:
        return only_locked(crm.supabase.table(table).select("*", count=EXACT_COUNT), now)

    with reporting(progress, 0, "locked customers") as report:
        locked = await fetch_all(crm, query, CustomerProfile, report=report)
    await check_user(crm, locked)
    return RowList(locked)


@operation
async def lift_expired_suspensions(crm: AnyCRM, *, progress: Progress = None) -> list[CustomerProfile]:
    """Reactivate all customers whose suspension has ended; for use in a scheduler.

    With a secret key it lifts their sign-in bans too, where there still are any: the ban that `moderate_customer` sets
    ends with the suspension by itself, so without the key a customer waits for nothing.

    Safe to repeat: a suspension is lifted only while it is still one that has ended, and a lost response is
    looked up. It writes no row into the moderation log: the row of the suspension says when it ends.

    Args:
        crm: the connection.
        progress: True for a progress bar (extra `notebook`), or a function of the suspensions that have been dealt
            with, and of those that have ended.

    Returns:
        The reactivated customers.

    Raises:
        PermissionDeniedError: these credentials can read the customers but are not allowed to change their status.
        IncompleteReadError: the requests were interrupted, or some customers are reactivated but still banned from
            signing in; `rows` holds the customers reactivated so far.

    Reads and writes `customer_profiles`, and with a secret key the auth server's users.

    Needs an administrator's session or the secret key; both bans are lifted with the secret key.

    Examples:
        >>> for customer in lift_expired_suspensions(crm):
        ...     print(customer.full_name)
    """
    is_wanted(progress)  # raises where it is no such argument
    table, now = crm.settings.profiles_table, datetime.now(UTC).isoformat()

    def expired(rows: Any) -> Any:
        return rows.eq("account_status", AccountStatus.SUSPENDED.value).lte("suspension_end", now)

    due = await fetch_all(
        crm, lambda: expired(crm.supabase.table(table).select("id", count=EXACT_COUNT)), CustomerProfile
    )
    await check_user(crm, due)
    lifted: list[CustomerProfile] = []
    still_banned: dict[UUID, AdminCRMError] = {}
    with reporting(progress, len(due), "suspensions") as report:
        tally = Tally(report, len(due))
        for ids in batches([str(row.id) for row in due]):
            try:
                batch = await _lift(crm, ids, expired)
            except AdminCRMError as error:
                if not lifted:
                    raise
                raise IncompleteReadError(
                    f"{len(lifted)} of {len(due)} suspensions were lifted: {error.message}",
                    rows=lifted,
                    expected=len(due),
                    hint=_hint("call lift_expired_suspensions again for the rest", still_banned),
                ) from error
            lifted += batch
            still_banned |= await _lift_bans(crm, batch)
            tally.add(len(ids))
    if still_banned:
        first = next(iter(still_banned.values()))
        raise IncompleteReadError(
            f"{len(lifted)} suspensions were lifted, but {len(still_banned)} of these customers may still be banned "
            f"from signing in: {first.message}",
            rows=lifted,
            expected=len(due),
            hint=_hint(None, still_banned),
        ) from first
    return RowList(lifted)


async def _lift(crm: AnyCRM, ids: Sequence[str], expired: Callable[[Any], Any]) -> list[CustomerProfile]:
    """Lift up to a batch of suspensions, and return the profiles as they are now."""
    table, attempts = crm.settings.profiles_table, 0

    def update() -> Any:
        nonlocal attempts
        attempts += 1
        values = {"account_status": AccountStatus.ACTIVE.value, "suspension_end": None}
        return expired(writable(crm, table).update(values, count=EXACT_COUNT).in_("id", ids))

    lifted = await send_query(crm, update, lambda response: read_batch(response, CustomerProfile))
    returned = {str(row.id) for row in lifted.rows}
    rest = [each for each in ids if each not in returned]
    if rest and (attempts > 1 or lifted.total is None or lifted.total > len(lifted.rows)):
        # The response of an earlier attempt was lost, or the server may return fewer rows than it has changed.
        rows = await fetch_all(
            crm, lambda: crm.supabase.table(table).select("*", count=EXACT_COUNT).in_("id", rest), CustomerProfile
        )
        return [*lifted.rows, *(row for row in rows if row.account_status == AccountStatus.ACTIVE)]
    if not returned:
        unchanged = await fetch_all(
            crm,
            lambda: expired(crm.supabase.table(table).select("id", count=EXACT_COUNT).in_("id", ids)),
            CustomerProfile,
        )
        if unchanged:
            raise may_not_change("status")
    return list(lifted.rows)


async def _lift_bans(crm: AnyCRM, lifted: list[CustomerProfile]) -> dict[UUID, AdminCRMError]:
    """Lift the bans that are still in force, with the secret key if there is one; return what failed."""
    if not lifted or not has_secret_key(crm):
        return {}
    secret = with_secret_key(crm, "lifting sign-in bans")
    outcomes = await gather_outcomes(crm, *(_lift_ban(secret, row.id) for row in lifted))
    return {
        row.id: outcome
        for row, outcome in zip(lifted, outcomes, strict=True)
        if isinstance(outcome, AdminCRMError)
    }  # fmt: skip


async def _lift_ban(secret: AnyCRM, customer: UUID) -> None:
    user = await fetch_ban(secret, customer)
    if user is not None and user.end(datetime.now(UTC)) is not None:
        await set_ban(secret, customer, None)


def _hint(first: str | None, still_banned: dict[UUID, AdminCRMError]) -> str:
    """Say how to go on; the customers who are still banned are no longer suspended, so they are found otherwise."""
    banned = ", ".join(map(str, still_banned))
    second = f"call reconcile_sign_in_bans(crm, apply=True), or moderate each of them to active: {banned}"
    return "; ".join(filter(None, (first, second if still_banned else None)))
