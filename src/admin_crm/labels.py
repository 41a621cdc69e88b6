"""The segment, health and tier labels of deployed shops, and one canonical value for each."""

from __future__ import annotations

import unicodedata
from enum import StrEnum


class CustomerTier(StrEnum):
    """The loyalty tiers, by lifetime spend."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


class AccountStatus(StrEnum):
    """Whether a customer may use the shop: `suspended` for a time, `banned` for good."""

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
    """The RFM segments under one name, whatever language the shop's view speaks."""

    CHAMPION = "champion"
    LOYAL = "loyal"
    NEW = "new"
    AT_RISK = "at_risk"
    NEARLY_LOST = "nearly_lost"
    REGULAR = "regular"
    PROSPECT = "prospect"


class HealthStatus(StrEnum):
    """A customer's health under one name, whatever language the shop's view speaks."""

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
"""The labels seen in the field for each segment, as shops spell them."""

HEALTH_LABELS: dict[HealthStatus, tuple[str, ...]] = {
    HealthStatus.HEALTHY: ("Saludable", "Healthy", "optimal"),
    HealthStatus.STABLE: ("Estable", "Stable"),
    HealthStatus.NEEDS_ATTENTION: ("Requiere Atención", "Needs Attention", "Churning", "warning"),
    HealthStatus.INACTIVE: ("Sin Actividad", "Inactive", "critical"),
}
"""The labels seen in the field for each health status, as shops spell them."""


def canonical_segment(label: str | None) -> Segment | None:
    """Return the segment that a label means, in Spanish or English; None for a label not known.

    Example:
        >>> canonical_segment("Campeón")
        <Segment.CHAMPION: 'champion'>
    """
    return None if label is None else _SEGMENTS.get(folded(label))


def canonical_health(label: str | None) -> HealthStatus | None:
    """Return the health status that a label means, in Spanish or English; None for a label not known.

    Example:
        >>> canonical_health("Requiere Atención")
        <HealthStatus.NEEDS_ATTENTION: 'needs_attention'>
    """
    return None if label is None else _HEALTHS.get(folded(label))


def folded(text: str) -> str:
    """Return a text without case, accents and spacing, for comparing: ``" Ñandú_2 "`` is ``"nandu 2"``."""
    # Decomposed before and after: a mathematical letter has its case only once it is decomposed.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.replace("_", " ")).casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


_SEGMENTS = {folded(label): segment for segment, labels in SEGMENT_LABELS.items() for label in (*labels, segment)}
_HEALTHS = {folded(label): health for health, labels in HEALTH_LABELS.items() for label in (*labels, health)}
