"""Checks of the rights that a connection holds, and of the policies that hide rows from administrators."""

from __future__ import annotations

from typing import NamedTuple

from admin_crm._core.claims import claims_of
from admin_crm._core.connection import link_of, rights_in_effect
from admin_crm._core.gather import gather
from admin_crm._core.secret_key import has_secret_key, with_secret_key
from admin_crm._postgrest.rights import is_administrator
from admin_crm.client import AnyCRM
from admin_crm.diagnosis.checks import Finding, count
from admin_crm.diagnosis.tables import TABLES, Table, grant_missing
from admin_crm.errors import AuthenticationError, PermissionDeniedError, SchemaMismatchError

_ADD_SECRET_KEY = "connect with AdminCRM.sign_in(..., secret_key=...), on a server only"  # noqa: S105 (no password)


class Visible(NamedTuple):
    """How many rows of a table an administrator's session sees, and how many there are; None if unknown."""

    table: Table
    name: str
    seen: int
    total: int | None


async def rights(crm: AnyCRM) -> Finding:
    """Report which of the two rights a connection holds, a session and a secret key, and what does not work without."""
    role = rights_in_effect(crm).role
    if role == "service_role":
        return Finding("pass", "a secret key and no session: enough for all but a view that is gated on auth.uid()")
    if role == "anon":
        return Finding("fail", "neither a session nor a secret key", "sign in as an administrator, or use a secret key")
    if not has_secret_key(crm):
        return Finding(
            "warn",
            "a session and no secret key: customers cannot be invited or created without a sign-up, and whatever the "
            "policies do not allow an administrator fails, such as deleting evidence",
            f"if you need that, {_ADD_SECRET_KEY}",
        )
    secret = link_of(crm).secret
    if secret is not None:
        if claims_of(secret.key.get_secret_value()).expired:
            return Finding("fail", "the secret key beside the session has expired", "create a new one")
        try:
            await count(with_secret_key(crm, "doctor"), crm.settings.profiles_table)
        except AuthenticationError as error:
            return Finding("fail", f"the secret key beside the session is not accepted: {error.message}", "check it")
    return Finding("pass", "a session and a secret key: each is used for what needs it")


async def policies(crm: AnyCRM) -> Finding:
    """Count the rows of each table that an administrator's session sees, and with a secret key those there are."""
    if rights_in_effect(crm).role == "service_role":
        return Finding("pass", "row-level security does not apply to a secret key")
    is_listed = await is_administrator(crm)
    if is_listed is False:
        return Finding(
            "warn", "not tested: these are not an administrator's credentials", "sign in as an administrator"
        )
    all_rows = with_secret_key(crm, "counting all rows") if has_secret_key(crm) else None
    found = await gather(crm, *(_visible(crm, all_rows, table) for table in TABLES if table.setting != "view"))
    tables = [each for each in found if isinstance(each, Visible)]
    finding = _unknown(tables) if all_rows is None else _hidden(crm, tables, is_listed=bool(is_listed))
    refused = [each for each in found if isinstance(each, Finding)]
    return _joined([*refused, *([finding] if finding.verdict != "pass" else [])]) if refused else finding


def _hidden(crm: AnyCRM, tables: list[Visible], *, is_listed: bool) -> Finding:
    hidden = [each for each in tables if each.total is not None and each.seen < each.total]
    if not hidden:
        return Finding("pass", "an administrator's session sees all rows of all tables")
    shares = ", ".join(f"{each.seen:,} of {each.total:,} rows of {each.name}" for each in hidden)
    advice = "\n".join(("run in the SQL editor:", *(_policy(each, crm.settings.admins_table) for each in hidden)))
    return Finding(
        "warn" if all(each.table.fallback for each in hidden) else "fail",
        f"an administrator's session sees {shares}: no policy shows administrators the others",
        advice if is_listed else "add a policy for select to each",
    )


def _unknown(tables: list[Visible]) -> Finding:
    empty = [each.name for each in tables if not each.seen]
    if not empty:
        return Finding("pass", "an administrator's session sees rows of all tables")
    return Finding(
        "pass",
        f"an administrator's session sees no rows of {', '.join(empty)}: there are none, or no policy shows them",
        f"to find out, {_ADD_SECRET_KEY}",
    )


def _joined(findings: list[Finding]) -> Finding:
    """Return failures as one."""
    return Finding("fail", "; ".join(each.meaning for each in findings), "\n".join(each.advice for each in findings))


def _policy(hidden: Visible, admins: str) -> str:
    may = "all" if hidden.table.is_written else "select"
    return (
        f'create policy "administrators: {may}" on public.{hidden.name} for {may} to authenticated'
        f" using (exists (select from public.{admins} where id = (select auth.uid())));"
    )


async def _visible(crm: AnyCRM, all_rows: AnyCRM | None, table: Table) -> Visible | Finding | None:
    """Count a table's rows; None for one that is not there, or that the check of its columns reports."""
    name, total = table.name(crm), None
    try:
        if all_rows is not None:
            # First: a row that is added meanwhile is then not taken for a hidden one.
            total = await count(all_rows, name)
    except SchemaMismatchError:
        return None
    except PermissionDeniedError as error:
        return grant_missing(all_rows or crm, name, error)
    try:
        return Visible(table, name, await count(crm, name), total)
    except (SchemaMismatchError, PermissionDeniedError):
        return None
