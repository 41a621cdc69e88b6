"""Moderation on the record."""

from __future__ import annotations

from uuid import UUID

from admin_crm._core.fields import Model, Timestamp
from admin_crm.models.customers import Status


class ModerationEntry(Model):
    """A row of `moderation_log`: one change of a customer's status."""

    id: UUID
    """The entry's id."""
    customer_id: UUID
    """The customer, who may be deleted by now."""
    status: Status | None = None
    """The status that was set: active, suspended or banned, or an unknown status as a string."""
    suspension_end: Timestamp | None = None
    """When the suspension ends; None without an end date or a suspension."""
    previous_status: Status | None = None
    """The status before; None if the row did not say."""
    previous_suspension_end: Timestamp | None = None
    """When the suspension before would have ended; None without an end date or a suspension."""
    reason: str | None = None
    """Why, as whoever did it wrote."""
    actor: str | None = None
    """Who did it, as the program said; None if it did not."""
    actor_id: UUID | None = None
    """The signed-in administrator who did it; None for a program with the secret key."""
    sessions_ended: int | None = None
    """How many of the customer's sessions were ended; None where that was not asked for, or not possible."""
    created_at: Timestamp | None = None
    """When it was done; None if unknown."""
