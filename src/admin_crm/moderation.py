"""Moderation: a customer's status and suspension."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.pager import Batch
from admin_crm._core.rows import first_or_none
from admin_crm._postgrest.decode import read_batch, read_rows
from admin_crm._postgrest.query import COUNTED, check_exists, send_query, writable
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import IncompleteReadError, InvalidInputError, PermissionDeniedError
from admin_crm.labels import AccountStatus
from admin_crm.models import AdminCustomerDetail, CustomerProfile
from admin_crm.notifications import get_customer_notifications, send_customer_notification

__all__ = [
    "get_customer_notifications",
    "is_locked",
    "lift_expired_suspensions",
    "send_customer_notification",
    "update_customer_status",
]


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

    Examples:
        >>> next_week = datetime.now(UTC) + timedelta(days=7)
        >>> update_customer_status(crm, customer_id, "suspended", suspension_end=next_week)
    """
    customer, wanted = check.uuid(customer_id), check.member(status, AccountStatus, "status")
    end = None if suspension_end is None else check.aware(suspension_end, "suspension_end")
    if end is not None and wanted is not AccountStatus.SUSPENDED:
        raise InvalidInputError(
            f"suspension_end is only allowed with the status suspended, not with {wanted}", argument="suspension_end"
        )
    if end is not None and end <= datetime.now(UTC):
        raise InvalidInputError("suspension_end must be in the future", argument="suspension_end")
    values = {"account_status": wanted.value, "suspension_end": end and end.isoformat()}
    table = crm.settings.profiles_table
    changed = first_or_none(
        await send_query(
            crm,
            lambda: writable(crm, table).update(values).eq("id", str(customer)),
            lambda answer: read_rows(answer, CustomerProfile),
        )
    )
    if changed is None:
        await check_exists(crm, customer)
        raise PermissionDeniedError(
            "these credentials can see the customer but not change the status",
            hint="connect as an administrator or with the secret key",
        )
    return changed


@operation
async def lift_expired_suspensions(crm: AnyCRM) -> list[CustomerProfile]:
    """Reactivate all customers whose suspension has ended, in one statement; for use in a scheduler.

    The server's response is the only record of the affected customers, so the request is not retried after it was
    sent. After a `RequestTimeoutError` or a `ServiceUnavailableError`, the suspensions may have been lifted.

    Returns:
        The reactivated customers.

    Raises:
        IncompleteReadError: all suspensions were lifted, but the server returned only some of the rows (`rows`).

    Writes `customer_profiles`.

    Examples:
        >>> for customer in lift_expired_suspensions(crm):
        ...     print(customer.full_name)
    """
    table, now = crm.settings.profiles_table, datetime.now(UTC).isoformat()
    lifted: Batch[CustomerProfile] = await send_query(
        crm,
        lambda: (
            writable(crm, table)
            .update({"account_status": AccountStatus.ACTIVE.value, "suspension_end": None}, count=COUNTED)
            .eq("account_status", AccountStatus.SUSPENDED.value)
            .lte("suspension_end", now)
        ),
        lambda answer: read_batch(answer, CustomerProfile),
        repeatable=False,
    )
    if lifted.total is not None and lifted.total > len(lifted.rows):
        raise IncompleteReadError(
            f"{lifted.total} suspensions were lifted, but the server returned only {len(lifted.rows)} rows",
            rows=lifted.rows,
            expected=lifted.total,
            retryable=False,
        )
    return lifted.rows


def is_locked(customer: CustomerProfile | AdminCustomerDetail, at: datetime | None = None) -> bool:
    """Return whether a customer is banned or suspended at a given time; makes no request.

    Args:
        customer: the customer, with status and suspension end.
        at: the time, with a time zone; by default now.

    Returns:
        True for a banned customer, and for a suspended customer whose suspension has not ended.

    Examples:
        >>> is_locked(get_admin_customer_details(crm, customer_id))
    """
    moment = datetime.now(UTC) if at is None else check.aware(at, "at")
    if customer.account_status == AccountStatus.BANNED:
        return True
    end = customer.suspension_end
    return customer.account_status == AccountStatus.SUSPENDED and (end is None or moment < end)
