"""A griffe extension: operations are labelled as what they are, both synchronous and asynchronous."""

from __future__ import annotations

from typing import Any

import griffe


class BothColours(griffe.Extension):
    """Label every function under `@operation` as working in both colours."""

    def on_function(self, *, func: griffe.Function, **kwargs: Any) -> None:  # noqa: ARG002 (griffe's signature)
        if any(str(decorator.value) == "operation" for decorator in func.decorators):
            func.labels = {"sync and async"}
