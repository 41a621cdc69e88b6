"""What is asked of a moderation: its terms, checked before anything is sent, and how it goes on (R3, R9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.idempotency import row_id
from admin_crm._core.meanings import BY_CODE
from admin_crm._postgrest.account_status import StatusChange, checked_change
from admin_crm.errors import PermissionDeniedError
from admin_crm.labels import AccountStatus

NEEDS_FORCE = "AC001"
"""The code of a lock that needs `force`: of the shop's function, and of the library where there is none."""


@dataclass(frozen=True)
class ModerationTerms:
    """What is done to a customer and why, with checked values: the same for all customers of one call."""

    change: StatusChange
    reason: str
    actor: str | None
    enforce_sign_in: bool | None
    force: bool

    @property
    def protects(self) -> bool:
        """Whether administrators and oneself are to be spared."""
        return self.change.locks and not self.force


@dataclass(frozen=True)
class ModerationRequest:
    """The moderation of one customer."""

    customer: UUID
    terms: ModerationTerms
    idempotency_key: str

    @property
    def log_id(self) -> UUID:
        """The id of the row in the moderation log, the same for every call with the same key."""
        return row_id("moderate_customer", self.idempotency_key, self.customer)

    @property
    def resume(self) -> dict[str, Any]:
        """The arguments with which `moderate_customer` goes on."""
        return {
            "customer_id": self.customer,
            "status": self.terms.change.status,
            "suspension_end": self.terms.change.end,
            "reason": self.terms.reason,
            "actor": self.terms.actor,
            "enforce_sign_in": self.terms.enforce_sign_in,
            "force": self.terms.force,
            "idempotency_key": self.idempotency_key,
        }


def checked_terms(
    status: AccountStatus | str,
    suspension_end: datetime | None,
    reason: str,
    actor: str | None,
    *,
    enforce_sign_in: bool | None,
    force: bool,
) -> ModerationTerms:
    """Return the terms that the arguments of a function name.

    Raises:
        InvalidInputError: a value is invalid.
    """
    return ModerationTerms(
        checked_change(status, suspension_end),
        check.text(reason, "reason", max_length=2_000),
        None if actor is None else check.text(actor, "actor", max_length=200),
        enforce_sign_in,
        force,
    )


def needs_force(why: str) -> PermissionDeniedError:
    """Return the error of a lock that needs `force`, as the shop's function answers it."""
    return PermissionDeniedError(why, code=NEEDS_FORCE, hint=BY_CODE[NEEDS_FORCE].hint)
