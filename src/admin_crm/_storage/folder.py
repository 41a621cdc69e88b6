"""All that a customer's folder holds, in folders below it too, as a listing and to be removed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from admin_crm._storage.objects import batches, check_bucket, evidence_of, list_level, remove_objects
from admin_crm.client import AnyCRM
from admin_crm.errors import IncompleteReadError, PermissionDeniedError
from admin_crm.models import Evidence

LONGEST_KEY = 1024
"""The characters of the longest path that a file can have."""


async def fetch_folder(crm: AnyCRM, customer: UUID) -> list[Evidence]:
    """List all files of a customer, placeholders of empty folders too, without signing them.

    Raises:
        SchemaMismatchError: there is nothing, and no bucket either.
        IncompleteReadError: the server answers folders in folders without end.
    """
    found: list[Evidence] = []
    folders = [str(customer)]
    while folders:
        folder = folders.pop()
        for entry in await list_level(crm, folder):
            path = f"{folder}/{entry.name}"
            if entry.id is None:
                if len(path) > LONGEST_KEY:
                    raise IncompleteReadError(
                        "the server answers folders in folders without end",
                        rows=found,
                        hint="something between here and the server may ignore which folder is asked for",
                    )
                folders.append(path)
            else:
                found.append(evidence_of(entry, path))
    if not found:
        await check_bucket(crm, customer)  # a missing bucket looks like an empty folder
    return found


async def sees_files(crm: AnyCRM) -> bool:
    """Return whether these rights see anything in the bucket; the server returns an empty list where they do not."""
    return bool(await list_level(crm, ""))


async def remove_files(crm: AnyCRM, paths: Sequence[str]) -> None:
    """Remove files, in as many requests as the server needs; one that is gone already is no failure.

    Raises:
        PermissionDeniedError: some of them may not be removed with these rights.
    """
    for batch in batches(paths):
        removed = await remove_objects(crm, batch)
        if removed.denied:
            raise PermissionDeniedError(
                f"{len(removed.denied)} of {len(paths)} files may not be removed with these credentials",
                hint="connect with the secret key",
            )
