"""What the auth server holds of a customer, and how it is anonymized and deleted; needs the secret key."""

from __future__ import annotations

from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict

from admin_crm._auth.users import USER_NOT_FOUND, auth_request
from admin_crm._core.connection import Connection
from admin_crm._core.rows import Json
from admin_crm._core.send import send
from admin_crm._core.translate import check_success
from admin_crm.errors import NotFoundError

_UNUSED_DOMAIN = "anonymized.invalid"
"""The domain of made-up addresses: RFC 2606 promises that it never exists."""
_UNUSED_COUNTRY_CODE = "999"
"""A country code that no country has."""
_OF_ACCOUNT = frozenset({
    "id", "email", "new_email", "phone", "new_phone", "role", "is_anonymous", "app_metadata", "user_metadata",
    "created_at", "updated_at", "last_sign_in_at", "confirmed_at", "email_confirmed_at", "phone_confirmed_at",
    "invited_at", "confirmation_sent_at", "recovery_sent_at", "email_change_sent_at", "phone_change_sent_at",
    "banned_until", "deleted_at",
})  # fmt: skip
_OF_IDENTITY = frozenset({"provider", "email", "identity_data", "created_at", "updated_at", "last_sign_in_at"})
"""What is returned of a user and of an identity: no password's hash and no token, should a server ever answer one."""


class _User(BaseModel):
    """A user as the auth server answers it, all of it."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    identities: list[Json] | None = None


async def fetch_account(secret: Connection, user_id: UUID) -> Json | None:
    """Fetch what the auth server holds of a user, without secrets; None where there is no such user."""
    try:
        return await send(secret, auth_request(secret, "GET", f"admin/users/{user_id}"), _read_account, repeatable=True)
    except NotFoundError as error:
        if error.code != USER_NOT_FOUND:
            raise
        return None


async def anonymize_user(secret: Connection, user_id: UUID, account: Json) -> None:
    """Give a user a made-up address, and a made-up phone number if there is one, and empty the metadata."""
    changes: Json = {
        "email": f"{user_id}@{_UNUSED_DOMAIN}",
        "user_metadata": dict.fromkeys(account.get("user_metadata") or (), None),
    }
    if account.get("phone"):
        changes["phone"] = f"{_UNUSED_COUNTRY_CODE}{user_id.int % 10**12:012}"
    request = auth_request(secret, "PUT", f"admin/users/{user_id}", changes)
    await send(secret, request, check_success, repeatable=True)


async def delete_user(secret: Connection, user_id: UUID, *, soft: bool) -> None:
    """Delete a user; softly, the row stays, without metadata, sessions and the data of any provider.

    That there is no such user is no failure: an earlier request, whose answer was lost, may have deleted them.
    """
    request = auth_request(secret, "DELETE", f"admin/users/{user_id}", {"should_soft_delete": soft})
    try:
        await send(secret, request, check_success, repeatable=True)
    except NotFoundError as error:
        if error.code != USER_NOT_FOUND:
            raise


def _read_account(response: httpx.Response) -> Json:
    check_success(response)
    user = _User.model_validate_json(response.content)
    account = {name: value for name, value in (user.model_extra or {}).items() if name in _OF_ACCOUNT}
    told = [{name: each[name] for name in each if name in _OF_IDENTITY} for each in user.identities or ()]
    return {**account, "identities": told}
