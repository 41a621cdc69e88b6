"""Custom fields of many customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from admin_crm._core.progress import Progress
from admin_crm._postgrest.note_edits import change_of_fields
from admin_crm.bulk.batches import JournalPath
from admin_crm.bulk.edits import edit_notes_of
from admin_crm.bulk.targets import customer_ids
from admin_crm.client import AnyCRM, operation
from admin_crm.models import BulkResult
from admin_crm.notes import require_fields

if TYPE_CHECKING:
    from admin_crm.bulk.targets import Customers


@operation
async def set_custom_fields_of(
    crm: AnyCRM,
    customers: Customers,
    fields: Mapping[str, Any],
    *,
    journal: JournalPath = None,
    dry_run: bool = False,
    progress: Progress = None,
) -> BulkResult:
    """Set the same custom fields of many customers and keep all others; a field set to None is removed.

    Each row is written only if nobody else has changed it since it was read; otherwise it is read and changed again.

    Args:
        crm: the connection.
        customers: ids or customers: a list, a page, a frame with their ids, or anything that can be iterated over.
        fields: the fields to set, any JSON values.
        journal: the path of a file that records what is done. A later call with the same file and fields goes on
            where this one stopped, also with a longer list.
        dry_run: write nothing; read the notes, and return the customers that would be changed as `remaining`.
        progress: True for a progress bar (extra `notebook`), or a function of the customers that are settled and all.

    Returns:
        The outcome for each customer. One whose fields are right already is in `skipped`, one that does not exist is in
        `failed`.

    Raises:
        InvalidInputError: one of the customers is no customer, there are no fields or JSON cannot hold a value,
            or the journal belongs to something else. Nothing was written.
        ConflictError: another process uses the journal.
        BulkError: the server is unreachable or refuses; `result` says how far it got.

    Reads and writes `admin_customer_notes`; reads `customer_profiles` for customers without notes.

    Needs an administrator's session or the secret key.

    Examples:
        >>> result = set_custom_fields_of(crm, customers, {"lista": "mayoreo", "descuento": 10})
        >>> result.raise_for_failures()
    """
    ids, checked = customer_ids(customers), require_fields(fields)
    return await edit_notes_of(
        crm,
        ids,
        "custom_fields",
        change_of_fields(checked),
        arguments={"fields": checked},
        journal=journal,
        dry_run=dry_run,
        progress=progress,
    )
