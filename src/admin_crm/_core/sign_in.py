"""An administrator's session: opened with a password, renewed before it ends.

A refresh token is used once, so a renewal is never interrupted: it runs in a thread or task of its own,
once however many calls need it, and calls go on with the token they have while that is good. A connection that
keeps its e-mail address and password opens its session the same way, at its first call and whenever it has ended.
A forked process uses its parent's access token while that is good, and then opens a session of its own, or raises.
"""

from __future__ import annotations

import asyncio
import copy
import threading
import time
from contextvars import Context
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from admin_crm._core import context, exchange
from admin_crm._core.body import SecretBody
from admin_crm._core.connection import Link
from admin_crm._core.log import log
from admin_crm._core.operation import call_of, run_sync
from admin_crm._core.session import Login, Renewal, Session
from admin_crm._core.translate import error_from_response, translate
from admin_crm._core.transport import http_of
from admin_crm.errors import AdminCRMError, AuthenticationError, ClientStateError, InvalidTypeError

CLOSE_SECONDS = 1.0
"""Seconds that closing a connection waits for a renewal, whose request is broken by then."""
RENEWAL_MARGIN = 60.0
"""Seconds before its end at which a session is renewed, or a quarter of its life where that is less."""


class _TokenResponse(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: SecretStr
    refresh_token: SecretStr
    expires_in: float


async def sign_in(link: Link, login: Login) -> None:
    """Open a session with an address and a password, which are not kept."""
    for argument, value in (("email", login.email), ("password", login.password)):
        if not isinstance(value, SecretStr):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidTypeError(f"{argument} must be a string, not {type(value).__name__}", argument=argument)
    link.rights.session = await _open(link, login)


async def keep_session(link: Link) -> None:
    """Make sure that the session of a connection is good: open it at the first call, and renew it in time."""
    session, login = link.rights.session, link.rights.login
    if (session is None and login is None) or (session is not None and time.time() < session.renew_at):
        return
    renewal = _renewal(link, session)
    if session is not None and session.is_good:
        return
    work = renewal.work
    if isinstance(work, threading.Thread):
        work.join()
    elif work is not None:
        await asyncio.wait([work])  # whoever waits may be cancelled, which does not cancel the renewal
        link.shared.check_open()  # closing the connection does
        work.result()
    if renewal.failure is not None:
        raise copy.copy(renewal.failure) from renewal.failure  # each call's error says which call it was


def stop_renewal(link: Link) -> asyncio.Task[None] | None:
    """End a renewal under way, whose session is of no more use; the task, if it is one, is to be awaited."""
    renewal, link.rights.renewal = link.rights.renewal, None
    work = renewal.work if renewal is not None else None
    if isinstance(work, threading.Thread):
        work.join(CLOSE_SECONDS)
    elif work is not None:
        work.cancel()
        return work
    return None


def _renewal(link: Link, session: Session | None) -> Renewal:
    """Return the renewal under way, or begin one."""
    rights = link.rights
    with link.shared.lock:
        known = rights.renewal
        if rights.session is not session:
            return known or Renewal()  # somebody else has just renewed it
        is_good = session is not None and session.is_good
        # A password that was refused is not sent again by each of the requests of one call.
        may_succeed = known is not None and known.failure is not None and known.failure.retryable
        if known is not None and not (known.is_due_again or (may_succeed and not is_good)):
            return known
        rights.renewal = started = Renewal()
        work, call = _renew(link, session, started), call_of(link, "renew session")
        if link.is_async:
            own_context = Context()
            own_context.run(context.enter, call)
            started.work = asyncio.get_running_loop().create_task(work, context=own_context)
        else:
            started.work = threading.Thread(target=run_sync, args=(call, work), name="admin_crm renewal", daemon=True)
            try:
                started.work.start()
            except RuntimeError:  # the system has no thread left, perhaps the next call finds one
                rights.renewal = None
                work.close()
                if not is_good:
                    raise
        return started


async def _renew(link: Link, session: Session | None, renewal: Renewal) -> None:
    try:
        link.rights.session = await _next_session(link, session)
        link.rights.renewal = None
    except AdminCRMError as error:
        renewal.failure = error
        if isinstance(error, AuthenticationError):
            error.own_credentials = True
        log.warning("the session could not be %s: %s", "renewed" if session else "opened", error.message)
    finally:
        renewal.ended_at = time.monotonic()


async def _next_session(link: Link, session: Session | None) -> Session:
    """Renew a session; open one where there is none, or where it has ended and the connection keeps a password."""
    login = link.rights.login
    if session is not None and session.refresh_token is not None:
        try:
            return await _request(link, "refresh_token", {"refresh_token": session.refresh_token})
        except AuthenticationError as error:
            if login is None:
                raise
            log.info("the session has ended (%s); signing in again", error.code)
    if login is None:
        raise AuthenticationError(
            "this process was forked, and only its parent renews the session that both have",
            hint="sign in after the fork, in each process; a connection of from_env with a password does it by itself",
        )
    return await _open(link, login)


async def _open(link: Link, login: Login) -> Session:
    return await _request(link, "password", {"email": login.email, "password": login.password})


async def _request(link: Link, grant: str, values: dict[str, SecretStr]) -> Session:
    shared, rights, body = link.shared, link.rights, SecretBody(values)
    shared.check_open()
    request = httpx.Request(
        "POST",
        f"{shared.url}/auth/v1/token",
        params={"grant_type": grant},
        # The key alone: the token that is to be replaced may have expired.
        headers={
            "apikey": rights.handle,
            "Host": httpx.URL(shared.url).netloc.decode("ascii"),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        },
        stream=body,
    )
    http: Any = http_of(link)
    try:
        response: httpx.Response = await http.send(request) if link.is_async else http.send(request)
    except BaseException as error:
        exchange.failed(error)
        if not isinstance(error, httpx.HTTPError | RuntimeError):
            raise
        if shared.closed:
            raise ClientStateError("the connection is closed", hint="open a new one") from error
        translated = translate(error)
        if translated is None:
            raise
        raise translated from error
    if not response.is_success:
        raise error_from_response(response)
    return _read(response)


def _read(response: httpx.Response) -> Session:
    try:
        tokens = _TokenResponse.model_validate_json(response.content)
    except ValidationError:
        tokens = None
    if tokens is None:
        raise AuthenticationError("the server's answer contains no session", hint="sign in again")
    now = time.time()
    return Session(
        tokens.access_token,
        tokens.refresh_token,
        expires_at=now + tokens.expires_in,
        renew_at=now + tokens.expires_in - min(RENEWAL_MARGIN, tokens.expires_in / 4),
    )
