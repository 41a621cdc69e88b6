"""Create a customer: a user of the auth server, then profile and default address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar, cast
from uuid import UUID, uuid5

from admin_crm._auth.new_user import (
    NewUser,
    anon_client,
    create_by_administrator,
    invite_customer,
    sign_customer_up,
)
from admin_crm._auth.users import sign_out
from admin_crm._core import validation as check
from admin_crm._core.rows import Json
from admin_crm._postgrest.decode import read_rows
from admin_crm._postgrest.query import (
    Query,
    fetch_of_customer,
    fetch_one,
    insert_once,
    require_row,
    send_query,
    writable,
)
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import (
    AdminCRMError,
    CustomerCreationError,
    CustomerNotFoundError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
)
from admin_crm.models import Address, AddressData, CreateCustomerData, CreatedCustomer, CustomerProfile

__all__ = [
    "AddressData",
    "CreateCustomerData",
    "CreatedCustomer",
    "create_customer_with_details",
    "resume_customer_creation",
]

T = TypeVar("T")
Method = Literal["sign_up", "admin", "invite"]

_STEPS = ("sign_up", "profile", "address")


@operation
async def create_customer_with_details(
    crm: AnyCRM,
    data: CreateCustomerData | Mapping[str, Any],
    *,
    method: Method = "sign_up",
    redirect_to: str | None = None,
) -> CreatedCustomer:
    """Create a customer with profile and default address.

    The administrator's own session does not change, and the new customer's session is ended. Whatever creates
    something is sent once: if a response is lost, the function finds out or says what happened.

    Args:
        crm: the connection.
        data: the customer, as `CreateCustomerData` or as a mapping with the same fields.
        method: how the user is created. ``sign_up``, as the web admin does, needs an `anon_key`; limits, captcha and
            the confirmation e-mail of sign-ups apply. ``admin`` needs the secret key: no e-mail, no limits, works
            where sign-ups are disabled, and accepts any password. ``invite`` needs the secret key: the customer
            gets an e-mail and chooses the password.
        redirect_to: the URL that the link in the e-mail opens; the project must allow it.

    Raises:
        InvalidInputError: the data is invalid, a sign-up has no anon key, or the password is too weak
            (`code` is ``weak_password``).
        ConflictError: the e-mail address is already registered, or was invited and never confirmed; nothing was
            written. `customer_id` says who has it, where the server tells.
        PermissionDeniedError: sign-ups are disabled, or the method needs a secret key.
        RateLimitedError: too many sign-ups.
        CustomerCreationError: a step failed; `user_id` and `completed` show how far it got, and the hint says how to
            go on. Without `user_id`, either nothing was created or the response to the sign-up was lost.

    Writes `auth.users`, and as the new customer or with the connection's rights `customer_profiles` and `addresses`.

    Needs an administrator's session or the secret key: a sign-up also the publishable key, ``admin`` and ``invite``
    always the secret key.

    Examples:
        >>> created = create_customer_with_details(crm, data)
        >>> created.id, created.password.get_secret_value()
    """
    customer = _validated(data)
    if method not in ("sign_up", "admin", "invite"):
        raise InvalidInputError("method must be sign_up, admin or invite", argument="method")
    redirect_to = None if redirect_to is None else check.text(redirect_to, "redirect_to", max_length=2_000)
    if method == "admin":
        return await finish_creation(crm, None, await create_by_administrator(crm, customer), customer)
    if method == "invite":
        return await finish_creation(crm, None, await invite_customer(crm, customer, redirect_to), customer)
    if crm.anon_key is None:
        raise InvalidInputError(
            "the connection has no anon key, which is required to sign customers up",
            argument="anon_key",
            hint="open it with AdminCRM(url, key, anon_key=...) or set SUPABASE_PUBLISHABLE_KEY",
        )
    async with anon_client(crm) as anon:
        new = await sign_customer_up(crm, anon, customer, redirect_to)
        if new.token is None:
            return await finish_creation(crm, None, new, customer)
        as_customer = anon.as_user(new.token)
        try:
            created = await finish_creation(crm, as_customer, new, customer)
        except Exception:  # not after Ctrl-C or a cancellation: these end at once, and the session by itself
            await sign_out(as_customer)
            raise
        await sign_out(as_customer)
        return created


@operation
async def resume_customer_creation(
    crm: AnyCRM, user_id: UUID | str, data: CreateCustomerData | Mapping[str, Any]
) -> CreatedCustomer:
    """Complete an interrupted creation: write what is missing of the profile, and the address if there is none.

    What the customer has already is not changed, so the call may be repeated.

    Args:
        crm: the connection; a secret key or an administrator's session.
        user_id: the `user_id` of the `CustomerCreationError`, or the `customer_id` of the `ConflictError`.
        data: the same data as before; its e-mail address and password are not written.

    Returns:
        The customer, with the profile and the default address as stored.

    Raises:
        CustomerNotFoundError: the user does not exist.
        CustomerCreationError: a step failed again.

    Reads and writes `customer_profiles` and `addresses`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> resume_customer_creation(crm, error.user_id, data)
    """
    user, customer = check.uuid(user_id, "user_id"), _validated(data)
    resumed = NewUser(user, customer.email.lower(), None, needs_confirmation=False)
    return await finish_creation(crm, None, resumed, customer, only_missing=True)


async def finish_creation(
    crm: AnyCRM, as_customer: AnyCRM | None, new: NewUser, data: CreateCustomerData, *, only_missing: bool = False
) -> CreatedCustomer:
    """Write profile and address, as the new customer if there is a session, otherwise as the administrator.

    Args:
        crm: the connection.
        as_customer: the new customer's session; None if there is none.
        new: the user.
        data: the customer.
        only_missing: whether the customer may have changed something, which then stays.
    """
    completed, write_profile, write_address = ["sign_up"], _write_profile, _write_address
    if only_missing:
        write_profile, write_address = _complete_profile, _complete_address
    try:
        profile = await _with_fallback(crm, as_customer, new.id, data, write_profile)
        completed.append("profile")
        address = await _with_fallback(crm, as_customer, new.id, data, write_address)
    except CustomerNotFoundError:
        raise
    except AdminCRMError as error:
        raise half_created(new.id, completed, error) from error
    return CreatedCustomer(
        id=new.id,
        email=new.email,
        password=new.password,
        needs_confirmation=new.needs_confirmation,
        profile=profile,
        address=address,
    )


def half_created(user_id: UUID, completed: Sequence[str], error: AdminCRMError) -> CustomerCreationError:
    """Return the error of a customer of whom only some steps are done."""
    missing = " and ".join(step for step in _STEPS if step not in completed)
    return CustomerCreationError(
        f"the customer was signed up, but {missing} could not be written: {error.message}",
        user_id=user_id,
        completed=completed,
        customer_id=user_id,
        status=error.status,
        code=error.code,
        hint="call resume_customer_creation(crm, error.user_id, data) to complete it",
        retryable=error.retryable,
    )


async def _with_fallback(
    crm: AnyCRM,
    as_customer: AnyCRM | None,
    user_id: UUID,
    data: CreateCustomerData,
    write: Callable[[AnyCRM, UUID, CreateCustomerData], Awaitable[T]],
) -> T:
    """Write as the new customer; if a policy denies it, with the administrator's rights."""
    if as_customer is not None:
        try:
            return await write(as_customer, user_id, data)
        except PermissionDeniedError:
            pass
    return await write(crm, user_id, data)


