"""Rows as the shop has them, for tests: customers, a customer's whole page, orders.

Nothing here is random. The same number makes the same row, on every machine and whenever the tests run: it is always
noon of 15 June 2026.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from admin_crm._core.fields import Model
from admin_crm._postgrest.orders import summarize_orders
from admin_crm.labels import Segment, canonical_segment
from admin_crm.models import (
    Address,
    AdminCustomer,
    AdminCustomerDetail,
    AdminNotes,
    Evidence,
    Order,
    OrderItem,
)
from admin_crm.testing.people import Person, person
from admin_crm.tiers import tier_progress

M = TypeVar("M", bound=Model)

_NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
_NEVER = 365
"""The recency that the shop's view sends of a customer without orders."""
_RFM: Mapping[Segment, tuple[tuple[int, int], tuple[int, int]]] = {
    Segment.CHAMPION: ((1, 15), (4, 12)),
    Segment.LOYAL: ((16, 30), (2, 6)),
    Segment.REGULAR: ((31, 45), (1, 4)),
    Segment.AT_RISK: ((60, 300), (1, 6)),
    Segment.NEARLY_LOST: ((120, 300), (2, 6)),
    Segment.NEW: ((1, 15), (1, 1)),
    Segment.PROSPECT: ((_NEVER, _NEVER), (0, 0)),
}
"""Days since the last order and numbers of orders that are likely in each segment, from and to."""
_PRODUCTS = (
    ("Vela Jacaranda", "189.00"),
    ("Aretes Obsidiana", "420.00"),
    ("Collar Cempasúchil", "650.50"),
    ("Maceta Talavera", "349.90"),
    ("Espejo Luna de Miel", "1280.00"),
    ("Libreta Talavera", "145.00"),
    ("Jabón Cempasúchil", "89.50"),
    ("Manta Obsidiana", "990.00"),
)


def make_customer(number: int = 1, /, **fields: Any) -> AdminCustomer:
    """Return a customer of the directory, with a name, numbers and figures that go together.

    The figures follow from each other as in the shop: with a segment come a recency and a number of orders that are
    likely in it, and from these the health, the totals and the tier.

    Args:
        number: which customer; the same number is the same customer, with the same id.
        fields: the fields of `AdminCustomer` that matter to the test, `recency_days` among them.

    Raises:
        TypeError: there is no such field.
        ValueError: a field cannot hold its value.

    Examples:
        ```python
        ana = make_customer(full_name="Ana Ordóñez", segment="Campeón")
        everybody = [make_customer(number) for number in range(20)]
        ```
    """
    return _made(AdminCustomer, _customer(person(number), _orders(number, fields), fields), fields)


def make_detail(number: int = 1, /, **fields: Any) -> AdminCustomerDetail:
    """Return a customer as on the customer's page: `make_customer` of the same number, with orders and the rest.

    Args:
        number: which customer; the same number is the same customer, with the same id.
        fields: the fields of `AdminCustomerDetail` that matter to the test. The figures follow from `orders`.

    Raises:
        TypeError: there is no such field.
        ValueError: a field cannot hold its value.

    Examples:
        ```python
        ana = make_detail(full_name="Ana Ordóñez", orders=[make_order(total=Decimal("99.50"))])
        assert ana.orders_summary.total_spent == Decimal("99.50")
        ```
    """
    who = person(number)
    orders: Sequence[Order] = fields["orders"] if "orders" in fields else _orders(number, fields)
    customer = _customer(who, orders, fields)
    values = {
        **customer,
        "suspension_end": _NOW + timedelta(days=7) if customer["account_status"] == "suspended" else None,
        "addresses": [_address(who, customer)],
        "orders": orders,
        "orders_summary": summarize_orders([order for order in orders if not order.is_cancelled]),
        "admin_notes": AdminNotes(
            customer_id=customer["id"], notes="Prefiere WhatsApp por las tardes.", tags=["frecuente"], updated_at=_NOW
        ),
        "evidence": [_evidence(customer["id"])],
    }
    return _made(AdminCustomerDetail, values, fields)


def make_order(number: int = 1, /, **fields: Any) -> Order:
    """Return an order of one to three items, whose total is their sum, with shipping.

    Args:
        number: which order; the same number is the same order, with the same id, of `make_customer(number)`.
        fields: the fields of `Order` that matter to the test.

    Raises:
        TypeError: there is no such field.
        ValueError: a field cannot hold its value.

    Examples:
        ```python
        order = make_order(status="shipped", customer_id=ana.id)
        ```
    """
    customer_id = fields.get("customer_id", person(number).id)
    placed = _NOW - timedelta(days=1 + number % 60, hours=number % 9)
    return _order(f"order {number}", f"P-{number:06}", customer_id, placed, fields)


