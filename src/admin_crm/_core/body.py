"""A request's body that holds secrets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping

import httpx
from pydantic import SecretStr


class SecretBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A JSON body with secrets, written when it is sent; until then no local variable holds it."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[bytes]:
        yield self._written()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._written()

    def __len__(self) -> int:
        return len(self._written())

    def _written(self) -> bytes:
        values = {k: v.get_secret_value() if isinstance(v, SecretStr) else v for k, v in self._values.items()}
        return json.dumps(values).encode()
