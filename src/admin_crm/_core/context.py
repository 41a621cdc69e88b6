"""Which public function is running, for which customer: one definition for sync, async, threads and tasks.

The context of a call lives in a context variable: a task and a thread of the call see it, other calls do not,
and the user's connection knows nothing of it.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from admin_crm.errors import AdminCRMError


@dataclass(frozen=True, slots=True)
class CallContext:
    """One call of a public function."""

    operation: str
    customer_id: UUID | None = None
    timeout: float | None = None
    """Seconds for each request, below what its service is allowed anyway."""


_current: ContextVar[CallContext | None] = ContextVar("admin_crm_call", default=None)
enter = _current.set
leave = _current.reset
current = _current.get


def add_context(error: AdminCRMError) -> None:
    """Let an error say which function failed, and for which customer."""
    context = current()
    if context is not None:
        error.operation = error.operation or context.operation
        error.customer_id = error.customer_id or context.customer_id
