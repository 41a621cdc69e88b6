"""Evidence files of a customer, in the private bucket."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from pydantic import ConfigDict, TypeAdapter, ValidationError

from admin_crm import _check as check
from admin_crm._operation import call, gather, operation
from admin_crm._translate import unreadable
from admin_crm.client import AnyCRM
from admin_crm.models import Evidence, Model, Moment

T = TypeVar("T")

_LIST_LIMIT = 1000
_SIGN_LIMIT = 1000
_PLACEHOLDER = ".emptyFolderPlaceholder"


class _ObjectMetadata(Model):
    size: int | None = None
    mimetype: str | None = None


class _Object(Model):
    """One entry of a bucket's listing; a folder has no id."""

    name: str
    id: UUID | str | None = None
    created_at: Moment | None = None
    metadata: _ObjectMetadata | None = None


class _Signed(Model):
    path: str
    error: str | None = None
    signedURL: str | None = None  # noqa: N815 (the server's own name)


_CONFIG = ConfigDict(hide_input_in_errors=True)
_OBJECTS: TypeAdapter[list[_Object]] = TypeAdapter(list[_Object], config=_CONFIG)
_SIGNED: TypeAdapter[list[_Signed]] = TypeAdapter(list[_Signed], config=_CONFIG)


@operation
async def list_customer_evidence(
    crm: AnyCRM, customer_id: UUID | str, *, expires_in: int | None = None
) -> list[Evidence]:
    """Return all evidence files of a customer, newest first, each with a signed URL.

    Args:
        crm: the connection.
        customer_id: the customer.
        expires_in: seconds for which the URLs are good; the settings' lifetime by default.

    Returns:
        The files; folders and placeholders are left out. `url` is None for a file that was deleted, or
        closed to this key, between listing and signing.

    Raises:
        InvalidInputError: the id is not a UUID, or the lifetime is below a second.

    Reads the bucket `customer-evidence`.

    Example:
        >>> for file in list_customer_evidence(crm, customer_id):
        ...     print(file.file_name, file.url)
    """
    customer = check.uuid(customer_id)
    seconds = crm.settings.signed_url_seconds if expires_in is None else check.whole(expires_in, "expires_in")
    return await read_evidence(crm, customer, seconds)


async def read_evidence(crm: AnyCRM, customer: UUID, seconds: int) -> list[Evidence]:
    """Read the listing of a customer's folder and sign its files in batches."""
    objects = await _list_objects(crm, str(customer))
    paths = [f"{customer}/{each.name}" for each in objects]
    parts = [paths[start : start + _SIGN_LIMIT] for start in range(0, len(paths), _SIGN_LIMIT)]
    signed = await gather(crm, *(_sign(crm, part, seconds) for part in parts))
    urls = {each.path: each.signedURL for part in signed for each in part}
    files = [
        Evidence(
            id=each.id,
            path=path,
            url=urls.get(path),
            file_name=each.name,
            uploaded_at=each.created_at,
            size=each.metadata.size if each.metadata else None,
            content_type=each.metadata.mimetype if each.metadata else None,
        )
        for each, path in zip(objects, paths, strict=True)
    ]
    return sorted(files, key=lambda file: file.uploaded_at.timestamp() if file.uploaded_at else 0.0, reverse=True)


async def _list_objects(crm: AnyCRM, folder: str) -> list[_Object]:
    found: dict[str, _Object] = {}
    offset = 0
    while True:
        start = offset
        entries = await call(
            crm,
            lambda: crm.supabase.storage.from_(crm.settings.evidence_bucket).list(
                folder,
                {"limit": _LIST_LIMIT, "offset": start, "sortBy": {"column": "name", "order": "asc"}},
            ),
            lambda answer: read_json(answer, _OBJECTS),
            repeatable=True,
        )
        found.update((entry.name, entry) for entry in entries)
        offset += len(entries)
        if len(entries) < _LIST_LIMIT:
            return [each for each in found.values() if each.id is not None and each.name != _PLACEHOLDER]


async def _sign(crm: AnyCRM, paths: list[str], seconds: int) -> list[_Signed]:
    return await call(
        crm,
        lambda: crm.supabase.storage.from_(crm.settings.evidence_bucket).create_signed_urls(paths, seconds),
        lambda answer: read_json(answer, _SIGNED),
        repeatable=True,
    )


def read_json(answer: object, adapter: TypeAdapter[T]) -> T:
    """Validate what supabase-py has already parsed."""
    try:
        return adapter.validate_python(answer)
    except ValidationError as error:
        raise unreadable(error) from error
