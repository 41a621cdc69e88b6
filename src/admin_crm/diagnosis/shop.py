"""Checks of the view, tables, columns, functions, row limit and suspensions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx

from admin_crm._core.fields import Model
from admin_crm._core.gather import gather
from admin_crm._postgrest.decode import require_total
from admin_crm._postgrest.query import EXACT_COUNT, Query, fetch_batch
from admin_crm.client import AnyCRM
from admin_crm.diagnosis.checks import Finding, send_request
from admin_crm.errors import SchemaMismatchError
from admin_crm.labels import AccountStatus

ROWS_REQUESTED = 10_000
"""The number of rows requested in order to find the server's row limit."""
LOW_ROW_LIMIT = 1_000
"""The row limit of hosted projects; with a lower one, reads are slow."""

_SIGN_IN = "connect with AdminCRM.sign_in(url, publishable_key, email, password) as an administrator"


class Column(NamedTuple):
    """A column with its possible names, and what the library does without it; `needed` if it cannot work without."""

    names: tuple[str, ...]
    fallback: str
    needed: bool = False


class Table(NamedTuple):
    """A table or view, by the name of its setting; `fallback` is set if the library can work without it."""

    setting: str
    columns: tuple[Column, ...]
    fallback: str | None = None


def _needed(*names: str) -> Column:
    return Column(names, "required", needed=True)


def _optional(*names: str) -> Column:
    return Column(names, "the field is None")


TABLES = (
    Table(
        "view",
        (
            _needed("id", "customer_id"),
            _optional("full_name"),
            _optional("email"),
            _optional("avatar_url"),
            Column(("phone", "customer_phone"), "customers are found and contactable only by WhatsApp"),
            Column(("whatsapp",), "customers are found and contactable only by phone"),
            _optional("birthdate"),
            Column(("created_at",), "the directory is not sorted by age, and no customer counts as new"),
            Column(("account_status",), "the directory cannot be filtered by status"),
            Column(("customer_tier", "tier"), "the directory cannot be filtered by tier"),
            _optional("total_orders"),
            _optional("total_spent"),
            Column(("recency_days",), "recency_days is None"),
            _optional("frequency"),
            _optional("monetary"),
            Column(("segment",), "the directory cannot be filtered by segment"),
            Column(("health_status",), "the directory cannot be filtered by health"),
            _optional("ai_preferences"),
            _optional("ia_context"),
        ),
    ),
    Table(
        "profiles_table",
        (
            _needed("id"),
            _needed("full_name"),
            _needed("phone"),
            _needed("whatsapp"),
            _needed("account_status"),
            _needed("suspension_end"),
            Column(("customer_tier", "tier"), "use tier_progress, which computes the tier from the amount spent"),
            _optional("birthdate"),
            _optional("total_spent"),
        ),
    ),
    Table(
        "addresses_table",
        (
            *map(_needed, ("id", "customer_id", "type", "label", "full_name", "street", "number", "colony")),
            *map(_needed, ("city", "state", "zip_code", "is_default")),
            Column(("phone",), "no address with a phone can be created"),
            Column(("notes",), "no address with notes can be created"),
            Column(("references",), "no address with references can be created"),
        ),
    ),
    Table(
        "orders_table",
        (
            *map(_needed, ("id", "customer_id", "total", "status", "created_at")),
            Column(("items",), "preferences use only the table of order items"),
        ),
    ),
    Table(
        "order_items_table",
        tuple(map(_needed, ("order_id", "product_id", "quantity"))),
        fallback="items are read from the JSON column of the orders",
    ),
    Table("products_table", tuple(map(_needed, ("id", "name", "category_id")))),
    Table("categories_table", tuple(map(_needed, ("id", "name")))),
    Table("notes_table", tuple(map(_needed, ("customer_id", "tags", "custom_fields", "notes")))),
    Table("notifications_table", tuple(map(_needed, ("id", "user_id", "title", "message", "type")))),
)


