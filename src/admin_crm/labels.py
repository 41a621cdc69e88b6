"""Segment, health, tier and status labels of deployed shops, and the canonical value of each.

The arguments `segment`, `health_status`, `tier` and `status` of every function are read here (R3).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TypeVar

from admin_crm._core import validation as check
from admin_crm._core.text_pattern import NO_ACCENTS, WESTERN_ACCENTS, text_pattern
from admin_crm.errors import InvalidInputError, InvalidTypeError

L = TypeVar("L", bound=StrEnum)

_SHORT = 30
"""The longest label of which a plain letter also finds the accented ones."""
_NEARLY = 0.8
"""How alike an unknown label and a known one are, of 1, to be taken for a typing error."""


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

    Args:
        label: the shop's label of a segment, or the canonical name; its case and accents do not matter.

    Examples:
        >>> canonical_segment("Campeón")
        <Segment.CHAMPION: 'champion'>
    """
    return None if label is None else _SEGMENTS.get(folded(label))


def canonical_health(label: str | None) -> HealthStatus | None:
    """Return the health status of a Spanish or English label; None for an unknown label.

    Args:
        label: the shop's label of a health status, or the canonical name; its case and accents do not matter.

    Examples:
        >>> canonical_health("Requiere Atención")
        <HealthStatus.NEEDS_ATTENTION: 'needs_attention'>
    """
    return None if label is None else _HEALTHS.get(folded(label))


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """What a label given as `segment` or `health_status` stands for: the labels of a shop that it finds."""

    argument: str
    """The argument that it was given as, which is also the name of the view's column."""
    value: str
    """The label as it was given."""
    nearest: str | None
    """The canonical name that an unknown label may have been meant for; None for most."""
    pattern: str
    """A regular expression for the labels, to be matched from end to end."""

    def matches(self, label: str | None) -> bool:
        """Return whether a shop's label is one of these."""
        return label is not None and re.fullmatch(self.pattern, label) is not None

    def unknown(self) -> InvalidInputError:
        """Return the error of a label that no customer has and that is nearly a known one."""
        return InvalidInputError(
            f"no customer has the {self.argument} {check.shown(self.value)}",
            argument=self.argument,
            hint=f"did you mean {self.nearest!r}?",
        )


def segment_filter(segment: str | None) -> LabelFilter | None:
    """Return what a segment finds: all labels of a known one, or else a shop's own label; None for None.

    Case, accents, spaces, hyphens and underscores make no difference: ``champions``, ``Champion``, ``champion`` and
    ``Campeón`` find the same customers, and so do ``at-risk`` and ``At Risk``.

    Raises:
        InvalidInputError: the label is empty, too long, or not a string.
    """
    return None if segment is None else _label_filter(segment, "segment", SEGMENT_LABELS, _SEGMENTS)


def health_filter(health_status: str | None) -> LabelFilter | None:
    """Return what a health status finds, like `segment_filter`; None for None.

    Raises:
        InvalidInputError: the label is empty, too long, or not a string.
    """
    return None if health_status is None else _label_filter(health_status, "health_status", HEALTH_LABELS, _HEALTHS)


def label_filters(segment: str | None, health_status: str | None) -> list[LabelFilter]:
    """Return what a segment and a health status find; nothing for None.

    Raises:
        InvalidInputError: a label is empty, too long, or not a string.
    """
    return [each for each in (segment_filter(segment), health_filter(health_status)) if each is not None]


def tier_of(tier: str) -> CustomerTier:
    """Return a tier, in any case.

    Raises:
        InvalidInputError: there is no such tier, or it is not a string.
    """
    return check.member(_lower(tier), CustomerTier, "tier")


def status_of(status: str) -> AccountStatus:
    """Return an account status, in any case.

    Raises:
        InvalidInputError: there is no such status, or it is not a string.
    """
    return check.member(_lower(status), AccountStatus, "status")


def folded(text: str) -> str:
    """Normalize case, accents, spacing and hyphens for comparison: ``" Ñandú_2 "`` becomes ``"nandu 2"``."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidTypeError(f"a label must be a string, not {type(text).__name__}", argument="label")
    # Normalize before and after casefold: some characters (mathematical letters) gain a case by decomposition.
    spaced = text.replace("_", " ").replace("-", " ")
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", spaced).casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def _label_filter(
    value: str, argument: str, labels: Mapping[L, tuple[str, ...]], known: Mapping[str, L]
) -> LabelFilter:
    label = check.text(value, argument, max_length=100)
    canonical = known.get(folded(label))
    found = (label,) if canonical is None else (*labels[canonical], canonical)
    nearest = check.nearest(folded(label), known, cutoff=_NEARLY) if canonical is None else None
    return LabelFilter(
        argument, label, None if nearest is None else known[nearest].value, "|".join(map(_label_pattern, found))
    )


@cache
def _label_pattern(label: str) -> str:
    reach = WESTERN_ACCENTS if len(label) <= _SHORT else NO_ACCENTS  # a URL has room for so much
    return "[ _-]+".join(text_pattern(word, reach=reach) if word else "" for word in re.split("[ _-]+", label))


def _lower(value: str) -> str:
    return value.strip().lower() if isinstance(value, str) else value  # pyright: ignore[reportUnnecessaryIsInstance]


_SEGMENTS = {folded(label): segment for segment, labels in SEGMENT_LABELS.items() for label in (*labels, segment)}
_HEALTHS = {folded(label): health for health, labels in HEALTH_LABELS.items() for label in (*labels, health)}
