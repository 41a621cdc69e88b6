"""The records of a run: operations and results, which are compared with the database afterwards."""

from __future__ import annotations

import threading
import traceback
from collections import Counter, defaultdict
from typing import Generic, TypeVar

from admin_crm import AdminCRMError, CustomerCreationError, IncompleteReadError, Retry

V = TypeVar("V")

_MOST_EXAMPLES = 10


class Register(Generic[V]):
    """A value that only one worker writes, with its possible states after writes with unknown result."""

    def __init__(self, value: V) -> None:
        self.possible = [value]

    def written(self, value: V) -> None:
        """A write succeeded."""
        self.possible = [value]

    def uncertain(self, value: V) -> None:
        """A write failed: either the new value or the previous one is stored."""
        self.possible.append(value)

    def holds(self, value: V) -> bool:
        """Return whether a value that was read is possible; if so, it is the only possible one from now on."""
        found = value in self.possible
        if found:
            self.possible = [value]
        return found


class Books:
    """The counters of a run, shared by all its workers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.operations: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.retries: Counter[str] = Counter()
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.found: Counter[str] = Counter(lost=0, doubled=0, wrong=0, foreign_errors=0)
        self.examples: list[str] = []

    def ended(self, operation: str, seconds: float) -> None:
        """Record that an operation has returned or raised."""
        with self._lock:
            self.operations[operation] += 1
            self.seconds[operation].append(seconds)

    def retried(self, retry: Retry) -> None:
        """Count a retry; used as the `on_retry` hook."""
        with self._lock:
            self.retries[type(retry.error).__name__] += 1

    def failed(self, operation: str, error: Exception) -> None:
        """Count an error; it must be an `AdminCRMError` that an injected fault can cause."""
        if not isinstance(error, AdminCRMError):
            self.finding("foreign_errors", f"{operation}: {''.join(traceback.format_exception(error))}")
        elif not (error.retryable or isinstance(error, CustomerCreationError | IncompleteReadError)):
            self.finding("wrong", f"{operation} said what no fault can mean: {type(error).__name__}: {error}")
        with self._lock:
            self.errors[type(error).__name__] += 1

    def finding(self, kind: str, told: str) -> None:
        """Count a broken promise: lost, doubled, wrong or foreign_errors."""
        with self._lock:
            self.found[kind] += 1
            if len(self.examples) < _MOST_EXAMPLES:
                self.examples.append(f"{kind}: {told}")

    def expect(self, kind: str, told: str, *, holds: bool) -> None:
        """Count a broken promise if the condition does not hold."""
        if not holds:
            self.finding(kind, told)
