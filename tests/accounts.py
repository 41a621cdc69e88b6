"""A customer who signs in as the shop's app does: over the wire, with a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

PASSWORD = "larga-y-buena"
BANNED = (400, "user_banned")
"""What the auth server answers to a banned user."""


def answered(response: httpx.Response) -> tuple[int, str | None]:
    """Return the status and the error code of an answer."""
    return response.status_code, response.json().get("error_code")


class User(NamedTuple):
    """Somebody who is signed in in a browser."""

    id: str
    token: str
    is_administrator: bool


@contextmanager
def signed_in_users(stack: Any, *, administrators: int, customers: int) -> Iterator[list[User]]:
    """Users who are signed in, each with an order of their own, removed afterwards."""
    with httpx.Client(trust_env=False, timeout=300) as http:
        accounts = [Account(stack, http) for _ in range(administrators + customers)]
        tokens = [each.sign_in().json()["access_token"] for each in accounts]
    ids = [each.id for each in accounts]
    stack.execute_sql(
        "insert into orders (customer_id, items, subtotal, total) values "
        + ", ".join(f"('{each}', '[]', 1, 1)" for each in ids)
    )
    stack.execute_sql(
        "insert into admin_users (id, role) values "
        + ", ".join(f"('{each}', 'admin')" for each in ids[:administrators])
    )
    yield [User(each, token, n < administrators) for n, (each, token) in enumerate(zip(ids, tokens, strict=True))]
    those = ", ".join(map(repr, ids))
    for table, column in (("admin_users", "id"), ("orders", "customer_id"), ("auth.users", "id")):
        stack.execute_sql(f"delete from {table} where {column} in ({those})")


class Account:
    """A confirmed customer, and what the auth server and the shop's data answer to that customer."""

    def __init__(self, stack: Any, http: httpx.Client) -> None:
        self._stack, self._http = stack, http
        self.email = f"cuenta-{uuid4()}@clientes.example"
        body = {"email": self.email, "password": PASSWORD, "email_confirm": True}
        self.id: str = self._auth("POST", "/admin/users", body, key=stack.secret_key).json()["id"]

    def sign_in(self) -> httpx.Response:
        """Sign in with the right password."""
        return self._auth("POST", "/token?grant_type=password", {"email": self.email, "password": PASSWORD})

    def refresh(self, session: dict[str, Any]) -> httpx.Response:
        """Get new tokens for a session."""
        return self._auth("POST", "/token?grant_type=refresh_token", {"refresh_token": session["refresh_token"]})

    def reads_own_profile(self, session: dict[str, Any]) -> bool:
        """Return whether an access token shows the profile of its own user."""
        headers = {"apikey": self._stack.publishable_key, "Authorization": f"Bearer {session['access_token']}"}
        rows = self._http.get(f"{self._stack.url}/rest/v1/customer_profiles?select=id", headers=headers)
        return rows.json() == [{"id": self.id}]

    def set_ban(self, duration: str) -> None:
        """Ban this user as the dashboard does, or lift the ban with ``none``."""
        path = f"/admin/users/{self.id}"
        self._auth("PUT", path, {"ban_duration": duration}, key=self._stack.secret_key).raise_for_status()

    @property
    def banned_until(self) -> datetime | None:
        """What the auth server says of the ban."""
        user = self._auth("GET", f"/admin/users/{self.id}", key=self._stack.secret_key).json()
        return datetime.fromisoformat(user["banned_until"]) if "banned_until" in user else None

    @property
    def status(self) -> str:
        """The status in the profile."""
        return self._stack.execute_sql(f"select account_status from customer_profiles where id = '{self.id}'")[0][
            "account_status"
        ]

    def _auth(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        key = key or self._stack.publishable_key
        headers = {"apikey": key} | ({"Authorization": f"Bearer {key}"} if key == self._stack.secret_key else {})
        return self._http.request(method, f"{self._stack.url}/auth/v1{path}", json=body, headers=headers)
