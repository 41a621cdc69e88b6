"""Checks of the evidence bucket and the notes: existence, privacy, permissions."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
from pydantic import TypeAdapter

from admin_crm._core.connection import rights_in_effect
from admin_crm._core.fields import Model
from admin_crm._core.rows import Json
from admin_crm._core.secret_key import with_secret_key_if_any
from admin_crm._core.send import send
from admin_crm._core.translate import check_success
from admin_crm._postgrest.decode import decode, read_rows
from admin_crm._postgrest.query import send_query, writable
from admin_crm._storage.objects import check_bucket, remove_objects
from admin_crm.client import AnyCRM
from admin_crm.diagnosis.checks import Finding, may_be_stored, result_or_error, send_request
from admin_crm.errors import AdminCRMError, NotFoundError, PermissionDeniedError, SchemaMismatchError

_NO_SUCH_CUSTOMER = "23503"
_WRITE_CHECKS = "run doctor with write_checks=True to find out, or admin-crm doctor --write-checks"
# A PNG of one pixel: buckets may accept only images.
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


class Bucket(Model):
    """The part of a bucket's data that the check needs."""

    public: bool


_BUCKET: TypeAdapter[Bucket] = TypeAdapter(Bucket)


async def bucket(crm: AnyCRM) -> Finding:
    """Check that the bucket exists and is private; policies seldom let administrators see that."""
    crm = with_secret_key_if_any(crm)
    name = crm.settings.evidence_bucket
    try:
        found = await send_request(crm, "GET", f"/storage/v1/bucket/{quote(name, safe='')}", _read_bucket)
    except (SchemaMismatchError, NotFoundError):
        # Without permission to read buckets, the server reports a 404; the info of an object shows the truth.
        await check_bucket(crm, uuid4())
        return Finding(
            "warn", f"{name} exists; these credentials cannot see whether it is private", "run doctor with a secret key"
        )
    if found.public:
        return Finding("fail", f"{name} is public: anyone who guesses a file's URL can read it", "make it private")
    return Finding("pass", f"{name} exists and is private")


async def evidence(crm: AnyCRM) -> Finding:
    """Find out what these credentials can do with evidence, without writing."""
    if rights_in_effect(crm).role == "service_role":
        return Finding("pass", "the service role can add, read and delete evidence: it bypasses the policies")
    # Signing an upload checks the insert policy, and stores nothing.
    signed = await result_or_error(_call_storage(crm, "create_signed_upload_url", _new_path()))
    if isinstance(signed, PermissionDeniedError):
        return Finding("fail", "these credentials cannot add evidence", "add an insert policy, or use the secret key")
    if isinstance(signed, AdminCRMError):
        raise signed
    if await _call_storage(crm, "list", "", {"limit": 1}):
        return Finding("pass", "can add and read evidence; permission to delete is unknown", _WRITE_CHECKS)
    return Finding("warn", "can add evidence and sees none; permission to read and delete is unknown", _WRITE_CHECKS)


async def evidence_write_check(crm: AnyCRM) -> Finding:
    """Add a temporary object, list it, and delete it again."""
    path = _new_path()
    listed: Any = []
    try:
        added = await result_or_error(_call_storage(crm, "upload", path, _PIXEL, {"content-type": "image/png"}))
        if not isinstance(added, AdminCRMError):
            listed = await result_or_error(_call_storage(crm, "list", path.partition("/")[0]))
    finally:
        # Also if the response to the upload was lost: the object may exist.
        removed = await result_or_error(remove_objects(crm, [path]))
    is_removed = not isinstance(removed, AdminCRMError) and path in removed.deleted
    if isinstance(added, AdminCRMError):
        if may_be_stored(added) and not is_removed:
            return Finding("fail", added.message, f"the temporary object {path} may still exist; delete it")
        raise added
    if not is_removed:
        return Finding(
            "warn", "these credentials can add evidence but not delete it", f"delete the temporary object {path}"
        )
    if isinstance(listed, AdminCRMError):
        raise listed
    if not listed:
        return Finding("warn", "these credentials can add and delete evidence but not list it", "add a select policy")
    return Finding("pass", "these credentials can add, read and delete evidence (tested with a temporary object)")


async def notes_write_check(crm: AnyCRM) -> Finding:
    """Insert a note for a customer that does not exist: the foreign key rejects it even if writing is allowed."""
    table, unknown_id = crm.settings.notes_table, str(uuid4())
    try:
        inserted = await result_or_error(_rows(crm, lambda: writable(crm, table).insert({"customer_id": unknown_id})))
    finally:
        # In a shop without the foreign key, the row was inserted.
        deleted = await result_or_error(_rows(crm, lambda: writable(crm, table).delete().eq("customer_id", unknown_id)))
    if isinstance(inserted, NotFoundError) and inserted.code == _NO_SUCH_CUSTOMER:
        return Finding("pass", "these credentials can write notes (tested, nothing was stored)")
    is_removed = not isinstance(deleted, AdminCRMError) and bool(deleted)
    if isinstance(inserted, AdminCRMError):
        if may_be_stored(inserted) and not is_removed:
            return Finding("fail", inserted.message, f"a row with customer_id {unknown_id} may still exist; delete it")
        raise inserted
    cleanup = "" if is_removed else f"delete the temporary row with customer_id {unknown_id}, and "
    return Finding(
        "warn",
        f"these credentials can write notes, but {table} accepts rows for customers that do not exist",
        f"{cleanup}add a foreign key to the profiles",
    )


def _read_bucket(response: httpx.Response) -> Bucket:
    check_success(response)
    return decode(response.content, _BUCKET)


async def _rows(crm: AnyCRM, query: Any) -> list[Json]:
    return await send_query(
        crm, query, lambda response: [row.model_dump() for row in read_rows(response, Model)], repeatable=False
    )


async def _call_storage(crm: AnyCRM, method: str, *args: Any) -> Any:
    files = crm.supabase.storage.from_(crm.settings.evidence_bucket)
    return await send(crm, lambda: getattr(files, method)(*args), lambda result: result, repeatable=method != "upload")


def _new_path() -> str:
    return f"{uuid4()}/{uuid4()}.png"
