"""What a shop holds of one person, and what was done to erase it."""

from __future__ import annotations

import html
from collections.abc import Sized
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from admin_crm._core.fields import Model
from admin_crm.models.records import Evidence

PrivacyState = Literal["planned", "done", "nothing to do", "failed"]


class MissingPart(Model):
    """A part of a customer's data that could not be seen with these rights."""

    part: str
    """The field of `CustomerData` that is empty for this reason."""
    reason: str
    """Why it could not be seen."""
    hint: str | None = None
    """What to do about it; None if there is no advice."""


class CustomerData(Model):
    """Everything that a shop holds of one person.

    Rows are dictionaries with all columns of the shop, by its own names. A number with a fraction is a `Decimal`, with
    the digits that the server sends; JSON of the shop's own is unchanged. The repr shows counts, no personal data.
    """

    customer_id: UUID
    """The customer."""
    read_at: datetime
    """When it was read, in UTC."""
    profile: dict[str, Any] | None = None
    """The row of `customer_profiles`; None if there is none."""
    account: dict[str, Any] | None = None
    """The user of the auth server: address, metadata, dates, and what other providers told; no password, no token."""
    directory: dict[str, Any] | None = None
    """The row of the directory's view: what the shop has worked out, such as the segment."""
    addresses: list[dict[str, Any]] = []
    """The rows of `addresses`."""
    orders: list[dict[str, Any]] = []
    """The rows of `orders`, cancelled ones too."""
    order_items: list[dict[str, Any]] = []
    """The rows of `order_items`, in shops that have this table."""
    notes: dict[str, Any] | None = None
    """The row of `admin_customer_notes`: notes, tags and custom fields; None if there is none."""
    notifications: list[dict[str, Any]] = []
    """The rows of `user_notifications`."""
    loyalty_points: list[dict[str, Any]] = []
    """The rows of `loyalty_points`."""
    used_coupons: list[dict[str, Any]] = []
    """The rows of `customer_coupons`."""
    wishlist: list[dict[str, Any]] = []
    """The rows of `customer_wishlists`."""
    offers: list[dict[str, Any]] = []
    """The rows of `smart_loyalty_propositions`."""
    coupons: list[dict[str, Any]] = []
    """The rows of `coupons` that the offers refer to."""
    referrals: list[dict[str, Any]] = []
    """The rows of `referrals` in both directions; of the other person they have only the id."""
    moderation: list[dict[str, Any]] = []
    """The rows of `moderation_log`, in shops that have this table."""
    files: list[Evidence] = []
    """The files in the evidence bucket, without URLs."""
    missing: list[MissingPart] = []
    """The parts that could not be seen with these rights, and what to do about it."""
    absent: list[str] = []
    """The tables, and the bucket, that the shop does not have."""

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return it as one JSON document; numbers with a fraction are strings, so that no digit is lost.

        Args:
            indent: spaces per level; None writes one line.
        """
        return self.model_dump_json(indent=indent)

    def counts(self) -> dict[str, int]:
        """Return how many rows or files each part has."""
        return {name: _size(getattr(self, name)) for name in _PARTS}

    def __repr__(self) -> str:
        """Show how much there is, and nothing of it."""
        counts = ", ".join(f"{name}={count}" for name, count in self.counts().items() if count)
        missing = f", missing={[each.part for each in self.missing]}" if self.missing else ""
        return f"CustomerData({self.customer_id}: {counts or 'nothing'}{missing})"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Show in a notebook how much there is, and nothing of it."""
        return f"<code>{html.escape(repr(self))}</code>"


_PARTS = tuple(
    name for name in CustomerData.model_fields if name not in {"customer_id", "read_at", "missing", "absent"}
)


def _size(part: Sized | None) -> int:
    return int(part is not None) if part is None or isinstance(part, dict) else len(part)


@dataclass(frozen=True, slots=True)
class PrivacyStep:
    """One step of an erasure."""

    name: str
    """What it is about, such as ``addresses``."""
    does: str
    """What the step does to it, such as ``deleted``."""
    count: int
    """How many rows or files it is about."""
    state: PrivacyState
    """planned, done, nothing to do, or failed."""


@dataclass(frozen=True, slots=True)
class KeptData:
    """What stays after an erasure."""

    name: str
    """A table, or a column as ``orders.items``."""
    count: int | None
    """How many rows; None where no key shows them."""
    why: str
    """Why it stays, and what to look at."""


@dataclass(frozen=True, slots=True)
class PrivacyOutcome:
    """What an erasure did, or would do: its steps, and what stays. It holds no personal data; it prints as a table.

    Examples:
        >>> print(anonymize_customer(crm, customer_id, reason="request of 2026-11-27", dry_run=True))
    """

    operation: str
    """anonymize_customer or delete_customer."""
    customer_id: UUID
    """The customer."""
    dry_run: bool
    """Whether nothing was changed."""
    steps: tuple[PrivacyStep, ...]
    """The steps, in their order."""
    kept: tuple[KeptData, ...]
    """What stays."""

    def __str__(self) -> str:
        title = f"{self.operation} (customer {self.customer_id}){', dry run' if self.dry_run else ''}"
        steps = [(each.state, each.name, str(each.count), each.does) for each in self.steps]
        kept = [("kept", each.name, "?" if each.count is None else str(each.count), each.why) for each in self.kept]
        rows = [*steps, *kept]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
        lines = (
            f"{state:{widths[0]}}  {name:{widths[1]}}  {count:>{widths[2]}}  {text}"
            for state, name, count, text in rows
        )
        return "\n".join([title, *lines])

    def _repr_html_(self) -> str:
        """Show the outcome in a notebook."""
        return f"<pre>{html.escape(str(self))}</pre>"
