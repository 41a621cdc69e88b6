"""Who is told of a connection's calls and requests: the hooks that it was given, and OpenTelemetry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_crm._core.events import Hooks, RequestHook, ResponseHook, RetryHook, checked_hook
from admin_crm.errors import InvalidInputError

if TYPE_CHECKING:
    from admin_crm._core.telemetry import Telemetry

HOOKS = ("on_request", "on_response", "on_retry")


@dataclass(frozen=True, slots=True)
class Observers:
    """Who is told; a connection that nobody observes has none of these."""

    on_request: RequestHook | None = None
    on_response: ResponseHook | None = None
    on_retry: RetryHook | None = None
    telemetry: Telemetry | None = None


def observers_of(hooks: Hooks, *, telemetry: bool, owns_http: bool) -> Observers | None:
    """Return who is told of a connection's requests; None where nobody is.

    Raises:
        ImportError: OpenTelemetry is wanted and not installed.
        InvalidInputError: a hook is about the requests of an HTTP client that is not ours.
        TypeError: a hook is no function, or a coroutine function.
    """
    given = {name: checked_hook(hooks[name], name) for name in HOOKS}  # type: ignore[literal-required]
    for name in HOOKS[:2]:
        if given[name] is not None and not owns_http:
            raise InvalidInputError(
                f"{name} is not called for the requests of your own supabase-py client",
                argument=name,
                hint="connect with url and key, or give your HTTP client event hooks",
            )
    if not telemetry:
        return Observers(**given) if any(given.values()) else None
    try:
        from admin_crm._core.telemetry import process_telemetry
    except ImportError as error:
        raise ImportError("Settings(telemetry=True) needs OpenTelemetry: pip install 'admin-crm[otel]'") from error
    return Observers(**given, telemetry=process_telemetry())
