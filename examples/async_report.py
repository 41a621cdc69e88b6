"""Report on the directory and its best customers; their details are fetched concurrently."""

import asyncio

from admin_crm import AsyncAdminCRM, get_admin_customer_details, get_directory_stats, search_customers


async def main() -> None:
    async with AsyncAdminCRM.from_env() as crm:
        stats, champions = await asyncio.gather(
            get_directory_stats(crm),
            search_customers(crm, segment="champion", page_size=5),
        )
        print(f"{stats.total} customers, {stats.new_this_month} new this month, revenue {stats.revenue or 0:,.2f}")
        pages = await asyncio.gather(*(get_admin_customer_details(crm, customer.id) for customer in champions))
    for page in pages:
        orders = page.orders_summary
        print(f"{page.full_name}: {orders.total_orders} orders of {orders.aov} on average")


if __name__ == "__main__":
    asyncio.run(main())
