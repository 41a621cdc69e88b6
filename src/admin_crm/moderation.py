"""Moderation: a customer's status and suspension, the ban of the sign-in, and notifications."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._postgrest.account_status import checked_change, write_status
from admin_crm.audit import get_moderation_history
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import InvalidTypeError
from admin_crm.labels import AccountStatus
from admin_crm.models import AdminCustomerDetail, BanMismatch, CustomerProfile, Moderation, PreviousStatus
from admin_crm.notifications import get_customer_notifications, send_customer_notification
from admin_crm.sign_in_bans import reconcile_sign_in_bans
from admin_crm.statuses import moderate_customer
from admin_crm.suspensions import get_locked_customers, lift_expired_suspensions

__all__ = [
    "BanMismatch",
    "Moderation",
    "PreviousStatus",
    "get_customer_notifications",
    "get_locked_customers",
    "get_moderation_history",
    "is_locked",
    "lift_expired_suspensions",
    "moderate_customer",
    "reconcile_sign_in_bans",
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
    """Set a customer's account status, as the web admin does: the column, and nothing else.

    The shop's app enforces it when it loads the profile; the auth server goes on letting the customer sign in, which
    `moderate_customer` stops. Suspensions do not end automatically: let a scheduler call `lift_expired_suspensions`.

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
    customer, change = check.uuid(customer_id), checked_change(status, suspension_end)
    return await write_status(crm, customer, change)


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
    if not isinstance(customer, CustomerProfile | AdminCustomerDetail):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidTypeError(
            f"customer must be a CustomerProfile or an AdminCustomerDetail, not {type(customer).__name__}",
            argument="customer",
            hint="get_admin_customer_details returns the end of a suspension",
        )
    if customer.account_status is None:
        return None
    if customer.account_status == AccountStatus.BANNED:
        return True
    end = customer.suspension_end
    return customer.account_status == AccountStatus.SUSPENDED and (end is None or time < end)
