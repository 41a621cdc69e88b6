"""What pictures say, in Spanish and in English."""

from __future__ import annotations

from typing import Literal

from admin_crm._core import validation as check
from admin_crm.errors import InvalidInputError

Language = Literal["es", "en"]

_WORDS = {
    "customers": ("Clientes", "Customers"),
    "segments": ("Clientes por segmento", "Customers by segment"),
    "no_segment": ("Sin segmento", "No segment"),
    "health": ("Clientes por salud", "Customers by health"),
    "no_health": ("Sin dato", "Not known"),
    "tiers": ("Clientes por nivel", "Customers by tier"),
    "no_tier": ("Sin nivel", "No tier"),
    "bronze": ("Bronce", "Bronze"),
    "silver": ("Plata", "Silver"),
    "gold": ("Oro", "Gold"),
    "platinum": ("Platino", "Platinum"),
    "others": ("Otros ({n})", "Others ({n})"),
    "spend": ("Gasto por cliente", "Spending per customer"),
    "amount": ("Gasto, en la moneda de la tienda (escala logarítmica)", "Spending, in the shop's currency (log scale)"),
    "median": ("mediana {value}", "median {value}"),
    "no_spend": ("{n} sin gasto", "{n} without spending"),
    "rfm": ("Puntajes RFM: clientes y su gasto promedio", "RFM scores: customers and their mean spending"),
    "r_score": ("Recencia (5: compró hace poco)", "Recency (5: bought lately)"),
    "f_score": ("Frecuencia (5: compra mucho)", "Frequency (5: buys often)"),
    "mean_amount": ("Gasto promedio por cliente", "Mean spending per customer"),
    "no_orders": ("{n} sin pedidos", "{n} without orders"),
    "recency_frequency": ("Recencia y frecuencia", "Recency and frequency"),
    "days": ("Días desde el último pedido", "Days since the last order"),
    "orders": ("Pedidos", "Orders"),
    "cohorts": ("Clientes por mes de su primer pedido", "Customers by month of their first order"),
    "cohort": ("Primer pedido", "First order"),
    "months": ("Meses desde el primer pedido", "Months since the first order"),
    "retained": ("Volvieron a comprar", "Bought again"),
    "retention": ("Clientes que vuelven a comprar", "Customers who buy again"),
    "average": ("Todas las cohortes", "All cohorts"),
    "small_cohorts": (
        "cohortes de menos de {fewest}, sin línea: {n}",
        "cohorts of fewer than {fewest}, without a line: {n}",
    ),
    "one_cohort": ("Cada cohorte", "Each cohort"),
    "newest_of": ("las {n} más recientes de {total}", "the {n} newest of {total}"),
    "by_month": ("Pedidos por mes", "Orders by month"),
    "placed": ("Pedidos", "Orders"),
    "cancelled": ("Cancelados", "Cancelled"),
    "no_data": ("Sin datos", "No data"),
}
_LANGUAGES = ("es", "en")


class Words:
    """The words of one language.

    Args:
        language: ``es`` or ``en``.

    Raises:
        InvalidInputError: there is no such language.
    """

    def __init__(self, language: str) -> None:
        if language not in _LANGUAGES:
            raise InvalidInputError(f"language must be es or en, not {check.shown(str(language))}", argument="language")
        self._place = _LANGUAGES.index(language)

    def __call__(self, name: str, **values: object) -> str:
        """Return a text, with values filled in."""
        shown = {key: f"{value:,}" if isinstance(value, int) else str(value) for key, value in values.items()}
        return _WORDS[name][self._place].format(**shown)
