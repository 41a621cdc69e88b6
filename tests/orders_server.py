"""A server with a customer's orders, and the products and categories that they are of."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable

import httpx

from helpers import REST

CUSTOMER = "c0ffee00-0000-4000-8000-000000000001"
VELA, MANTA, GONE, CATEGORY = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "1234")
VELAS = {"id": CATEGORY, "name": "Velas"}
NO_TABLE = httpx.Response(404, json={"code": "PGRST205", "message": "Could not find the table 'public.order_items'"})
NO_RELATIONSHIP = httpx.Response(400, json={"code": "PGRST200", "message": "Could not find a relationship"})
WRONG_ID = httpx.Response(400, json={"code": "22P02", "message": "invalid input syntax for type uuid"})
PATIENCE = 60.0
"""Seconds after which a request counts as one that waits for another's answer."""


class OrdersServer:
    """A server with orders, no `order_items`, two products and one category."""

    def __init__(self, router):
        self.router = router
        self.routes = {}
        self.items = self.has("order_items", response=NO_TABLE)
        self.products = self.has("products", {"id": VELA, "name": "Vela", "category": VELAS}, {"id": MANTA})
        self.categories = self.has("categories", VELAS)
        self.has("customer_profiles", {"id": CUSTOMER})

    def has(self, table, *rows, response=None):
        """Let a table hold these rows, whatever is asked of it."""
        self.routes[table] = self.router.get(f"{REST}/{table}").mock(return_value=response or found(*rows))
        return self.routes[table]

    def orders(self, *orders):
        """Let the customer have these orders; returns their ids."""
        rows = [{"id": f"{n:08}-0000-4000-8000-0000000000ff", **order} for n, order in enumerate(orders)]
        self.has("orders", *rows)
        return [row["id"] for row in rows]

    def ordered(self, *items):
        """Let the customer have one order of these items."""
        return self.orders({"items": list(items), "status": "delivered"})

    def together(self, caller, *tables):
        """Answer each of these tables only once all of them are asked for: the requests of one round."""
        barrier, awaited = threading.Barrier(len(tables)), asyncio.Barrier(len(tables))

        def held(answer):
            async def waited():
                async with asyncio.timeout(PATIENCE):
                    await awaited.wait()
                return answer

            def answered(_):
                if caller.name == "async":
                    return waited()
                barrier.wait(PATIENCE)
                return answer

            return answered

        for table in tables:
            self.routes[table].side_effect = held(self.routes[table].return_value)

    def asked(self):
        """Return the table of each request so far."""
        return [table_of(call.request) for call in self.router.calls]


def found(*rows):
    """Return a response with these rows and their count."""
    headers = {"content-range": f"0-{max(len(rows) - 1, 0)}/{len(rows)}"}
    return httpx.Response(200, json=list(rows), headers=headers)


def item(product, quantity, name=None):
    """Return an item as an order's JSON has it."""
    return {"product_id": product, "name": name, "quantity": quantity}


def named(counts: Iterable):
    """Return what is compared of products or categories."""
    return [(each.name, each.count) for each in counts]


def table_of(request):
    """Return the table that a request reads."""
    return request.url.path.rpartition("/")[2]
