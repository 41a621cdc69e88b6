"""Evidence files of a customer, in the private bucket."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine, Iterable
from contextlib import ExitStack
from typing import Any, Protocol, cast, overload
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.gather import gather, run_blocking
from admin_crm._postgrest.query import check_exists
from admin_crm._storage.download import Target, download
from admin_crm._storage.file_type import checked_type, detect_type, safe_extension
from admin_crm._storage.objects import (
    ORIGINAL_NAME,
    batches,
    check_bucket,
    checked_path,
    read_evidence,
    remove_objects,
    sign_object,
)
from admin_crm._storage.source import FileLike, Stopped, open_source
from admin_crm._storage.upload import Progress, reporting, upload_file
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM, operation
from admin_crm.errors import (
    AdminCRMError,
    EvidenceNotDeletedError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
)
from admin_crm.models import Evidence


@operation
async def upload_customer_evidence(
    crm: AnyCRM,
    customer_id: UUID | str,
    file: FileLike,
    *,
    file_name: str | None = None,
    content_type: str | None = None,
    progress: Progress = None,
) -> str:
    """Keep a file as evidence about a customer, under a new random name, and return its path.

    Nothing is ever overwritten. Files above 6 MiB go up in parts where the server can, and go on after a
    broken connection. The file is read piece by piece, not into memory.

    Args:
        crm: the connection.
        customer_id: the customer.
        file: a path, bytes, or a binary file object (a FastAPI UploadFile's ``.file``), which is sent from its
            beginning and stays open.
        file_name: the name to remember; by default the name that the file comes with.
        content_type: by default what the file's first bytes show, or else its name.
        progress: called with the bytes sent and the bytes in all; True shows a bar, with tqdm. What it raises
            stops the upload.

    Returns:
        The path in the bucket, ``<customer id>/<random name>.<extension>``.

    Raises:
        InvalidInputError: the file is empty, larger than `Settings.max_evidence_bytes` or than the server
            allows, cannot be read, or is not a binary file; or the bucket refuses its type.
        CustomerNotFoundError: there is no such customer for this key.
        PermissionDeniedError: this key may not add evidence.

    Writes to the bucket `customer-evidence`, after reading `customer_profiles`.

    Example:
        >>> path = upload_customer_evidence(crm, customer_id, "pieza-rota.png")
        >>> upload_customer_evidence(crm, customer_id, upload.file, file_name=upload.filename)
    """
    customer = check.uuid(customer_id)
    name = None if file_name is None else check.text(file_name, "file_name", most=255)
    named_type = None if content_type is None else checked_type(content_type)
    with ExitStack() as closing:
        source = await run_blocking(crm, lambda: open_source(file, name, crm.settings.max_evidence_bytes, closing))
        report = closing.enter_context(reporting(progress, source))
        await check_exists(crm, customer)
        kind = named_type or detect_type(source.head, source.name)
        path = f"{customer}/{secrets.token_hex(16)}.{safe_extension(source.name, kind)}"
        metadata = {ORIGINAL_NAME: source.name} if source.name else {}
        try:
            await upload_file(crm, path, source, kind, metadata, report)
        except Stopped as stopped:
            raise stopped.error from None
    return path


@operation
async def list_customer_evidence(
    crm: AnyCRM, customer_id: UUID | str, *, expires_in: int | None = None, original_names: bool = False
) -> list[Evidence]:
    """Return all evidence files of a customer, newest first, each with a signed URL.

    Args:
        crm: the connection.
        customer_id: the customer.
        expires_in: seconds for which the URLs are good; the settings' lifetime by default.
        original_names: give the names that files had when they were uploaded as `file_name`. The server's
            listing lacks them, so this costs a request for each file, side by side.

    Returns:
        The files; folders and placeholders are left out. `url` is None for a file that was deleted, or
        closed to this key, between listing and signing.

    Raises:
        InvalidInputError: the id is not a UUID, or the lifetime is below a second.
        CustomerNotFoundError: there are no files, and no such customer for this key.

    Reads the bucket `customer-evidence`.

    Example:
        >>> for file in list_customer_evidence(crm, customer_id):
        ...     print(file.file_name, file.url)
    """
    customer = check.uuid(customer_id)
    files = await read_evidence(crm, customer, _lifetime(crm, expires_in), original_names=original_names)
    if not files:
        # A bucket or customer that is not there looks like an empty folder.
        await gather(crm, check_exists(crm, customer), check_bucket(crm, customer))
    return files


@operation
async def get_evidence_url(
    crm: AnyCRM, path: str, *, expires_in: int | None = None, download: str | bool | None = None
) -> str:
    """Return a signed URL of an evidence file: whoever has it can read the file until it expires.

    Args:
        crm: the connection.
        path: the file, as `upload_customer_evidence` returned or `list_customer_evidence` shows it.
        expires_in: seconds for which the URL is good; the settings' lifetime by default.
        download: True lets a browser save the file instead of showing it; a text says under which name.

    Raises:
        InvalidInputError: the path is not one of an evidence file, or the lifetime is below a second.
        NotFoundError: there is no such file for this key.

    Reads the bucket `customer-evidence`.

    Example:
        >>> get_evidence_url(crm, path, expires_in=300, download="recibo.pdf")
    """
    name = check.text(download, "download", most=255) if isinstance(download, str) else bool(download)
    return await sign_object(crm, checked_path(path), _lifetime(crm, expires_in), name)


class _Download(Protocol):
    """`download_customer_evidence` as callers see it: bytes without a target, their number with one."""

    @overload
    def __call__(self, crm: AdminCRM, /, path: str, to: None = None) -> bytes: ...
    @overload
    def __call__(self, crm: AdminCRM, /, path: str, to: Target) -> int: ...
    @overload
    def __call__(self, crm: AsyncAdminCRM, /, path: str, to: None = None) -> Coroutine[Any, Any, bytes]: ...
    @overload
    def __call__(self, crm: AsyncAdminCRM, /, path: str, to: Target) -> Coroutine[Any, Any, int]: ...


def _by_target(function: Callable[..., Any]) -> _Download:
    return cast("_Download", function)


@_by_target
@operation
async def download_customer_evidence(crm: AnyCRM, path: str, to: Target | None = None) -> bytes | int:
    """Download an evidence file, to memory, to a path or to a file object.

    Args:
        crm: the connection.
        path: the file in the bucket.
        to: a path, which is written beside and replaced when the download is complete; or a binary file
            object, which is written to when the download is complete, and stays open.

    Returns:
        The file's bytes; with `to`, how many there were.

    Raises:
        InvalidInputError: the path is not one of an evidence file, or `to` cannot be written.
        NotFoundError: there is no such file for this key.

    Reads the bucket `customer-evidence`.

    Example:
        >>> content = download_customer_evidence(crm, path)
        >>> download_customer_evidence(crm, path, "recibo.pdf")
        48213
    """
    return await download(crm, checked_path(path), to)


@operation
async def delete_customer_evidence(crm: AnyCRM, paths: str | Iterable[str]) -> list[str]:
    """Delete one or several evidence files, for good.

    Args:
        crm: the connection.
        paths: the file or files, as `list_customer_evidence` shows them.

    Returns:
        What was deleted, which is all of it.

    Raises:
        InvalidInputError: a path is not one of an evidence file, or none is given.
        NotFoundError: the one file is not there for this key.
        PermissionDeniedError: the one file is there, but this key may not delete it. Most shops let only the
            secret key delete evidence.
        EvidenceNotDeletedError: some of several files were not deleted; it holds which, and which were.

    Writes to the bucket `customer-evidence`.

    Example:
        >>> delete_customer_evidence(crm, [file.path for file in files])
    """
    wanted = list(
        dict.fromkeys([checked_path(path, "paths") for path in ([paths] if isinstance(paths, str) else paths)])
    )
    if not wanted:
        raise InvalidInputError("paths must name at least one file", argument="paths")
    deleted: list[str] = []
    missing: list[str] = []
    denied: list[str] = []
    for part in batches(wanted):
        try:
            removed = await remove_objects(crm, part)
        except AdminCRMError as error:
            if not deleted:
                raise
            raise EvidenceNotDeletedError(
                f"the deletion broke off after {len(deleted)} files: {error.message}",
                deleted=deleted, missing=missing, denied=denied, retryable=error.retryable, hint=error.hint,
            ) from error  # fmt: skip
        deleted += removed.deleted
        missing += removed.missing
        denied += removed.denied
    if len(deleted) < len(wanted):
        raise _not_deleted(deleted, missing, denied, alone=isinstance(paths, str))
    return deleted


def _not_deleted(deleted: list[str], missing: list[str], denied: list[str], *, alone: bool) -> AdminCRMError:
    hint = "row-level security lets this key not delete it; most shops leave that to the secret key"
    if not alone:
        told = f"{len(deleted)} files were deleted, {len(missing)} were not there, {len(denied)} may not be deleted"
        return EvidenceNotDeletedError(
            told, deleted=deleted, missing=missing, denied=denied, hint=hint if denied else None
        )
    if denied:
        return PermissionDeniedError("this key may not delete the file", hint=hint)
    return NotFoundError("there is no such file for this key", hint="it may have been deleted already")


def _lifetime(crm: AnyCRM, expires_in: int | None) -> int:
    return crm.settings.signed_url_seconds if expires_in is None else check.integer(expires_in, "expires_in")
