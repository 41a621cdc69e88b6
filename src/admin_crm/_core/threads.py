"""Reads of one sync call on several threads, which end within a second of a Ctrl-C."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any

from admin_crm._core import context, scope
from admin_crm._core.connection import Link, Shared
from admin_crm._core.context import CallContext
from admin_crm._core.operation import run_sync
from admin_crm._core.scope import Interrupted, Scope
from admin_crm._core.transport import interrupt

Outcome = tuple[Any, BaseException | None]

GRACE = 0.5
"""Seconds that interrupted threads have to end; one that is still connecting ends later, by its own timeout."""
_STEP = 0.02


class ThreadedReads:
    """Runs coroutines on the calling thread and on others beside it, and collects their outcomes."""

    def __init__(self, link: Link, reads: Sequence[Coroutine[Any, Any, Any]]) -> None:
        self._link = link
        self._call = context.current() or CallContext("gather")
        self._todo = deque(enumerate(reads))
        self._outcomes: list[Outcome] = [(None, None)] * len(reads)
        self._scope = Scope(scope.current())
        self._stopped: list[BaseException] = []

    def run(self) -> Sequence[Outcome]:
        """Run all reads to their ends; whatever is no `Exception` ends all of them at once."""
        shared = self._link.shared
        token = scope.enter(self._scope)
        # A client that the app created may use HTTP/2, which threads must not share: then run the calls one by one.
        beside = min(len(self._todo), shared.limiter.maximum) - 1 if shared.owns_http else 0
        threads = [self._thread(number) for number in range(beside)]
        try:
            for each in threads:
                each.start()
            self._work()
            for each in threads:
                each.join()
        except BaseException as error:
            self._scope.end()
            _end(threads, shared)
            if isinstance(error, Interrupted) and self._stopped:
                raise self._stopped[0] from None
            raise
        finally:
            scope.leave(token)
        if self._stopped:
            raise self._stopped[0]
        return self._outcomes

    def _thread(self, number: int) -> threading.Thread:
        # A daemon, because a thread that is still connecting when the call is interrupted must not keep the
        # process from ending.
        own_context = contextvars.copy_context()
        return threading.Thread(
            target=own_context.run, args=(self._work_beside,), name=f"admin_crm {number}", daemon=True
        )

    def _work(self) -> None:
        while not self._scope.ended:
            try:
                number, read = self._todo.popleft()
            except IndexError:
                return
            try:
                self._outcomes[number] = run_sync(self._call, read), None
            except Exception as error:  # noqa: BLE001 (raised once all calls have ended)
                self._outcomes[number] = None, error

    def _work_beside(self) -> None:
        try:
            self._work()
        except Interrupted:
            pass
        except BaseException as error:  # noqa: BLE001 (raised in the calling thread)
            self._stopped.append(error)
            self._scope.end()


def _end(threads: Sequence[threading.Thread], shared: Shared) -> None:
    """Break what the threads wait for until they have ended; one may be just about to send its request."""
    deadline = time.monotonic() + GRACE
    for each in threads:
        while each.is_alive() and time.monotonic() < deadline:
            interrupt(shared)
            each.join(_STEP)
