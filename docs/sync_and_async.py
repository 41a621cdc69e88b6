"""A griffe extension that shows both signatures of every operation: called with a connection, and awaited."""

from __future__ import annotations

import copy
from typing import Any

import griffe


class SyncAndAsync(griffe.Extension):
    """Give every function under `@operation` the two signatures that type checkers see."""

    def on_function(self, *, func: griffe.Function, **kwargs: Any) -> None:  # noqa: ARG002 (griffe's signature)
        if any(str(decorator.value) == "operation" for decorator in func.decorators):
            func.labels = {"sync and async"}
            func.overloads = [_signature(func, "AdminCRM"), _signature(func, "AsyncAdminCRM")]


def _signature(func: griffe.Function, connection: str) -> griffe.Function:
    """Return the function as it is with one kind of connection."""
    names = func.package
    crm, *others = func.parameters
    crm = copy.copy(crm)
    crm.annotation = griffe.ExprName(connection, parent=names)
    returned = func.returns
    if connection == "AsyncAdminCRM":
        returned = griffe.ExprSubscript(
            griffe.ExprName("Coroutine"),
            griffe.ExprTuple([griffe.ExprName("Any"), griffe.ExprName("Any"), returned or "None"], implicit=True),
        )
    return griffe.Function(func.name, parameters=griffe.Parameters(crm, *others), returns=returned, parent=func.parent)
