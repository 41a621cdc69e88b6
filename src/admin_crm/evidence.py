"""Evidence files of a customer, in a private bucket."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine, Iterable
from contextlib import ExitStack
from typing import Any, Protocol, cast, overload
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.gather import gather, run_blocking
from admin_crm._core.progress import Progress, Tally, reporting
from admin_crm._core.secret_key import with_secret_key_if_any
from admin_crm._postgrest.query import check_exists
from admin_crm._storage.download import download
from admin_crm._storage.file_type import checked_type, detect_type, safe_extension
from admin_crm._storage.objects import (
    batches,
    check_bucket,
    checked_path,
    fetch_evidence,
    remove_objects,
    sign_object,
)
from admin_crm._storage.source import IN_BYTES, CallbackError, FileLike, open_source
from admin_crm._storage.target import Target
from admin_crm._storage.upload import upload_file
from admin_crm.client import AdminCRM, AnyCRM, AsyncAdminCRM, operation
from admin_crm.errors import (
    AdminCRMError,
    EvidenceNotDeletedError,
    InvalidInputError,
    InvalidTypeError,
    NotFoundError,
    PermissionDeniedError,
)
from admin_crm.models import Evidence, RowList


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
    """Upload a file as evidence about a customer, under a new random name, and return its path.

    An existing file is never overwritten. Files above 6 MiB are uploaded in parts if the server supports it, and
    the upload resumes after a lost connection: while it moves forward it is not given up, and an outage may last
    as long as `Settings.retry_deadline`. The file is streamed, not loaded into memory.

    Args:
        crm: the connection.
        customer_id: the customer.
        file: a path, bytes, or a binary file object (such as ``.file`` of a FastAPI UploadFile), which is read
            from the start and stays open.
        file_name: the original name to store; by default the file's own name.
        content_type: the media type; by default detected from the first bytes, otherwise from the name.
        progress: called with the bytes sent and the total bytes; True shows a tqdm progress bar. An exception
            that it raises stops the upload.

    Returns:
        The path in the bucket, ``<customer id>/<random name>.<extension>``.

    Raises:
        InvalidInputError: the file is empty, closed, or larger than `Settings.max_evidence_bytes` or than the
            server allows; or the bucket does not allow its type.
        InvalidTypeError: `file` is not a path, bytes or a binary file object.
        OSError: the file cannot be read, as Python reports it: FileNotFoundError, IsADirectoryError,
            PermissionError, or BlockingIOError for a non-blocking stream that has nothing to read yet.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: these credentials are not allowed to add evidence.
        AuthenticationError: the key is not valid, or the token expired, also during the upload.
        SchemaMismatchError: the bucket does not exist; a file above 6 MiB is not sent first.

    Writes to the bucket `customer-evidence`, after reading `customer_profiles`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> path = upload_customer_evidence(crm, customer_id, "pieza-rota.png")
        >>> upload_customer_evidence(crm, customer_id, upload.file, file_name=upload.filename)
    """
    customer = check.uuid(customer_id)
    name = None if file_name is None else check.text(file_name, "file_name", max_length=255)
    named_type = None if content_type is None else checked_type(content_type)
    with ExitStack() as closing:
        source = await run_blocking(crm, lambda: open_source(file, name, crm.settings.max_evidence_bytes, closing))
        report = closing.enter_context(reporting(progress, source.size, source.name, **IN_BYTES))
        await check_exists(crm, customer)
        media_type = named_type or detect_type(source.head, source.name)
        path = f"{customer}/{secrets.token_hex(16)}.{safe_extension(source.name, media_type)}"
        try:
            await upload_file(crm, path, source, media_type, report)
        except CallbackError as stop:
            raise stop.error from None
    return path


@operation
async def list_customer_evidence(
    crm: AnyCRM, customer_id: UUID | str, *, expires_in: int | None = None, original_names: bool = False
) -> list[Evidence]:
    """Return all evidence files of a customer, newest first, each with a signed URL.

    Args:
        crm: the connection.
        customer_id: the customer.
        expires_in: lifetime of the URLs in seconds; by default `Settings.signed_url_seconds`.
        original_names: return the original file names as `file_name`. The server's listing does not contain
            them, so this costs one request per file; the requests run concurrently.

    Returns:
        The files, without folders and placeholders. `url` is None for a file that was deleted, or became
        inaccessible, between listing and signing, and for one that no signed URL opens: its name has a question mark.

    Raises:
        InvalidInputError: the id is not a UUID, or the lifetime is less than one second.
        CustomerNotFoundError: there are no files, and the customer does not exist or is not visible.
        SchemaMismatchError: there are no files, and the bucket does not exist.

    Reads the bucket `customer-evidence`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> for file in list_customer_evidence(crm, customer_id):
        ...     print(file.file_name, file.url)
    """
    customer = check.uuid(customer_id)
    files = await fetch_evidence(crm, customer, _lifetime(crm, expires_in), original_names=original_names)
    if not files:
        # A missing bucket or customer looks like an empty folder.
        await gather(crm, check_exists(crm, customer), check_bucket(crm, customer))
    return RowList(files)


@operation
async def get_evidence_url(
    crm: AnyCRM, path: str, *, expires_in: int | None = None, download: str | bool | None = None
) -> str:
    """Return a signed URL of an evidence file: anyone who has it can read the file until it expires.

    Args:
        crm: the connection.
        path: the path, as returned by `upload_customer_evidence` or `list_customer_evidence`.
        expires_in: lifetime of the URL in seconds; by default `Settings.signed_url_seconds`.
        download: True makes a browser save the file instead of showing it; a string sets the file name.

    Raises:
        InvalidInputError: the path is not a valid evidence path, its name has a question mark, so that the server
            would not open the URL, or the lifetime is less than one second.
        NotFoundError: the file does not exist, or is not visible with these credentials.
        SchemaMismatchError: the bucket does not exist.

    Reads the bucket `customer-evidence`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> get_evidence_url(crm, path, expires_in=300, download="recibo.pdf")
    """
    name = check.text(download, "download", max_length=255) if isinstance(download, str) else bool(download)
    return await sign_object(crm, checked_path(path), _lifetime(crm, expires_in), name)


class _Download(Protocol):
    """The type of `download_customer_evidence`: returns bytes without a target, the number of bytes with one."""

    @overload
    def __call__(self, crm: AdminCRM, /, path: str, to: None = None, *, progress: Progress = None) -> bytes: ...
    @overload
    def __call__(self, crm: AdminCRM, /, path: str, to: Target, *, progress: Progress = None) -> int: ...
    @overload
    def __call__(
        self, crm: AsyncAdminCRM, /, path: str, to: None = None, *, progress: Progress = None
    ) -> Coroutine[Any, Any, bytes]: ...
    @overload
    def __call__(
        self, crm: AsyncAdminCRM, /, path: str, to: Target, *, progress: Progress = None
    ) -> Coroutine[Any, Any, int]: ...


def _by_target(function: Callable[..., Any]) -> _Download:
    return cast("_Download", function)


@_by_target
@operation
async def download_customer_evidence(
    crm: AnyCRM, path: str, to: Target | None = None, *, progress: Progress = None
) -> bytes | int:
    """Download an evidence file, to memory, to a path or to a file object.

    Args:
        crm: the connection.
        path: the path in the bucket.
        to: a path, whose file is replaced atomically when the download is complete, and keeps its mode (of a
            symbolic link, the file that it leads to); or a binary file object, which is written when the download
            is complete, and stays open. None returns the bytes.
        progress: called with the bytes received and the total bytes; True shows a tqdm progress bar. An exception
            that it raises stops the download.

    Returns:
        The file's bytes; with `to`, the number of bytes.

    Raises:
        InvalidInputError: the path is not a valid evidence path, or `to` is closed, not open for writing, or the
            path of a device, a pipe or a socket.
        InvalidTypeError: `to` is not a path or a binary file object.
        OSError: `to` cannot be written, as Python reports it: FileNotFoundError, IsADirectoryError,
            PermissionError (the file or its folder), or an OSError with ``errno.ENOSPC`` if the disk is full.
            Where `to` is a path, its `filename` is that path.
        NotFoundError: the file does not exist, or is not visible with these credentials.
        AuthenticationError: the key or token is not valid.
        SchemaMismatchError: the bucket does not exist.

    Reads the bucket `customer-evidence`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> content = download_customer_evidence(crm, path)
        >>> download_customer_evidence(crm, path, "recibo.pdf")
        48213
    """
    key = checked_path(path)
    with reporting(progress, 0, key.rpartition("/")[2], **IN_BYTES) as report:
        try:
            return await download(crm, key, to, report)
        except CallbackError as stop:
            raise stop.error from None


@operation
async def delete_customer_evidence(crm: AnyCRM, paths: str | Iterable[str], *, progress: Progress = None) -> list[str]:
    """Delete one or more evidence files permanently.

    Args:
        crm: the connection.
        paths: one path or several, as returned by `list_customer_evidence`.
        progress: called with the paths dealt with and the total; True shows a tqdm progress bar.

    Returns:
        The deleted paths: all of them, without duplicates.

    Raises:
        InvalidInputError: a path is not a valid evidence path, or there are no paths.
        InvalidTypeError: `paths` is neither a string nor an iterable of strings.
        NotFoundError: of exactly one file, whether passed as a string or in a list: it does not exist, or is not
            visible with these credentials.
        PermissionDeniedError: of exactly one file: these credentials are not allowed to delete it. In most shops
            only the secret key can delete evidence.
        EvidenceNotDeletedError: of several files, some were not deleted; the error lists them.

    Writes to the bucket `customer-evidence`.

    Needs the secret key, or a policy that lets administrators delete.

    Examples:
        >>> delete_customer_evidence(crm, [file.path for file in files])
    """
    unique_paths = _distinct_paths(paths)
    crm = with_secret_key_if_any(crm)
    deleted: list[str] = []
    missing: list[str] = []
    denied: list[str] = []
    with reporting(progress, len(unique_paths), "files") as report:
        tally = Tally(report, len(unique_paths))
        for batch in batches(unique_paths):
            try:
                removed = await remove_objects(crm, batch)
            except AdminCRMError as error:
                if not deleted:
                    raise
                raise EvidenceNotDeletedError(
                    f"the deletion stopped after {len(deleted)} of {len(unique_paths)} files: {error.message}",
                    deleted=deleted, missing=missing, denied=denied, retryable=error.retryable, hint=error.hint,
                ) from error  # fmt: skip
            deleted += removed.deleted
            missing += removed.missing
            denied += removed.denied
            tally.add(len(batch))
    if len(deleted) < len(unique_paths):
        raise _not_deleted(deleted, missing, denied)
    return deleted


def _distinct_paths(paths: object) -> list[str]:
    if not isinstance(paths, Iterable):
        raise InvalidTypeError(f"paths must be one path or several, not {type(paths).__name__}", argument="paths")
    values = [paths] if isinstance(paths, str) else list(cast("Iterable[object]", paths))
    if not values:
        raise InvalidInputError("paths must contain at least one path", argument="paths")
    return list(dict.fromkeys(checked_path(path, "paths") for path in values))


def _not_deleted(deleted: list[str], missing: list[str], denied: list[str]) -> AdminCRMError:
    hint = "in most shops only the secret key can delete evidence: connect with AdminCRM.sign_in(..., secret_key=...)"
    total = len(deleted) + len(missing) + len(denied)
    if total > 1:
        message = (
            f"deleted {len(deleted)} of {total} files; not found: {len(missing)}; not allowed to delete: {len(denied)}"
        )
        return EvidenceNotDeletedError(
            message, deleted=deleted, missing=missing, denied=denied, hint=hint if denied else None
        )
    if denied:
        return PermissionDeniedError("these credentials are not allowed to delete the file", hint=hint)
    return NotFoundError(
        "the file does not exist, or is not visible with these credentials", hint="it may already be deleted"
    )


def _lifetime(crm: AnyCRM, expires_in: int | None) -> int:
    return crm.settings.signed_url_seconds if expires_in is None else check.integer(expires_in, "expires_in")
