"""What ends the work of a sync call's threads: set by Ctrl-C, looked at wherever a thread waits."""

from __future__ import annotations

import threading
import time
import weakref
from concurrent.futures import CancelledError, Future
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")


class Interrupted(BaseException):
    """Ends a thread whose call was interrupted; never reaches the user, who sees the KeyboardInterrupt."""


class Scope:
    """The threads of one sync call, which end together."""

    def __init__(self, parent: Scope | None = None) -> None:
        self._ended = threading.Event()
        self._waiting: set[Future[Any]] = set()
        self._children: weakref.WeakSet[Scope] = weakref.WeakSet()
        self._lock = threading.Lock()
        if parent is not None:
            parent.add(self)

    @property
    def ended(self) -> bool:
        """Whether the call was interrupted."""
        return self._ended.is_set()

    def add(self, child: Scope) -> None:
        """Let a scope end with this one."""
        with self._lock:
            self._children.add(child)
        if self.ended:
            child.end()

    def end(self) -> None:
        """Interrupt every thread that waits, and every request that has not begun."""
        self._ended.set()
        for future in tuple(self._waiting):
            future.cancel()
        with self._lock:
            children = tuple(self._children)
        for child in children:
            child.end()

    def sleep(self, seconds: float) -> None:
        """Sleep, unless the call is interrupted meanwhile."""
        if self._ended.wait(seconds):
            raise Interrupted

    def wait_for(self, future: Future[T]) -> T:
        """Wait for a future, unless the call is interrupted meanwhile."""
        self._waiting.add(future)
        try:
            if self.ended:
                future.cancel()
            return future.result()
        except CancelledError:
            raise Interrupted from None
        finally:
            self._waiting.discard(future)


_scope: ContextVar[Scope | None] = ContextVar("admin_crm_scope", default=None)
enter = _scope.set
leave = _scope.reset
current = _scope.get


def check() -> None:
    """Raise in a thread whose call was interrupted."""
    scope = current()
    if scope is not None and scope.ended:
        raise Interrupted


def sleep(seconds: float) -> None:
    """Sleep, unless the call is interrupted meanwhile."""
    scope = current()
    if scope is None:
        time.sleep(seconds)
    else:
        scope.sleep(seconds)


def wait_for(future: Future[T]) -> T:
    """Wait for a future, unless the call is interrupted meanwhile."""
    scope = current()
    return future.result() if scope is None else scope.wait_for(future)
