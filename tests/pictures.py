"""What tests of pictures share: customers and orders that never change, and a drawing of nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from admin_crm import AdminCustomer, Order

TODAY = date(2026, 11, 28)
LABELS = ["Campeón", "Leal", "En Riesgo", "Regular"]
HEALTH = ["Saludable", "Requiere Atención", "Estable", None]
TIERS = ["bronze", "gold", "silver", "diamante", None]


def customers(count: int) -> list[AdminCustomer]:
    """Return customers, the first of whom has ordered once."""
    return [
        AdminCustomer(
            id=UUID(int=n), full_name=f"Secreta {n}", segment=LABELS[n % 7 % 4], health_status=HEALTH[n % 4],
            tier=TIERS[n % 5], recency_days=n * 7 % 200, frequency=(n + 1) % 12, monetary=Decimal((n + 1) % 12 * 150),
        )
        for n in range(count)
    ]  # fmt: skip


def orders(count: int) -> list[Order]:
    """Return orders of a sixth as many customers, in the months of a year."""
    return [
        Order(
            id=str(n), customer_id=UUID(int=n % max(1, count // 6)), status="cancelado" if n % 9 == 8 else "delivered",
            created_at=datetime(2025 + (11 + n * n % 12) // 12, (11 + n * n % 12) % 12 + 1, 15, tzinfo=UTC),
        )
        for n in range(count)
    ]  # fmt: skip
