"""Checks of the directory's view and its labels, the row limit and suspensions."""

from __future__ import annotations

from datetime import UTC, datetime

from admin_crm._core.connection import rights_in_effect
from admin_crm._core.fields import Model
from admin_crm._core.gather import gather
from admin_crm._core.secret_key import has_secret_key
from admin_crm._postgrest.decode import require_total
from admin_crm._postgrest.query import EXACT_COUNT, Query, fetch_batch
from admin_crm._postgrest.rights import is_administrator
from admin_crm.client import AnyCRM
from admin_crm.diagnosis.checks import Finding, count
from admin_crm.errors import SchemaMismatchError
from admin_crm.labels import AccountStatus, Segment
from admin_crm.models.customers import CustomerIntelligence

ROWS_REQUESTED = 10_000
"""The number of rows requested in order to find the server's row limit."""
LOW_ROW_LIMIT = 1_000
"""The row limit of hosted projects; with a lower one, reads are slow."""

NO_ORDER_DAYS = 365
"""The recency that some views show for customers without orders."""

_SIGN_IN = "connect with AdminCRM.sign_in(url, publishable_key, email, password) as an administrator"
_SIGN_IN_TOO = (
    "connect with AdminCRM.sign_in(url, publishable_key, email, password, secret_key=...) as an administrator"
)


async def directory(crm: AnyCRM) -> Finding:
    """Compare the number of rows in the view and in the profiles; a view gated on `auth.uid()` is empty for a key."""
    view, profiles = crm.settings.view, crm.settings.profiles_table
    in_view, in_profiles = await gather(crm, count(crm, view), count(crm, profiles))
    if in_profiles and not in_view:
        return Finding(
            "fail",
            f"{view} is empty, although {profiles} has {in_profiles:,} customers: only an administrator sees them",
            _SIGN_IN_TOO if has_secret_key(crm) else _SIGN_IN,
        )
    if in_view == 1 and rights_in_effect(crm).user and await is_administrator(crm) is False:
        return Finding(
            "fail", f"{view} shows one customer only, the signed-in user: the others only to an administrator", _SIGN_IN
        )
    if in_view != in_profiles:
        return Finding(
            "warn",
            f"{view} shows {in_view:,} customers, {profiles} {in_profiles:,}",
            f"check the definition of {view} and the policies of {profiles}: one of them excludes customers",
        )
    if not in_profiles:
        anonymous = rights_in_effect(crm).role == "anon"
        return Finding(
            "fail" if anonymous else "warn", "no customers are visible", f"if there should be some, {_SIGN_IN}"
        )
    return Finding("pass", f"{view} shows all {in_view:,} customers")


async def labels(crm: AnyCRM) -> Finding:
    """Find out how customers without orders are labelled in a view that counts their last order as a year ago."""
    view = crm.settings.view

    def query() -> Query:
        rows = crm.supabase.table(view).select("segment", "health_status", count=EXACT_COUNT)
        return rows.eq("frequency", 0).eq("recency_days", NO_ORDER_DAYS).limit(1)

    try:
        found = await fetch_batch(crm, query, CustomerIntelligence)
    except SchemaMismatchError as error:
        if error.kind != "column":
            raise
        return Finding("pass", f"not tested: {view} has not all of segment, health_status, frequency and recency_days")
    if not found.rows or found.rows[0].canonical_segment is Segment.PROSPECT:
        return Finding(
            "pass", f"no visible customer without orders has labels that follow from a recency of {NO_ORDER_DAYS} days"
        )
    total, row = require_total(found.total), found.rows[0]
    names = " and ".join(filter(None, (row.segment, row.health_status)))
    return Finding(
        "warn",
        f"{total:,} customers without orders have recency_days {NO_ORDER_DAYS} in {view}, and are labelled "
        f"{names}, never as prospects: filters and counts by segment and health mix "
        "them with customers who have stopped ordering",
        f"tell them apart by frequency 0 (recency_days is then None); or let {view} compute recency_days without "
        f"coalesce(..., {NO_ORDER_DAYS}), and test for null first where it computes the labels",
    )


async def row_limit(crm: AnyCRM) -> Finding:
    """Find out how many rows the server returns per response; the API does not report it."""
    table = crm.settings.profiles_table
    rows, total, _ = await fetch_batch(
        crm, lambda: crm.supabase.table(table).select("id", count=EXACT_COUNT).limit(ROWS_REQUESTED), Model
    )
    returned = len(rows)
    if total is None:
        return Finding("warn", "the server does not count rows, so complete reads cannot be verified")
    if returned == min(total, ROWS_REQUESTED):
        return Finding("pass", f"the row limit is at least {returned:,}")
    if returned < LOW_ROW_LIMIT:
        return Finding(
            "warn",
            f"the server returns {returned:,} rows per response; reads are complete, but need many requests",
            "raise the project's max_rows (API settings)",
        )
    return Finding("pass", f"the server returns {returned:,} rows per response; reads continue until they are complete")


async def suspensions(crm: AnyCRM) -> Finding:
    """Count suspensions that have ended but were not lifted."""
    table, now = crm.settings.profiles_table, datetime.now(UTC).isoformat()
    overdue = await count(
        crm, table, lambda rows: rows.eq("account_status", AccountStatus.SUSPENDED.value).lte("suspension_end", now)
    )
    if not overdue:
        return Finding("pass", "no overdue suspensions")
    return Finding(
        "warn",
        f"{overdue:,} {'suspension has' if overdue == 1 else 'suspensions have'} ended but not been lifted",
        "let a scheduler call lift_expired_suspensions",
    )
