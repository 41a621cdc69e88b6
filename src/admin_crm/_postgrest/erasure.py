"""The steps of an erasure that are about rows; all need the secret key."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID

from admin_crm._core.rows import Json
from admin_crm._core.translate import check_success
from admin_crm._postgrest.query import Query, batches, send_query, writable
from admin_crm.client import AnyCRM
from admin_crm.models import CustomerData

if TYPE_CHECKING:
    from postgrest.types import ReturnMethod

# The enumeration's own value: importing it would load supabase-py before a client is made.
_NO_ROWS = cast("ReturnMethod", "minimal")
"""Have the server answer no rows: what is erased need not travel once more."""
_CODES_IN_FILTER = 50
"""A coupon's code may be longer than an id."""


class Step(NamedTuple):
    """A step of an erasure."""

    name: str
    does: str
    left: Callable[[CustomerData], int]
    """Returns how many rows or files the step is still about."""
    erase: Callable[[], Coroutine[Any, Any, None]]
    after_proof: bool = False
    """Whether the steps before must be proven first, since from here on less of the customer can be found."""
    follows: bool = False
    """Whether the database does it by itself once the user is deleted."""


def delete_step(
    secret: AnyCRM,
    customer: UUID,
    part: str,
    table: str,
    owners: Sequence[str] = ("customer_id",),
    *,
    follows: bool = False,
) -> Step:
    """Return the step that deletes a customer's rows of a table.

    Args:
        secret: the connection.
        customer: whose rows.
        part: the field of `CustomerData` that lists them.
        table: where they are.
        owners: the columns that name the customers whom a row belongs to.
        follows: as in `Step`.
    """
    of_customer = ",".join(f"{owner}.eq.{customer}" for owner in owners)

    def query() -> Query:
        rows: Query = writable(secret, table).delete(returning=_NO_ROWS).or_(of_customer)
        return rows

    return Step(part, "deleted", size_of(part), lambda: send_query(secret, query, check_success), follows=follows)


def profile_step(secret: AnyCRM, customer: UUID, data: CustomerData) -> Step:
    """Return the step that replaces the name in a profile, and empties its personal columns."""
    name, columns = secret.settings.anonymized_name, secret.settings.personal_profile_columns
    values: Json = {
        column: {} if isinstance(value, dict | list) else None
        for column, value in (data.profile or {}).items()
        if column in columns
    }

    def left(data: CustomerData) -> int:
        profile = data.profile or {}
        return int(is_filled(profile, columns) or profile.get("full_name") not in {None, name})

    table, values = secret.settings.profiles_table, {"full_name": name, **values}
    return Step(
        "profile",
        f"name replaced; {', '.join(columns)} emptied",
        left,
        lambda: _overwrite(secret, table, customer, values, "id"),
        after_proof=True,
    )


def orders_step(secret: AnyCRM, customer: UUID, data: CustomerData) -> Step:
    """Return the step that empties the personal columns of orders."""
    columns, table = secret.settings.personal_order_columns, secret.settings.orders_table
    values: Json = {column: None for column in columns if any(column in order for order in data.orders)}

    def left(data: CustomerData) -> int:
        return sum(is_filled(order, columns) for order in data.orders)

    return Step("orders", f"{', '.join(columns)} emptied", left, lambda: _overwrite(secret, table, customer, values))


def points_step(secret: AnyCRM, customer: UUID) -> Step:
    """Return the step that empties the descriptions of points, which are free text."""
    table = secret.settings.loyalty_points_table

    def left(data: CustomerData) -> int:
        return sum(is_filled(row, ["description"]) for row in data.loyalty_points)

    return Step(
        "loyalty_points",
        "description emptied",
        left,
        lambda: _overwrite(secret, table, customer, {"description": None}),
    )


def coupons_step(secret: AnyCRM, data: CustomerData) -> Step:
    """Return the step that empties the description of coupons made for one customer, and switches them off."""
    codes = _own_coupons(data)

    def left(data: CustomerData) -> int:
        return len(_own_coupons(data))

    does = "made for this customer: description emptied, switched off"
    return Step("coupons", does, left, lambda: _retire(secret, codes))


def size_of(part: str) -> Callable[[CustomerData], int]:
    """Return what counts a part of a customer's data."""
    return lambda data: data.counts()[part]


def is_filled(row: Mapping[str, object], columns: Sequence[str]) -> bool:
    """Return whether one of the columns holds anything."""
    return any(row.get(column) for column in columns)


def _own_coupons(data: CustomerData) -> list[str]:
    """Return the codes of coupons that one use uses up, made by an offer, and that are not switched off yet."""
    own = (coupon for coupon in data.coupons if coupon.get("max_uses") == 1)
    return [str(coupon["code"]) for coupon in own if is_filled(coupon, ["description", "is_active"])]


async def _overwrite(secret: AnyCRM, table: str, customer: UUID, values: Json, owner: str = "customer_id") -> None:
    def query() -> Query:
        rows: Query = writable(secret, table).update(values, returning=_NO_ROWS).eq(owner, str(customer))
        return rows

    await send_query(secret, query, check_success)


async def _retire(secret: AnyCRM, codes: Sequence[str]) -> None:
    table, values = secret.settings.coupons_table, {"description": None, "is_active": False}

    def query(batch: Sequence[str]) -> Query:
        coupons: Query = writable(secret, table).update(values, returning=_NO_ROWS).in_("code", batch)
        return coupons

    for batch in batches(codes, _CODES_IN_FILTER):
        await send_query(secret, partial(query, batch), check_success)
