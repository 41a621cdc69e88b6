"""Moderation on the record: who was suspended, banned or reactivated, when, by whom and why."""

from __future__ import annotations

from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.rows import newest_first
from admin_crm._postgrest.moderation_log import fetch_log
from admin_crm._postgrest.query import check_exists
from admin_crm.client import AnyCRM, operation
from admin_crm.models import ModerationEntry, RowList

__all__ = ["ModerationEntry", "get_moderation_history"]


@operation
async def get_moderation_history(crm: AnyCRM, customer_id: UUID | str) -> list[ModerationEntry]:
    """Return what the shop has recorded of a customer's moderation, newest first.

    A shop keeps this record once its owner has installed the SQL that ``admin-crm sql moderation`` prints. What was
    written past its function, such as by the web admin or by `update_customer_status`, is not in it.

    Args:
        crm: the connection.
        customer_id: the customer, who may be deleted by now: the record stays.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: there is no record, and the customer does not exist, or is not visible with these
            credentials.
        SchemaMismatchError: the shop keeps no such record; `kind` is ``table``.

    Reads `moderation_log`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> for entry in get_moderation_history(crm, customer_id):
        ...     print(entry.created_at, entry.status, entry.reason, entry.actor)
    """
    customer = check.uuid(customer_id)
    entries = await fetch_log(crm, customer)
    if not entries:
        await check_exists(crm, customer)
    return RowList(newest_first(entries))
