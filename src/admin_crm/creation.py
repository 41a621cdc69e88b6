"""Create a customer: sign-up in a temporary client, then profile and default address."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid5

from pydantic import SecretStr, ValidationError

from admin_crm._core import validation as check
from admin_crm._core.rows import Json
from admin_crm._core.send import send
from admin_crm._postgrest.decode import read_rows
from admin_crm._postgrest.query import insert_once, require_row, send_query, writable
from admin_crm.client import AnyCRM, anon_client, operation
from admin_crm.errors import (
    AdminCRMError,
    ConflictError,
    CustomerCreationError,
    CustomerNotFoundError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RequestTimeoutError,
    ServiceUnavailableError,
    UnexpectedResponseError,
)
from admin_crm.models import Address, AddressData, CreateCustomerData, CreatedCustomer, CustomerProfile

if TYPE_CHECKING:
    from supabase_auth.types import AuthResponse, SignUpWithPasswordCredentials

__all__ = [
    "AddressData",
    "CreateCustomerData",
    "CreatedCustomer",
    "create_customer_with_details",
    "resume_customer_creation",
]

_SYMBOLS = "!@#$%^&*-_=+?"
_PASSWORD_LENGTH = 20
_STEPS = ("sign_up", "profile", "address")


@operation
async def create_customer_with_details(
    crm: AnyCRM, data: CreateCustomerData | Mapping[str, Any], *, redirect_to: str | None = None
) -> CreatedCustomer:
    """Sign a customer up, and create the profile and the default address.

    The sign-up runs in a temporary client that has only the anon key, so the administrator's session does not
    change. It is sent once: if the response is lost, the function raises instead of signing up twice.

    Args:
        crm: the connection, opened with an `anon_key`.
        data: the customer, as `CreateCustomerData` or as a mapping with the same fields.
        redirect_to: the URL that the link in the confirmation e-mail opens; the project must allow it.

    Raises:
        InvalidInputError: the data is invalid, the connection has no anon key, or the password is too
            weak (`code` is ``weak_password``).
        ConflictError: the e-mail address is already registered.
        PermissionDeniedError: sign-ups are disabled.
        RateLimitedError: too many sign-ups.
        CustomerCreationError: a step failed after the sign-up; `user_id` and `completed` show how far it got, and
            `resume_customer_creation` completes it. Also raised, without `user_id`, if the response to the
            sign-up was lost.

    Writes `auth.users` (by sign-up), `customer_profiles` and `addresses`.

    Needs the publishable key, and an administrator's session or the secret key.

    Examples:
        >>> created = create_customer_with_details(crm, data)
        >>> created.id, created.password.get_secret_value()
    """
    customer = _validated(data)
    if crm.anon_key is None:
        raise InvalidInputError(
            "the connection has no anon key, which is required to sign customers up",
            argument="anon_key",
            hint="open it with AdminCRM(url, key, anon_key=...) or set SUPABASE_PUBLISHABLE_KEY",
        )
    password = customer.password or SecretStr(_new_password())
    async with anon_client(crm) as anon:
        user_id, has_session = await _sign_up(anon, customer, password, redirect_to)
        profile, address = await _complete(crm, anon if has_session else None, user_id, customer)
    return CreatedCustomer(
        id=user_id,
        email=customer.email,
        password=password,
        needs_confirmation=not has_session,
        profile=profile,
        address=address,
    )


@operation
async def resume_customer_creation(
    crm: AnyCRM, user_id: UUID | str, data: CreateCustomerData | Mapping[str, Any]
) -> CreatedCustomer:
    """Complete an interrupted creation: write the profile and the address, whichever is missing.

    Args:
        crm: the connection.
        user_id: the `user_id` of the `CustomerCreationError`.
        data: the same data as before; its password is ignored.

    Raises:
        CustomerNotFoundError: the user does not exist.
        CustomerCreationError: a step failed again.

    Writes `customer_profiles` and `addresses`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> resume_customer_creation(crm, error.user_id, data)
    """
    user, customer = check.uuid(user_id, "user_id"), _validated(data)
    profile, address = await _complete(crm, None, user, customer)
    return CreatedCustomer(
        id=user, email=customer.email, password=None, needs_confirmation=False, profile=profile, address=address
    )


async def _sign_up(
    anon: AnyCRM, data: CreateCustomerData, password: SecretStr, redirect_to: str | None
) -> tuple[UUID, bool]:
    """Sign up; return the new user's id, and whether the temporary client now has the user's session."""
    options: Json = {"data": {"full_name": data.full_name, "phone": data.phone}}
    if redirect_to:
        options["email_redirect_to"] = redirect_to
    credentials = cast(
        "SignUpWithPasswordCredentials",
        {"email": data.email, "password": password.get_secret_value(), "options": options},
    )
    try:
        return await send(anon, lambda: anon.supabase.auth.sign_up(credentials), _read_sign_up, repeatable=False)
    except (RequestTimeoutError, ServiceUnavailableError, UnexpectedResponseError) as error:
        if isinstance(error, ServiceUnavailableError) and error.unsent:
            raise
        raise CustomerCreationError(
            f"the response to the sign-up was lost, so the customer may or may not exist: {error.message}",
            hint="create the customer again; if the e-mail is then already registered, look up the user and resume",
            status=error.status,
        ) from error


def _read_sign_up(response: AuthResponse) -> tuple[UUID, bool]:
    if response.user is None:
        raise UnexpectedResponseError("the response to the sign-up came without a user", field="user")
    # If e-mail confirmation is on, auth returns a fake user for an e-mail address that is already registered.
    if response.user.identities == []:
        raise ConflictError("this e-mail address is already registered", code="user_already_exists")
    return UUID(response.user.id), response.session is not None


async def _complete(
    crm: AnyCRM, anon: AnyCRM | None, user_id: UUID, data: CreateCustomerData
) -> tuple[CustomerProfile, Address]:
    """Write profile and address, as the new user if there is a session, otherwise as the administrator."""
    completed = ["sign_up"]
    try:
        profile = await _with_fallback(crm, anon, user_id, data, _write_profile)
        completed.append("profile")
        address = await _with_fallback(crm, anon, user_id, data, _write_address)
    except CustomerNotFoundError:
        raise
    except AdminCRMError as error:
        missing = " and ".join(step for step in _STEPS if step not in completed)
        raise CustomerCreationError(
            f"the customer was signed up, but {missing} could not be written: {error.message}",
            user_id=user_id,
            completed=completed,
            customer_id=user_id,
            status=error.status,
            code=error.code,
            hint="call resume_customer_creation(crm, error.user_id, data) to complete it",
            retryable=error.retryable,
        ) from error
    return profile, address


async def _with_fallback(crm: AnyCRM, anon: AnyCRM | None, user_id: UUID, data: CreateCustomerData, write: Any) -> Any:
    """Write as the new user; if a policy denies it, with the administrator's rights."""
    if anon is not None:
        try:
            return await write(anon, user_id, data)
        except PermissionDeniedError:
            pass
    return await write(crm, user_id, data)


