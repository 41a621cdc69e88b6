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
    """Set whether a customer may use the shop.

    The shop's app enforces it when it loads the profile. Suspensions do not lift by themselves: have a
    scheduler call `lift_expired_suspensions`.

    Args:
        crm: the connection.
        customer_id: the customer.
        status: active, suspended or banned.
        suspension_end: when a suspension lifts, in the future, with a time zone; None: until lifted by hand.

    Returns:
        The profile as it is now; active and banned have no `suspension_end`.

    Raises:
        InvalidInputError: the status is none of the three, or the end is past, naive, or not a suspension's.
        CustomerNotFoundError: there is no such profile for this key.
        PermissionDeniedError: this key may see the customer but not change the status.

    Writes `customer_profiles`.

    Example:
        >>> next_week = datetime.now(UTC) + timedelta(days=7)
        >>> update_customer_status(crm, customer_id, "suspended", suspension_end=next_week)
    """
    customer, wanted = check.uuid(customer_id), check.member(status, AccountStatus, "status")
    end = None if suspension_end is None else check.aware(suspension_end, "suspension_end")
    if end is not None and wanted is not AccountStatus.SUSPENDED:
        raise InvalidInputError(f"suspension_end belongs to a suspension, not to {wanted}", argument="suspension_end")
    if end is not None and end <= datetime.now(UTC):
        raise InvalidInputError("suspension_end must lie in the future", argument="suspension_end")
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
            "this key may see the customer but not change the status",
            hint="connect as an administrator or with the secret key",
        )
    return changed


@operation
async def lift_expired_suspensions(crm: AnyCRM) -> list[CustomerProfile]:
    """Make every customer active whose suspension has ended, in one statement; a scheduler calls it.

    The server's answer is the only record of who was lifted, so a lost answer is not asked for again: after
    a `RequestTimeoutError` or `ServiceUnavailableError`, some or all may have been lifted already.

    Returns:
        The customers lifted.

    Raises:
        IncompleteReadError: all were lifted, but the server named only some of them (`rows`).

    Writes `customer_profiles`.

    Example:
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
            f"{lifted.total} suspensions were lifted, but the server named only {len(lifted.rows)}",
            rows=lifted.rows,
            expected=lifted.total,
            retryable=False,
        )
    return lifted.rows


def is_locked(customer: CustomerProfile | AdminCustomerDetail, at: datetime | None = None) -> bool:
    """Return whether a customer is kept out of the shop at a moment.

    Args:
        customer: the customer, with status and suspension end.
        at: the moment, with a time zone; now by default.

    Returns:
        True for a banned customer, and for a suspended one whose suspension has not ended.

    Example:
        >>> is_locked(get_admin_customer_details(crm, customer_id))
    """
    moment = datetime.now(UTC) if at is None else check.aware(at, "at")
    if customer.account_status == AccountStatus.BANNED:
        return True
    end = customer.suspension_end
    return customer.account_status == AccountStatus.SUSPENDED and (end is None or moment < end)
