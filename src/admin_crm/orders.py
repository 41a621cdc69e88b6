"""A customer's orders."""

from __future__ import annotations

from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.rows import newest_first
from admin_crm._postgrest.query import check_exists, fetch_of_customer
from admin_crm.client import AnyCRM, operation
from admin_crm.models import Order


@operation
async def get_customer_orders(crm: AnyCRM, customer_id: UUID | str, *, include_cancelled: bool = True) -> list[Order]:
    """Return all orders of a customer, newest first.

    Args:
        crm: the connection.
        customer_id: the customer.
        include_cancelled: include cancelled orders, in any spelling of that status.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.

    Reads `orders`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> orders = get_customer_orders(crm, customer_id)
        >>> sum(order.total or 0 for order in orders if not order.is_cancelled)
    """
    customer = check.uuid(customer_id)
    orders = newest_first(await fetch_of_customer(crm, crm.settings.orders_table, customer, Order))
    if not orders:
        await check_exists(crm, customer)
    return [order for order in orders if include_cancelled or not order.is_cancelled]