def _customer(who: Person, orders: Sequence[Order], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a customer's fields; the figures follow from the orders, and from fields that are given."""
    bought = [order for order in orders if not order.is_cancelled]
    last = max((order.created_at for order in bought if order.created_at), default=None)
    recency = fields.get("recency_days", _NEVER if last is None else (_NOW - last).days)
    frequency = fields.get("frequency", len(bought))
    delivered = [order for order in bought if order.status == "delivered"]
    spent = fields.get("total_spent", _sum(delivered))
    return {
        "id": fields.get("id", who.id),
        "full_name": who.full_name,
        "email": who.email,
        "phone": who.phone,
        "whatsapp": who.phone,
        "birthdate": who.birthdate,
        "created_at": _NOW - timedelta(days=366 + who.number % 300),
        "account_status": fields.get("account_status", "active"),
        "tier": tier_progress(max(spent, Decimal(0))).tier,
        "total_orders": len(delivered),
        "total_spent": spent,
        "frequency": frequency,
        "monetary": _sum(bought),
        "recency_days": recency,
        "segment": _segment(recency, frequency),
        "health_status": _health(recency),
    }


def _orders(number: int, fields: Mapping[str, Any]) -> list[Order]:
    """Return a customer's orders, newest first, as many as the fields say, or as are likely in the segment."""
    random = Random(f"orders of {number}")  # noqa: S311 (the same for each number, not secret)
    segment = canonical_segment(fields.get("segment")) or random.choice(list(_RFM)[:4])
    recencies, counts = _RFM[segment]
    recency, count = random.randint(*recencies), random.randint(*counts)
    recency = recency if fields.get("recency_days") is None else int(fields["recency_days"])
    count = count if fields.get("frequency") is None else int(fields["frequency"])
    customer_id = fields.get("id", person(number).id)
    return [
        _order(f"order {number} {k}", f"P-{number:04}{k:02}", customer_id, _NOW - timedelta(days=recency + 19 * k), {})
        for k in range(count)
    ]


def _order(seed: str, order_number: str, customer_id: UUID, placed: datetime, fields: Mapping[str, Any]) -> Order:
    random = Random(seed)  # noqa: S311 (the same for each order, not secret)
    items = [OrderItem.model_validate(item) for item in fields.get("items") or _items(random)]
    subtotal = fields.get("subtotal", sum(map(_cost, items), Decimal(0)))
    shipping = fields.get("shipping_cost", Decimal("0.00") if subtotal >= 999 else Decimal("99.00"))
    days = (_NOW - placed).days
    status = fields.get("status", "confirmed" if days < 3 else "shipped" if days < 9 else "delivered")
    values = {
        "id": _id(seed),
        "order_number": order_number,
        "customer_id": customer_id,
        "items": items,
        "subtotal": subtotal,
        "shipping_cost": shipping,
        "discount": Decimal("0.00"),
        "total": subtotal + shipping - fields.get("discount", 0),
        "status": status,
        "payment_method": random.choice(["whatsapp", "mercadopago", "cash", "transfer", "card"]),
        "payment_status": "refunded" if status == "cancelled" else "paid",
        "created_at": placed,
    }
    return _made(Order, values, {name: value for name, value in fields.items() if name != "items" or not value})


def _cost(item: OrderItem) -> Decimal:
    quantity = 1 if item.quantity is None else item.quantity
    return (item.price or Decimal(0)) * Decimal(str(quantity))


def _items(random: Random) -> list[dict[str, Any]]:
    return [
        {
            "product_id": _id(name),
            "name": name,
            "price": Decimal(price),
            "quantity": random.randint(1, 2),
            "image": f"https://images.example/products/{_id(name)}.webp",
        }
        for name, price in random.sample(_PRODUCTS, random.randint(1, 3))
    ]


def _address(who: Person, customer: Mapping[str, Any]) -> Address:
    return Address(
        id=_id(f"address {who.number}"),
        customer_id=customer["id"],
        type="shipping",
        label="Casa",
        full_name=who.full_name,
        street="Calle Álamo",
        number=str(10 + who.number % 800),
        colony="Narvarte",
        city="Ciudad de México",
        state="CDMX",
        zip_code="03020",
        phone=who.phone,
        is_default=True,
        created_at=customer["created_at"],
    )


def _evidence(customer_id: UUID) -> Evidence:
    name = f"{_id(f'evidence of {customer_id}').hex}.pdf"
    path = f"{customer_id}/{name}"
    return Evidence(
        id=_id(path),
        path=path,
        url=f"https://shop.example/storage/v1/object/sign/{path}?token=none",
        file_name=name,
        uploaded_at=_NOW - timedelta(days=2),
        size=48_213,
        content_type="application/pdf",
    )


def _segment(recency: int, frequency: int) -> str:
    """Return the segment by the rules of the shop's view."""
    if recency <= 15 and frequency >= 3:
        return "Campeón"
    if recency <= 30 and frequency >= 2:
        return "Leal"
    return "En Riesgo" if recency > 45 else "Regular"


def _health(recency: int) -> str:
    """Return the health by the rules of the shop's view."""
    return "Saludable" if recency <= 7 else "Estable" if recency <= 30 else "Requiere Atención"


def _sum(orders: Sequence[Order]) -> Decimal:
    return sum((order.total for order in orders if order.total is not None), Decimal(0))


def _id(what: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"https://shop.example/{what}")


def _made(model: type[M], values: Mapping[str, Any], fields: Mapping[str, Any]) -> M:
    """Return a row of these values and the fields that the test gives, which must be fields and hold their values."""
    known = {*model.model_fields, "recency_days"} - {"recency_as_sent"}
    if model is Order:
        known.discard("recency_days")
    for name in fields:
        if name not in known:
            similar = difflib.get_close_matches(name, known, n=1)
            advice = f"; did you mean {similar[0]}?" if similar else ""
            raise TypeError(f"{model.__name__} has no field {name!r}{advice}")
    return model.model_validate({**values, **fields})
