"""A ban that bans: a customer's status, the sign-in and the record of it, in one call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from admin_crm._auth.bans import ban_for, set_ban
from admin_crm._auth.users import USER_NOT_FOUND
from admin_crm._core import validation as check
from admin_crm._core.gather import gather
from admin_crm._core.idempotency import checked_key
from admin_crm._core.log import log
from admin_crm._core.send import ANSWER_LOST
from admin_crm._postgrest.account_status import fetch_status, write_status
from admin_crm._postgrest.moderation_log import moderate_by_function
from admin_crm._postgrest.moderation_request import (
    ModerationRequest,
    ModerationTerms,
    checked_terms,
    needs_force,
)
from admin_crm._postgrest.query import customer_not_found
from admin_crm._postgrest.rights import is_administrator, is_signed_in_user
from admin_crm.client import AnyCRM, has_secret_key, operation, with_secret_key
from admin_crm.errors import (
    AdminCRMError,
    ConflictError,
    NotFoundError,
    PartialModerationError,
    ServiceUnavailableError,
)
from admin_crm.labels import AccountStatus
from admin_crm.models import CustomerProfile, Moderation, PreviousStatus

__all__ = ["moderate_customer"]


@operation
async def moderate_customer(
    crm: AnyCRM,
    customer_id: UUID | str,
    status: AccountStatus | str,
    *,
    suspension_end: datetime | None = None,
    reason: str,
    actor: str | None = None,
    enforce_sign_in: bool | None = None,
    force: bool = False,
    idempotency_key: str | None = None,
) -> Moderation:
    """Ban, suspend or reactivate a customer: the status, the sign-in, and a record of who did it and why.

    With a secret key the auth server refuses the customer's sign-in and refresh: for good with a ban, until its end
    with a suspension, and no longer with ``active``. An access token from before goes on opening the shop's data until
    it expires: `tokens_valid_until` says when.

    Where the shop has the SQL function of ``admin-crm sql moderation``, status and log change in one transaction, and a
    lock whose sign-in is banned ends the customer's sessions too. Elsewhere the reason goes to the structured log:
    logger ``admin_crm``, level INFO, in the record's attributes, not in its message.

    Args:
        crm: the connection.
        customer_id: the customer.
        status: active, suspended or banned.
        suspension_end: the end of a suspension, in the future and with a time zone; None for no end date.
        reason: why, at most 2,000 characters; kept in the log.
        actor: who does it, at most 200 characters, where the connection does not say: a secret key acts for many.
        enforce_sign_in: whether to ban the sign-in: True requires it, False leaves it as it is. None, the default,
            does it where the connection has a secret key.
        force: lock even an administrator, or oneself.
        idempotency_key: your name for this moderation, at most 200 characters: a second call with it and the same
            arguments writes no second row into the log.

    Returns:
        The profile after the change, the status before it, and what was done.

    Raises:
        InvalidInputError: a value is invalid.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: the customer is an administrator or oneself, and `force` is not set (`code` is
            ``AC001``); `enforce_sign_in` is True and there is no secret key; or these credentials can see the customer
            but not change the status.
        ConflictError: there was a moderation with this key before, and the status has been changed since.
        PartialModerationError: a step failed; `completed` says what stands, and
            ``moderate_customer(crm, **error.resume)`` does the rest.

    Writes `customer_profiles` and `moderation_log` (with the function `moderate_customer`), and the auth server's user;
    reads `admin_users`.

    Needs an administrator's session or the secret key; the secret key, alone or beside a session, bans the sign-in and
    knows the administrators. A session alone does not know them without the function: `administrator_checked` says so.

    Examples:
        >>> done = moderate_customer(crm, customer_id, "banned", reason="Fraude con tarjetas")
        >>> done.sign_in, done.logged, done.tokens_valid_until
    """
    customer = check.uuid(customer_id)
    terms = checked_terms(status, suspension_end, reason, actor, enforce_sign_in=enforce_sign_in, force=force)
    key = str(uuid4()) if idempotency_key is None else checked_key(idempotency_key)
    return await moderate(crm, ModerationRequest(customer, terms, key))


async def moderate(crm: AnyCRM, request: ModerationRequest) -> Moderation:
    """Moderate one customer, step by step: the status with its record, then the sign-in."""
    secret = key_for_sign_in(crm, request.terms)
    if request.terms.protects and is_signed_in_user(crm, request.customer):
        raise needs_force("the customer is the signed-in user")
    try:
        end_sessions = secret is not None and request.terms.change.locks
        done = await _change_on_record(crm, request, end_sessions=end_sessions) or await _change(crm, request)
    except ANSWER_LOST as error:
        if isinstance(error, ServiceUnavailableError) and error.unsent:
            raise
        raise _partial("the answer was lost, so the status may or may not be set", (), request, error) from error
    return await with_sign_in(secret, request, done)


def key_for_sign_in(crm: AnyCRM, terms: ModerationTerms) -> AnyCRM | None:
    """Return the connection that bans the sign-in; None where it is left alone.

    Raises:
        PermissionDeniedError: it is required, and there is no secret key.
    """
    if terms.enforce_sign_in is False or (terms.enforce_sign_in is None and not has_secret_key(crm)):
        return None
    return with_secret_key(crm, "banning the sign-in")


def without_record(
    request: ModerationRequest, previous: CustomerProfile, profile: CustomerProfile, *, administrator_checked: bool
) -> Moderation:
    """Return what was done in a shop without a moderation log, and write it to the structured log."""
    terms = request.terms
    log.info(
        "customer %s: %s after %s",
        request.customer,
        terms.change.status,
        previous.account_status,
        extra={  # what people have typed is here, and not in the message
            "moderation_id": str(request.log_id),
            "customer_id": str(request.customer),
            "account_status": terms.change.status.value,
            "suspension_end": terms.change.end,
            "previous_status": previous.account_status,
            "previous_suspension_end": previous.suspension_end,
            "reason": terms.reason,
            "actor": terms.actor,
        },
    )
    return Moderation(
        profile=profile,
        previous=PreviousStatus(account_status=previous.account_status, suspension_end=previous.suspension_end),
        sign_in="not_enforced",
        logged=False,
        administrator_checked=administrator_checked,
    )


async def with_sign_in(secret: AnyCRM | None, request: ModerationRequest, done: Moderation) -> Moderation:
    """Set or lift the ban of the sign-in, and say what became of it.

    Raises:
        PartialModerationError: that failed; the status stands.
    """
    if secret is None:
        return done
    completed, change = ("status", "log") if done.logged else ("status",), request.terms.change
    try:
        banned_until = await set_ban(secret, request.customer, ban_for(change.status, change.end, datetime.now(UTC)))
    except NotFoundError as error:
        if error.code == USER_NOT_FOUND and not (request.terms.enforce_sign_in and change.locks):
            return done.model_copy(update={"sign_in": "no_user"})
        what = "the customer has a profile but no user in auth, so there is no sign-in to ban"
        raise _partial(what, completed, request, error) from error
    except AdminCRMError as error:
        what = "the status was changed, but not the ban of the sign-in"
        raise _partial(what, completed, request, error) from error
    if banned_until is None:
        return done.model_copy(update={"sign_in": "allowed"})
    valid_until = datetime.now(UTC) + timedelta(seconds=secret.settings.token_seconds)
    return done.model_copy(
        update={"sign_in": "banned", "banned_until": banned_until, "tokens_valid_until": valid_until}
    )


async def _change_on_record(crm: AnyCRM, request: ModerationRequest, *, end_sessions: bool) -> Moderation | None:
    """Change the status and write the log, in one transaction; None where the shop has no function for it."""
    terms = request.terms
    answer = await moderate_by_function(
        crm,
        entry_id=request.log_id,
        customer=request.customer,
        status=terms.change.status,
        suspension_end=terms.change.end,
        reason=terms.reason,
        actor=terms.actor,
        end_sessions=end_sessions,
        force=terms.force,
    )
    if answer is None:
        return None
    profile = answer.profile
    if answer.repeated and (profile.account_status, profile.suspension_end) != terms.change:
        raise ConflictError(
            f"this moderation was done before, and the status has been changed since, to {profile.account_status}",
            hint="nothing was changed now; to do it again, call moderate_customer without the idempotency_key",
        )
    return Moderation(
        profile=profile,
        previous=PreviousStatus(account_status=answer.previous_status, suspension_end=answer.previous_suspension_end),
        sign_in="not_enforced",
        logged=True,
        sessions_ended=answer.sessions_ended,
        administrator_checked=terms.protects,
    )


async def _change(crm: AnyCRM, request: ModerationRequest) -> Moderation:
    """Change the status as any shop allows it."""
    customer, terms = request.customer, request.terms
    is_admin: bool | None = None
    if terms.protects and has_secret_key(crm):
        secret = with_secret_key(crm, "knowing the administrators")
        previous, is_admin = await gather(crm, fetch_status(crm, customer), is_administrator(secret, customer))
    else:
        previous = await fetch_status(crm, customer)
    if is_admin:
        raise needs_force("the customer is an administrator")
    if previous is None:
        raise customer_not_found()
    profile = await write_status(crm, customer, terms.change)
    return without_record(request, previous, profile, administrator_checked=is_admin is False)


def _partial(
    what: str, completed: tuple[str, ...], request: ModerationRequest, error: AdminCRMError
) -> PartialModerationError:
    return PartialModerationError(
        f"{what}: {error.message}",
        completed=completed,
        resume=request.resume,
        customer_id=request.customer,
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        hint="call moderate_customer(crm, **error.resume): it does what is missing, and writes nothing twice",
        retryable=error.retryable,
    )
