"""Upload an evidence file, in one request or, above 6 MiB, in parts, and report the progress."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping

import httpx

from admin_crm._core.fields import Model
from admin_crm._core.progress import Report
from admin_crm._core.send import send_steps
from admin_crm._core.transfer import Transfer
from admin_crm._core.translate import check_success
from admin_crm._storage.objects import ORIGINAL_NAME
from admin_crm._storage.requests import send_request
from admin_crm._storage.resumable import PART_SIZE, upload_resumable
from admin_crm._storage.source import Source
from admin_crm.client import AnyCRM
from admin_crm.errors import ConflictError, UnexpectedResponseError


class _Stored(Model):
    Key: str


async def upload_file(crm: AnyCRM, path: str, source: Source, content_type: str, report: Report | None) -> None:
    """Upload a file under a new key, in parts if it is large and the server supports it."""
    metadata = {ORIGINAL_NAME: source.name} if source.name else {}
    if source.size > PART_SIZE and await upload_resumable(crm, path, source, content_type, metadata, report):
        return
    await _upload_whole(crm, path, source, content_type, metadata, report)


async def _upload_whole(
    crm: AnyCRM, path: str, source: Source, content_type: str, metadata: Mapping[str, str], report: Report | None
) -> None:
    bucket = crm.settings.evidence_bucket
    headers = {
        "Content-Type": content_type,
        "Content-Length": str(source.size),
        "Cache-Control": "max-age=3600",
        "x-metadata": b64encode(json.dumps(metadata).encode()).decode(),
        "x-upsert": "false",
    }
    attempts, transfer = 0, Transfer()

    async def send() -> httpx.Response:
        nonlocal attempts
        attempts += 1
        content = source.chunks(crm, 0, source.size, report, transfer)
        return await send_request(crm, "POST", "object", bucket, *path.split("/"), headers=headers, content=content)

    def read(response: httpx.Response) -> None:
        try:
            check_success(response)
        except ConflictError:
            # The key is random, so the object comes from our own earlier attempt, whose response was lost.
            if attempts > 1:
                return
            raise
        if _Stored.model_validate_json(response.content).Key != f"{bucket}/{path}":
            raise UnexpectedResponseError("the server stored the file under another key", field="Key")

    await send_steps(crm, send, read, transfer=transfer)
