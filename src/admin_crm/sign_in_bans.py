"""Customers whose status and sign-in ban disagree: found, and the auth server's side corrected."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from admin_crm._auth.bans import Ban, UserBan, agrees, ban_for, fetch_bans, set_ban
from admin_crm._core.gather import gather_outcomes
from admin_crm._core.progress import Progress, Tally, reporting
from admin_crm._postgrest.account_status import STATUS_COLUMNS, fetch_status, only_locked
from admin_crm._postgrest.query import EXACT_COUNT, customer_not_found, fetch_all, fetch_among
from admin_crm.client import AnyCRM, operation, with_secret_key
from admin_crm.errors import AdminCRMError
from admin_crm.labels import AccountStatus
from admin_crm.models import BanMismatch, CustomerProfile

__all__ = ["reconcile_sign_in_bans"]


@operation
async def reconcile_sign_in_bans(crm: AnyCRM, *, apply: bool = False, progress: Progress = None) -> list[BanMismatch]:
    """Return the customers whose status and sign-in ban disagree; with `apply`, correct the auth server's side.

    The status in the profile counts: who is banned or suspended there is to be banned from signing in until then, who
    is active is not. A suspension's ban may end up to five minutes beside it, because clocks differ. Customers with an
    unknown status or without a user are left out.

    Look before you apply: without the guard of ``admin-crm sql moderation`` a banned customer who still has a token can
    set their own status to active, and to apply would then lift the ban.

    Args:
        crm: the connection.
        apply: correct the bans; by default they are only listed.
        progress: True for a progress bar (extra `notebook`), or a function of the users read and all; with `apply`
            then of the bans dealt with and all.

    Returns:
        One entry for each customer who was found to disagree; with `apply`, `corrected` and `error` say what became
        of it.

    Raises:
        PermissionDeniedError: the connection has no secret key.
        IncompleteReadError: the list of users or customers could not be read to its end; nothing was changed.

    Reads all users of the auth server (1,000 for each request) and `customer_profiles`; with `apply`, writes the users.

    Needs the secret key.

    Examples:
        >>> for each in reconcile_sign_in_bans(crm):
        ...     print(each.customer_id, each.status, each.banned_until, each.proposed)
    """
    secret = with_secret_key(crm, "comparing sign-in bans")
    with reporting(progress, 0, "users") as report:
        users = await fetch_bans(secret, report)  # before the profiles, whose status counts
    now = datetime.now(UTC)
    found = [_mismatch(profile, users.get(profile.id), now) for profile in await _profiles(secret, users, now)]
    mismatches = [each for each in found if each is not None]
    if not apply or not mismatches:
        return mismatches
    with reporting(progress, len(mismatches), "bans") as report:
        tally = Tally(report, len(mismatches))
        steps = (tally.after(partial(_correct, secret, each)) for each in mismatches)
        outcomes = await gather_outcomes(secret, *steps)
    return [
        replace(each, error=outcome) if isinstance(outcome, AdminCRMError) else outcome
        for each, outcome in zip(mismatches, outcomes, strict=True)
    ]


async def _profiles(secret: AnyCRM, users: dict[UUID, UserBan], now: datetime) -> list[CustomerProfile]:
    """Fetch the status of all customers who are locked, or whose users are banned."""
    table = secret.settings.profiles_table
    locked = await fetch_all(
        secret,
        lambda: only_locked(secret.supabase.table(table).select(STATUS_COLUMNS, count=EXACT_COUNT), now),
        CustomerProfile,
    )
    known = {profile.id for profile in locked}
    banned = [user.id for user in users.values() if user.end(now) is not None and user.id not in known]
    return [*locked, *await fetch_among(secret, table, banned, CustomerProfile, columns=STATUS_COLUMNS)]


def _mismatch(profile: CustomerProfile, user: UserBan | None, now: datetime) -> BanMismatch | None:
    if user is None or not isinstance(profile.account_status, AccountStatus):
        return None
    ban = ban_for(profile.account_status, profile.suspension_end, now)
    return None if agrees(ban, user.banned_until, now) else _proposed(profile, ban, user.end(now))


def _proposed(profile: CustomerProfile, ban: Ban | None, banned_until: datetime | None) -> BanMismatch:
    return BanMismatch(
        profile.id,
        profile.account_status,
        profile.suspension_end,
        banned_until,
        "lift" if ban is None else "ban",
        None if ban is None else ban.until,
    )


async def _correct(secret: AnyCRM, mismatch: BanMismatch) -> BanMismatch:
    """Tell the auth server what belongs to the status as it is now: somebody may have changed it meanwhile."""
    profile = await fetch_status(secret, mismatch.customer_id)
    if profile is None:
        raise customer_not_found()
    ban = ban_for(profile.account_status, profile.suspension_end, datetime.now(UTC))
    await set_ban(secret, profile.id, ban)
    return replace(_proposed(profile, ban, mismatch.banned_until), corrected=True)
