"""A griffe extension that labels operations as both sync and async."""

from __future__ import annotations

from typing import Any

import griffe


class SyncAndAsync(griffe.Extension):
    """Label every function under `@operation` as working both sync and async."""

    def on_function(self, *, func: griffe.Function, **kwargs: Any) -> None:  # noqa: ARG002 (griffe's signature)
        if any(str(decorator.value) == "operation" for decorator in func.decorators):
            func.labels = {"sync and async"}
