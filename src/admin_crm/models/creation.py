"""A customer to be created, and the one that was."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
)

from admin_crm.models.customers import CustomerProfile
from admin_crm.models.records import Address

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
EmailAddress = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
]
Note = Annotated[str, StringConstraints(max_length=2_000)]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class AddressData(_Input):
    """The data of an address to create; `customer_id` is ignored, the new customer's id is used."""

    customer_id: UUID | None = None
    """Not used: the id of the new customer is always written."""
    type: Literal["shipping", "billing"]
    """shipping or billing."""
    label: Text
    """The customer's name for the address."""
    full_name: Text
    """The recipient."""
    street: Text
    """The street, at most 200 characters."""
    number: Text
    """The house number, at most 200 characters."""
    colony: Text
    """The neighbourhood (colonia), at most 200 characters."""
    city: str | None = None
    """The city; stored as an empty string if None."""
    state: str | None = None
    """The state; stored as an empty string if None."""
    zip_code: Text
    """The postal code, at most 200 characters."""
    phone: str | None = None
    """The recipient's phone number."""
    notes: Note | None = None
    """Delivery notes, at most 2,000 characters."""
    references: Note | None = None
    """Landmarks, at most 2,000 characters."""
    is_default: bool = True
    """Whether it is the default address."""


class CreateCustomerData(_Input):
    """The data of a customer to create; without a password, one is generated."""

    email: EmailAddress
    """The e-mail address to sign in with."""
    password: SecretStr | None = Field(default=None, min_length=1)
    """The password; None generates one of 20 characters."""
    full_name: Text
    """The full name, at most 200 characters."""
    phone: Text
    """The phone number, at most 200 characters."""
    whatsapp: Text
    """The WhatsApp number, at most 200 characters."""
    address: AddressData
    """The default address."""


class CreatedCustomer(_Input):
    """A customer that was created.

    `password` is the password to give to the customer: yours or the generated one, None after a resumed creation.
    If `needs_confirmation` is true, the customer must confirm the e-mail address before signing in.
    """

    id: UUID
    """The new user's id."""
    email: str
    """The e-mail address."""
    password: SecretStr | None
    """The password to give to the customer; None after `resume_customer_creation`."""
    needs_confirmation: bool
    """Whether the customer must confirm the e-mail address before signing in."""
    profile: CustomerProfile
    """The profile as stored."""
    address: Address
    """The default address as stored."""
