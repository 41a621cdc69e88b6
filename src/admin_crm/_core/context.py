"""Which public function is running, for which customer: one definition for sync, async, threads and tasks.

The context of a call lives in a context variable: a task and a thread of the call see it, other calls do not,
and the user's connection knows nothing of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from admin_crm._core.log import log
from admin_crm.errors import AdminCRMError

if TYPE_CHECKING:
    from admin_crm._core.observers import Observers
    from admin_crm._core.telemetry import OperationSpan


@dataclass(slots=True)
class CallContext:
    """One call of a public function."""

    operation: str
    customer_id: UUID | None = None
    timeout: float | None = None
    """Seconds for each request, below what its service is allowed anyway."""
    observers: Observers | None = field(default=None, compare=False)
    """Who is told of the call's requests."""
    span: OperationSpan | None = field(default=None, compare=False)
    """The call's span, where OpenTelemetry is told."""
    unreadable: list[str] = field(default_factory=list[str], compare=False)
    """The column of each value that could not be read."""
    returns_rows: bool = field(default=True, compare=False)
    """Whether the caller gets rows, each with what of it could not be read."""

    def warn_of_unreadable(self) -> None:
        """Log one warning of all values that could not be read, at the end of the call (R5)."""
        if self.unreadable:
            counts = ", ".join(f"{column}: {count}" for column, count in Counter(self.unreadable).most_common())
            self.unreadable.clear()
            kept = "row.unreadable keeps them"
            if not self.returns_rows:
                kept = "functions that return rows keep them in row.unreadable"
            log.warning("%s: some values could not be read and are left out (%s); %s", self.operation, counts, kept)


_current: ContextVar[CallContext | None] = ContextVar("admin_crm_call", default=None)
current = _current.get
attempt: ContextVar[int] = ContextVar("admin_crm_attempt", default=1)
"""Which try a request belongs to."""


Entered = tuple[Token[CallContext | None], Callable[[], None] | None]


def enter(call: CallContext) -> Entered:
    """Make a call, and its span, the current one; returns what `leave` takes."""
    return _current.set(call), None if call.span is None else call.span.attach()


def leave(entered: Entered) -> None:
    """Make the call current that was so before."""
    token, detach = entered
    if detach is not None:
        detach()
    _current.reset(token)


def count_unreadable(columns: Iterable[str]) -> None:
    """Count values of the current call that could not be read."""
    context = current()
    if context is not None:
        context.unreadable.extend(columns)


def return_no_rows() -> None:
    """Note that the caller of the current call gets no rows, but a frame or a file."""
    context = current()
    if context is not None:
        context.returns_rows = False


def add_context(error: AdminCRMError) -> None:
    """Let an error say which function failed, and for which customer."""
    context = current()
    if context is not None:
        error.operation = error.operation or context.operation
        error.customer_id = error.customer_id or context.customer_id
