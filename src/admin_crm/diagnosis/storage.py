"""Evidence and notes: is the bucket there and private, and what may this key do?"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
from pydantic import TypeAdapter

from admin_crm._core.fields import Model
from admin_crm._core.send import send
from admin_crm._core.translate import check_success
from admin_crm._postgrest.decode import decode, read_rows
from admin_crm._postgrest.query import Json, send_query, writable
from admin_crm._storage.objects import check_bucket, remove_objects
from admin_crm.client import AnyCRM
from admin_crm.diagnosis.access import rights_in_effect
from admin_crm.diagnosis.examination import Finding, ask, attempted
from admin_crm.errors import AdminCRMError, NotFoundError, PermissionDeniedError, SchemaMismatchError

_NO_SUCH_CUSTOMER = "23503"
_WRITE_CHECKS = "run doctor with write_checks to find out"
# The smallest picture there is: buckets may refuse files that are none.
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


class Bucket(Model):
    """A bucket, as far as the doctor wants to know it."""

    public: bool


_BUCKET: TypeAdapter[Bucket] = TypeAdapter(Bucket)


async def bucket(crm: AnyCRM) -> Finding:
    """Look whether the bucket is there and private."""
    name = crm.settings.evidence_bucket
    try:
        found = await ask(crm, "GET", f"/storage/v1/bucket/{quote(name, safe='')}", _read_bucket)
    except (SchemaMismatchError, NotFoundError):
        # Who may not look at buckets hears that there is none; an object's description tells.
        await check_bucket(crm, uuid4())
        return Finding("warn", f"{name} is there; this key may not see whether it is private", "ask with a secret key")
    if found.public:
        return Finding("fail", f"{name} is public: whoever guesses a file's address can read it", "make it private")
    return Finding("pass", f"{name} is there and private")


async def evidence(crm: AnyCRM) -> Finding:
    """Deduce what this key may do with evidence, without writing anything."""
    if rights_in_effect(crm).role == "service_role":
        return Finding("pass", "this key may add, read and delete evidence: no policy holds for it")
    # Signing an upload asks the policy whether it would be let in, and stores nothing.
    signed = await attempted(_call_storage(crm, "create_signed_upload_url", _new_path()))
    if isinstance(signed, PermissionDeniedError):
        return Finding("fail", "this key may not add evidence", "add an insert policy, or use the secret key")
    if isinstance(signed, AdminCRMError):
        raise signed
    if await _call_storage(crm, "list", "", {"limit": 1}):
        return Finding("pass", "this key may add and read evidence; whether it may delete is unknown", _WRITE_CHECKS)
    return Finding(
        "warn", "this key may add evidence and is shown none; whether it may read and delete is unknown", _WRITE_CHECKS
    )


async def evidence_tried(crm: AnyCRM) -> Finding:
    """Add a throw-away object, look for it, and delete it again."""
    path = _new_path()
    shown: Any = []
    try:
        added = await attempted(_call_storage(crm, "upload", path, _PICTURE, {"content-type": "image/png"}))
        if not isinstance(added, AdminCRMError):
            shown = await attempted(_call_storage(crm, "list", path.partition("/")[0]))
    finally:
        # Also where the answer to the upload was lost: the object may be there.
        removed = await attempted(remove_objects(crm, [path]))
    gone = not isinstance(removed, AdminCRMError) and path in removed.deleted
    if isinstance(added, AdminCRMError):
        if _may_be_stored(added) and not gone:
            return Finding("fail", added.message, f"the throw-away object {path} may be left behind; delete it")
        raise added
    if not gone:
        return Finding(
            "warn", "this key may add evidence and not delete it", f"delete the throw-away object {path} that is left"
        )
    if isinstance(shown, AdminCRMError):
        raise shown
    if not shown:
        return Finding("warn", "this key may add and delete evidence, but is not shown it", "add a select policy")
    return Finding("pass", "this key may add, read and delete evidence: tried with a throw-away object")


async def notes_tried(crm: AnyCRM) -> Finding:
    """Write notes about a customer who does not exist: allowed or not, the foreign key keeps them out."""
    table, nobody = crm.settings.notes_table, str(uuid4())
    try:
        written = await attempted(_rows(crm, lambda: writable(crm, table).insert({"customer_id": nobody})))
    finally:
        # A shop without the foreign key has taken them.
        deleted = await attempted(_rows(crm, lambda: writable(crm, table).delete().eq("customer_id", nobody)))
    if isinstance(written, NotFoundError) and written.code == _NO_SUCH_CUSTOMER:
        return Finding("pass", "this key may write notes: tried, and nothing was stored")
    gone = not isinstance(deleted, AdminCRMError) and bool(deleted)
    if isinstance(written, AdminCRMError):
        if _may_be_stored(written) and not gone:
            return Finding("fail", written.message, f"a row with customer_id {nobody} may be left behind; delete it")
        raise written
    left = "" if gone else f"delete the throw-away row with customer_id {nobody} that is left, and "
    return Finding(
        "warn",
        f"this key may write notes; {table} takes them about customers who do not exist",
        f"{left}add a foreign key to the profiles",
    )


def _read_bucket(answer: httpx.Response) -> Bucket:
    check_success(answer)
    return decode(answer.content, _BUCKET)


async def _rows(crm: AnyCRM, query: Any) -> list[Json]:
    return await send_query(
        crm, query, lambda answer: [row.model_dump() for row in read_rows(answer, Model)], repeatable=False
    )


async def _call_storage(crm: AnyCRM, method: str, *args: Any) -> Any:
    files = crm.supabase.storage.from_(crm.settings.evidence_bucket)
    return await send(crm, lambda: getattr(files, method)(*args), lambda answer: answer, repeatable=method != "upload")


def _may_be_stored(error: AdminCRMError) -> bool:
    """Tell a lost answer from a refusal."""
    return error.status is None or error.status >= 500


def _new_path() -> str:
    return f"{uuid4()}/{uuid4()}.png"
