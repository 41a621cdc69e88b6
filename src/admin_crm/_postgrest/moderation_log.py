"""Moderation on the record, in shops that have installed `sql/moderation.sql`: its function, and its log."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import httpx

from admin_crm._core.connection import facts_of
from admin_crm._core.fields import Model, Timestamp
from admin_crm._core.lenient import columns_of, parse
from admin_crm._core.rows import Json
from admin_crm._core.translate import check_success
from admin_crm._postgrest.decode import decode_rows
from admin_crm._postgrest.query import customer_not_found, fetch_fields, send_query
from admin_crm.client import AnyCRM
from admin_crm.errors import AdminCRMError, NotFoundError, SchemaMismatchError, UnexpectedResponseError
from admin_crm.labels import AccountStatus
from admin_crm.models.customers import CustomerProfile, Status
from admin_crm.models.moderation import ModerationEntry

INSTALL = "the shop's owner installs it with the SQL that `admin-crm sql moderation` prints"

_NO_SUCH_FUNCTION = "PGRST202"
_NO_SUCH_CUSTOMER = "P0002"


class FunctionAnswer(Model):
    """What the function answers; to a repeated call the same, with the profile as it is by then."""

    profile: CustomerProfile
    previous_status: Status | None = None
    previous_suspension_end: Timestamp | None = None
    sessions_ended: int | None = None
    """How many sessions of the customer were ended; None where that was not asked for, or not possible."""
    repeated: bool
    """Whether an earlier call with the same id had done it."""


async def moderate_by_function(
    crm: AnyCRM,
    *,
    entry_id: UUID,
    customer: UUID,
    status: AccountStatus,
    suspension_end: datetime | None,
    reason: str,
    actor: str | None,
    end_sessions: bool,
    force: bool,
) -> FunctionAnswer | None:
    """Change a customer's status and write it into the log, in one transaction, through the shop's function.

    Safe to repeat with the same `entry_id`, also in another process: it is done once (R6).

    Args:
        crm: the connection, with an administrator's session or the secret key.
        entry_id: the id of the entry in the log.
        customer: whose status.
        status: the new status.
        suspension_end: when a suspension ends.
        reason: why.
        actor: who does it; the log also holds the signed-in user's id.
        end_sessions: whether the customer's sessions end as well.
        force: whether an administrator, or oneself, may be locked.

    Returns:
        The function's answer; None where the shop has no such function.

    Raises:
        CustomerNotFoundError: the customer does not exist.
        PermissionDeniedError: these are not an administrator's credentials; or an administrator or oneself would be
            locked, and `force` is not given (code ``AC001``).
        ConflictError: the log has another entry of this id.
    """
    function, facts = crm.settings.moderation_function, facts_of(crm)
    if function is None or not may_have_function(crm):
        return None
    arguments: Json = {
        "p_id": str(entry_id),
        "p_customer_id": str(customer),
        "p_status": status.value,
        "p_suspension_end": None if suspension_end is None else suspension_end.isoformat(),
        "p_reason": reason,
        "p_actor": actor,
        "p_end_sessions": end_sessions,
        "p_force": force,
    }
    try:
        return await send_query(crm, lambda: crm.supabase.rpc(function, arguments), _read_answer)
    except SchemaMismatchError as error:
        if error.code != _NO_SUCH_FUNCTION:
            raise  # the function is there, and lacks something itself
        facts.note_absent(function)
        return None
    except NotFoundError as error:
        if error.code != _NO_SUCH_CUSTOMER:
            raise
        raise customer_not_found() from error


def may_have_function(crm: AnyCRM) -> bool:
    """Return whether the shop may have the function: it was not found missing a short while ago."""
    function = crm.settings.moderation_function
    return function is not None and not facts_of(crm).lacks(function)


async def fetch_log(crm: AnyCRM, customer: UUID) -> list[ModerationEntry]:
    """Fetch a customer's entries of the log.

    Raises:
        SchemaMismatchError: the shop has no such table.
    """
    table = crm.settings.moderation_log_table
    try:
        return await fetch_fields(crm, table, customer, ModerationEntry)
    except SchemaMismatchError as error:
        if error.kind != "table":
            raise
        raise _no_log(table, error) from error


def _no_log(table: str, error: AdminCRMError) -> SchemaMismatchError:
    return SchemaMismatchError(
        f"the shop keeps no record of moderation: it has no table {table}",
        kind="table",
        name=table,
        status=error.status,
        code=error.code,
        hint=INSTALL,
        request_id=error.request_id,
    )


def _read_answer(response: httpx.Response) -> FunctionAnswer:
    check_success(response)
    try:
        columns = columns_of(response.content)
        profile = columns.pop("profile")
    except (ValueError, KeyError) as error:
        raise UnexpectedResponseError("the shop's function did not return a profile", hint=INSTALL) from error
    # A row like any other: the customer may have put anything into it.
    (row,) = decode_rows(b"[" + profile + b"]", CustomerProfile)
    return FunctionAnswer.model_validate({name: parse(text) for name, text in columns.items()} | {"profile": row})
