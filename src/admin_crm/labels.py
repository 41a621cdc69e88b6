"""Segment, health, tier and status labels of deployed shops, and the canonical value of each."""

from __future__ import annotations

import unicodedata
from enum import StrEnum


class CustomerTier(StrEnum):
    """The loyalty tiers, in order of lifetime spend."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


class AccountStatus(StrEnum):
    """Whether a customer may use the shop: `suspended` is temporary, `banned` is permanent."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    BANNED = "banned"


class NotificationType(StrEnum):
    """How a notification is shown."""

    INFO = "info"
    WARNING = "warning"
    ALERT = "alert"
    SUCCESS = "success"


class Segment(StrEnum):
    """The canonical RFM segments, independent of the language of the shop's view."""

    CHAMPION = "champion"
    LOYAL = "loyal"
    NEW = "new"
    AT_RISK = "at_risk"
    NEARLY_LOST = "nearly_lost"
    REGULAR = "regular"
    PROSPECT = "prospect"


class HealthStatus(StrEnum):
    """The canonical health statuses, independent of the language of the shop's view."""

    HEALTHY = "healthy"
    STABLE = "stable"
    NEEDS_ATTENTION = "needs_attention"
    INACTIVE = "inactive"


SEGMENT_LABELS: dict[Segment, tuple[str, ...]] = {
    Segment.CHAMPION: ("Campeón", "Champions", "Champion"),
    Segment.LOYAL: ("Leal", "Loyal"),
    Segment.NEW: ("Nuevo", "New"),
    Segment.AT_RISK: ("En Riesgo", "At Risk", "churn_risk"),
    Segment.NEARLY_LOST: ("Casi Perdido", "Nearly Lost"),
    Segment.REGULAR: ("Regular",),
    Segment.PROSPECT: ("Prospecto", "Prospects", "Prospect"),
}
"""The labels that deployed shops use for each segment."""

HEALTH_LABELS: dict[HealthStatus, tuple[str, ...]] = {
    HealthStatus.HEALTHY: ("Saludable", "Healthy", "optimal"),
    HealthStatus.STABLE: ("Estable", "Stable"),
    HealthStatus.NEEDS_ATTENTION: ("Requiere Atención", "Needs Attention", "Churning", "warning"),
    HealthStatus.INACTIVE: ("Sin Actividad", "Inactive", "critical"),
}
"""The labels that deployed shops use for each health status."""


def canonical_segment(label: str | None) -> Segment | None:
    """Return the segment of a Spanish or English label; None for an unknown label.

    Examples:
        >>> canonical_segment("Campeón")
        <Segment.CHAMPION: 'champion'>
    """
    return None if label is None else _SEGMENTS.get(folded(label))


def canonical_health(label: str | None) -> HealthStatus | None:
    """Return the health status of a Spanish or English label; None for an unknown label.

    Examples:
        >>> canonical_health("Requiere Atención")
        <HealthStatus.NEEDS_ATTENTION: 'needs_attention'>
    """
    return None if label is None else _HEALTH_STATUSES.get(folded(label))


def folded(text: str) -> str:
    """Normalize case, accents and spacing for comparison: ``" Ñandú_2 "`` becomes ``"nandu 2"``."""
    # Normalize before and after casefold: some characters (mathematical letters) gain a case by decomposition.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.replace("_", " ")).casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


_SEGMENTS = {folded(label): segment for segment, labels in SEGMENT_LABELS.items() for label in (*labels, segment)}
_HEALTH_STATUSES = {folded(label): health for health, labels in HEALTH_LABELS.items() for label in (*labels, health)}
