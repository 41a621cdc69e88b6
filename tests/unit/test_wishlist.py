"""The products that a customer wants, in shops with and without a foreign key to them."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import CustomerNotFoundError, get_customer_wishlist
from helpers import PROFILES, REST, SOMEBODY

WISHES = f"{REST}/customer_wishlists"
ROW = {"id": str(UUID(int=1)), "customer_id": SOMEBODY, "product_id": str(UUID(int=7)), "created_at": "2026-01-01"}


@pytest.fixture
def shop():
    with respx.mock(assert_all_called=False) as server:
        server.get(PROFILES).respond(200, json=[{"id": SOMEBODY}])
        yield server


def test_names_and_prices_come_in_the_same_request(ask, shop):
    seen = {**ROW, "product": {"name": "Libreta", "price": 710.5}}
    gone = {**ROW, "id": str(UUID(int=2)), "created_at": "2026-02-01", "product": None}
    route = shop.get(WISHES).respond(200, json=[seen, gone], headers={"content-range": "0-1/2"})
    items = ask(get_customer_wishlist, SOMEBODY)
    assert [(item.product_name, item.price) for item in items] == [(None, None), ("Libreta", Decimal("710.5"))]
    assert [str(call.request.url.params["select"]) for call in route.calls] == [
        "id,customer_id,product_id,created_at,product:products(name,price)"
    ]


def test_without_a_foreign_key_the_products_have_their_ids_alone(ask, shop):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["select"] != "*":
            message = "Could not find a relationship between 'customer_wishlists' and 'products' in the schema cache"
            return httpx.Response(400, json={"code": "PGRST200", "message": message})
        return httpx.Response(200, json=[ROW], headers={"content-range": "0-0/1"})

    route = shop.get(WISHES).mock(side_effect=answer)
    for _ in range(2):
        (item,) = ask(get_customer_wishlist, SOMEBODY)
        assert (item.product_id, item.product_name, item.price) == (UUID(int=7), None, None)
    assert route.call_count == 3


def test_the_wishlist_of_nobody_is_an_error(ask, shop):
    shop.get(WISHES).respond(200, json=[], headers={"content-range": "*/0"})
    assert ask(get_customer_wishlist, SOMEBODY) == []
    shop.get(PROFILES).respond(200, json=[])
    with pytest.raises(CustomerNotFoundError):
        ask(get_customer_wishlist, SOMEBODY)
