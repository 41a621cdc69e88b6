"""The secret key's rights: whether a connection has them, and views of the connection that use them."""

from __future__ import annotations

from typing import TypeVar

from admin_crm._core.base import BaseConnection, with_link
from admin_crm._core.connection import link_of, with_rights
from admin_crm.errors import PermissionDeniedError

C = TypeVar("C", bound=BaseConnection)


def has_secret_key(crm: BaseConnection) -> bool:
    """Return whether a connection has a secret key, by itself or beside a session."""
    link = link_of(crm)
    return link.secret is not None or link.rights.is_secret


def with_secret_key(crm: C, purpose: str) -> C:
    """Return this connection with the secret key's rights, for what only they can do.

    Args:
        crm: the connection.
        purpose: what needs the key, as the beginning of a sentence: ``deleting a customer``.

    Raises:
        PermissionDeniedError: the connection has no secret key.
    """
    link = link_of(crm)
    if link.rights.is_secret:
        return crm
    if link.secret is None:
        raise PermissionDeniedError(
            f"{purpose} needs the secret key, which this connection does not have",
            hint="connect with AdminCRM.sign_in(..., secret_key=...), or with the secret key alone",
        )
    return with_link(crm, with_rights(link, link.secret))


def with_secret_key_if_any(crm: C) -> C:
    """Return this connection with the secret key's rights where it has that key, otherwise as it is."""
    return with_secret_key(crm, "this") if has_secret_key(crm) else crm
