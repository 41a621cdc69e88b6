"""Requests about users: by themselves with the publishable key, about others with the secret key.

Our own requests, not supabase-py's: its local variables would show passwords and tokens in a traceback.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr

from admin_crm._core.body import SecretBody
from admin_crm._core.connection import Connection, link_of
from admin_crm._core.log import log
from admin_crm._core.pager import Batch, Pager
from admin_crm._core.rows import Json
from admin_crm._core.send import send
from admin_crm._core.translate import check_success
from admin_crm._core.transport import http_of
from admin_crm.errors import AdminCRMError

USER_NOT_FOUND = "user_not_found"
"""The code of an answer about a user who does not exist."""
_PAGE = 1000
"""Users per page; the server gives as many."""


class User(BaseModel):
    """A user as the auth server answers it: what we need of it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: UUID
    email: str | None = None
    user_metadata: Json | None = None
    identities: list[Any] | None = None
    email_confirmed_at: datetime | None = None
    last_sign_in_at: datetime | None = None


class _SignUp(BaseModel):
    """A session with its user; where the address is to be confirmed first, it is the user alone."""

    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: SecretStr | None = None
    user: User | None = None


class _Page(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    users: list[User]


async def sign_up(
    anon: Connection, email: str, password: SecretStr, data: Json, redirect_to: str | None
) -> tuple[User, SecretStr | None]:
    """Sign somebody up, once; return the user and the access token, if the server opens a session at once."""
    body = {"email": email, "password": password, "data": data}
    request = auth_request(anon, "POST", "signup", body, redirect_to=redirect_to)
    return await send(anon, request, _read_sign_up, repeatable=False)


async def create_user(secret: Connection, user_id: UUID, email: str, password: SecretStr, data: Json) -> User:
    """Create a confirmed user under an id of our own, which tells a repeated request from another's user."""
    body = {"id": str(user_id), "email": email, "password": password, "email_confirm": True, "user_metadata": data}
    return await send(secret, auth_request(secret, "POST", "admin/users", body), _read_user, repeatable=True)


async def invite_user(secret: Connection, email: str, data: Json, redirect_to: str | None) -> User:
    """Send an invitation by e-mail, once."""
    request = auth_request(secret, "POST", "invite", {"email": email, "data": data}, redirect_to=redirect_to)
    return await send(secret, request, _read_user, repeatable=False)


async def set_password(secret: Connection, user_id: UUID, password: SecretStr) -> User:
    """Set a user's password, which ends the user's sessions."""
    request = auth_request(secret, "PUT", f"admin/users/{user_id}", {"password": password})
    return await send(secret, request, _read_user, repeatable=True)


async def find_user(secret: Connection, email: str) -> User | None:
    """Return the user with an e-mail address; None if there is none.

    Raises:
        IncompleteReadError: the list of users repeats itself, or ends before the server's count of it.
    """
    pager: Pager[User] = Pager(lambda user: user.id, counts_rest=False)
    page, address = 1, email.lower()
    while True:
        # The filter finds parts of addresses and of names, so the address is compared as a whole.
        request = auth_request(secret, "GET", "admin/users", page=page, per_page=_PAGE, filter=address)
        users = await send(secret, request, _read_page, repeatable=True)
        found = next((user for user in users.rows if user.email == address), None)
        if found is not None or not pager.add(users) or (users.total is None and len(users.rows) < _PAGE):
            return found
        page += 1


def total_of_users(response: httpx.Response) -> int | None:
    """Return how many users the server counts behind a page of them; None where it does not say."""
    total = response.headers.get("x-total-count", "")
    return int(total) if total.isdecimal() else None


async def sign_out(customer: Connection) -> None:
    """End the session of a connection. If that fails, the session ends by itself, so it raises nothing."""
    try:
        await send(customer, auth_request(customer, "POST", "logout", scope="local"), check_success, repeatable=False)
    except AdminCRMError as error:
        log.debug("the new customer's session could not be ended: %s", error.message)


def auth_request(
    crm: Connection, method: str, path: str, body: Json | None = None, **params: object
) -> Callable[[], httpx.Response | Awaitable[httpx.Response]]:
    """Return what sends a request with the connection's rights, built again for every try."""
    link = link_of(crm)

    def sent() -> Any:
        request = httpx.Request(
            method,
            f"{link.shared.url}/auth/v1/{path}",
            params={name: str(value) for name, value in params.items() if value is not None},
            headers={
                "apikey": link.rights.handle,
                "Authorization": f"Bearer {link.rights.handle}",
                "Host": httpx.URL(link.shared.url).netloc.decode("ascii"),
            },
        )
        if body is not None:
            request.stream = stream = SecretBody(body)
            request.headers.update({"Content-Type": "application/json", "Content-Length": str(len(stream))})
        return http_of(link).send(request)

    return sent


def _read_sign_up(response: httpx.Response) -> tuple[User, SecretStr | None]:
    check_success(response)
    answer = _SignUp.model_validate_json(response.content)
    return answer.user or User.model_validate_json(response.content), answer.access_token


def _read_user(response: httpx.Response) -> User:
    check_success(response)
    return User.model_validate_json(response.content)


def _read_page(response: httpx.Response) -> Batch[User]:
    check_success(response)
    return Batch(_Page.model_validate_json(response.content).users, total_of_users(response))
