"""Bans of the auth server: who may not sign in, and until when. All of it needs the secret key.

A ban is a duration from the moment it is set. It ends by itself, and its end stays behind as `banned_until`.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict

from admin_crm._auth.users import USER_NOT_FOUND, auth_request, total_of_users
from admin_crm._core.connection import Connection
from admin_crm._core.pager import Batch, Pager
from admin_crm._core.progress import Report
from admin_crm._core.send import send
from admin_crm._core.translate import check_success
from admin_crm.errors import IncompleteReadError, NotFoundError, UnexpectedResponseError
from admin_crm.labels import AccountStatus

_PERMANENT = timedelta(hours=876_000)
"""The longest ban that is set, a hundred years: the auth server has none without an end."""
_SHORTEST_PERMANENT = timedelta(days=5 * 365)
"""From what remaining time on a ban counts as permanent: other tools may set one of ten years, say."""
_TOLERANCE = timedelta(minutes=5)
"""How far the end of a ban may be from what was asked for: clocks differ, and requests take their time."""
_PAGE_SIZES = (1000, 900, 810)
"""Users per page. A list that changed while it was read is read again, with its pages cut at other places."""


class Ban(NamedTuple):
    """A ban as it should be."""

    until: datetime | None = None
    """Its end; None for a permanent ban."""


class UserBan(BaseModel):
    """A user as the auth server answers it: until when it is banned."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    banned_until: datetime | None = None

    def end(self, now: datetime) -> datetime | None:
        """Return the end of a ban that is in force; None for who may sign in."""
        return self.banned_until if self.banned_until is not None and self.banned_until > now else None


class _Page(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    users: list[UserBan]


def ban_for(status: AccountStatus | str | None, suspension_end: datetime | None, now: datetime) -> Ban | None:
    """Return the ban that belongs to a status; None for a customer who may sign in."""
    if status == AccountStatus.BANNED:
        return Ban()
    if status != AccountStatus.SUSPENDED or (suspension_end is not None and suspension_end <= now):
        return None
    return Ban(suspension_end)


def agrees(ban: Ban | None, banned_until: datetime | None, now: datetime) -> bool:
    """Return whether the auth server's ban is the one that it should be."""
    in_force = banned_until is not None and banned_until > now
    if ban is None or banned_until is None or not in_force:
        return in_force == (ban is not None)
    if _is_permanent(ban, now):
        return banned_until - now >= _SHORTEST_PERMANENT
    return ban.until is not None and abs(banned_until - ban.until) <= _TOLERANCE


async def set_ban(secret: Connection, user: UUID, ban: Ban | None) -> datetime | None:
    """Set or lift a user's ban, and compare what the server answers; return the end of the ban, None for none.

    Raises:
        NotFoundError: there is no such user.
        UnexpectedResponseError: the server answers another ban than it was asked for.
    """

    def request() -> httpx.Response | Awaitable[httpx.Response]:
        # The duration counts from the request, so every try has its own.
        return auth_request(secret, "PUT", f"admin/users/{user}", {"ban_duration": _duration(ban)})()

    answer = await send(secret, request, _read_user, repeatable=True)
    now = datetime.now(UTC)
    if not agrees(ban, answer.banned_until, now):
        raise UnexpectedResponseError(
            f"the auth server answers that the user is {_described(answer.end(now))}, which was not asked for",
            hint="compare this machine's clock with the server's (doctor does), then try again",
        )
    return answer.end(now)


async def fetch_ban(secret: Connection, user: UUID) -> UserBan | None:
    """Fetch until when a user is banned; None for an unknown user."""
    try:
        return await send(secret, auth_request(secret, "GET", f"admin/users/{user}"), _read_user, repeatable=True)
    except NotFoundError as error:
        if error.code != USER_NOT_FOUND:
            raise
        return None


async def fetch_bans(secret: Connection, report: Report | None = None) -> dict[UUID, UserBan]:
    """Fetch until when each user of the auth server is banned, all of them (R1), and report how many there are yet.

    Raises:
        IncompleteReadError: the list changed again and again while it was read.
    """
    found: dict[UUID, UserBan] = {}
    for size in _PAGE_SIZES:
        users, shifted = await _fetch_pages(secret, size, report)
        found = {} if shifted else found | {user.id: user for user in users.rows}
        if not shifted and (users.total is None or len(found) >= users.total):
            return found
    raise IncompleteReadError("the list of users changed again and again while it was read", hint="try again")


async def _fetch_pages(secret: Connection, size: int, report: Report | None) -> tuple[Pager[UserBan], bool]:
    """Read the list once, and return whether a user was deleted meanwhile: then one behind it may be missing.

    The oldest come first, so that those who sign up meanwhile shift no page.
    """
    pager: Pager[UserBan] = Pager(lambda user: user.id, counts_rest=False)
    page, shifted = 1, False
    while True:
        before = pager.total
        request = auth_request(secret, "GET", "admin/users", page=page, per_page=size, sort="created_at asc")
        more = pager.add(await send(secret, request, _read_page, repeatable=True))
        pager.tell(report)
        shifted = shifted or (before is not None and pager.total is not None and pager.total < before)
        if not more:
            return pager, shifted
        page += 1


def _read_user(response: httpx.Response) -> UserBan:
    check_success(response)
    return UserBan.model_validate_json(response.content)


def _read_page(response: httpx.Response) -> Batch[UserBan]:
    check_success(response)
    return Batch(_Page.model_validate_json(response.content).users, total_of_users(response))


def _is_permanent(ban: Ban, now: datetime) -> bool:
    return ban.until is None or ban.until - now >= _PERMANENT


def _duration(ban: Ban | None) -> str:
    now = datetime.now(UTC)
    if ban is None:
        return "none"
    if ban.until is None or _is_permanent(ban, now):
        return f"{_PERMANENT // timedelta(hours=1)}h"
    return f"{max(1, math.ceil((ban.until - now).total_seconds()))}s"


def _described(end: datetime | None) -> str:
    return "not banned" if end is None else f"banned until {end.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
