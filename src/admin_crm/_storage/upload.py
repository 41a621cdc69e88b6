"""Upload an evidence file, in one request or, above 6 MiB, in parts, and report the progress."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import ClassVar

import httpx

from admin_crm._core.fields import Model
from admin_crm._core.send import send_steps
from admin_crm._core.transfer import Transfer
from admin_crm._core.translate import check_success
from admin_crm._storage.requests import send_request
from admin_crm._storage.resumable import PART_SIZE, upload_resumable
from admin_crm._storage.source import Report, Source
from admin_crm.client import AnyCRM
from admin_crm.errors import ConflictError, InvalidTypeError, UnexpectedResponseError

Progress = Report | bool | None


class _Stored(Model):
    Key: str


async def upload_file(
    crm: AnyCRM, path: str, source: Source, content_type: str, metadata: Mapping[str, str], report: Report | None
) -> None:
    """Upload a file under a new key, in parts if it is large and the server supports it."""
    if source.size > PART_SIZE and await upload_resumable(crm, path, source, content_type, metadata, report):
        return
    await _upload_whole(crm, path, source, content_type, metadata, report)


@contextmanager
def progress_callback(progress: Progress, source: Source) -> Generator[Report | None]:
    """Turn the `progress` argument into a callback for every chunk sent, or None."""
    if progress is True:
        with _progress_bar(source) as report:
            yield report
    elif progress is None or progress is False:
        yield None
    elif callable(progress):
        yield progress
    else:
        raise InvalidTypeError(
            f"progress must be True or a function of two integers, not {type(progress).__name__}", argument="progress"
        )


@contextmanager
def _progress_bar(source: Source) -> Generator[Report]:
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("a progress bar needs tqdm: pip install 'admin-crm[notebook]'") from error

    class Bar(tqdm):  # type: ignore[type-arg]  # generic for type checkers only
        monitor_interval: ClassVar[int] = 0  # tqdm must not leave a monitor thread running

    with Bar(total=source.size, desc=source.name, unit="B", unit_scale=True, unit_divisor=1024) as bar:
        # A part that is sent again moves the bar back.
        yield lambda sent, _: bar.update(sent - bar.n)


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
