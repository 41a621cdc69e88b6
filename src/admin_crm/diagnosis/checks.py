"""Shared parts of the doctor's checks: findings, and requests that supabase-py has no method for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

import httpx
from pydantic import SecretStr

from admin_crm._core.connection import Rights, link_of, with_rights
from admin_crm._core.fields import Model
from admin_crm._core.rows import Json
from admin_crm._core.send import send
from admin_crm._core.transport import http_of
from admin_crm._postgrest.decode import require_total
from admin_crm._postgrest.query import EXACT_COUNT, Query, fetch_batch
from admin_crm.client import AnyCRM
from admin_crm.errors import AdminCRMError, ClientStateError
from admin_crm.models.report import DoctorCheck, Verdict

T = TypeVar("T")
R = TypeVar("R")


class Finding(NamedTuple):
    """The result of a check, without the check's name."""

    verdict: Verdict
    meaning: str
    advice: str = ""


class NamedCheck(NamedTuple):
    """A check and its name in the report."""

    name: str
    run: Callable[[AnyCRM], Awaitable[Finding]]


async def run_check(crm: AnyCRM, check: NamedCheck) -> DoctorCheck:
    """Run a check and return its line of the report; an error becomes a failed line."""
    found = await result_or_error(check.run(crm))
    if isinstance(found, AdminCRMError):
        code = f" [{found.code or found.status}]" if found.code or found.status else ""
        found = Finding("fail", f"{found.message}{code}", found.hint or "")
    return DoctorCheck(check.name, *found)


async def result_or_error(awaitable: Awaitable[T]) -> T | AdminCRMError:
    """Return the result or the error; a closed connection still raises, because it is not a finding."""
    try:
        return await awaitable
    except ClientStateError:
        raise
    except AdminCRMError as error:
        return error


def may_be_stored(error: AdminCRMError) -> bool:
    """Return whether a write may have happened: the response was lost, or the server failed."""
    return error.status is None or error.status >= 500


async def count(crm: AnyCRM, table: str, narrow: Callable[[Any], Query] | None = None) -> int:
    """Count the rows that these credentials see."""

    def query() -> Query:
        rows = crm.supabase.table(table).select("*", count=EXACT_COUNT).limit(0)
        return narrow(rows) if narrow else rows

    # Not HEAD: its error responses have no body.
    return require_total((await fetch_batch(crm, query, Model)).total)


async def send_request(
    crm: AnyCRM,
    method: str,
    path: str,
    read: Callable[[httpx.Response], R],
    *,
    key: SecretStr | None = None,
    body: Json | None = None,
) -> R:
    """Send a request over the connection's own HTTP client, with its rights or with a key alone.

    A request with a body is sent once; one without is repeated where the server was unhealthy.
    """
    link, rights = link_of(crm), None
    if key is not None:
        rights = Rights(key)
        link = with_rights(link, rights)

    def request() -> httpx.Response | Coroutine[Any, Any, httpx.Response]:
        headers = crm.supabase.options.headers if rights is None else {"apiKey": rights.handle}
        session = http_of(link) if link.shared.owns_http else crm.supabase.postgrest.session
        return session.request(method, f"{crm.url}{path}", headers=headers, json=body, follow_redirects=False)

    return await send(crm, request, read, repeatable=body is None)
