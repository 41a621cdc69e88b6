"""List, inspect, sign and remove objects in the evidence bucket."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from pydantic import ConfigDict, TypeAdapter, ValidationError

from admin_crm._core.fields import Model, Timestamp
from admin_crm._core.gather import gather
from admin_crm._core.pager import Batch, fetch_at_offsets
from admin_crm._core.rows import newest_first
from admin_crm._core.send import send
from admin_crm._core.translate import error_from_validation
from admin_crm._storage.key_check import unless_key_is_bad
from admin_crm.client import AnyCRM
from admin_crm.errors import InvalidInputError, InvalidTypeError, NotFoundError
from admin_crm.models import Evidence

T = TypeVar("T")

BATCH = 1000
"""The maximum number of objects in one request or response."""
ORIGINAL_NAME = "original_name"
"""The key of the original file name in the object's metadata."""

_PLACEHOLDER = ".emptyFolderPlaceholder"
_MIN_PAGE_SIZE = 100
"""How many objects servers list by default; a shorter page is the last one."""
# The characters that the storage server allows in a key, without the slash, which would start another folder.
_PATH = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/[\w!.*'() &$=@;:+,?-]{1,255}", re.ASCII)


class _ObjectMetadata(Model):
    size: int | None = None
    mimetype: str | None = None


class StoredObject(Model):
    """One entry of a bucket listing; a folder has no id."""

    name: str
    id: UUID | str | None = None
    created_at: Timestamp | None = None
    metadata: _ObjectMetadata | None = None


class _Info(Model):
    """The server's information about one object; `metadata` was set at upload."""

    size: int | None = None
    metadata: dict[str, Any] | None = None


class _Signed(Model):
    path: str
    error: str | None = None
    signedURL: str | None = None  # noqa: N815 (the server's field name)


class _Url(Model):
    signedURL: str  # noqa: N815 (the server's field name)


class _Name(Model):
    name: str


class Removed(NamedTuple):
    """The result of removing objects."""

    deleted: list[str]
    missing: list[str]
    denied: list[str]


_CONFIG = ConfigDict(hide_input_in_errors=True)
_OBJECTS: TypeAdapter[list[StoredObject]] = TypeAdapter(list[StoredObject], config=_CONFIG)
_SIGNED: TypeAdapter[list[_Signed]] = TypeAdapter(list[_Signed], config=_CONFIG)
_NAMES: TypeAdapter[list[_Name]] = TypeAdapter(list[_Name], config=_CONFIG)
_INFO: TypeAdapter[_Info] = TypeAdapter(_Info)
_URL: TypeAdapter[_Url] = TypeAdapter(_Url)


def checked_path(path: object, argument: str = "path") -> str:
    """Return a valid evidence path: a customer's id, a slash, a file name."""
    if not isinstance(path, str):
        raise InvalidTypeError(
            f"{argument} must be the path of an evidence file, not {type(path).__name__}", argument=argument
        )
    if _PATH.fullmatch(path) and path.rpartition("/")[2].strip("."):
        return path
    raise InvalidInputError(
        f"{argument} must be the path of an evidence file, <customer id>/<file name>", argument=argument
    )


async def fetch_evidence(crm: AnyCRM, customer: UUID, seconds: int, *, original_names: bool = False) -> list[Evidence]:
    """List a customer's folder and sign its files in batches."""
    objects = await _list_objects(crm, str(customer))
    paths = [f"{customer}/{each.name}" for each in objects]
    signable = [path for path in paths if _is_signable(path)]
    signed = await gather(crm, *(_sign(crm, batch, seconds) for batch in batches(signable)))
    urls = {each.path: each.signedURL for batch in signed for each in batch}
    names = (
        await gather(crm, *(_fetch_original_name(crm, path) for path in paths))
        if original_names
        else [None] * len(paths)
    )
    files = [
        evidence_of(each, path, url=urls.get(path), name=name)
        for each, path, name in zip(objects, paths, names, strict=True)
    ]
    return newest_first(files, "uploaded_at")


def evidence_of(entry: StoredObject, path: str, *, url: str | None = None, name: str | None = None) -> Evidence:
    """Return a listed file, with its signed URL and original name where they are known."""
    return Evidence(
        id=entry.id,
        path=path,
        url=url,
        file_name=name or entry.name,
        uploaded_at=entry.created_at,
        size=entry.metadata.size if entry.metadata else None,
        content_type=entry.metadata.mimetype if entry.metadata else None,
    )


async def fetch_info(crm: AnyCRM, path: str) -> _Info:
    """Fetch the server's information about one object."""
    return await unless_key_is_bad(crm, _send(crm, lambda: _bucket(crm).info(path), _INFO))


async def check_bucket(crm: AnyCRM, customer: UUID) -> None:
    """Raise if the bucket does not exist; its listing would be empty, only the object info reports it."""
    await _exists(crm, f"{customer}/{_PLACEHOLDER}")


async def sign_object(crm: AnyCRM, path: str, seconds: int, download: str | bool) -> str:
    """Create a signed URL for one object; anyone who has it can read the object until it expires.

    Raises:
        InvalidInputError: the server would not open the URL.
    """
    if not _is_signable(path):
        raise InvalidInputError(
            "the storage server does not open a signed URL of a name with a question mark",
            argument="path",
            hint="download_customer_evidence reads the file; copy it under another name to sign it",
        )
    options = {"download": download} if download else {}
    try:
        signed = await _send(crm, lambda: _bucket(crm).create_signed_url(path, seconds, options), _URL)
    except NotFoundError:
        await _exists(crm, path)  # raises if it is the bucket that is missing: signing does not tell
        raise
    return signed.signedURL


def _is_signable(path: str) -> bool:
    """Return whether the server opens what it signs: in a URL, a question mark begins the query."""
    return "?" not in path


async def remove_objects(crm: AnyCRM, paths: Sequence[str]) -> Removed:
    """Remove up to one batch of objects, and find out why the server did not remove some of them."""
    attempts = 0

    def remove() -> Any:
        nonlocal attempts
        attempts += 1
        return _bucket(crm).remove(list(paths))

    removed = {each.name for each in await _send(crm, remove, _NAMES)}
    remaining = [path for path in paths if path not in removed]
    existing = await gather(crm, *(_exists(crm, path) for path in remaining))
    denied = [path for path, exists in zip(remaining, existing, strict=True) if exists]
    missing = [path for path, exists in zip(remaining, existing, strict=True) if not exists]
    if attempts > 1:
        # An earlier attempt whose response was lost may have removed them; they count as deleted.
        missing = []
    return Removed([path for path in paths if path not in {*denied, *missing}], missing, denied)


async def list_level(crm: AnyCRM, folder: str) -> list[StoredObject]:
    """List what lies directly in a folder: files, placeholders too, and folders, which have no id."""

    async def page_at(offset: int) -> Batch[StoredObject]:
        options = {"limit": BATCH, "offset": offset, "sortBy": {"column": "name", "order": "asc"}}
        entries = await _send(crm, lambda: _bucket(crm).list(folder, options), _OBJECTS)
        # Storage does not count, but no server is known to cut a page below this.
        return Batch(entries, offset + len(entries) if len(entries) < _MIN_PAGE_SIZE else None)

    # A folder and a file may have the same name.
    pager = await fetch_at_offsets(page_at, lambda entry: (entry.name, entry.id is None))
    return pager.rows


def batches(paths: Sequence[str]) -> list[Sequence[str]]:
    """Split paths into batches of the size that a server accepts."""
    return [paths[start : start + BATCH] for start in range(0, len(paths), BATCH)]


async def _list_objects(crm: AnyCRM, folder: str) -> list[StoredObject]:
    return [each for each in await list_level(crm, folder) if each.id is not None and each.name != _PLACEHOLDER]


async def _sign(crm: AnyCRM, paths: Sequence[str], seconds: int) -> list[_Signed]:
    return await _send(crm, lambda: _bucket(crm).create_signed_urls(list(paths), seconds), _SIGNED)


async def _fetch_original_name(crm: AnyCRM, path: str) -> str | None:
    try:
        name = ((await fetch_info(crm, path)).metadata or {}).get(ORIGINAL_NAME)
    except NotFoundError:
        return None
    return name if isinstance(name, str) else None


async def _exists(crm: AnyCRM, path: str) -> bool:
    try:
        await fetch_info(crm, path)
    except NotFoundError:
        return False
    return True


async def _send(crm: AnyCRM, request: Callable[[], Any], adapter: TypeAdapter[T]) -> T:
    """Send a request by supabase-py, and validate what it has parsed; everything here may be repeated."""

    def read(parsed: Any) -> T:
        try:
            return adapter.validate_python(parsed)
        except ValidationError as error:
            raise error_from_validation(error) from error

    return await send(crm, request, read, repeatable=True)


def _bucket(crm: AnyCRM) -> Any:
    return crm.supabase.storage.from_(crm.settings.evidence_bucket)
