"""What an auth server answers to those who make users, and the customer who is to be created."""

from __future__ import annotations

import json
from typing import Any

import httpx
import respx

from helpers import SOMEBODY, URL

SIGN_UP = f"{URL}/auth/v1/signup"
LOG_OUT = f"{URL}/auth/v1/logout"
USERS = f"{URL}/auth/v1/admin/users"
INVITE = f"{URL}/auth/v1/invite"
DATA = {
    "email": "ana@x.example", "full_name": "Ana", "phone": "55", "whatsapp": "56",
    "address": {"street": "Ocho", "number": "8", "colony": "Centro", "zip_code": "06000"},
}  # fmt: skip
IDENTITY = {"id": SOMEBODY, "user_id": SOMEBODY, "identity_data": {}, "provider": "email"}
TRIGGER_FAILED = httpx.Response(
    500, json={"code": 500, "error_code": "unexpected_failure", "msg": "Database error saving new user"}
)


def user(**changes: Any) -> dict[str, Any]:
    return {
        "id": SOMEBODY, "aud": "authenticated", "email": DATA["email"], "user_metadata": {},
        "created_at": "2026-01-01T00:00:00Z", "identities": [IDENTITY], **changes,
    }  # fmt: skip


def signed_up(request: httpx.Request) -> httpx.Response:
    """Answer the new user, with the metadata that were sent."""
    sent = json.loads(request.content)
    made = user(user_metadata=sent.get("data") or sent.get("user_metadata"), email=sent["email"].lower())
    return httpx.Response(200, json=made | ({"id": sent["id"]} if "id" in sent else {}))


def with_session(request: httpx.Request) -> httpx.Response:
    session = {"access_token": "user-token", "refresh_token": "r", "token_type": "bearer", "expires_in": 3600}
    return httpx.Response(200, json=session | {"user": signed_up(request).json()})


def known(*users: dict[str, Any]) -> respx.Route:
    """Let the secret key find these users."""
    return respx.get(USERS).mock(return_value=httpx.Response(200, json={"users": users}))