async def directory(crm: AnyCRM) -> Finding:
    """Compare the number of rows in the view and in the profiles; a view gated on `auth.uid()` is empty for a key."""
    view, profiles = crm.settings.view, crm.settings.profiles_table
    in_view, in_profiles = await gather(crm, _count(crm, view), _count(crm, profiles))
    if in_profiles and not in_view:
        return Finding(
            "fail",
            f"{view} is empty, although {profiles} has {in_profiles:,} customers: only an administrator sees them",
            _SIGN_IN,
        )
    if in_view != in_profiles:
        return Finding(
            "warn",
            f"{view} shows {in_view:,} customers, {profiles} {in_profiles:,}",
            f"check the definition of {view} and the policies of {profiles}: one of them excludes customers",
        )
    if not in_profiles:
        return Finding("warn", "no customers are visible", f"if there should be some, {_SIGN_IN}")
    return Finding("pass", f"{view} shows all {in_view:,} customers")


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
    overdue = await _count(
        crm, table, lambda rows: rows.eq("account_status", AccountStatus.SUSPENDED.value).lte("suspension_end", now)
    )
    if not overdue:
        return Finding("pass", "no overdue suspensions")
    return Finding(
        "warn",
        f"{overdue:,} {'suspension has' if overdue == 1 else 'suspensions have'} ended but not been lifted",
        "let a scheduler call lift_expired_suspensions",
    )


async def columns(crm: AnyCRM, table: Table) -> Finding:
    """Request the columns of a table by name, without rows."""
    name = str(getattr(crm.settings, table.setting))
    try:
        if await _has(crm, name, *(column.names[0] for column in table.columns)):
            return Finding("pass", "all columns that the library uses exist")
        # At least one is missing: test each column separately, under all its names.
        present = await gather(crm, *(_has_one_of(crm, name, column) for column in table.columns))
    except SchemaMismatchError as error:
        if table.fallback is None or error.kind != "table":
            raise
        return Finding("pass", f"{name} does not exist: {table.fallback}")
    missing = [column for column, exists in zip(table.columns, present, strict=True) if not exists]
    if not missing:
        return Finding("pass", "all columns that the library uses exist")
    description = "; ".join(f"{' or '.join(column.names)} ({column.fallback})" for column in missing)
    needed = any(column.needed for column in missing)
    return Finding(
        "fail" if needed else "warn",
        f"missing: {description}",
        "add the columns that you need, or set the name of your table in Settings",
    )


async def function(crm: AnyCRM, name: str) -> Finding:
    """Send a CORS preflight request (OPTIONS), which does not run the function's work."""
    status, by_function = await send_request(crm, "OPTIONS", f"/functions/v1/{name}", _read_function)
    if status == 404 and not by_function:
        return Finding(
            "warn",
            "not deployed: the features that use it are not available",
            "deploy it, or set the name of yours in Settings",
        )
    if status >= 500:
        return Finding("warn", f"deployed, but returns {status}", "check its logs")
    return Finding("pass", "deployed")


async def _count(crm: AnyCRM, table: str, narrow: Callable[[Any], Query] | None = None) -> int:
    def query() -> Query:
        rows = crm.supabase.table(table).select("*", count=EXACT_COUNT).limit(0)
        return narrow(rows) if narrow else rows

    # Not HEAD: its error responses have no body.
    return require_total((await fetch_batch(crm, query, Model)).total)


async def _has_one_of(crm: AnyCRM, table: str, column: Column) -> bool:
    for name in column.names:
        if await _has(crm, table, name):
            return True
    return False


async def _has(crm: AnyCRM, table: str, *names: str) -> bool:
    try:
        await fetch_batch(crm, lambda: crm.supabase.table(table).select(*names).limit(0), Model)
    except SchemaMismatchError as error:
        if error.kind == "column":
            return False
        raise
    return True


def _read_function(response: httpx.Response) -> tuple[int, bool]:
    """Return the status, and whether the function itself responded: the platform's 404 has no `error` field."""
    return response.status_code, '"error"' in response.text
