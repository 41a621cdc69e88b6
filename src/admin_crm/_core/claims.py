"""What a key or token says of itself: its role, its user, its end. Not verified; only the server can do that."""

from __future__ import annotations

import base64
import json
import time
from typing import Any, NamedTuple, cast


class Claims(NamedTuple):
    """The claims of a key or token."""

    role: str | None
    """service_role, anon or authenticated, or a role of the shop's own; None where the key does not say."""
    user: str | None = None
    """The user's id, in a signed-in user's token."""
    expires: float | None = None
    """When it expires, as a Unix timestamp."""
    legacy: bool = False
    """Whether it is a JWT, as keys used to be."""

    @property
    def expired(self) -> bool:
        """Whether the key or token has expired."""
        return self.expires is not None and self.expires <= time.time()


def claims_of(key: str) -> Claims:
    """Return the claims of a key or token."""
    if key.startswith("sb_secret_"):
        return Claims("service_role")
    if key.startswith("sb_publishable_"):
        return Claims("anon")
    claims = _decoded(key)
    role, user, expires = claims.get("role"), claims.get("sub"), claims.get("exp")
    return Claims(
        role if isinstance(role, str) else None,
        user if isinstance(user, str) else None,
        expires if isinstance(expires, int | float) else None,
        legacy=bool(claims),
    )


def _decoded(token: str) -> dict[str, Any]:
    """Return the claims of a JWT; an empty dict for anything else."""
    try:
        _, middle, _ = token.split(".")
        claims: object = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", claims) if isinstance(claims, dict) else {}
