"""The tables and columns that the library uses, and the check that they exist and may be read."""

from __future__ import annotations

from typing import NamedTuple

from admin_crm._core.connection import rights_in_effect
from admin_crm._core.fields import Model
from admin_crm._core.gather import gather
from admin_crm._postgrest.query import fetch_batch
from admin_crm.client import AnyCRM
from admin_crm.diagnosis.checks import Finding
from admin_crm.errors import PermissionDeniedError, SchemaMismatchError


class Column(NamedTuple):
    """A column with its possible names, and what the library does without it; `needed` if it cannot work without."""

    names: tuple[str, ...]
    fallback: str
    needed: bool = False


class Table(NamedTuple):
    """A table or view, and its columns.

    Args:
        setting: the setting that names it.
        columns: the columns that the library uses.
        fallback: what the library does without the table; None if it cannot work without.
        is_written: whether the library also changes rows, and does not only read them.
    """

    setting: str
    columns: tuple[Column, ...]
    fallback: str | None = None
    is_written: bool = False

    def name(self, crm: AnyCRM) -> str:
        """Return the table's name in this shop."""
        return str(getattr(crm.settings, self.setting))


def _needed(*names: str) -> Column:
    return Column(names, "required", needed=True)


def _optional(*names: str) -> Column:
    return Column(names, "the field is None")


TABLES = (
    Table(
        "view",
        (
            _needed("id", "customer_id"),
            *map(_optional, ("full_name", "email", "avatar_url")),
            Column(("phone", "customer_phone"), "customers are found and contactable only by WhatsApp"),
            Column(("whatsapp",), "customers are found and contactable only by phone"),
            _optional("birthdate"),
            Column(("created_at",), "the directory is not sorted by age, and no customer counts as new"),
            Column(("account_status",), "the directory cannot be filtered by status"),
            Column(("customer_tier", "tier"), "the directory cannot be filtered by tier"),
            *map(_optional, ("total_orders", "total_spent", "recency_days", "frequency", "monetary")),
            Column(("segment",), "the directory cannot be filtered by segment"),
            Column(("health_status",), "the directory cannot be filtered by health"),
            *map(_optional, ("ai_preferences", "ia_context")),
        ),
    ),
    Table(
        "profiles_table",
        (
            *map(_needed, ("id", "full_name", "phone", "whatsapp", "account_status", "suspension_end")),
            Column(("customer_tier", "tier"), "use tier_progress, which computes the tier from the amount spent"),
            *map(_optional, ("birthdate", "total_orders", "total_spent", "favorite_category_id", "avatar_url")),
            *map(_optional, ("ai_preferences", "ia_context", "created_at", "updated_at")),
        ),
        is_written=True,
    ),
    Table(
        "addresses_table",
        (
            *map(_needed, ("id", "customer_id", "type", "label", "full_name", "street", "number", "colony")),
            *map(_needed, ("city", "state", "zip_code", "is_default")),
            Column(("phone",), "no address with a phone can be created"),
            Column(("notes",), "no address with notes can be created"),
            Column(("references",), "no address with references can be created"),
            _optional("created_at"),
        ),
        is_written=True,
    ),
    Table(
        "orders_table",
        (
            *map(_needed, ("id", "customer_id", "total", "status", "created_at")),
            Column(("items",), "preferences use only the table of order items"),
            *map(_optional, ("order_number", "subtotal", "shipping_cost", "discount")),
            *map(_optional, ("payment_method", "payment_status", "tracking_notes")),
        ),
    ),
    Table(
        "order_items_table",
        tuple(map(_needed, ("order_id", "product_id", "quantity"))),
        fallback="items are read from the JSON column of the orders",
    ),
    Table("products_table", tuple(map(_needed, ("id", "name", "category_id")))),
    Table("categories_table", tuple(map(_needed, ("id", "name")))),
    Table(
        "notes_table",
        tuple(map(_needed, ("customer_id", "tags", "custom_fields", "notes", "updated_at"))),
        is_written=True,
    ),
    Table(
        "notifications_table",
        (
            *map(_needed, ("id", "user_id", "title", "message", "type")),
            *map(_optional, ("is_read", "created_at")),
        ),
    ),
    Table(
        "loyalty_points_table",
        (
            *map(_optional, ("id", "customer_id", "points", "transaction_type", "order_id", "created_at")),
            _optional("description", "reason"),
        ),
        fallback="there are no loyalty points",
        is_written=True,
    ),
    Table(
        "coupons_table",
        tuple(map(_optional, ("code", "description", "discount_type", "discount_value", "valid_until"))),
        fallback="there are no coupons",
    ),
    Table(
        "customer_coupons_table",
        (*map(_optional, ("id", "customer_id", "order_id", "used_at")), _optional("coupon_code", "code")),
        fallback="which coupons a customer used is unknown",
    ),
    Table(
        "wishlists_table",
        tuple(map(_optional, ("id", "customer_id", "product_id", "created_at"))),
        fallback="there are no wishlists",
    ),
    Table(
        "loyalty_offers_table",
        (
            *map(_optional, ("id", "customer_id", "generated_code", "personalized_message", "discount_type")),
            *map(_optional, ("discount_value", "expires_at", "is_claimed", "created_at")),
        ),
        fallback="there are no loyalty offers",
    ),
    Table(
        "referrals_table",
        tuple(map(_optional, ("id", "referrer_id", "referred_id", "status", "created_at"))),
        fallback="there are no referrals",
    ),
    Table(
        "store_settings_table",
        tuple(map(_optional, ("id", "loyalty_config", "loyalty_tiers_config", "whatsapp_number"))),
        fallback="tiers and other values are those of Settings",
    ),
)


async def columns(crm: AnyCRM, table: Table) -> Finding:
    """Request the columns of a table by name, without rows."""
    name = table.name(crm)
    try:
        if await _has(crm, name, *(column.names[0] for column in table.columns)):
            return Finding("pass", "all columns that the library uses exist")
        # At least one is missing: test each column separately, under all its names.
        present = await gather(crm, *(_has_one_of(crm, name, column) for column in table.columns))
    except SchemaMismatchError as error:
        if table.fallback is None or error.kind != "table":
            raise
        return Finding("pass", f"{name} does not exist: {table.fallback}")
    except PermissionDeniedError as error:
        return grant_missing(crm, name, error)
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


def grant_missing(crm: AnyCRM, table: str, error: PermissionDeniedError) -> Finding:
    """Return the finding of a table that these credentials may not read; raise what has another cause than a grant."""
    role = rights_in_effect(crm).role
    # A policy of a table, or a function of a view, may be what is refused: a grant on this table is no help then.
    if role not in ("authenticated", "service_role") or f" {table}" not in error.message:
        raise error
    # Tables are granted whole, as the platform does: policies say who may do what. A view is only read.
    privileges = "select" if table == crm.settings.view else "select, insert, update, delete"
    return Finding(
        "fail",
        f"the role {role} may not read {table}: a grant is missing [{error.code or error.status}]",
        f"run in the SQL editor:\ngrant {privileges} on public.{table} to {role};",
    )


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
