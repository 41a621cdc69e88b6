"""Storage requests that supabase-py's client cannot make: streamed uploads and downloads, and TUS.

They use the pool, the headers and the session of `crm.supabase.storage`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TypeVar

import httpx

from admin_crm.client import AnyCRM

T = TypeVar("T")
R = TypeVar("R")

Content = Iterator[bytes] | AsyncIterator[bytes]

CHUNK_SIZE = 256 * 1024
"""The number of bytes read from or written to a file at once."""


async def send_request(
    crm: AnyCRM,
    method: str,
    *path: str,
    headers: Mapping[str, str] | None = None,
    content: Content | None = None,
    json: object = None,
    stream: bool = False,
) -> httpx.Response:
    """Send one request to the storage server; call it only within `send_steps`."""
    client = crm.supabase
    session = client.storage.session
    request = session.build_request(
        method,
        str(client.storage_url.joinpath(*path)),
        headers={**client.options.headers, **(headers or {})},
        content=content,
        json=json,
    )
    # A redirect would send the key to another host, and a client from the app might follow it.
    sent = session.send(request, stream=stream, follow_redirects=False)
    return sent if isinstance(sent, httpx.Response) else await sent
