"""Moderation: a customer's status and suspension."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._postgrest.decode import read_batch
from admin_crm._postgrest.query import EXACT_COUNT, fetch_all, may_not_change, send_query, update_of_customer, writable
from admin_crm._postgrest.rights import check_user
from admin_crm.audit import get_moderation_history
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import AdminCRMError, IncompleteReadError, InvalidInputError
from admin_crm.labels import AccountStatus, status_of
from admin_crm.models import AdminCustomerDetail, CustomerProfile
from admin_crm.notifications import get_customer_notifications, send_customer_notification

__all__ = [
    "get_customer_notifications",
    "get_moderation_history",
    "is_locked",
    "lift_expired_suspensions",
    "send_customer_notification",
    "update_customer_status",
]

_BATCH = 100
"""Ids in one filter: the URL stays below 4 KB, which every proxy accepts."""


@operation
async def update_customer_status(
    crm: AnyCRM,
    customer_id: UUID | str,
    status: AccountStatus | str,
    suspension_end: datetime | None = None,
) -> CustomerProfile:
    """Set a customer's account status.

    The shop's app enforces it when it loads the profile. Suspensions do not end automatically: let a scheduler
    call `lift_expired_suspensions`.

    Args:
        crm: the connection.
        customer_id: the customer.
        status: active, suspended or banned.
        suspension_end: the end of a suspension, in the future and with a time zone; None for no end date.

    Returns:
        The profile after the change; `suspension_end` is None unless the customer is suspended.

    Raises:
        InvalidInputError: the status is invalid, or the end is in the past, has no time zone, or comes with
            another status than suspended.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: these credentials can see the customer but not change the status.

    Writes `customer_profiles`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> next_week = datetime.now(UTC) + timedelta(days=7)
        >>> update_customer_status(crm, customer_id, "suspended", suspension_end=next_week)
    """
    customer, new_status = check.uuid(customer_id), status_of(status)
    end = None if suspension_end is None else check.aware(suspension_end, "suspension_end")
    if end is not None and new_status is not AccountStatus.SUSPENDED:
        raise InvalidInputError(
            f"suspension_end is only allowed with the status suspended, not with {new_status}",
            argument="suspension_end",
        )
    if end is not None and end <= datetime.now(UTC):
        raise InvalidInputError("suspension_end must be in the future", argument="suspension_end")
    values = {"account_status": new_status.value, "suspension_end": end and end.isoformat()}
    return await update_of_customer(crm, crm.settings.profiles_table, customer, values, CustomerProfile, "status")


@operation
async def lift_expired_suspensions(crm: AnyCRM) -> list[CustomerProfile]:
    """Reactivate all customers whose suspension has ended; for use in a scheduler.

    Safe to repeat: a suspension is lifted only while it is still one that has ended, and a lost response is
    looked up.

    Returns:
        The reactivated customers.

    Raises:
        PermissionDeniedError: these credentials can read the customers but are not allowed to change their status.
        IncompleteReadError: the requests were interrupted; `rows` holds the customers reactivated so far.

    Reads and writes `customer_profiles`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> for customer in lift_expired_suspensions(crm):
        ...     print(customer.full_name)
    """
    table, now = crm.settings.profiles_table, datetime.now(UTC).isoformat()

    def expired(rows: Any) -> Any:
        return rows.eq("account_status", AccountStatus.SUSPENDED.value).lte("suspension_end", now)

    due = await fetch_all(
        crm, lambda: expired(crm.supabase.table(table).select("id", count=EXACT_COUNT)), CustomerProfile
    )
    await check_user(crm, due)
    lifted: list[CustomerProfile] = []
    for start in range(0, len(due), _BATCH):
        ids = [str(row.id) for row in due[start : start + _BATCH]]
        try:
            lifted += await _lift(crm, ids, expired)
        except AdminCRMError as error:
            if not lifted:
                raise
            raise IncompleteReadError(
                f"{len(lifted)} of {len(due)} suspensions were lifted: {error.message}",
                rows=lifted,
                expected=len(due),
                hint="call lift_expired_suspensions again for the rest",
            ) from error
    return lifted


def is_locked(customer: CustomerProfile | AdminCustomerDetail, at: datetime | None = None) -> bool | None:
    """Return whether a customer is banned or suspended at a given time; makes no request.

    Args:
        customer: the customer, with status and suspension end.
        at: the time, with a time zone; by default now.

    Returns:
        True for a banned customer, and for a suspended customer whose suspension has not ended; None for a
        customer whose status is unknown.

    Examples:
        >>> is_locked(get_admin_customer_details(crm, customer_id))
    """
    time = datetime.now(UTC) if at is None else check.aware(at, "at")
    if customer.account_status is None:
        return None
    if customer.account_status == AccountStatus.BANNED:
        return True
    end = customer.suspension_end
    return customer.account_status == AccountStatus.SUSPENDED and (end is None or time < end)


async def _lift(crm: AnyCRM, ids: list[str], expired: Callable[[Any], Any]) -> list[CustomerProfile]:
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
    if rest and (attempts > 1 or (lifted.total or 0) > len(lifted.rows)):
        # The response of an earlier attempt was lost, or the server returns fewer rows than it has changed.
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
