"""What a customer is told."""

from __future__ import annotations

from uuid import UUID, uuid4

from admin_crm._core import validation as check
from admin_crm._core.rows import newest_first
from admin_crm._postgrest.query import check_exists, fetch_of_customer, insert_once
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import CustomerNotFoundError, NotFoundError
from admin_crm.labels import NotificationType
from admin_crm.models import Notification


@operation
async def send_customer_notification(
    crm: AnyCRM,
    user_id: UUID | str,
    title: str,
    message: str,
    type: NotificationType | str = NotificationType.INFO,  # noqa: A002 (the web admin's name)
) -> Notification:
    """Send a notification to a customer; retries after a lost response never send it twice.

    Args:
        crm: the connection.
        user_id: the customer.
        title: at most 200 characters.
        message: at most 5,000 characters.
        type: info, warning, alert or success.

    Raises:
        InvalidInputError: title or message is empty or too long, or the type is invalid.
        CustomerNotFoundError: the customer does not exist.
        PermissionDeniedError: these credentials are not allowed to notify customers.

    Writes `user_notifications`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> send_customer_notification(crm, customer_id, "Tu pedido", "Va en camino", "success")
    """
    user = check.uuid(user_id, "user_id")
    # The id is generated here (an idempotency key): a retry after a lost response finds its own row.
    row = {
        "id": str(uuid4()),
        "user_id": str(user),
        "title": check.text(title, "title", max_length=200),
        "message": check.text(message, "message", max_length=5_000),
        "type": check.member(type, NotificationType, "type").value,
    }
    try:
        return await insert_once(crm, crm.settings.notifications_table, row, Notification, "notification")
    except NotFoundError as error:
        raise CustomerNotFoundError(
            "the customer to notify does not exist", status=error.status, code=error.code
        ) from error


@operation
async def get_customer_notifications(
    crm: AnyCRM, customer_id: UUID | str, *, unread_only: bool = False
) -> list[Notification]:
    """Return all notifications of a customer, newest first.

    Args:
        crm: the connection.
        customer_id: the customer.
        unread_only: return only the unread ones.

    Raises:
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.

    Reads `user_notifications`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> get_customer_notifications(crm, customer_id, unread_only=True)
    """
    customer = check.uuid(customer_id)
    table = crm.settings.notifications_table
    notifications = newest_first(await fetch_of_customer(crm, table, customer, Notification, column="user_id"))
    if not notifications:
        await check_exists(crm, customer)
    return [each for each in notifications if not (unread_only and each.is_read)]
