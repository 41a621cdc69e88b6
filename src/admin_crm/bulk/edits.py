"""What `tag_customers` and `set_custom_fields_of` share: one change to the notes of many customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from admin_crm._core.progress import Progress
from admin_crm._core.rows import Json
from admin_crm._postgrest.insert_many import insert_new
from admin_crm._postgrest.note_edits import Change, dated, edit_notes, patch_notes
from admin_crm._postgrest.query import IDS_IN_FILTER, customer_not_found, existing, fetch_among
from admin_crm.bulk.batches import (
    UNCHANGED,
    Batch,
    Item,
    JournalPath,
    Outcome,
    items_of,
    run_in_batches,
    settle_each,
)
from admin_crm.client import AnyCRM
from admin_crm.errors import ConflictError
from admin_crm.models import AdminNotes, BulkResult


class _Edit(NamedTuple):
    """What has to be written for a customer; `row` is None where there are no notes yet."""

    item: Item[UUID]
    row: AdminNotes | None
    changes: Json


async def edit_notes_of(
    crm: AnyCRM,
    customers: Sequence[UUID],
    column: str,
    change: Change,
    *,
    arguments: Mapping[str, object],
    journal: JournalPath,
    dry_run: bool,
    progress: Progress,
) -> BulkResult:
    """Change one column of the notes of many customers, each row only if nobody else has changed it meanwhile."""
    columns = f"customer_id,{column},updated_at"

    async def do(batch: Batch[UUID]) -> None:
        await _write(crm, batch, await _needed(crm, batch, columns, change), change)

    async def plan(batch: Batch[UUID]) -> None:
        first_notes = [each.item for each in await _needed(crm, batch, columns, change) if each.row is None]
        await _settle_unknown(crm, batch, first_notes)

    return await run_in_batches(
        crm,
        items_of(customers),
        do,
        size=IDS_IN_FILTER,
        arguments=arguments,
        journal=journal,
        dry_run=dry_run,
        progress=progress,
        plan=plan,
    )


async def _needed(crm: AnyCRM, batch: Batch[UUID], columns: str, change: Change) -> list[_Edit]:
    """Read the notes of a batch in one request, and settle the customers for whom nothing has to be written."""
    ids = [item.value for item in batch.items]
    found = await fetch_among(crm, crm.settings.notes_table, ids, AdminNotes, key="customer_id", columns=columns)
    rows, needed, without_notes = {row.customer_id: row for row in found}, list[_Edit](), list[Item[UUID]]()
    for item in batch.items:
        row = rows.get(item.value)
        if row is not None and row.updated_at in batch.moments(item):
            batch.settle(item, item.value)  # written by a run that was killed before it could note it
            continue
        try:
            changes = change(row or AdminNotes(customer_id=item.value))
        except ConflictError as error:
            batch.settle(item, error)
            continue
        if changes:
            needed.append(_Edit(item, row, changes))
        elif row is not None:
            batch.settle(item, UNCHANGED)
        else:
            without_notes.append(item)
    await _settle_unknown(crm, batch, without_notes, known=UNCHANGED)
    return needed


async def _settle_unknown(
    crm: AnyCRM, batch: Batch[UUID], items: Sequence[Item[UUID]], *, known: Outcome | None = None
) -> None:
    """Settle the customers that do not exist, and the others too where their outcome is known."""
    found = await existing(crm, [item.value for item in items])
    for item in items:
        if item.value not in found:
            batch.settle(item, customer_not_found())
        elif known is not None:
            batch.settle(item, known)


async def _write(crm: AnyCRM, batch: Batch[UUID], edits: Sequence[_Edit], change: Change) -> None:
    """Insert the missing rows together, and update the others beside each other."""
    first_notes = {each.item.value: each for each in edits if each.row is None}
    rows = {
        customer: {"customer_id": str(customer), **dated(each.changes, batch.moment)}
        for customer, each in first_notes.items()
    }
    inserted = await insert_new(crm, crm.settings.notes_table, rows, key="customer_id")
    for customer in inserted.written:
        batch.settle(first_notes[customer].item, customer)
    for customer in inserted.unknown:
        batch.settle(first_notes[customer].item, customer_not_found())
    left = {each.item.key: each for each in edits if each.item.key not in batch.outcomes}

    async def edit(item: Item[UUID]) -> Outcome:
        _, row, changes = left[item.key]
        if row is not None and await patch_notes(crm, item.value, changes, at=batch.moment, unchanged_since=row):
            return item.value
        # Somebody else wrote meanwhile, or our own answer was lost.
        edited = await edit_notes(crm, item.value, change, at=batch.moment, ours=batch.moments(item))
        return item.value if edited.changed else UNCHANGED

    await settle_each(crm, batch, [each.item for each in left.values()], edit)
