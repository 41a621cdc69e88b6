"""What brings a customer back: points, used coupons, offers and referrals."""

from __future__ import annotations

from uuid import UUID, uuid4

import httpx
from pydantic import TypeAdapter

from admin_crm._core import validation as check
from admin_crm._core.rows import newest_first
from admin_crm._core.translate import check_success
from admin_crm._postgrest.decode import decode
from admin_crm._postgrest.private import PrivateTable, fetch_private
from admin_crm._postgrest.query import check_exists, columns_of, fetch_fields, insert_once, send_query
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import AdminCRMError, CustomerNotFoundError, InvalidInputError, NotFoundError
from admin_crm.models import LoyaltyEntry, LoyaltyOffer, Referral, RowList, UsedCoupon

__all__ = [
    "LoyaltyEntry",
    "LoyaltyOffer",
    "Referral",
    "UsedCoupon",
    "adjust_loyalty_points",
    "get_customer_coupons",
    "get_loyalty_balance",
    "get_loyalty_history",
    "get_loyalty_offers",
    "get_referrals",
]

_LARGEST = 2_147_483_647
"""The largest number of points that one row holds."""
_OUT_OF_RANGE = "22003"
"""PostgreSQL's code for a sum that its integer does not hold: anybody may give points, as many as a row holds."""
_BALANCE: TypeAdapter[int] = TypeAdapter(int)


@operation
async def get_loyalty_balance(crm: AnyCRM, customer_id: UUID | str) -> int:
    """Return a customer's balance of points, as the shop counts it: earned less spent and expired ones.

    Args:
        crm: the connection.
        customer_id: the customer.

    Returns:
        The balance, 0 for a customer without points; it may be negative.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        SchemaMismatchError: the shop does not have the function.

    Calls the database function `get_customer_points_balance`; where the sum is more than the function can return, adds
    up `loyalty_points`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> get_loyalty_balance(crm, customer_id)
        9832
    """
    customer, function = check.uuid(customer_id), crm.settings.points_balance_function
    try:
        balance = await send_query(
            crm, lambda: crm.supabase.rpc(function, {"p_customer_id": str(customer)}), _read_balance
        )
    except AdminCRMError as error:
        if error.code != _OUT_OF_RANGE:
            raise
        balance = await _added_up(crm, customer)
    if not balance:
        await check_exists(crm, customer)
    return balance


@operation
async def get_loyalty_history(crm: AnyCRM, customer_id: UUID | str) -> list[LoyaltyEntry]:
    """Return all points that a customer was given or lost, newest first.

    Args:
        crm: the connection.
        customer_id: the customer.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        SchemaMismatchError: the shop does not have the table.

    Reads `loyalty_points`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> [(entry.created_at, entry.signed_points) for entry in get_loyalty_history(crm, customer_id)]
    """
    customer, table = check.uuid(customer_id), crm.settings.loyalty_points_table
    entries = await fetch_fields(crm, table, customer, LoyaltyEntry)
    if not entries:
        await check_exists(crm, customer)
    return RowList(newest_first(entries))


@operation
async def adjust_loyalty_points(crm: AnyCRM, customer_id: UUID | str, points: int, description: str) -> LoyaltyEntry:
    """Give points to a customer, or take them; retries after a lost response never do it twice.

    The balance may become negative, as in the web admin: the shop's database has no lower bound. To prevent that,
    compare with `get_loyalty_balance` first.

    Args:
        crm: the connection.
        customer_id: the customer.
        points: how many to give; negative to take. Not 0.
        description: why, at most 500 characters; the customer may see it.

    Returns:
        The row as stored: `points` is always positive, `transaction_type` is earned or spent.

    Raises:
        InvalidInputError: the points are 0 or too many, or the description is empty or too long.
        CustomerNotFoundError: the customer does not exist.
        PermissionDeniedError: these credentials are not allowed to change points.

    Writes `loyalty_points`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> adjust_loyalty_points(crm, customer_id, -200, "Canje en tienda").signed_points
        -200
    """
    customer = check.uuid(customer_id)
    amount = check.integer(points, "points", minimum=-_LARGEST, maximum=_LARGEST)
    if amount == 0:
        raise InvalidInputError("points must not be 0", argument="points")
    # The shop's own function takes no id, so a repeated call would count twice. A row under an id of our own does not.
    row = {
        "id": str(uuid4()),
        "customer_id": str(customer),
        "points": abs(amount),
        "transaction_type": "earned" if amount > 0 else "spent",
        "description": check.text(description, "description", max_length=500),
    }
    try:
        return await insert_once(crm, crm.settings.loyalty_points_table, row, LoyaltyEntry, "adjustment of points")
    except NotFoundError as error:
        raise CustomerNotFoundError(
            "the customer does not exist", status=error.status, code=error.code, hint="check the id"
        ) from error


