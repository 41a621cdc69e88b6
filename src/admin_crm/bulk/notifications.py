"""One notification to many customers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from admin_crm._core.progress import Progress
from admin_crm._postgrest.insert_many import insert_new
from admin_crm._postgrest.query import KeyRow, customer_not_found, existing, fetch_among, not_written
from admin_crm.bulk.batches import Batch, JournalPath, items_of, run_in_batches
from admin_crm.bulk.targets import customer_ids
from admin_crm.client import AnyCRM, operation
from admin_crm.labels import NotificationType
from admin_crm.models import BulkResult
from admin_crm.notifications import notification_content

if TYPE_CHECKING:
    from admin_crm.bulk.targets import Customers

_BATCH = 500


@operation
async def notify_customers(
    crm: AnyCRM,
    customers: Customers,
    title: str,
    message: str,
    type: NotificationType | str = NotificationType.INFO,  # noqa: A002 (as in send_customer_notification)
    *,
    journal: JournalPath = None,
    dry_run: bool = False,
    progress: Progress = None,
) -> BulkResult:
    """Send a notification to many customers, 500 with each request, and each customer once.

    Retries after a lost response send nothing twice. With a `journal`, neither does a call that goes on after a crash.

    Args:
        crm: the connection.
        customers: ids or customers: a list, a page, a frame with their ids, or anything that can be iterated over.
        title: at most 200 characters.
        message: at most 5,000 characters.
        type: info, warning, alert or success.
        journal: the path of a file that records what is done. A later call with the same file and message goes on
            where this one stopped, also with a longer list.
        dry_run: send nothing; look up which customers exist, and return whom it would notify as `remaining`.
        progress: True for a progress bar (extra `notebook`), or a function of the customers that are settled and all.

    Returns:
        The outcome for each customer. One that does not exist is in `failed`, and the others are notified.

    Raises:
        InvalidInputError: one of the customers is no customer, title or message is empty or too long, the type is
            invalid, or the journal belongs to something else. Nothing was sent.
        ConflictError: another process uses the journal.
        BulkError: the server is unreachable or refuses; `result` says who was notified.

    Writes `user_notifications`; reads `customer_profiles` where a customer does not exist.

    Needs an administrator's session or the secret key.

    Examples:
        >>> champions = filter_customers(get_all_customers(crm), segment="champion")
        >>> result = notify_customers(crm, champions, "Rebajas", "Hasta el domingo", journal="rebajas.jsonl")
        >>> result.raise_for_failures()
    """
    ids, content = customer_ids(customers), notification_content(title, message, type)

    async def send(batch: Batch[UUID]) -> None:
        await _send(crm, batch, content)

    async def plan(batch: Batch[UUID]) -> None:
        known = await existing(crm, [item.value for item in batch.items])
        for item in batch.items:
            if item.value not in known:
                batch.settle(item, customer_not_found())

    return await run_in_batches(
        crm,
        items_of(ids),
        send,
        size=_BATCH,
        arguments=content,
        journal=journal,
        dry_run=dry_run,
        progress=progress,
        plan=plan,
    )


async def _send(crm: AnyCRM, batch: Batch[UUID], content: dict[str, str]) -> None:
    table = crm.settings.notifications_table
    ids = {item.value: batch.row_id(item) for item in batch.items}
    rows = {user: {"id": str(own_id), "user_id": str(user), **content} for user, own_id in ids.items()}
    inserted = await insert_new(crm, table, rows, key="id")
    # What an earlier attempt or an interrupted run has inserted is not in the answer.
    unseen = {ids[user] for user in ids.keys() - inserted.written - inserted.unknown}
    if unseen - {row.id for row in await fetch_among(crm, table, sorted(unseen), KeyRow, columns="id")}:
        raise not_written("notification")
    for item in batch.items:
        batch.settle(item, customer_not_found() if item.value in inserted.unknown else item.value)
