"""A customer to be created, an address to be added, and the customer that was created."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
)

from admin_crm._core import validation as check
from admin_crm._core.fields import Masked
from admin_crm.models.customers import CustomerProfile
from admin_crm.models.records import Address


def _blank_is_none(value: object) -> object:
    """Forms send an empty text for what nobody has typed."""
    return None if isinstance(value, str) and not value.strip() else value


Storable = AfterValidator(lambda text: check.storable(text, "the text"))
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
OptionalText = Annotated[Text | None, BeforeValidator(_blank_is_none)]
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("must be an e-mail address")
    return text


EmailAddress = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254), Storable, AfterValidator(_email)
]
Note = Annotated[str, StringConstraints(max_length=2_000), Storable]
OptionalNote = Annotated[Note | None, BeforeValidator(_blank_is_none)]


def _storable_secret(secret: SecretStr) -> SecretStr:
    check.storable(secret.get_secret_value(), "the password")
    return secret


if TYPE_CHECKING:  # type checkers keep the constructor with its named arguments
    _Checked = Masked
else:

    class _InputType(type(BaseModel)):
        """Makes inputs; what is wrong with their fields is an error of the library."""

        def __call__(cls, *args: object, **values: object) -> object:
            try:
                return super().__call__(*args, **values)
            except ValidationError as error:
                raise check.invalid_fields(error, "data", cls.__name__) from error

    class _Checked(Masked, metaclass=_InputType):
        """The base of what a user makes."""


class _Input(_Checked):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class AddressData(_Input):
    """An address to be written; what is not given, or blank, is left to the customer's data or the database."""

    customer_id: UUID | None = None
    """The customer; may be omitted, as the functions take the customer separately."""
    type: Literal["shipping", "billing"] = "shipping"
    """shipping or billing."""
    label: OptionalText = None
    """The customer's name for the address; by default the setting `address_label`."""
    full_name: OptionalText = None
    """The recipient; by default the customer."""
    street: Text
    """The street, at most 200 characters."""
    number: Text
    """The house number, at most 200 characters."""
    colony: Text
    """The neighbourhood (colonia), at most 200 characters."""
    city: OptionalText = None
    """The city; by default the database's default."""
    state: OptionalText = None
    """The state; by default the database's default."""
    zip_code: Text
    """The postal code, at most 200 characters."""
    phone: OptionalText = None
    """The recipient's phone number; by default the customer's."""
    notes: OptionalNote = None
    """Delivery notes, at most 2,000 characters."""
    references: OptionalNote = None
    """Landmarks, at most 2,000 characters."""
    is_default: bool | None = None
    """Whether it is the default address; by default if the customer has no other default."""

    def to_row(self, **defaults: str | None) -> dict[str, Any]:
        """Return the columns to write: those that are given, and defaults for the others."""
        given = self.model_dump(exclude_none=True, exclude={"customer_id", "is_default"})
        return {name: value for name, value in defaults.items() if value is not None} | given


class CreateCustomerData(_Input):
    """The data of a customer to create; without a password, one is generated."""

    email: EmailAddress
    """The e-mail address to sign in with."""
    password: Annotated[SecretStr, AfterValidator(_storable_secret)] | None = Field(default=None, min_length=1)
    """The password; None generates one of 20 characters."""
    full_name: Text
    """The full name, at most 200 characters."""
    phone: Text
    """The phone number, at most 200 characters."""
    whatsapp: OptionalText = None
    """The WhatsApp number, at most 200 characters; by default the phone number."""
    address: AddressData | None = None
    """The default address; None creates a customer without one."""


class CreatedCustomer(_Input):
    """A customer that was created.

    `password` is the password to give to the customer: yours or the generated one, None after a resumed creation
    or an invitation. If `needs_confirmation` is true, the customer must open the link in the e-mail before signing in.
    """

    id: UUID
    """The new user's id."""
    email: str
    """The e-mail address, as the server stores it: in lower case."""
    password: SecretStr | None
    """The password to give to the customer; None after `resume_customer_creation` and for an invited customer."""
    needs_confirmation: bool
    """Whether the customer must open the link in the e-mail before signing in."""
    profile: CustomerProfile
    """The profile as stored."""
    address: Address | None = None
    """The default address as stored; None if there is none."""
