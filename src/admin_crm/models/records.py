"""What the shop keeps about a customer: addresses, notes, evidence, notifications, and the timeline of all."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BeforeValidator,
    Field,
)

from admin_crm._core.fields import Model, RowId, Timestamp
from admin_crm.labels import (
    NotificationType,
)


class Address(Model):
    """A row of `addresses`."""

    COLUMNS = ("label", "type", "full_name", "street", "number", "colony", "zip_code", "city", "state", "is_default")

    id: RowId | None = None
    """The id of the address; None if the table has no ids."""
    customer_id: UUID
    """The customer that the address belongs to."""
    type: str | None = None
    """shipping or billing."""
    label: str | None = None
    """The customer's name for the address, such as ``Casa``."""
    full_name: str | None = None
    """The recipient."""
    street: str | None = None
    """The street."""
    number: str | None = None
    """The house number, as the shop writes it."""
    colony: str | None = None
    """The neighbourhood (colonia)."""
    city: str | None = None
    """The city; None if unknown."""
    state: str | None = None
    """The state; None if unknown."""
    zip_code: str | None = None
    """The postal code."""
    phone: str | None = None
    """The recipient's phone number; None if there is none."""
    notes: str | None = None
    """Delivery notes; None if there are none."""
    references: str | None = None
    """Landmarks that help to find the address; None if there are none."""
    is_default: bool | None = None
    """Whether it is the default address."""
    created_at: Timestamp | None = None
    """When the address was created; None if unknown."""


class AdminNotes(Model):
    """A customer's row of `admin_customer_notes`."""

    customer_id: UUID
    """The customer."""
    notes: str | None = None
    """The text; None if there is none."""
    tags: Annotated[list[str], BeforeValidator(lambda tags: [] if tags is None else tags)] = []
    """The tags, in the order in which they were added."""
    custom_fields: Annotated[dict[str, Any], BeforeValidator(lambda fields: {} if fields is None else fields)] = {}
    """The shop's own fields, any JSON values."""
    updated_at: Timestamp | None = None
    """When the row was last changed; used to detect concurrent edits."""


class Evidence(Model):
    """An evidence file; `url` is a signed URL that expires."""

    COLUMNS = ("file_name", "content_type", "size", "uploaded_at", "path")

    id: RowId | None = None
    """The object's id in storage; None if the server does not send it."""
    path: str
    """The path in the bucket; pass it to the other evidence functions."""
    url: str | None = Field(default=None, repr=False)
    """The signed URL, None if it could not be created; anyone who has it can open the file, so it is in no repr."""
    file_name: str
    """The name in the bucket, or the original name if it was requested."""
    uploaded_at: Timestamp | None = None
    """When the file was uploaded; None if unknown."""
    size: int | None = None
    """The size in bytes; None if unknown."""
    content_type: str | None = None
    """The media type; None if unknown."""


class Notification(Model):
    """A row of `user_notifications`."""

    COLUMNS = ("created_at", "type", "title", "message", "is_read")

    id: UUID
    """The notification's id."""
    user_id: UUID
    """The customer."""
    title: str | None = None
    """The title; None if the row has none."""
    message: str | None = None
    """The text; None if the row has none."""
    type: Annotated[NotificationType | str, Field(union_mode="left_to_right")] | None = None
    """info, warning, alert or success, or an unknown type as a string; None if the row does not say."""
    is_read: bool | None = None
    """Whether the customer has read it; None if unknown."""
    created_at: Timestamp | None = None
    """When it was sent; None if unknown."""


EventKind = Literal["order", "notes", "notification", "loyalty_points", "coupon", "moderation"]


class TimelineEvent(Model):
    """One event of a customer's timeline; `row` is the model it was made from."""

    COLUMNS = ("at", "kind", "title", "points")

    kind: EventKind
    """The kind of event."""
    at: datetime
    """When it happened."""
    title: str
    """A short description."""
    points: int | float | None = None
    """The points that were given, negative if they were taken; None for other kinds of events."""
    row: Any
    """The order, notes, notification, loyalty entry, used coupon or moderation entry behind the event."""