@operation
async def get_customer_coupons(crm: AnyCRM, customer_id: UUID | str) -> list[UsedCoupon]:
    """Return the coupons that a customer has used, the last one first.

    Args:
        crm: the connection.
        customer_id: the customer.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: the connection has no secret key, and its session sees nobody's used coupons.
        SchemaMismatchError: the shop does not have the table.

    Reads `customer_coupons`, and with it `coupons`.

    Needs the secret key, or a policy that shows administrators the table.

    Examples:
        >>> [(each.coupon_code, each.discount_value) for each in get_customer_coupons(crm, customer_id)]
    """
    customer, tables = check.uuid(customer_id), crm.settings
    columns = f"id,customer_id,coupon_code,order_id,used_at,coupon:{tables.coupons_table}"
    table = PrivateTable(tables.customer_coupons_table, f"{columns}(description,discount_type,discount_value)")
    coupons = await fetch_private(crm, table, customer, UsedCoupon, "reading used coupons")
    return RowList(newest_first(coupons, "used_at"))


@operation
async def get_loyalty_offers(crm: AnyCRM, customer_id: UUID | str) -> list[LoyaltyOffer]:
    """Return the offers that the shop's AI has made to a customer, newest first.

    Args:
        crm: the connection.
        customer_id: the customer.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: the connection has no secret key, and its session sees nobody's offers.
        SchemaMismatchError: the shop does not have the table.

    Reads `smart_loyalty_propositions`.

    Needs the secret key, or a policy that shows administrators the table.

    Examples:
        >>> [offer.generated_code for offer in get_loyalty_offers(crm, customer_id) if not offer.is_claimed]
    """
    customer = check.uuid(customer_id)
    table = PrivateTable(crm.settings.loyalty_offers_table, columns_of(LoyaltyOffer))
    return RowList(newest_first(await fetch_private(crm, table, customer, LoyaltyOffer, "reading offers")))


@operation
async def get_referrals(crm: AnyCRM, customer_id: UUID | str) -> list[Referral]:
    """Return the customers that a customer has referred, and who referred this customer, newest first.

    Args:
        crm: the connection.
        customer_id: the customer.

    Returns:
        The referrals in both directions: the customer is their `referrer_id` or their `referred_id`.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: the connection has no secret key, and its session sees nobody's referrals.
        SchemaMismatchError: the shop does not have the table.

    Reads `referrals`.

    Needs the secret key, or a policy that shows administrators the table.

    Examples:
        >>> referred = [each for each in get_referrals(crm, customer.id) if each.referrer_id == customer.id]
    """
    customer = check.uuid(customer_id)
    table = PrivateTable(crm.settings.referrals_table, columns_of(Referral), ("referrer_id", "referred_id"))
    return RowList(newest_first(await fetch_private(crm, table, customer, Referral, "reading referrals")))


async def _added_up(crm: AnyCRM, customer: UUID) -> int:
    entries = await fetch_fields(crm, crm.settings.loyalty_points_table, customer, LoyaltyEntry)
    return sum(int(each.points or 0) * (1 if each.transaction_type == "earned" else -1) for each in entries)


def _read_balance(response: httpx.Response) -> int:
    check_success(response)
    return decode(response.content, _BALANCE)
