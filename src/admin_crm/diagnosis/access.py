"""Can the project be reached, with which key, as whom?"""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, cast

import httpx
from pydantic import TypeAdapter

from admin_crm._core.connection import link_of
from admin_crm._core.fields import Model
from admin_crm._core.translate import check_success
from admin_crm._postgrest.decode import decode
from admin_crm._postgrest.query import fetch
from admin_crm.client import AnyCRM
from admin_crm.diagnosis.examination import Finding, ask
from admin_crm.errors import RateLimitedError, SchemaMismatchError, ServiceUnavailableError, UnexpectedResponseError

ADMINS_TABLE = "admin_users"
MOST_SKEW = 30
"""Seconds between two clocks that no token minds."""

_SETTINGS_PATH = "/auth/v1/settings"
_CONNECT = "use the secret key, or AdminCRM.sign_in(url, publishable_key, email, password) as an administrator"
_RENEW = "get a new one in the project's API settings"


class AuthSettings(Model):
    """What the auth server tells of itself; `external` is there in every project."""

    external: dict[str, Any]
    disable_signup: bool = False
    mailer_autoconfirm: bool = False


class Rights(NamedTuple):
    """What a key or token says of itself; nothing of it is verified."""

    role: str | None
    user: str | None = None
    expires: float | None = None
    legacy: bool = False

    @property
    def expired(self) -> bool:
        """Whether it is of no use any more."""
        return self.expires is not None and self.expires <= time.time()


_AUTH_SETTINGS: TypeAdapter[AuthSettings] = TypeAdapter(AuthSettings)


def rights_of(key: str) -> Rights:
    """Read what a key or token says of itself."""
    if key.startswith("sb_secret_"):
        return Rights("service_role")
    if key.startswith("sb_publishable_"):
        return Rights("anon")
    claims = _claims(key)
    role, user, expires = claims.get("role"), claims.get("sub"), claims.get("exp")
    return Rights(
        role if isinstance(role, str) else None,
        user if isinstance(user, str) else None,
        expires if isinstance(expires, int | float) else None,
        legacy=bool(claims),
    )


def rights_in_effect(crm: AnyCRM) -> Rights:
    """Read whose rights requests are sent with: those of the session, or else of the key."""
    link = link_of(crm)
    if link.shared.owns_http:
        return rights_of(link.rights.bearer)
    return rights_of(crm.supabase.options.headers["Authorization"].removeprefix("Bearer "))


async def url(crm: AnyCRM) -> Finding:
    """Ask the auth server for its settings, which every project answers."""
    try:
        await ask(crm, "GET", _SETTINGS_PATH, _read_settings)
    except (RateLimitedError, ServiceUnavailableError) as error:
        if error.status is None:
            raise
        return Finding("warn", f"{crm.url} answers, but its auth server says: {error.message}", error.hint or "")
    except UnexpectedResponseError as error:
        return Finding("fail", f"{crm.url} does not answer as a Supabase project: {error.message}", "check the URL")
    return Finding("pass", f"{crm.url} answers as a Supabase project")


async def clock(crm: AnyCRM) -> Finding:
    """Compare the server's clock with ours."""
    date = await ask(crm, "GET", _SETTINGS_PATH, lambda answer: answer.headers.get("date"))
    try:
        skew = parsedate_to_datetime(date or "").timestamp() - datetime.now(UTC).timestamp()
    except ValueError:
        return Finding("warn", "the server does not say what time it is", "compare the clocks yourself")
    if abs(skew) <= MOST_SKEW:
        return Finding("pass", "this machine's clock agrees with the server's")
    where = "behind" if skew > 0 else "ahead of"
    return Finding(
        "warn",
        f"this machine's clock is {abs(skew):.0f} s {where} the server's: suspensions end at the wrong time, and "
        "sessions are renewed too late or too early",
        "synchronise the clock (NTP)",
    )


async def key(crm: AnyCRM) -> Finding:
    """Tell what kind of key the connection has, without asking the server."""
    rights, session = rights_of(link_of(crm).rights.key.get_secret_value()), rights_in_effect(crm)
    kind = {"service_role": "secret", "anon": "publishable"}.get(rights.role or "")
    if rights.role == "authenticated":
        return Finding("fail", "the key is a user's token", "give it as access_token, and the publishable key as key")
    if kind is None:
        return Finding("warn", "the key is of no known kind", "use an sb_secret_… or sb_publishable_… key")
    name = f"legacy {rights.role} key" if rights.legacy else f"{kind} key"
    if rights.expired:
        return Finding("fail", f"the {name} has expired", _RENEW)
    if session.role == "anon":
        return Finding("fail", f"a {name} alone has a visitor's rights: it is shown no customers", _CONNECT)
    if rights.legacy:
        return Finding("warn", f"a {name}: it works, but Supabase is retiring these", f"switch to an sb_{kind}_… key")
    return Finding("pass", f"a {name}")


async def role(crm: AnyCRM) -> Finding:
    """Tell whose rights are in effect, and whether a signed-in user is an administrator."""
    rights = rights_in_effect(crm)
    if rights.expired:
        return Finding("fail", "the session or key has expired", "sign in again, or renew the key")
    if rights.role == "service_role":
        return Finding("pass", "the service's rights: row-level security is passed by")
    if rights.role == "anon":
        return Finding("fail", "a visitor's rights", _CONNECT)
    if rights.role != "authenticated" or rights.user is None:
        return Finding("warn", "the rights of a role of your own", "make sure that its policies show it all customers")
    return await _is_admin(crm, rights.user)


async def sign_up(crm: AnyCRM) -> Finding:
    """Ask with the anon key whether customers can be signed up."""
    if crm.anon_key is None:
        return Finding(
            "warn", "no anon key: create_customer_with_details cannot be used", "give the publishable key as anon_key"
        )
    if rights_of(crm.anon_key.get_secret_value()).role == "service_role":
        return Finding(
            "fail", "the anon key is a secret key: customers would be signed up with it", "give the publishable key"
        )
    settings = await ask(crm, "GET", _SETTINGS_PATH, _read_settings, key=crm.anon_key)
    if settings.disable_signup:
        return Finding("warn", "sign-ups are disabled: no customer can be created", "enable them in the auth settings")
    if settings.mailer_autoconfirm:
        return Finding("pass", "customers can be created")
    return Finding("pass", "customers can be created, and must confirm their e-mail before they can sign in")


async def _is_admin(crm: AnyCRM, user: str) -> Finding:
    try:
        found = await fetch(crm, lambda: crm.supabase.table(ADMINS_TABLE).select("id").eq("id", user), Model)
    except SchemaMismatchError:
        return Finding("warn", f"a signed-in user; without a table {ADMINS_TABLE} there is no telling who administers")
    if found:
        return Finding("pass", f"a signed-in administrator, in {ADMINS_TABLE}")
    return Finding(
        "fail",
        f"a signed-in user whom {ADMINS_TABLE} does not show to be an administrator",
        f"sign in as an administrator, or add the user to {ADMINS_TABLE}",
    )


def _read_settings(answer: httpx.Response) -> AuthSettings:
    check_success(answer)
    return decode(answer.content, _AUTH_SETTINGS)


def _claims(token: str) -> dict[str, Any]:
    """Return what a JWT claims, nothing for what is no JWT."""
    try:
        _, middle, _ = token.split(".")
        claims: object = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except ValueError:
        return {}
    return cast("dict[str, Any]", claims) if isinstance(claims, dict) else {}
