"""What stays in the shop's tables after an erasure, and where it still says who the customer was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from admin_crm.models import CustomerData, KeptData
from admin_crm.settings import Settings

_OF_PROFILE = frozenset({
    "id", "full_name", "customer_tier", "tier", "total_orders", "total_spent", "favorite_category_id", "account_status",
    "suspension_end", "created_at", "updated_at",
})  # fmt: skip
_OF_ORDER = frozenset({
    "id", "order_number", "customer_id", "items", "subtotal", "shipping_cost", "discount", "total", "status",
    "payment_method", "payment_status", "shipping_address_id", "billing_address_id", "whatsapp_sent",
    "whatsapp_sent_at", "mp_payment_id", "created_at", "updated_at",
})  # fmt: skip
"""The columns that stay because they say nothing of a person by themselves."""
_SHORTEST = 4
"""Characters from which on a value is looked for: a house number is found everywhere."""
_LOOK = "holds the customer's name, number or address: look at it"
_NOT_THERE = "the shop has nothing of this name: if it keeps this under another one, name it in Settings and call again"
_AUTH_LOG = "auth.audit_log_entries"
_IN_AUTH_LOG = (
    "the auth server's own log, with the address of who signed in, which no key opens. As the database's owner: "
    "delete from auth.audit_log_entries where payload::text like '%{customer}%'"
)

Rows = Sequence[Mapping[str, Any]]


def kept_of(data: CustomerData, settings: Settings, *, books: bool) -> tuple[KeptData, ...]:
    """Return what an erasure keeps of a customer's data.

    Args:
        data: what there was before.
        settings: the names of tables, and which columns are erased.
        books: whether the profile stays too, and with it points, used coupons and referrals.
    """
    order_columns = settings.personal_order_columns
    kept = [*_table(settings.orders_table, data.orders, "the shop's books", order_columns, _OF_ORDER, "order")]
    if books:
        profile = [] if data.profile is None else [data.profile]
        erased = ("full_name", *settings.personal_profile_columns)
        kept += _unknown(settings.profiles_table, profile, {*erased, *_OF_PROFILE}, "profile")
        kept += _table(
            settings.loyalty_points_table, data.loyalty_points, "points, without descriptions", ["description"]
        )
        kept += _table(settings.customer_coupons_table, data.used_coupons, "which coupons were used")
        kept += _table(settings.referrals_table, data.referrals, "ids of who referred whom")
    kept += _table(settings.moderation_log_table, data.moderation, "the record of what administrators did")
    values = _personal_values(data, settings)
    sources = {
        settings.orders_table: (data.orders, order_columns),
        settings.moderation_log_table: (data.moderation, ()),
    }
    for table, (rows, gone) in sources.items():
        kept += _traces(table, rows, gone, values)
    optional = {settings.order_items_table, settings.moderation_log_table}
    kept += [KeptData(name, None, _NOT_THERE) for name in data.absent if name not in optional]
    if data.account is not None:
        kept.append(KeptData(_AUTH_LOG, None, _IN_AUTH_LOG.format(customer=data.customer_id)))
    return tuple(kept)


def _table(
    table: str, rows: Rows, why: str, erased: Sequence[str] = (), known: frozenset[str] | None = None, kind: str = ""
) -> list[KeptData]:
    if not rows:
        return []
    unknown = [] if known is None else _unknown(table, rows, known | set(erased), kind)
    return [KeptData(table, len(rows), why), *unknown]


def _unknown(table: str, rows: Rows, known: set[str] | frozenset[str], kind: str) -> list[KeptData]:
    """Return the filled columns of which the library does not know what they hold."""
    columns = dict.fromkeys(column for row in rows for column, value in row.items() if value and column not in known)
    why = f"a column of your own: if it is personal, add it to Settings.personal_{kind}_columns"
    return [KeptData(f"{table}.{column}", sum(bool(row.get(column)) for row in rows), why) for column in columns]


def _traces(table: str, rows: Rows, erased: Sequence[str], values: set[str]) -> list[KeptData]:
    """Return the columns that stay and that hold one of the customer's own values."""
    counts: dict[str, int] = {}
    for row in rows:
        for column, cell in row.items():
            text = str(cell).casefold() if column not in erased else ""
            if any(value in text for value in values):
                counts[column] = counts.get(column, 0) + 1
    return [KeptData(f"{table}.{column}", count, _LOOK) for column, count in counts.items()]


def _personal_values(data: CustomerData, settings: Settings) -> set[str]:
    profile, account = data.profile or {}, data.account or {}
    found = [
        *(profile.get(column) for column in ("full_name", *settings.personal_profile_columns)),
        account.get("email"),
        account.get("phone"),
        *_texts(account.get("user_metadata")),
        *(row.get(column) for row in data.addresses for column in ("full_name", "street", "phone", "references")),
    ]
    return {each.casefold() for each in found if isinstance(each, str) and len(each) >= _SHORTEST}


def _texts(value: object) -> Iterator[str]:
    """Return all texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in cast("dict[str, object]", value).values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _texts(each)
