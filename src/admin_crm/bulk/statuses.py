"""The status of many customers, with the sign-in and the record of each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.gather import gather
from admin_crm._core.progress import Progress
from admin_crm._core.secret_key import has_secret_key, with_secret_key
from admin_crm._postgrest.account_status import STATUS_COLUMNS, write_statuses
from admin_crm._postgrest.moderation_log import may_have_function
from admin_crm._postgrest.moderation_request import (
    NEEDS_FORCE,
    ModerationRequest,
    ModerationTerms,
    checked_terms,
    needs_force,
)
from admin_crm._postgrest.query import IDS_IN_FILTER, customer_not_found, fetch_among
from admin_crm._postgrest.rights import administrators_among, is_signed_in_user
from admin_crm.bulk.batches import (
    OWN_FAILURES,
    Batch,
    Item,
    JournalPath,
    Outcome,
    items_of,
    run_in_batches,
    settle_each,
)
from admin_crm.bulk.targets import customer_ids
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import AdminCRMError, InvalidInputError, PartialModerationError, PermissionDeniedError
from admin_crm.labels import AccountStatus
from admin_crm.models import BulkResult, CustomerProfile, Moderation
from admin_crm.statuses import key_for_sign_in, moderate, with_sign_in, without_record

if TYPE_CHECKING:
    from admin_crm.bulk.targets import Customers


@operation
async def moderate_customers(
    crm: AnyCRM,
    customers: Customers,
    status: AccountStatus | str,
    *,
    suspension_end: datetime | None = None,
    reason: str,
    actor: str | None = None,
    enforce_sign_in: bool | None = None,
    force: bool = False,
    allow: int | None = None,
    journal: JournalPath = None,
    dry_run: bool = False,
    progress: Progress = None,
) -> BulkResult:
    """Ban, suspend or reactivate many customers, each as `moderate_customer` does it.

    In a shop with the SQL function of ``admin-crm sql moderation`` each customer has a request and a row in the log of
    its own. Elsewhere 100 statuses are written with one request. Each ban of a sign-in is a request of its own, as
    many at once as the connection's limiter lets through.

    Args:
        crm: the connection.
        customers: ids or customers: a list, a page, a frame with their ids, or anything that can be iterated over.
        status: active, suspended or banned.
        suspension_end: the end of a suspension, in the future and with a time zone; None for no end date.
        reason: why, at most 2,000 characters; kept in the log.
        actor: who does it, at most 200 characters, where the connection does not say.
        enforce_sign_in: whether to ban the sign-ins, as in `moderate_customer`.
        force: lock even administrators, or oneself.
        allow: how many customers may be locked; needed for more than the setting `bulk_limit` (100).
        journal: the path of a file that records what is done. A later call with the same file and arguments goes on
            where this one stopped, also with a longer list, and writes no second row into the moderation log.
        dry_run: write nothing; look up which customers exist and, with the secret key, which are administrators, and
            return whose status would be set as `remaining`.
        progress: True for a progress bar (extra `notebook`), or a function of the customers that are settled and all.

    Returns:
        The outcome for each customer. In `failed` are those who do not exist, administrators and oneself without
        `force` (`code` is ``AC001``), and those who are locked, but whose sign-in could not be banned
        (`PartialModerationError`, which resumes).

    Raises:
        InvalidInputError: a value is invalid, more customers would be locked than `allow` says, or the journal belongs
            to something else. Nothing was written.
        PermissionDeniedError: `enforce_sign_in` is True, and there is no secret key.
        ConflictError: another process uses the journal.
        BulkError: the server is unreachable or refuses; `result` says how far it got.

    Writes `customer_profiles` and `moderation_log` (with the function `moderate_customer`), and the auth server's
    users; reads `admin_users`.

    Needs an administrator's session or the secret key, as `moderate_customer` does.

    Examples:
        >>> result = moderate_customers(crm, bots, "banned", reason="Registros automáticos", allow=300)
        >>> print(result)
        moderate_customers: 298 done, 2 failed
    """
    ids = customer_ids(customers)
    terms = checked_terms(status, suspension_end, reason, actor, enforce_sign_in=enforce_sign_in, force=force)
    secret = key_for_sign_in(crm, terms)
    allowed = crm.settings.bulk_limit if allow is None else check.integer(allow, "allow", minimum=0)
    if terms.change.locks and len(ids) > allowed and not dry_run:
        raise InvalidInputError(
            f"this would lock {len(ids):,} customers, and at most {allowed:,} are allowed",
            argument="allow",
            hint=f"look at the list, for example with dry_run=True; then pass allow={len(ids)}",
        )

    async def do(batch: Batch[UUID]) -> None:
        await _moderate(crm, secret, batch, terms)

    async def plan(batch: Batch[UUID]) -> None:
        await _settle_refused(crm, batch, terms)

    return await run_in_batches(
        crm,
        items_of(ids),
        do,
        size=IDS_IN_FILTER,
        arguments={
            **terms.change.values,
            "reason": terms.reason,
            "actor": terms.actor,
            "enforce_sign_in": enforce_sign_in,
            "force": force,
        },
        journal=journal,
        dry_run=dry_run,
        progress=progress,
        plan=plan,
    )


async def _moderate(crm: AnyCRM, secret: AnyCRM | None, batch: Batch[UUID], terms: ModerationTerms) -> None:
    """Moderate a batch: one by one where the shop has a function for it, otherwise all statuses at once."""

    async def one(item: Item[UUID]) -> Outcome:
        try:
            await moderate(crm, _request(batch, item, terms))
        except PermissionDeniedError as error:
            if error.code != NEEDS_FORCE:
                raise
            return error
        except PartialModerationError as error:
            return _partly_done(batch, item, error)
        return item.value

    if may_have_function(crm):
        await settle_each(crm, batch, batch.items[:1], one)  # which finds out whether there is one
    if may_have_function(crm):
        await settle_each(crm, batch, batch.unsettled, one)
    else:
        await _moderate_at_once(crm, secret, batch, terms)


async def _moderate_at_once(crm: AnyCRM, secret: AnyCRM | None, batch: Batch[UUID], terms: ModerationTerms) -> None:
    before = await _settle_refused(crm, batch, terms)
    items, done = batch.unsettled, dict[UUID, Moderation]()
    profiles = await write_statuses(crm, [item.value for item in items], terms.change) if items else {}
    for item in items:
        profile = profiles.get(item.value)
        if profile is None:  # deleted meanwhile
            batch.settle(item, customer_not_found())
            continue
        checked = terms.protects and has_secret_key(crm)
        request, previous = _request(batch, item, terms), before[item.value]
        done[item.value] = without_record(request, previous, profile, administrator_checked=checked)

    async def one(item: Item[UUID]) -> Outcome:
        try:
            await with_sign_in(secret, _request(batch, item, terms), done[item.value])
        except PartialModerationError as error:
            return _partly_done(batch, item, error)
        return item.value

    await settle_each(crm, batch, batch.unsettled, one)


async def _settle_refused(crm: AnyCRM, batch: Batch[UUID], terms: ModerationTerms) -> dict[UUID, CustomerProfile]:
    """Read the statuses of a batch, and settle who does not exist or is locked only by force."""
    items = batch.unsettled
    ids = [item.value for item in items]
    reading = fetch_among(crm, crm.settings.profiles_table, ids, CustomerProfile, columns=STATUS_COLUMNS)
    admins = set[UUID]()
    if terms.protects and has_secret_key(crm):
        secret = with_secret_key(crm, "knowing the administrators")
        found, admins = await gather(crm, reading, administrators_among(secret, ids))
    else:
        found = await reading
    before = {row.id: row for row in found}
    for item in items:
        if terms.protects and is_signed_in_user(crm, item.value):
            batch.settle(item, needs_force("the customer is the signed-in user"))
        elif item.value in admins:
            batch.settle(item, needs_force("the customer is an administrator"))
        elif item.value not in before:
            batch.settle(item, customer_not_found())
    return before


def _request(batch: Batch[UUID], item: Item[UUID], terms: ModerationTerms) -> ModerationRequest:
    # The id of the log's row follows from the journal's key, so another run finds the row of this one.
    return ModerationRequest(item.value, terms, str(batch.row_id(item)))


def _partly_done(batch: Batch[UUID], item: Item[UUID], error: PartialModerationError) -> PartialModerationError:
    """Return the outcome of a customer who was moderated in part; raise what the others would meet too."""
    cause = error.__cause__
    if isinstance(cause, AdminCRMError) and not isinstance(cause, OWN_FAILURES):
        if error.completed:
            batch.settle(item, error)
        raise cause
    return error
