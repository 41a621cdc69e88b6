"""The check of moderation: whether a banned customer can lift their own ban. It writes, and undoes it."""

from __future__ import annotations

from uuid import UUID, uuid4

from pydantic import SecretStr

from admin_crm._auth.accounts import delete_user
from admin_crm._auth.new_user import new_password
from admin_crm._auth.users import create_user
from admin_crm._core.base import with_link
from admin_crm._core.connection import Rights, link_of, with_rights
from admin_crm._core.session import Login
from admin_crm._core.sign_in import sign_in
from admin_crm._core.translate import check_success
from admin_crm._postgrest.query import fetch_one, send_query, writable
from admin_crm.client import AnyCRM, has_secret_key, with_secret_key
from admin_crm.diagnosis.checks import Finding, may_be_stored, result_or_error
from admin_crm.errors import AdminCRMError, AuthenticationError
from admin_crm.labels import AccountStatus
from admin_crm.models.customers import CustomerProfile

_NAME = "admin_crm doctor (temporary)"
_NOT_TESTED = "not tested whether customers can lift their own bans"
_GUARD = "install the guard: run in the SQL editor what `admin-crm sql moderation` prints"


async def ban_write_check(crm: AnyCRM) -> Finding:
    """Ban a temporary user, let that user try to lift the ban, and delete the user. No real customer is touched."""
    if not has_secret_key(crm):
        return Finding("warn", f"{_NOT_TESTED}: that takes a temporary user", "run doctor with a secret key")
    key, user, password = with_secret_key(crm, "making a temporary user"), uuid4(), new_password()
    tried: bool | AdminCRMError = False
    try:
        created = await result_or_error(create_user(key, user, _email(user), password, {"full_name": _NAME}))
        tried = (
            created if isinstance(created, AdminCRMError) else await result_or_error(_lifts(crm, key, user, password))
        )
    finally:
        # Also if the response to the creation was lost: the user may exist.
        removed = await result_or_error(_remove(key, user))
    was_refused = isinstance(created, AdminCRMError) and not may_be_stored(created)
    if isinstance(removed, AdminCRMError) and not was_refused:
        return Finding("fail", f"the temporary user {user} may still exist", "delete it in the project's auth settings")
    if isinstance(tried, AdminCRMError):
        return Finding("warn", f"{_NOT_TESTED}: {tried.message}", tried.hint or "")
    if tried:
        return Finding("warn", "a banned customer can lift their own ban (tested with a temporary user)", _GUARD)
    return Finding("pass", "a banned customer cannot lift their own ban (tested with a temporary user)")


async def _lifts(crm: AnyCRM, key: AnyCRM, user: UUID, password: SecretStr) -> bool:
    """Ban the user, and return whether the user's own session lifts the ban."""
    profiles = crm.settings.profiles_table
    # Most shops have made the profile by now, with a trigger on auth.users.
    banned = {"id": str(user), "full_name": _NAME, "account_status": AccountStatus.BANNED.value}
    await send_query(key, lambda: writable(key, profiles).upsert(banned, on_conflict="id"), check_success)
    customer = with_link(crm, with_rights(link_of(crm), Rights(crm.anon_key or link_of(key).rights.key)))
    await sign_in(link_of(customer), Login(SecretStr(_email(user)), password))
    active = {"account_status": AccountStatus.ACTIVE.value}
    refused = await result_or_error(
        send_query(customer, lambda: writable(customer, profiles).update(active).eq("id", str(user)), check_success)
    )
    if isinstance(refused, AuthenticationError) or (isinstance(refused, AdminCRMError) and may_be_stored(refused)):
        raise refused
    # An update that a policy hides from, or that a trigger undoes, is no error: what is there now counts.
    profile = await fetch_one(key, profiles, user, CustomerProfile, column="id")
    return profile is not None and profile.account_status == AccountStatus.ACTIVE


async def _remove(key: AnyCRM, user: UUID) -> None:
    """Delete the user, and the profile where it does not go with the user."""
    await delete_user(key, user, soft=False)
    profiles = key.settings.profiles_table
    await send_query(key, lambda: writable(key, profiles).delete().eq("id", str(user)), check_success)


def _email(user: UUID) -> str:
    return f"doctor-{user}@temporary.invalid"
