"""What tests share: where the played server is, and calling every function sync and async from one test."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import threading
import traceback
import weakref
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from admin_crm import AdminCRM, AdminCustomer, AsyncAdminCRM, DirectoryStats, Settings
from admin_crm._core.connection import rights_in_effect

URL = "https://shop.test"
KEY = "sb_secret_unit-test-key"
ANON = "sb_publishable_unit-test-key"
SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
"""The id of a customer."""
REST = f"{URL}/rest/v1"
VIEW = f"{REST}/customer_intelligence_360"
PROFILES = f"{REST}/customer_profiles"
ORDERS = f"{REST}/orders"
NOTES = f"{REST}/admin_customer_notes"
NOTIFICATIONS = f"{REST}/user_notifications"
QUICK = Settings(
    retry_attempts=4,
    retry_base_delay=0.001,
    retry_max_delay=0.002,
    directory_function=None,
    moderation_function=None,
)
"""Settings for unit tests: retries without waiting, and no request for a function that most shops do not have."""


class Caller:
    """Opens connections and calls functions on them, sync or async, so that a test is written once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._closing = ExitStack()
        self._runner: asyncio.Runner | None = None
        if name == "async":
            self._runner = self._closing.enter_context(asyncio.Runner())

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Open a connection, closed when the test ends."""
        kind = AsyncAdminCRM if self._runner else AdminCRM
        return self.keep(kind(*args, **kwargs))

    def sign_in(self, *args: Any, **kwargs: Any) -> Any:
        """Open a connection as a signed-in user, closed when the test ends."""
        kind = AsyncAdminCRM if self._runner else AdminCRM
        return self.keep(self.wait(kind.sign_in(*args, **kwargs)))

    def keep(self, crm: Any) -> Any:
        self._closing.callback(lambda: self.wait(crm.close()))
        return crm

    def wait(self, outcome: Any) -> Any:
        """Return a value, waiting for it if it has to be waited for."""
        if inspect.iscoroutine(outcome):
            return self._run(outcome)
        return outcome

    def __call__(self, operation: Callable[..., Any], crm: Any, *args: Any, **kwargs: Any) -> Any:
        """Run an operation to its end."""
        return self.wait(operation(crm, *args, **kwargs))

    def collect(self, stream: Any, limit: int | None = None) -> list[Any]:
        """Iterate over a stream, to its end or its first `limit` items."""
        if not self._runner:
            return [item for item, _ in zip(stream, range(limit or 1 << 40), strict=False)]

        async def collected() -> list[Any]:
            items = []
            async for item in stream:
                items.append(item)
                if len(items) == limit:
                    break
            return items

        return self._run(collected())

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine; its task itself has no result, because `asyncio.Runner` makes a text of that one."""
        assert self._runner is not None
        results: list[Any] = []

        async def run() -> None:
            results.append(await coroutine)

        self._runner.run(run())
        return results[0]

    def close(self) -> None:
        self._closing.close()


class Ask:
    """An operation asked of one connection: ``ask(get_all_customers)``."""

    def __init__(self, caller: Caller, crm: Any) -> None:
        self.caller = caller
        self.crm = crm

    def __call__(self, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self.caller(operation, self.crm, *args, **kwargs)


class InterruptedSet(weakref.WeakSet[Any]):
    """A set into whose iteration another thread comes: after the first item it does its work, if it can."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self.beside = threading.Thread(target=work)

    def __iter__(self) -> Iterator[Any]:
        for number, each in enumerate(super().__iter__()):
            if not number:
                self.beside.start()
                self.beside.join(0.05)  # a lock may keep it waiting until the iteration has ended
            yield each


BY_TIME = {"recency_days", "recency_as_sent", "segment", "health_status"}
"""What of a customer changes by itself, at any moment, when another day has passed since the last order."""


def lasting(row: AdminCustomer) -> dict[str, Any]:
    """Return a customer without what changes by itself, to compare what was read at two moments."""
    return row.model_dump(exclude=BY_TIME)


def lasting_stats(stats: DirectoryStats) -> dict[str, Any]:
    """Return statistics without what changes by itself."""
    return stats.model_dump(exclude={"by_segment", "by_health_status"})


def user_id_of(crm: Any) -> str:
    """Return the id of the user whose session a connection has."""
    user = rights_in_effect(crm).user
    assert user is not None
    return user


def watch(asked: Ask) -> list[httpx.Request]:
    """Keep the requests that a connection sends."""
    requests: list[httpx.Request] = []

    def keep(request: httpx.Request) -> None:
        requests.append(request)

    async def keep_too(request: httpx.Request) -> None:
        requests.append(request)

    session = asked.crm.supabase.storage.session
    hooks = session.event_hooks
    hooks["request"].append(keep_too if asked.caller.name == "async" else keep)
    session.event_hooks = hooks
    return requests


class Rows:
    """A table that answers keyset pages as PostgREST does, at most `cap` rows at a time, with or without its count."""

    def __init__(self, rows: list[dict[str, object]], *, cap: int, counts: bool = True) -> None:
        self.rows, self.cap, self.counts = rows, cap, counts
        self.requests = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        found, params = self.rows, request.url.params
        for each in params.get_list("id"):
            operator, _, value = each.partition(".")
            found = [row for row in found if {"gt": str(row["id"]) > value, "lte": str(row["id"]) <= value}[operator]]
        offset, limit = int(params.get("offset", 0)), int(params.get("limit", 1000))
        total = len(found) if self.counts and "count=exact" in request.headers.get("prefer", "") else "*"
        page = found[offset : offset + min(limit, self.cap)]
        return httpx.Response(200, json=page, headers={"content-range": f"0-0/{total}"})


# Frames of the tests and of the tools that play servers or run tests; a user has none of them.
_TOOLS = re.compile(
    rf"{re.escape(str(Path(__file__).parent))}{os.sep}|site-packages.(?:respx|hypothesis|_?pytest|pluggy|xdist|execnet)"
)


def shown_with_locals(error: BaseException) -> str:
    """Return what a traceback with local variables shows of an error and its causes, without the tests' own frames."""
    shown: list[str] = []
    seen: BaseException | None = error
    known: set[int] = set()  # a server that raises one error again and again makes it its own context
    while seen is not None and id(seen) not in known:
        known.add(id(seen))
        shown += [repr(seen), str(seen), repr(vars(seen))]
        for frame, line in traceback.walk_tb(seen.__traceback__):
            code = frame.f_code
            if not _TOOLS.search(code.co_filename):
                where = f"{code.co_filename}:{line} {code.co_qualname}"
                shown += [f"{where}: {name}={_shown(value)}" for name, value in frame.f_locals.items()]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(shown)


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 (a half-built object, say)
        return f"<{type(error).__name__}>"
