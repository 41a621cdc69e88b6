"""Resumable uploads (TUS 1.0.0): in parts, going on after a broken connection where the server got to.

Our own client, because tuspy sends through `requests` or `aiohttp`: neither our pool with its timeouts and
key, nor both colours, nor the one place of retrying.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from admin_crm._core.translate import check_success
from admin_crm._storage.objects import read_info
from admin_crm._storage.requests import attempt, exchange
from admin_crm._storage.source import Report, Source
from admin_crm.client import AnyCRM
from admin_crm.errors import ConflictError, NotFoundError, UnexpectedResponseError

PART = 6 * 1024 * 1024
"""Bytes in one part; hosted projects accept no other size."""

_VERSION = {"Tus-Resumable": "1.0.0"}
_ROUTE = ("upload", "resumable")
_UPLOAD_ID = re.compile(r"[A-Za-z0-9_=-]+")


async def upload_resumable(
    crm: AnyCRM,
    path: str,
    source: Source,
    content_type: str,
    metadata: Mapping[str, str],
    report: Report | None,
) -> bool:
    """Upload a file in parts; False where the server has no resumable uploads."""
    described = _described(
        bucketName=crm.settings.evidence_bucket,
        objectName=path,
        contentType=content_type,
        cacheControl="3600",
        metadata=json.dumps(metadata),
    )
    headers = _VERSION | {"Upload-Length": str(source.size), "Upload-Metadata": described, "x-upsert": "false"}
    # Harmless to repeat: an upload that nobody goes on with is invisible, and expires.
    upload_id = await attempt(crm, lambda: exchange(crm, "POST", *_ROUTE, headers=headers), _read_upload_id)
    if upload_id is None:
        return False
    upload = _Upload(crm, upload_id, source, report)
    try:
        while upload.offset < source.size:
            await attempt(crm, upload.send_part, upload.read_offset)
    except (NotFoundError, ConflictError):
        # A server may forget an upload once it is complete: when only the last answer was lost, all is well.
        if (await read_info(crm, path)).size != source.size:
            raise
    return True


class _Upload:
    """An upload under way, and how much of it the server has."""

    def __init__(self, crm: AnyCRM, upload_id: str, source: Source, report: Report | None) -> None:
        self.offset = 0
        self._certain = True
        self._crm = crm
        self._place = (*_ROUTE, upload_id)
        self._source = source
        self._report = report

    async def send_part(self) -> httpx.Response:
        """Send the next part; after a try whose end is not known, ask first where to go on."""
        if not self._certain:
            answer = await exchange(self._crm, "HEAD", *self._place, headers=_VERSION)
            self.offset = _offset(answer)
            if self.offset == self._source.size:
                return answer
        self._certain = False
        end = min(self.offset + PART, self._source.size)
        headers = _VERSION | {
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(end - self.offset),
            "Upload-Offset": str(self.offset),
        }
        content = self._source.pieces(self._crm, self.offset, end, self._report)
        return await exchange(self._crm, "PATCH", *self._place, headers=headers, content=content)

    def read_offset(self, answer: httpx.Response) -> None:
        """Take from an answer how much has arrived."""
        offset = _offset(answer)
        if not self.offset < offset <= self._source.size and offset != self._source.size:
            raise UnexpectedResponseError("the server's answer has an offset that cannot be", field="Upload-Offset")
        self.offset, self._certain = offset, True


def _described(**values: str) -> str:
    return ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in values.items())


def _read_upload_id(answer: httpx.Response) -> str | None:
    """Read the id of a new upload out of its address.

    Of the address only the id is used, at the project's own URL: a server behind a proxy may name a host or
    scheme that is not reachable from here, and the key must not be sent to any other host anyway.
    """
    if answer.status_code in (404, 405):
        return None
    check_success(answer)
    upload_id = urlsplit(str(answer.headers.get("Location", ""))).path.rpartition("/")[2]
    if not _UPLOAD_ID.fullmatch(upload_id):
        raise UnexpectedResponseError("the server's answer does not say where to upload to", field="Location")
    return upload_id


def _offset(answer: httpx.Response) -> int:
    if answer.status_code in (409, 423):
        # The server is elsewhere in the file, or still busy with a try that broke: worth asking it again.
        raise ConflictError(
            "the server has another part of the upload in hand", status=answer.status_code, retryable=True
        )
    check_success(answer)
    offset = answer.headers.get("Upload-Offset", "")
    if not offset.isdigit():
        raise UnexpectedResponseError("the server's answer has no offset", field="Upload-Offset")
    return int(offset)
