"""The directory's view, played by respx: keyset pages, a row limit, faults, and changes between two answers."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import httpx
import respx

from helpers import VIEW


class ViewServer:
    """A PostgREST-like view of so many ids, which gives at most `cap` rows at once."""

    def __init__(self, ids: list[UUID], cap: int = 10, *, counts: bool = True) -> None:
        self.ids = sorted(ids)
        self.cap = cap
        self.counts = counts
        self.requests = 0
        self.fail_after: int | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens in the shop after every answer."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.fail_after is not None and self.requests > self.fail_after:
            return httpx.Response(503)
        bounds = request.url.params.get_list("id")
        low = next((UUID(each[3:]) for each in bounds if each.startswith("gt.")), None)
        high = next((UUID(each[4:]) for each in bounds if each.startswith("lte.")), None)
        matching = [each for each in self.ids if (low is None or each > low) and (high is None or each <= high)]
        limit = min(self.cap, int(request.url.params.get("limit", 10**9)))
        rows = matching[:limit]
        counted = self.counts and "count=exact" in request.headers.get("prefer", "")
        total = len(matching) if counted else "*"
        self.meanwhile()
        return httpx.Response(
            200,
            json=[{"id": str(each), "created_at": "2026-01-01T00:00:00Z"} for each in rows],
            headers={"content-range": f"0-{len(rows) - 1}/{total}"},
        )


def view_of(ids, **options) -> ViewServer:
    server = ViewServer(ids, **options)
    respx.get(VIEW).mock(side_effect=server)
    return server
