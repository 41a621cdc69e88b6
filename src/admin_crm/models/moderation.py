"""Moderation: what it did, the record of it, and customers whose ban does not fit their status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from admin_crm._core.fields import Model, Timestamp
from admin_crm.errors import AdminCRMError
from admin_crm.models.customers import CustomerProfile, Status

SignIn = Literal["banned", "allowed", "not_enforced", "no_user"]
"""What became of a customer's sign-in."""


class PreviousStatus(BaseModel):
    """The status that a customer had before."""

    model_config = ConfigDict(frozen=True)

    account_status: Status | None = None
    """active, suspended or banned, or an unknown status as a string; None if the row did not say."""
    suspension_end: datetime | None = None
    """When the suspension would have ended; None without an end date or a suspension."""


class Moderation(BaseModel):
    """What `moderate_customer` has done."""

    model_config = ConfigDict(frozen=True)

    profile: CustomerProfile
    """The profile after the change."""
    previous: PreviousStatus
    """The status before it."""
    sign_in: SignIn
    """``banned``: the auth server refuses sign-in and refresh. ``allowed``: it does not. ``not_enforced``: it was not
    asked, for lack of a secret key or because you said so. ``no_user``: the customer has no user who could sign in."""
    banned_until: datetime | None = None
    """When the auth server's ban ends, as it says; a permanent ban ends in a hundred years. None without a ban."""
    tokens_valid_until: datetime | None = None
    """Until when access tokens from before the ban still open the shop's data, unless its policies look at the status;
    None without a ban: then the customer gets new tokens."""
    logged: bool
    """Whether the shop's moderation log has a row of it; otherwise the reason is in the structured log only."""
    sessions_ended: int | None = None
    """How many sessions of the customer were ended; None if that was not asked for, or is not known."""
    administrator_checked: bool = False
    """Whether it was made sure that the customer is no administrator. A session alone cannot, without the shop's
    SQL function; with `force` and for ``active`` nobody asks."""


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


@dataclass(frozen=True, slots=True)
class BanMismatch:
    """A customer whose status and auth ban disagree, and what makes them agree."""

    customer_id: UUID
    """The customer."""
    status: Status | None
    """The status in the profile, which is what counts."""
    suspension_end: datetime | None
    """The end of the suspension in the profile."""
    banned_until: datetime | None
    """Until when the auth server refuses the sign-in; None if it does not."""
    proposed: Literal["ban", "lift"]
    """What the auth server should be told."""
    proposed_until: datetime | None = None
    """The end of a proposed ban; None for a permanent one."""
    corrected: bool = False
    """Whether it was corrected."""
    error: AdminCRMError | None = None
    """Why the correction failed, if it did."""
