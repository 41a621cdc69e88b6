"""Finds out whether a key is bad or a token has expired where the storage server does not say so.

It answers reads of an object as if the bucket did not exist, and a HEAD request without a body. Only a listing is
refused with the reason.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import httpx

from admin_crm._core.send import send_steps
from admin_crm._core.translate import check_success
from admin_crm._storage.requests import send_request
from admin_crm.client import AnyCRM
from admin_crm.errors import SchemaMismatchError

T = TypeVar("T")

_NO_FOLDER = ".emptyFolderPlaceholder"


async def unless_key_is_bad(crm: AnyCRM, read: Awaitable[T]) -> T:
    """Await a read of an object; if the bucket seems to be missing, find out whether the key is bad instead.

    Raises:
        AuthenticationError: the key or token is not valid.
        SchemaMismatchError: it is valid, and the bucket does not exist.
    """
    try:
        return await read
    except SchemaMismatchError:
        await send_steps(crm, lambda: send_key_check(crm), check_success)
        raise


async def send_key_check(crm: AnyCRM) -> httpx.Response:
    """List what is never there, which only a bad key makes fail; call it only within `send_steps`."""
    return await send_request(
        crm, "POST", "object", "list", crm.settings.evidence_bucket, json={"prefix": _NO_FOLDER, "limit": 1}
    )