async def _write_profile(crm: AnyCRM, user_id: UUID, data: CreateCustomerData) -> CustomerProfile:
    """Write the profile of a new customer; in many shops a trigger on auth.users has already created the row."""
    table, row = crm.settings.profiles_table, profile_row(user_id, data)
    try:
        rows = await send_query(
            crm,
            lambda: writable(crm, table).upsert(row, on_conflict="id"),
            lambda response: read_rows(response, CustomerProfile),
        )
    except NotFoundError as error:
        raise CustomerNotFoundError("the user does not exist", status=error.status, code=error.code) from error
    return require_row(rows, "profile")


async def _complete_profile(crm: AnyCRM, user_id: UUID, data: CreateCustomerData) -> CustomerProfile:
    """Write what a profile has not: the whole row, or columns that are null."""
    table = crm.settings.profiles_table
    profile = await fetch_one(crm, table, user_id, CustomerProfile, column="id")
    if profile is None:
        return await _write_profile(crm, user_id, data)
    for column, value in profile_row(user_id, data).items():
        if getattr(profile, column) is None:
            rows = await send_query(
                crm,
                partial(_fill, crm, table, user_id, column, value),
                lambda response: read_rows(response, CustomerProfile),
            )
            profile = rows[0] if rows else profile  # none where somebody else has just filled it
    return profile


def _fill(crm: AnyCRM, table: str, user_id: UUID, column: str, value: str) -> Query:
    return cast("Query", writable(crm, table).update({column: value}).eq("id", str(user_id)).is_(column, "null"))


async def _write_address(crm: AnyCRM, user_id: UUID, data: CreateCustomerData) -> Address | None:
    row = address_row(crm, user_id, data)
    return None if row is None else await insert_once(crm, crm.settings.addresses_table, row, Address, "address")


async def _complete_address(crm: AnyCRM, user_id: UUID, data: CreateCustomerData) -> Address | None:
    """Write the address of a customer who has none; return the default one."""
    addresses = await fetch_of_customer(crm, crm.settings.addresses_table, user_id, Address)
    if not addresses:
        return await _write_address(crm, user_id, data)
    return next((each for each in addresses if each.is_default), addresses[0])


def profile_row(user_id: UUID, data: CreateCustomerData) -> dict[str, str]:
    """Return the row of a new customer's profile."""
    numbers = {"phone": data.phone, "whatsapp": data.whatsapp or data.phone}
    return {"id": str(user_id), "full_name": data.full_name, **numbers}


def address_row(crm: AnyCRM, user_id: UUID, data: CreateCustomerData) -> Json | None:
    """Return the row of a new customer's default address; None if there is no address."""
    if data.address is None:
        return None
    return {
        # The id is derived from the user's id, so that a retry or a resumed creation finds its own address.
        "id": str(uuid5(user_id, "default address")),
        "customer_id": str(user_id),
        "is_default": data.address.is_default is not False,
        **data.address.to_row(label=crm.settings.address_label, full_name=data.full_name, phone=data.phone),
    }


def _validated(data: CreateCustomerData | Mapping[str, Any]) -> CreateCustomerData:
    data = check.data(data, CreateCustomerData, "data", "the customer's data")
    if data.address is not None and data.address.customer_id is not None:
        raise InvalidInputError(
            "address.customer_id must be omitted, because the customer does not exist yet",
            argument="data",
            hint="use add_customer_address for a customer who exists",
        )
    return data
