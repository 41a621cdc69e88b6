"""A customer's account status: a change of it, checked before it is sent and proved by the row, and who is locked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.rows import Json, first_or_none
from admin_crm._postgrest.decode import read_rows
from admin_crm._postgrest.query import fetch, fetch_among, may_not_change, send_query, update_of_customer, writable
from admin_crm.client import AnyCRM
from admin_crm.errors import InvalidInputError
from admin_crm.labels import AccountStatus, status_of
from admin_crm.models import CustomerProfile

STATUS_COLUMNS = "id,account_status,suspension_end"


class StatusChange(NamedTuple):
    """The status that a customer gets, and the end of a suspension."""

    status: AccountStatus
    end: datetime | None = None

    @property
    def locks(self) -> bool:
        """Whether the customer may not use the shop afterwards."""
        return self.status is not AccountStatus.ACTIVE

    @property
    def values(self) -> Json:
        """The columns to write."""
        return {"account_status": self.status.value, "suspension_end": self.end and self.end.isoformat()}


def checked_change(status: AccountStatus | str, suspension_end: datetime | None) -> StatusChange:
    """Return the change that the arguments of a function ask for.

    Raises:
        InvalidInputError: the status is invalid, or the end is in the past, has no time zone, or comes with
            another status than suspended.
    """
    change = StatusChange(
        status_of(status), None if suspension_end is None else check.aware(suspension_end, "suspension_end")
    )
    if change.end is not None and change.status is not AccountStatus.SUSPENDED:
        raise InvalidInputError(
            f"suspension_end is only allowed with the status suspended, not with {change.status}",
            argument="suspension_end",
        )
    if change.end is not None and change.end <= datetime.now(UTC):
        raise InvalidInputError("suspension_end must be in the future", argument="suspension_end")
    return change


async def write_status(crm: AnyCRM, customer: UUID, change: StatusChange) -> CustomerProfile:
    """Write the status into a customer's profile, and return the profile after it.

    Raises:
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: the customer is visible, but the status may not be changed.
    """
    table = crm.settings.profiles_table
    return await update_of_customer(crm, table, customer, change.values, CustomerProfile, "status")


async def write_statuses(crm: AnyCRM, customers: Sequence[UUID], change: StatusChange) -> dict[UUID, CustomerProfile]:
    """Write one status into many profiles, up to `IDS_IN_FILTER` of them, in one request.

    Returns:
        The profiles after it; of a customer who does not exist there is none.

    Raises:
        PermissionDeniedError: customers are visible, but their status may not be changed.
    """
    table, ids = crm.settings.profiles_table, [str(each) for each in customers]
    rows = await send_query(
        crm,
        lambda: writable(crm, table).update(change.values).in_("id", ids),
        lambda response: read_rows(response, CustomerProfile),
    )
    written = {row.id: row for row in rows}
    # The server may return fewer rows than it has changed.
    rest = await fetch_among(crm, table, [each for each in customers if each not in written], CustomerProfile)
    if any((row.account_status, row.suspension_end) != change for row in rest):
        raise may_not_change("status")
    return written | {row.id: row for row in rest}


async def fetch_status(crm: AnyCRM, customer: UUID) -> CustomerProfile | None:
    """Fetch a customer's status and suspension end, and nothing else; None for who is not there or not visible."""
    table = crm.settings.profiles_table
    return first_or_none(
        await fetch(
            crm, lambda: crm.supabase.table(table).select(STATUS_COLUMNS).eq("id", str(customer)), CustomerProfile
        )
    )


def only_locked(rows: Any, now: datetime) -> Any:
    """Filter a query of profiles: banned, or suspended until later than now, or without an end."""
    return rows.or_(locked_terms(now))


def locked_terms(now: datetime) -> str:
    """Return the terms of PostgREST's `or` of which one holds for a locked customer."""
    ends_later = f'suspension_end.is.null,suspension_end.gt."{now.isoformat()}"'
    suspended = f"and(account_status.eq.{AccountStatus.SUSPENDED.value},or({ends_later}))"
    return f"account_status.eq.{AccountStatus.BANNED.value},{suspended}"
