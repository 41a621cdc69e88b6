"""Upload evidence files of many customers."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, cast
from uuid import UUID

from admin_crm._core.gather import run_blocking
from admin_crm._core.progress import Progress
from admin_crm._postgrest.query import customer_not_found, existing
from admin_crm._storage.file_type import detect_type, safe_extension
from admin_crm._storage.objects import fetch_info
from admin_crm._storage.upload import upload_file
from admin_crm.bulk.batches import Batch, Item, JournalPath, Outcome, run_in_batches, settle_each
from admin_crm.bulk.files import Chosen, chosen_files
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import BulkError, ConflictError
from admin_crm.models import BulkResult

if TYPE_CHECKING:
    from admin_crm.bulk.files import Files

_BATCH = 20


@operation
async def upload_evidence_files(
    crm: AnyCRM,
    files: Files,
    *,
    journal: JournalPath = None,
    dry_run: bool = False,
    progress: Progress = None,
) -> BulkResult:
    """Upload evidence files of many customers, each once.

    Every file is read once before the first is sent: what cannot be read, is empty or too large is told in `failed`.
    With a journal the call may be repeated after whatever ended it: the name of a file in the bucket follows from the
    journal, the customer and the file's name and content, so no file is stored twice, and a changed file is stored
    beside the old one.

    Args:
        crm: the connection.
        files: a mapping from a customer to a file or several; or pairs of a customer and a file; or a folder whose
            folders have the ids of customers (hidden files, Thumbs.db and desktop.ini are ignored). A file is a path,
            bytes or a binary file object, as for `upload_customer_evidence`.
        journal: the path of the journal, which makes the call resumable; the file is made if there is none.
        dry_run: only look at the files and customers.
        progress: called with the number of files that are settled and the total; True shows a tqdm progress bar.

    Returns:
        The outcome of each file. `done` has the customers, once for each of their files; files are named
        ``<customer id>: <path>``, and ``file 3`` where they have no path. `paths` has the paths in the bucket.

    Raises:
        InvalidInputError: the journal is another one.
        InvalidTypeError: `files` is none of these.
        BulkError: something stopped it, such as a missing bucket; `result` says how far it got.
        OSError: the folder cannot be read.

    Writes to the bucket `customer-evidence`, after reading `customer_profiles`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> result = upload_evidence_files(crm, {customer.id: ["front.jpg", "back.jpg"]})
        >>> result = upload_evidence_files(crm, "scans", journal="scans.journal")
        >>> result.failed, result.paths
    """
    limit = crm.settings.max_evidence_bytes
    with ExitStack() as closing:
        chosen = await run_blocking(crm, lambda: chosen_files(files, limit, closing))
        uploads = _Uploads(crm, limit)
        try:
            result = await run_in_batches(
                crm,
                [Item(_key(each), each.name, each) for each in chosen],
                uploads.do,
                size=_BATCH,
                arguments={},
                journal=journal,
                dry_run=dry_run,
                progress=progress,
                plan=uploads.plan,
            )
        except BulkError as error:
            error.result = replace(cast("BulkResult", error.result), paths=uploads.paths)
            raise
    return replace(result, paths=uploads.paths)


class _Uploads:
    """Uploads one batch of files after the other."""

    def __init__(self, crm: AnyCRM, limit: int) -> None:
        self.paths: dict[str, str] = {}
        self._crm = crm
        self._limit = limit
        self._known: set[UUID] = set()

    async def plan(self, batch: Batch[Chosen]) -> None:
        """Settle the files that are wrong, and those of unknown customers."""
        for item in batch.items:
            if item.value.error is not None:
                batch.settle(item, item.value.error)
        new = {_customer(item) for item in batch.unsettled} - self._known
        self._known |= await existing(self._crm, new)
        for item in batch.unsettled:
            if _customer(item) not in self._known:
                batch.settle(item, customer_not_found())

    async def do(self, batch: Batch[Chosen]) -> None:
        """Upload the other files."""
        await self.plan(batch)
        await settle_each(self._crm, batch, batch.unsettled, lambda item: self._upload(batch, item))

    async def _upload(self, batch: Batch[Chosen], item: Item[Chosen]) -> Outcome:
        crm, customer = self._crm, _customer(item)
        with ExitStack() as closing:
            source = await run_blocking(crm, lambda: item.value.open(self._limit, closing))
            media_type = detect_type(source.head, source.name)
            path = f"{customer}/{batch.row_id(item).hex}.{safe_extension(source.name, media_type)}"
            try:
                await upload_file(crm, path, source, media_type, None)
            except ConflictError:
                # The name follows from the content, so it is our own file of an earlier try, if it is whole.
                if (await fetch_info(crm, path)).size != source.size:
                    raise
        self.paths[item.value.name] = path
        return customer


def _key(file: Chosen) -> str:
    return file.name if file.error is not None else f"{file.customer}/{file.digest}"


def _customer(item: Item[Chosen]) -> UUID:
    return cast("UUID", item.value.customer)
