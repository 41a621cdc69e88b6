"""What a customer is told."""

from __future__ import annotations

from uuid import UUID, uuid4

from admin_crm._core import validation as check
from admin_crm._core.idempotency import checked_key, row_id
from admin_crm._core.rows import Json, newest_first
from admin_crm._postgrest.query import check_exists, fetch_of_customer, insert_once
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import ConflictError, CustomerNotFoundError, NotFoundError
from admin_crm.labels import NotificationType
from admin_crm.models import Notification, RowList


@operation
async def send_customer_notification(
    crm: AnyCRM,
    user_id: UUID | str,
    title: str,
    message: str,
    type: NotificationType | str = NotificationType.INFO,  # noqa: A002 (the web admin's name)
    *,
    idempotency_key: str | None = None,
) -> Notification:
    """Send a notification to a customer; retries after a lost response never send it twice.

    With an `idempotency_key`, a second call does not send it twice either, whenever and wherever it is made: it returns
    the notification that the first one sent.

    Args:
        crm: the connection.
        user_id: the customer.
        title: at most 200 characters.
        message: at most 5,000 characters.
        type: info, warning, alert or success.
        idempotency_key: a name for this message, such as ``restock-2026-11``, at most 200 characters; None sends a new
            notification with each call.

    Raises:
        InvalidInputError: title or message is empty or too long, or the type is invalid.
        CustomerNotFoundError: the customer does not exist.
        ConflictError: the idempotency key was used for another message to this customer.
        PermissionDeniedError: these credentials are not allowed to notify customers.

    Writes `user_notifications`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> send_customer_notification(crm, customer_id, "Tu pedido", "Va en camino", "success")
        >>> send_customer_notification(crm, customer_id, "De vuelta", "La taza", idempotency_key="restock-2026-11")
    """
    user = check.uuid(user_id, "user_id")
    content = notification_content(title, message, type)
    key = None if idempotency_key is None else checked_key(idempotency_key)
    # The id is ours: a retry after a lost response finds its own row, and so does a second call with the same key.
    own_id = uuid4() if key is None else row_id("send_customer_notification", key, user)

    def check_same(found: Notification) -> None:
        if key is not None and content != {name: getattr(found, name) for name in content}:
            raise ConflictError(
                "this idempotency key was used for another message to this customer; nothing was sent",
                hint="use another key for another message",
            )

    row = {"id": str(own_id), "user_id": str(user), **content}
    table = crm.settings.notifications_table
    try:
        return await insert_once(crm, table, row, Notification, "notification", check_found=check_same)
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
    return RowList(each for each in notifications if not (unread_only and each.is_read))


def notification_content(title: object, message: object, kind: object) -> Json:
    """Return the columns that say what a notification says."""
    return {
        "title": check.text(title, "title", max_length=200),
        "message": check.text(message, "message", max_length=5_000),
        "type": check.member(kind, NotificationType, "type").value,
    }
