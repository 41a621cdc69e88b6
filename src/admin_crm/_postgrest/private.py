"""Tables that show a row to its customer alone: a secret key sees all of them, an administrator's session none.

The server does not say so: it answers such a session with no rows. So a read that found nothing with a session alone
asks whether that session sees anybody's rows at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel

from admin_crm._core.connection import rights_in_effect
from admin_crm._core.secret_key import has_secret_key, with_secret_key_if_any
from admin_crm._postgrest.query import AnyRow, check_exists, fetch, fetch_columns
from admin_crm.client import AnyCRM
from admin_crm.errors import PermissionDeniedError

M = TypeVar("M", bound=BaseModel)


class PrivateTable(NamedTuple):
    """A table of rows that belong to customers, each seen by its customer alone."""

    name: str
    columns: str
    """What is read of a row."""
    owners: tuple[str, ...] = ("customer_id",)
    """The columns that name the customers whom a row belongs to."""


async def fetch_private(crm: AnyCRM, table: PrivateTable, customer: UUID, model: type[M], purpose: str) -> list[M]:
    """Fetch a customer's rows, with the secret key where the connection has one.

    Args:
        crm: the connection.
        table: where to read.
        customer: whose rows.
        model: what each row is decoded as.
        purpose: what needs the secret key, as the beginning of a sentence: ``reading used coupons``.

    Raises:
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: there is no secret key, and the session sees nobody's rows.
    """
    rows = await fetch_visible(crm, table, customer, model)
    if not rows:
        await check_exists(crm, customer)
    if not _shows_rights(crm, table, customer, rows) and not await sees_rows(crm, table):
        raise PermissionDeniedError(
            f"{purpose} needs the secret key: this session sees no rows of {table.name}",
            hint="connect with AdminCRM.sign_in(..., secret_key=...), or add a policy for administrators to the "
            "table; if it is empty, there is nothing to see",
        )
    return rows


async def fetch_visible(crm: AnyCRM, table: PrivateTable, customer: UUID, model: type[M]) -> list[M]:
    """Fetch the customer's rows that this connection sees, with the secret key where it has one."""
    of_customer = ",".join(f"{owner}.eq.{customer}" for owner in table.owners)
    crm = with_secret_key_if_any(crm)
    return await fetch_columns(crm, table.name, table.columns, lambda rows: rows.or_(of_customer), model)


async def sees_rows(crm: AnyCRM, table: PrivateTable) -> bool:
    """Return whether this connection sees rows of others than its own user; a secret key does, if there are any."""
    if has_secret_key(crm):
        return True
    user = rights_in_effect(crm).user

    def others() -> Any:
        rows = crm.supabase.table(table.name).select(table.owners[0]).limit(1)
        for owner in table.owners if user else ():
            rows = rows.neq(owner, user)
        return rows

    return bool(await fetch(crm, others, AnyRow))


def _shows_rights(crm: AnyCRM, table: PrivateTable, customer: UUID, rows: Sequence[BaseModel]) -> bool:
    """Return whether what was found is all there is: users see their own rows without any further rights."""
    user = rights_in_effect(crm).user
    if rows and user == str(customer):
        return True
    return any(user not in {str(getattr(row, owner)) for owner in table.owners} for row in rows)
