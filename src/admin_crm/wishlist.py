"""The products that a customer wants."""

from __future__ import annotations

from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.rows import newest_first
from admin_crm._postgrest.query import check_exists, fetch_columns
from admin_crm.client import AnyCRM, operation
from admin_crm.models import RowList, WishlistItem

__all__ = ["WishlistItem", "get_customer_wishlist"]


@operation
async def get_customer_wishlist(crm: AnyCRM, customer_id: UUID | str) -> list[WishlistItem]:
    """Return the products on a customer's wishlist, the last one added first.

    Args:
        crm: the connection.
        customer_id: the customer.

    Returns:
        The products, with their name and price of today. These are None if the product is not visible, or if the
        shop has no foreign key from the wishlist to the products.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        SchemaMismatchError: the shop does not have the table.

    Reads `customer_wishlists`, and with it `products`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> [(item.product_name, item.price) for item in get_customer_wishlist(crm, customer_id)]
    """
    customer, tables = check.uuid(customer_id), crm.settings
    columns = f"id,customer_id,product_id,created_at,product:{tables.products_table}(name,price)"
    items = await fetch_columns(
        crm, tables.wishlists_table, columns, lambda rows: rows.eq("customer_id", str(customer)), WishlistItem
    )
    if not items:
        await check_exists(crm, customer)
    return RowList(newest_first(items))