async def _write_profile(crm: AnyCRM, user_id: UUID, data: CreateCustomerData) -> CustomerProfile:
    table = crm.settings.profiles_table
    row = {"id": str(user_id), "full_name": data.full_name, "phone": data.phone, "whatsapp": data.whatsapp}
    try:
        # An upsert: in many shops a trigger on auth.users has already created the row.
        rows = await send_query(
            crm,
            lambda: writable(crm, table).upsert(row, on_conflict="id"),
            lambda response: read_rows(response, CustomerProfile),
        )
    except NotFoundError as error:
        raise CustomerNotFoundError("the user does not exist", status=error.status, code=error.code) from error
    return require_row(rows, "profile")


async def _write_address(crm: AnyCRM, user_id: UUID, data: CreateCustomerData) -> Address:
    address = data.address
    row = address.model_dump(exclude_none=True) | {
        # The id is derived from the user's id, so that a retry or a resumed creation finds its own address.
        "id": str(uuid5(user_id, "default address")),
        "customer_id": str(user_id),
        "city": address.city or "",
        "state": address.state or "",
    }
    return await insert_once(crm, crm.settings.addresses_table, row, Address, "address")


def _validated(data: CreateCustomerData | Mapping[str, Any]) -> CreateCustomerData:
    if isinstance(data, CreateCustomerData):
        return data
    try:
        return CreateCustomerData.model_validate(data)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'data'}: {each['msg']}"
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise InvalidInputError(f"the customer's data is invalid: {wrong}", argument="data") from error


def _new_password() -> str:
    """Generate a password for common policies: long, with lower case, upper case, digits and symbols."""
    alphabets = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)
    characters = [secrets.choice(alphabet) for alphabet in alphabets]
    characters += [secrets.choice("".join(alphabets)) for _ in range(_PASSWORD_LENGTH - len(alphabets))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)
