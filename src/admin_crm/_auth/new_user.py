"""Making the user behind a new customer, once: by sign-up, by the administrator, or by invitation."""

from __future__ import annotations

import secrets
import string
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID, uuid4

from pydantic import SecretStr

from admin_crm._auth.users import User, create_user, find_user, invite_user, sign_out, sign_up
from admin_crm._core.base import hooks_of
from admin_crm._core.connection import link_of
from admin_crm._core.rows import Json
from admin_crm._core.secret_key import has_secret_key, with_secret_key
from admin_crm._core.send import ANSWER_LOST
from admin_crm.client import AnyCRM
from admin_crm.errors import (
    AdminCRMError,
    ConflictError,
    CustomerCreationError,
    ServiceUnavailableError,
)
from admin_crm.models import CreateCustomerData

_SYMBOLS = "!@#$%^&*-_=+?"
_PASSWORD_LENGTH = 20
_REQUEST = "admin_crm_request"
"""The name under which a user's metadata keep the call that created the user."""
_TAKEN = "this e-mail address is already registered"
_UNDONE = ("Database error saving new user", "Database error creating new user", "Error sending ")
"""How the auth server's messages begin where it has undone everything."""


class NewUser(NamedTuple):
    """A user that was made, and what the customer needs to sign in."""

    id: UUID
    email: str
    password: SecretStr | None
    needs_confirmation: bool
    token: SecretStr | None = None
    """The access token of the session that the sign-up opened, if it did."""
    was_there: bool = False
    """Whether an earlier try had made the user, in this call or in one that it goes on with."""
    has_signed_in: bool = False
    """Whether the customer has been there since: what they have is theirs."""


async def sign_customer_up(crm: AnyCRM, anon: AnyCRM, data: CreateCustomerData, redirect_to: str | None) -> NewUser:
    """Sign a customer up with the publishable key."""
    password, metadata, token = data.password or new_password(), _metadata(data, uuid4()), None
    try:
        user, token = await sign_up(anon, data.email, password, metadata, redirect_to)
    except ANSWER_LOST as error:
        user = await _after_failure(crm, error, data.email, metadata)
    except ConflictError as error:
        raise _registered(_TAKEN, await _look_up(crm, data.email), error) from error
    # If e-mail confirmation is on, auth returns a fake user for an e-mail address that is already registered.
    if user.identities == []:
        raise _registered(_TAKEN, await _look_up(crm, data.email))
    try:
        _check_is_ours(user, metadata)
    except ConflictError:
        if token is not None:  # the server has confirmed the old user's address, and opened a session
            await sign_out(anon.as_user(token))
        raise
    confirmed = token is not None or user.email_confirmed_at is not None
    return NewUser(user.id, user.email or data.email, password, not confirmed, token)


@asynccontextmanager
async def anon_client(crm: AnyCRM) -> AsyncGenerator[AnyCRM]:
    """Open a connection of the same kind that has only the publishable key, and close it at the end."""
    anon = type(crm)(crm.url, crm.anon_key, settings=crm.settings, **hooks_of(link_of(crm)))
    try:
        yield anon
    finally:
        closing = anon.close()
        if closing is not None:
            await closing


async def create_by_administrator(crm: AnyCRM, data: CreateCustomerData, request: UUID | None = None) -> NewUser:
    """Create a user with a confirmed address, with the secret key.

    Args:
        crm: the connection.
        data: the customer.
        request: names the creation, and is the user's id; whoever repeats the creation under the same one gets the
            user that it has made. By default a new one.
    """
    request = request or uuid4()
    secret, metadata = with_secret_key(crm, "creating a customer as an administrator"), _metadata(data, request)
    password, was_there = data.password or new_password(), False
    try:
        user = await create_user(secret, request, data.email, password, metadata)
    except ANSWER_LOST as error:
        user, was_there = await _after_failure(crm, error, data.email, metadata), True
    except ConflictError as error:
        # Perhaps it is our own user, and the request was repeated after a lost response.
        user, was_there = await _owner_of(crm, data.email, metadata, error), True
    return _made(user, data, password, was_there=was_there, needs_confirmation=False)


