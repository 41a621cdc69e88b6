"""Tags of many customers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from admin_crm._core.progress import Progress
from admin_crm._postgrest.note_edits import change_of_tags
from admin_crm.bulk.batches import JournalPath
from admin_crm.bulk.edits import edit_notes_of
from admin_crm.bulk.targets import customer_ids
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import InvalidInputError
from admin_crm.models import BulkResult
from admin_crm.notes import checked_tags

if TYPE_CHECKING:
    from admin_crm.bulk.targets import Customers


@operation
async def tag_customers(
    crm: AnyCRM,
    customers: Customers,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    journal: JournalPath = None,
    dry_run: bool = False,
    progress: Progress = None,
) -> BulkResult:
    """Add tags to many customers and remove others, and keep all other tags, including those added concurrently.

    Each row is written only if nobody else has changed it since it was read; otherwise it is read and changed again.

    Args:
        crm: the connection.
        customers: ids or customers: a list, a page, a frame with their ids, or anything that can be iterated over.
        add: the tags to add; existing tags are not duplicated.
        remove: the tags to remove.
        journal: the path of a file that records what is done. A later call with the same file and tags goes on
            where this one stopped, also with a longer list.
        dry_run: write nothing; read the notes, and return the customers that would be changed as `remaining`.
        progress: True for a progress bar (extra `notebook`), or a function of the customers that are settled and all.

    Returns:
        The outcome for each customer. One whose tags are right already is in `skipped`, one that does not exist is in
        `failed`.

    Raises:
        InvalidInputError: one of the customers is no customer, there are no tags, a tag is invalid or in both lists,
            or the journal belongs to something else. Nothing was written.
        ConflictError: another process uses the journal.
        BulkError: the server is unreachable or refuses; `result` says how far it got.

    Reads and writes `admin_customer_notes`; reads `customer_profiles` for customers without notes.

    Needs an administrator's session or the secret key.

    Examples:
        >>> result = tag_customers(crm, customers, add=["mayoreo"], remove=["nuevo"], journal="mayoreo.jsonl")
        >>> print(result)
        tag_customers: 480 done, 20 skipped
    """
    ids, added, removed = customer_ids(customers), checked_tags(add, "add"), checked_tags(remove, "remove")
    if not added and not removed:
        raise InvalidInputError("pass tags to add or to remove", argument="add")
    both = [tag for tag in added if tag in removed]
    if both:
        raise InvalidInputError(f"{len(both)} of the tags to add are also to be removed", argument="remove")
    return await edit_notes_of(
        crm,
        ids,
        "tags",
        change_of_tags(added, removed),
        arguments={"add": added, "remove": removed},
        journal=journal,
        dry_run=dry_run,
        progress=progress,
    )
