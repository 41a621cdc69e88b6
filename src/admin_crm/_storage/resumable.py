"""Resumable uploads (TUS 1.0.0): a file is sent in parts; after a lost connection, the upload resumes.

This is our own client, because tuspy uses `requests` or `aiohttp`: it can use neither our pool with its
timeouts and key nor our retries, and it has no common interface for sync and async.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from admin_crm._core.headers import request_id
from admin_crm._core.meanings import BY_CODE
from admin_crm._core.progress import Report
from admin_crm._core.send import send_steps
from admin_crm._core.transfer import Transfer
from admin_crm._core.translate import check_success
from admin_crm._storage.key_check import send_key_check
from admin_crm._storage.objects import fetch_info
from admin_crm._storage.requests import send_request
from admin_crm._storage.source import Source
from admin_crm.client import AnyCRM
from admin_crm.errors import ConflictError, NotFoundError, SchemaMismatchError, UnexpectedResponseError

PART_SIZE = 6 * 1024 * 1024
"""The size of one part in bytes; hosted projects accept no other size."""

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
    """Upload a file in parts; return False if the server does not support resumable uploads."""
    bucket = crm.settings.evidence_bucket
    upload_metadata = _encode_metadata(
        bucketName=bucket,
        objectName=path,
        contentType=content_type,
        cacheControl="3600",
        metadata=json.dumps(metadata),
    )
    headers = _VERSION | {"Upload-Length": str(source.size), "Upload-Metadata": upload_metadata, "x-upsert": "false"}
    # Safe to repeat: an upload that is never resumed is invisible, and expires.
    upload_id = await send_steps(
        crm,
        lambda: send_request(crm, "POST", *_ROUTE, headers=headers),
        lambda response: _read_upload_id(response, bucket),
    )
    if upload_id is None:
        return False
    upload = _Upload(crm, upload_id, source, report)
    try:
        while upload.offset < source.size:
            await send_steps(crm, upload.send_part, upload.read_offset, transfer=upload.transfer)
    except (NotFoundError, ConflictError):
        # A server may delete a finished upload. If only the last response was lost, the object is complete.
        if (await fetch_info(crm, path)).size != source.size:
            raise
    return True


class _Upload:
    """An upload in progress, with the number of bytes that the server has."""

    def __init__(self, crm: AnyCRM, upload_id: str, source: Source, report: Report | None) -> None:
        self.offset = 0
        self.transfer = Transfer()
        self._offset_is_known = True
        self._furthest = 0
        self._without_progress = 0
        self._crm = crm
        self._path = (*_ROUTE, upload_id)
        self._source = source
        self._report = report

    async def send_part(self) -> httpx.Response:
        """Send the next part; after an attempt with unknown result, fetch the server's offset first.

        If the server kept something of that attempt, it was a success as far as it went. An attempt counts only if
        it sent bytes and the server kept none: an outage is limited by the deadline.
        """
        if not self._offset_is_known:
            response = await self._fetch_offset()
            offset = _offset(response)
            if offset > self.offset:
                return response
            self.offset = offset
        self._offset_is_known = False
        self._without_progress += 1
        self.transfer.tries = self._without_progress
        end = min(self.offset + PART_SIZE, self._source.size)
        headers = _VERSION | {
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(end - self.offset),
            "Upload-Offset": str(self.offset),
        }
        content = self._source.chunks(self._crm, self.offset, end, self._report, self.transfer)
        return await send_request(self._crm, "PATCH", *self._path, headers=headers, content=content)

    def read_offset(self, response: httpx.Response) -> None:
        """Store the offset from a response."""
        offset = _offset(response)
        if not self.offset < offset <= self._source.size and offset != self._source.size:
            raise UnexpectedResponseError("the server's response has an impossible offset", field="Upload-Offset")
        self.offset, self._offset_is_known = offset, True
        self.transfer.moved()
        if offset > self._furthest:
            self._furthest, self._without_progress = offset, 0

    async def _fetch_offset(self) -> httpx.Response:
        response = await send_request(self._crm, "HEAD", *self._path, headers=_VERSION)
        if response.status_code in (400, 403):
            # An expired token looks like this, and the response has no body that would say so.
            check_success(await send_key_check(self._crm))
        return response


def _encode_metadata(**values: str) -> str:
    return ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in values.items())


def _read_upload_id(response: httpx.Response, bucket: str) -> str | None:
    """Return the id of a new upload from its Location header; None if the server has no resumable uploads.

    Only the id is used, together with the project's URL: a server behind a proxy may return a host or scheme
    that is not reachable from here, and the key must not be sent to another host.
    """
    if response.status_code in (404, 405) and "Tus-Resumable" not in response.headers:
        return None
    if response.status_code == 404:
        raise SchemaMismatchError(
            "the bucket does not exist",
            kind="bucket",
            name=bucket,
            status=404,
            hint=BY_CODE["NoSuchBucket"].hint,
            request_id=request_id(response.headers),
        )
    check_success(response)
    upload_id = urlsplit(str(response.headers.get("Location", ""))).path.rpartition("/")[2]
    if not _UPLOAD_ID.fullmatch(upload_id):
        raise UnexpectedResponseError("the server's response has no valid Location header", field="Location")
    return upload_id


def _offset(response: httpx.Response) -> int:
    if response.status_code in (409, 423):
        # The server is at another offset, or still busy with an earlier attempt that failed: retry.
        raise ConflictError(
            "the server is at another offset of the upload, or still busy with it",
            status=response.status_code,
            retryable=True,
        )
    check_success(response)
    offset = response.headers.get("Upload-Offset", "")
    if not offset.isdigit():
        raise UnexpectedResponseError("the server's response has no offset", field="Upload-Offset")
    return int(offset)