async def invite_customer(
    crm: AnyCRM, data: CreateCustomerData, redirect_to: str | None, request: UUID | None = None
) -> NewUser:
    """Have the auth server send an invitation, with the secret key; the customer chooses the password.

    Args:
        crm: the connection.
        data: the customer.
        redirect_to: the URL that the link in the e-mail opens.
        request: names the invitation, which may have been sent before under this name: then no other e-mail is, nor
            to somebody who is a user already. By default a new one.
    """
    secret, was_there = with_secret_key(crm, "inviting a customer"), True
    metadata = _metadata(data, request or uuid4())
    user = None if request is None else await find_user(secret, data.email)
    if user is not None and user.email_confirmed_at is not None and not _is_ours(user, metadata):
        raise _registered(_TAKEN, user)
    if user is None:
        try:
            user, was_there = await invite_user(secret, data.email, metadata, redirect_to), False
        except ANSWER_LOST as error:
            user = await _after_failure(crm, error, data.email, metadata)
        except ConflictError as error:
            user = await _owner_of(crm, data.email, metadata, error)
    _check_is_ours(user, metadata)
    return _made(user, data, None, was_there=was_there, needs_confirmation=True)


def new_password() -> SecretStr:
    """Generate a password for common policies: long, with lower case, upper case, digits and symbols.

    It begins with a letter, so that no spreadsheet takes it for a formula.
    """
    alphabets = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)
    characters = [secrets.choice(alphabet) for alphabet in alphabets]
    characters += [secrets.choice("".join(alphabets)) for _ in range(_PASSWORD_LENGTH - len(alphabets) - 1)]
    secrets.SystemRandom().shuffle(characters)
    return SecretStr("".join([secrets.choice(string.ascii_letters), *characters]))


def _made(
    user: User, data: CreateCustomerData, password: SecretStr | None, *, was_there: bool, needs_confirmation: bool
) -> NewUser:
    has_signed_in = was_there and user.last_sign_in_at is not None
    email = user.email or data.email
    return NewUser(user.id, email, password, needs_confirmation, was_there=was_there, has_signed_in=has_signed_in)


async def _after_failure(crm: AnyCRM, error: AdminCRMError, email: str, metadata: Json) -> User:
    """Return the user that was created although the response was lost; raise if there is none, or nobody knows."""
    if isinstance(error, ServiceUnavailableError) and error.unsent:
        raise error
    if error.code == "unexpected_failure" and error.message.startswith(_UNDONE):
        raise CustomerCreationError(
            f"the auth server failed, and nothing was created: {error.message}",
            hint="often a trigger on auth.users fails: look at the database's log, then create the customer again",
            status=error.status,
            code=error.code,
            request_id=error.request_id,
            retryable=True,
        ) from error
    found = await _look_up(crm, email)
    if found is not None and _is_ours(found, metadata):
        return found
    raise CustomerCreationError(
        f"the response was lost, so the customer may or may not have been created: {error.message}",
        hint="create the customer again, with a password of your own; if that raises ConflictError, this call created "
        "the user: find the id with search_customers(crm, name), then call resume_customer_creation(crm, id, data)",
        status=error.status,
        code=error.code,
        request_id=error.request_id,
    ) from error


async def _owner_of(crm: AnyCRM, email: str, metadata: Json, error: ConflictError) -> User:
    """Return the user who has an address if this call has created it; raise where the address is another's."""
    found = await _look_up(crm, email)
    if found is not None and _is_ours(found, metadata):
        return found
    raise _registered(_TAKEN, found, error) from error


async def _look_up(crm: AnyCRM, email: str) -> User | None:
    """Return who has an address; None also where that cannot be found out: without a secret key, say."""
    if not has_secret_key(crm):
        return None
    try:
        return await find_user(with_secret_key(crm, "looking up a customer"), email)
    except AdminCRMError:
        return None


def _check_is_ours(user: User, metadata: Json) -> None:
    """Raise where the server has answered an old user, of an address that was never confirmed."""
    if not _is_ours(user, metadata):
        raise _registered("this e-mail address was invited or signed up before, but never confirmed", user)


def _is_ours(user: User, metadata: Json) -> bool:
    return bool((user.user_metadata or {}).get(_REQUEST) == metadata[_REQUEST])


def _registered(what: str, user: User | None, error: ConflictError | None = None) -> ConflictError:
    hint = "find the customer with search_customers(crm, name)"
    if user is not None:
        hint = "error.customer_id has the address: resume_customer_creation(crm, error.customer_id, data) adds what is"
        hint += " missing, and the customer sets a password with the link in the e-mail, or as a forgotten one"
    return ConflictError(
        f"{what}; nothing was written, and the password is not set",
        customer_id=None if user is None else user.id,
        code="user_already_exists" if error is None else error.code,
        status=None if error is None else error.status,
        hint=hint,
    )


def _metadata(data: CreateCustomerData, request: UUID) -> Json:
    """Return the metadata of a new user: what the trigger on auth.users makes the profile of, and whose call it is."""
    return {"full_name": data.full_name, "phone": data.phone, _REQUEST: str(request)}
