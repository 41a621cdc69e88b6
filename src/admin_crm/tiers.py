"""The loyalty tiers of the shop, and how far a customer is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from admin_crm._core import validation as check
from admin_crm._core.fields import Model
from admin_crm._core.rows import first_or_none
from admin_crm._postgrest.query import fetch
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import InvalidInputError, InvalidTypeError, SchemaMismatchError
from admin_crm.labels import CustomerTier
from admin_crm.models import AdminCustomer, CustomerProfile, LoyaltyTier, TierProgress
from admin_crm.settings import Settings

__all__ = ["LoyaltyTier", "TierProgress", "get_loyalty_tiers", "tier_progress"]


class _StoreSettings(Model):
    loyalty_tiers_config: list[LoyaltyTier] | None = None


@operation
async def get_loyalty_tiers(crm: AnyCRM) -> list[LoyaltyTier]:
    """Return the shop's tiers, lowest first: those in its settings, or the default ones where it has none.

    Args:
        crm: the connection.

    Returns:
        The tiers with their thresholds. The default ones have no name, multiplier or benefits; their thresholds
        are `silver_from`, `gold_from` and `platinum_from` of the connection's settings.

    Reads the column `loyalty_tiers_config` of `store_settings`, if it exists.

    Needs no right: everybody may read the shop's settings.

    Examples:
        >>> tier_progress(customer, tiers=get_loyalty_tiers(crm)).amount_to_next
    """
    table = crm.settings.store_settings_table
    try:
        rows = await fetch(
            crm, lambda: crm.supabase.table(table).select("loyalty_tiers_config").eq("id", 1), _StoreSettings
        )
    except SchemaMismatchError as error:
        if error.kind not in ("table", "column"):
            raise
        rows = []
    found = first_or_none(rows)
    return _usable((found and found.loyalty_tiers_config) or ()) or _default_tiers(crm.settings)


def tier_progress(
    customer: AdminCustomer | CustomerProfile | Decimal | float,
    *,
    tiers: Sequence[LoyaltyTier] | None = None,
    settings: Settings | None = None,
) -> TierProgress:
    """Return a customer's tier by lifetime spend, and the amount to the next tier.

    Args:
        customer: the customer, whose `total_spent` counts: delivered orders; or the amount spent, in the shop's
            currency.
        tiers: the shop's tiers, from `get_loyalty_tiers`; by default those of `settings`.
        settings: the thresholds where there are no tiers; by default 5,000, 20,000 and 50,000.

    Returns:
        The progress. Who has spent less than the lowest threshold is in the lowest tier.

    Raises:
        InvalidInputError: the amount is negative or not a number, or no tier has a threshold.

    Examples:
        >>> tier_progress(Decimal("7500")).amount_to_next
        Decimal('12500')
    """
    spent = _amount(customer)
    steps = _default_tiers(check.settings_or_default(settings)) if tiers is None else _usable(tiers)
    if not steps:
        raise InvalidInputError(
            "no tier has a threshold", argument="tiers", hint="leave tiers out for the default ones"
        )
    thresholds = [(each.id, each.threshold or Decimal(0)) for each in steps]
    reached = [tier for tier, threshold in thresholds if spent >= threshold] or [thresholds[0][0]]
    higher = [(tier, threshold) for tier, threshold in thresholds[1:] if spent < threshold]
    next_tier, threshold = higher[0] if higher else (None, None)
    return TierProgress(
        tier=reached[-1],
        spent=spent,
        next_tier=next_tier,
        amount_to_next=None if threshold is None else threshold - spent,
    )


def _usable(tiers: Sequence[LoyaltyTier]) -> list[LoyaltyTier]:
    """Return the tiers that have a threshold, lowest first."""
    with_threshold = [
        (each.threshold, each)
        for each in check.rows(tiers, LoyaltyTier, "tiers")
        if each.threshold is not None and each.threshold >= 0
    ]
    return [each for _, each in sorted(with_threshold, key=lambda pair: pair[0])]


def _default_tiers(settings: Settings) -> list[LoyaltyTier]:
    return _usable(
        [
            LoyaltyTier(id=CustomerTier.BRONZE, threshold=Decimal(0)),
            LoyaltyTier(id=CustomerTier.SILVER, threshold=settings.silver_from),
            LoyaltyTier(id=CustomerTier.GOLD, threshold=settings.gold_from),
            LoyaltyTier(id=CustomerTier.PLATINUM, threshold=settings.platinum_from),
        ]
    )


def _amount(customer: AdminCustomer | CustomerProfile | Decimal | float) -> Decimal:
    if isinstance(customer, AdminCustomer | CustomerProfile):
        amount = customer.total_spent or Decimal(0)
    elif isinstance(customer, int | float | Decimal) and not isinstance(customer, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        amount = Decimal(str(customer))
    else:
        raise InvalidTypeError(
            f"customer must be a customer or a number, not {type(customer).__name__}", argument="customer"
        )
    if not amount.is_finite() or amount < 0:
        raise InvalidInputError("the amount spent must be a number of at least 0", argument="customer")
    return amount
