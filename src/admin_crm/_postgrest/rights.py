"""Who sees the customers: an administrator's session, and a secret key where the directory's view is open to it.

The others get no error from the server. The view shows nothing to a visitor and, where it is gated, to a secret
key; and to a signed-in user who is no administrator only their own row. So a read that found nothing, or only that
row, asks here whether that is all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

from admin_crm._core.connection import link_of, rights_in_effect
from admin_crm._core.fields import Model
from admin_crm._core.send import ANONYMOUS_HINT
from admin_crm._postgrest.query import KeyRow, count_rows, fetch, fetch_among
from admin_crm.client import AnyCRM
from admin_crm.errors import PermissionDeniedError, SchemaMismatchError

_SIGN_IN = "connect with AdminCRM.sign_in(url, publishable_key, email, password) as an administrator"


class Row(Protocol):
    """A customer of the directory or of the profiles."""

    @property
    def id(self) -> UUID: ...


async def check_view(crm: AnyCRM, rows: Sequence[Row]) -> None:
    """Raise where the view has customers that these rights do not see.

    Args:
        crm: the connection.
        rows: what an unfiltered read of the view has found: all its rows, or the first of them.

    Raises:
        PermissionDeniedError: a key that the view is closed to, or a user who is no administrator.
    """
    await check_user(crm, rows)
    if not rows:
        await _check_open(crm)


async def check_search(crm: AnyCRM, rows: Sequence[Row]) -> None:
    """Raise as `check_view` does, by what a search has found: to find nothing is normal where customers are seen."""
    await check_user(crm, rows)
    rights = link_of(crm).rights
    if rights.is_signed_in or rights.sees_customers:
        return
    if not rows and not await count_rows(crm, crm.settings.view):
        await _check_open(crm)
    rights.sees_customers = True


async def check_user(crm: AnyCRM, rows: Sequence[Row]) -> None:
    """Raise where a read has found nobody but the user, who is no administrator; or nobody for a visitor.

    Args:
        crm: the connection.
        rows: what was found; others than the user are among the first two rows, if there are any.

    Raises:
        PermissionDeniedError: nobody is signed in, or a user who is no administrator.
    """
    user = rights_in_effect(crm).user
    if all(str(row.id) == user for row in rows[:2]):
        await _check_administrator(crm, "the customers")


async def check_owners(crm: AnyCRM, owners: Iterable[UUID | None], what: str) -> None:
    """Raise as `check_user` does, by whose rows a read of a table has found.

    Args:
        crm: the connection.
        owners: the customers that the rows belong to; None for a row that belongs to nobody, which users do not see.
        what: what the rows are, such as ``the orders``.

    Raises:
        PermissionDeniedError: nobody is signed in, or a user who is no administrator.
    """
    user = rights_in_effect(crm).user
    if all(str(owner) == user for owner in owners):
        await _check_administrator(crm, what)


def is_signed_in_user(crm: AnyCRM, customer: UUID) -> bool:
    """Return whether a customer is the user whose session the connection has."""
    return rights_in_effect(crm).user == str(customer)


async def is_administrator(crm: AnyCRM, user: UUID | str | None = None) -> bool | None:
    """Fetch whether a user is an administrator; None where the shop has no table of them.

    Args:
        crm: the connection. A session sees only its own user's row; the secret key sees every row.
        user: the user's id; by default the signed-in user's.
    """
    table, user = crm.settings.admins_table, str(user or rights_in_effect(crm).user)
    try:
        return bool(await fetch(crm, lambda: crm.supabase.table(table).select("id").eq("id", user), Model))
    except SchemaMismatchError:
        return None


async def administrators_among(secret: AnyCRM, users: Sequence[UUID]) -> set[UUID]:
    """Fetch which of these users are administrators, with the secret key; none where the shop has no table of them."""
    try:
        rows = await fetch_among(secret, secret.settings.admins_table, users, KeyRow, columns="id")
    except SchemaMismatchError:
        return set()
    return {row.id for row in rows}


async def _check_administrator(crm: AnyCRM, what: str) -> None:
    claims = rights_in_effect(crm)
    if claims.role == "anon":
        raise PermissionDeniedError(f"a publishable key alone does not see {what}", hint=ANONYMOUS_HINT)
    if claims.role == "authenticated" and await is_administrator(crm) is False:
        table = crm.settings.admins_table
        raise PermissionDeniedError(
            f"the signed-in user is not listed in {table}: only a signed-in administrator sees {what}",
            hint=f"sign in as an administrator, or add the user to {table}",
        )


async def _check_open(crm: AnyCRM) -> None:
    """Raise where profiles exist, although the view shows none of them."""
    settings = crm.settings
    profiles = await count_rows(crm, settings.profiles_table)
    if profiles:
        raise PermissionDeniedError(
            f"the view {settings.view} shows nothing to this key, although {settings.profiles_table} has "
            f"{profiles} {'row' if profiles == 1 else 'rows'}: it shows customers only to a signed-in administrator",
            hint=_SIGN_IN,
        )
