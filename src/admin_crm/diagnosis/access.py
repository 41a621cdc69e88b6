"""Checks of the URL, the key, the role, the clock and sign-ups."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from pydantic import TypeAdapter

from admin_crm._core.claims import claims_of
from admin_crm._core.connection import link_of, rights_in_effect
from admin_crm._core.fields import Model
from admin_crm._core.translate import check_success
from admin_crm._postgrest.decode import decode
from admin_crm._postgrest.rights import is_administrator
from admin_crm.client import AnyCRM
from admin_crm.diagnosis.checks import Finding, send_request
from admin_crm.errors import RateLimitedError, ServiceUnavailableError, UnexpectedResponseError

MAX_SKEW = 30
"""A clock difference in seconds that does no harm."""

_SETTINGS_PATH = "/auth/v1/settings"
_CONNECT_ADVICE = "use the secret key, or AdminCRM.sign_in(url, publishable_key, email, password) as an administrator"
_NEW_KEY_ADVICE = "create a new one in the project's API settings"


class AuthSettings(Model):
    """The auth server's public settings; every project has `external`."""

    external: dict[str, Any]
    disable_signup: bool = False
    mailer_autoconfirm: bool = False


_AUTH_SETTINGS: TypeAdapter[AuthSettings] = TypeAdapter(AuthSettings)


async def url(crm: AnyCRM) -> Finding:
    """Request the auth server's settings, which every project returns."""
    try:
        await send_request(crm, "GET", _SETTINGS_PATH, _read_settings)
    except (RateLimitedError, ServiceUnavailableError) as error:
        if error.status is None:
            raise
        return Finding("warn", f"{crm.url} responds, but its auth server reports: {error.message}", error.hint or "")
    except UnexpectedResponseError as error:
        return Finding("fail", f"{crm.url} does not respond like a Supabase project: {error.message}", "check the URL")
    return Finding("pass", f"{crm.url} responds like a Supabase project")


async def clock(crm: AnyCRM) -> Finding:
    """Compare the server's clock with the local one."""
    date = await send_request(crm, "GET", _SETTINGS_PATH, lambda response: response.headers.get("date"))
    try:
        skew = parsedate_to_datetime(date or "").timestamp() - datetime.now(UTC).timestamp()
    except ValueError:
        return Finding("warn", "the server sends no Date header", "compare the clocks yourself")
    if abs(skew) <= MAX_SKEW:
        return Finding("pass", "this machine's clock agrees with the server's")
    direction = "behind" if skew > 0 else "ahead of"
    return Finding(
        "warn",
        f"this machine's clock is {abs(skew):.0f} s {direction} the server's: suspensions end at the wrong time, and "
        "sessions are refreshed too late or too early",
        "synchronize the clock (NTP)",
    )


async def key(crm: AnyCRM) -> Finding:
    """Identify the connection's key, without a request."""
    rights, session = claims_of(link_of(crm).rights.key.get_secret_value()), rights_in_effect(crm)
    key_type = {"service_role": "secret", "anon": "publishable"}.get(rights.role or "")
    if rights.role == "authenticated":
        return Finding(
            "fail", "the key is a user's access token", "pass it as access_token, and the publishable key as key"
        )
    if key_type is None:
        return Finding("warn", "unknown type of key", "use an sb_secret_… or sb_publishable_… key")
    name = f"legacy {rights.role} key" if rights.legacy else f"{key_type} key"
    if rights.expired:
        return Finding("fail", f"the {name} has expired", _NEW_KEY_ADVICE)
    if session.role == "anon":
        return Finding("fail", f"a {name} alone has anonymous rights and sees no customers", _CONNECT_ADVICE)
    if rights.legacy:
        return Finding(
            "warn", f"a {name}: it works, but Supabase is retiring these", f"switch to an sb_{key_type}_… key"
        )
    return Finding("pass", f"a {name}")


async def role(crm: AnyCRM) -> Finding:
    """Report the effective role, and whether a signed-in user is an administrator."""
    rights = rights_in_effect(crm)
    if rights.expired:
        return Finding("fail", "the session or key has expired", "sign in again, or create a new key")
    if rights.role == "service_role":
        return Finding("pass", "the service role: it bypasses row-level security")
    if rights.role == "anon":
        return Finding("fail", "the anonymous role", _CONNECT_ADVICE)
    if rights.role != "authenticated" or rights.user is None:
        return Finding("warn", "a custom role", "make sure that its policies allow it to see all customers")
    return await _is_admin(crm)


async def sign_up(crm: AnyCRM) -> Finding:
    """Check with the anon key whether customers can be signed up."""
    if crm.anon_key is None:
        return Finding(
            "warn", "no anon key: create_customer_with_details cannot be used", "pass the publishable key as anon_key"
        )
    if claims_of(crm.anon_key.get_secret_value()).role == "service_role":
        return Finding("fail", "the anon key is a secret key: sign-ups would run with it", "pass the publishable key")
    settings = await send_request(crm, "GET", _SETTINGS_PATH, _read_settings, key=crm.anon_key)
    if settings.disable_signup:
        return Finding("warn", "sign-ups are disabled: no customer can be created", "enable them in the auth settings")
    if settings.mailer_autoconfirm:
        return Finding("pass", "customers can be created")
    return Finding("pass", "customers can be created, and must confirm their e-mail before they can sign in")


async def _is_admin(crm: AnyCRM) -> Finding:
    table, listed = crm.settings.admins_table, await is_administrator(crm)
    if listed is None:
        return Finding("warn", f"a signed-in user; without a table {table}, it is unknown who is an administrator")
    if listed:
        return Finding("pass", f"a signed-in administrator, in {table}")
    return Finding(
        "fail",
        f"a signed-in user who is not listed in {table} as an administrator",
        f"sign in as an administrator, or add the user to {table}",
    )


def _read_settings(response: httpx.Response) -> AuthSettings:
    check_success(response)
    return decode(response.content, _AUTH_SETTINGS)
