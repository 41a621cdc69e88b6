"""An async connection belongs to one event loop of asyncio."""

from __future__ import annotations

import asyncio

from admin_crm._core.connection import Shared
from admin_crm.errors import ClientStateError


def check_loop(shared: Shared) -> None:
    """Tie a connection to the running event loop, or raise where it belongs to another."""
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is None:
        raise ClientStateError("no event loop of asyncio is running", hint="use asyncio; trio is not supported")
    if shared.loop is None:
        shared.loop = running
    elif shared.loop is not running:
        raise ClientStateError(
            "this connection belongs to another event loop",
            hint="open one AsyncAdminCRM for each loop, inside the coroutine given to asyncio.run",
        )
