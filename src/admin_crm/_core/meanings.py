"""What the codes and statuses of PostgREST, auth, storage and Edge Functions mean: one table."""

from __future__ import annotations

from typing import NamedTuple

from admin_crm.errors import (
    AdminCRMError,
    AuthenticationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    SchemaMismatchError,
    ServiceUnavailableError,
)


class Meaning(NamedTuple):
    """The error that a code or status stands for, and what to do about it."""

    error: type[AdminCRMError]
    hint: str | None = None
    missing: str | None = None
    """What a SchemaMismatchError misses: its `kind`."""


_CHECK_KEY = "check the key or token: it may belong to another project, or be rotated or expired"
NOT_ALLOWED = "row-level security or a missing grant; connect as an administrator or with the secret key"
SIGN_IN_AGAIN = "the session has ended: sign in again"
WAIT = "wait and try again"
_VALUE = "the database rejected one of the values"

_TABLE = Meaning(SchemaMismatchError, "create the table or view, or set the name of yours in Settings", "table")
_COLUMN = Meaning(SchemaMismatchError, "add the column, or set the name of your table or view in Settings", "column")
_BUCKET = Meaning(SchemaMismatchError, "create the bucket, or set the name of yours in Settings", "bucket")
_FUNCTION = Meaning(SchemaMismatchError, "deploy the function, or set the name of yours in Settings", "function")
_UNAUTHENTICATED = Meaning(AuthenticationError, _CHECK_KEY)
_SESSION_ENDED = Meaning(AuthenticationError, SIGN_IN_AGAIN)
_DENIED = Meaning(PermissionDeniedError, NOT_ALLOWED)
_UNHEALTHY = Meaning(ServiceUnavailableError, WAIT)
_TIMEOUT = Meaning(RequestTimeoutError, "narrow the request or raise the timeout")
_INVALID_VALUE = Meaning(InvalidInputError, _VALUE)

TOKEN_REFUSED = frozenset({"PGRST301", "PGRST303", "bad_jwt", "InvalidJWT"})
"""The codes of a token that a server does not accept; a signed-in user's session has then ended."""

BY_CODE: dict[str, Meaning] = {
    # PostgREST and Postgres
    "PGRST205": _TABLE,
    "42P01": _TABLE,
    "PGRST204": _COLUMN,
    "42703": _COLUMN,
    "PGRST202": _FUNCTION,
    "42883": _FUNCTION,
    "PGRST301": _UNAUTHENTICATED,
    "PGRST302": _UNAUTHENTICATED,
    "PGRST303": _UNAUTHENTICATED,
    "42501": _DENIED,
    "PGRST116": Meaning(NotFoundError),
    "23505": Meaning(ConflictError, "the row already exists"),
    "23503": Meaning(NotFoundError, "it refers to a row that does not exist"),
    "23514": _INVALID_VALUE,
    "23502": _INVALID_VALUE,
    "22P02": _INVALID_VALUE,
    "22001": _INVALID_VALUE,
    "22003": _INVALID_VALUE,
    "22007": _INVALID_VALUE,
    "22008": _INVALID_VALUE,
    "57014": Meaning(RequestTimeoutError, "the database's statement timeout ended it: narrow the request"),
    "40001": _UNHEALTHY,
    "40P01": _UNHEALTHY,
    "53300": _UNHEALTHY,
    "57P01": _UNHEALTHY,
    "P0002": Meaning(NotFoundError),
    # the functions that `admin-crm sql` prints
    "AC001": Meaning(PermissionDeniedError, "pass force=True to lock an administrator, or yourself, nevertheless"),
    "PGRST000": _UNHEALTHY,
    "PGRST001": _UNHEALTHY,
    "PGRST002": _UNHEALTHY,
    "PGRST003": _UNHEALTHY,
    # auth
    "invalid_credentials": Meaning(AuthenticationError, "check the e-mail and the password"),
    "email_not_confirmed": Meaning(AuthenticationError, "confirm the e-mail address first"),
    "user_banned": Meaning(
        AuthenticationError, "this account is banned: lift the ban with the secret key, or sign in with another account"
    ),
    "captcha_failed": Meaning(
        PermissionDeniedError,
        "captcha protection is on in the project's auth settings, and only a browser can pass it: connect with an "
        "access token or the secret key, or turn it off",
    ),
    "bad_jwt": _UNAUTHENTICATED,
    "no_authorization": _UNAUTHENTICATED,
    "session_not_found": _SESSION_ENDED,
    "session_expired": _SESSION_ENDED,
    "refresh_token_not_found": _SESSION_ENDED,
    "refresh_token_already_used": _SESSION_ENDED,
    "not_admin": _DENIED,
    "user_not_found": Meaning(NotFoundError),
    "user_already_exists": Meaning(ConflictError, "this e-mail address is already registered"),
    "email_exists": Meaning(ConflictError, "this e-mail address is already registered"),
    "weak_password": Meaning(InvalidInputError, "choose a stronger password, or omit it to have one generated"),
    "email_address_invalid": Meaning(InvalidInputError, "check the e-mail address"),
    "validation_failed": Meaning(InvalidInputError, "check the e-mail address and the password"),
    "signup_disabled": Meaning(PermissionDeniedError, "sign-ups are disabled in this project's auth settings"),
    "email_provider_disabled": Meaning(PermissionDeniedError, "e-mail sign-ups are disabled in this project"),
    "over_request_rate_limit": Meaning(RateLimitedError, WAIT),
    "over_email_send_rate_limit": Meaning(RateLimitedError, WAIT),
    # storage
    "NoSuchBucket": _BUCKET,
    "Bucket not found": _BUCKET,
    "NoSuchKey": Meaning(NotFoundError),
    "not_found": Meaning(NotFoundError),
    "Duplicate": Meaning(ConflictError, "an object with this name already exists"),
    "Unauthorized": _DENIED,
    "AccessDenied": _DENIED,
    "InvalidJWT": _UNAUTHENTICATED,
    "InvalidSignature": _UNAUTHENTICATED,
    "InvalidKey": Meaning(InvalidInputError, "the storage server does not accept this object name"),
    "Payload too large": Meaning(InvalidInputError, "the file is larger than the bucket or project allows"),
    "invalid_mime_type": Meaning(InvalidInputError, "the bucket does not accept files of this type"),
    "SlowDown": Meaning(RateLimitedError, WAIT),
    "too_many_connections": Meaning(RateLimitedError, WAIT),
    "DatabaseTimeout": _UNHEALTHY,
    # functions
    "NOT_FOUND": _FUNCTION,
}

BY_STATUS: dict[int, Meaning] = {
    400: Meaning(InvalidInputError),
    401: _UNAUTHENTICATED,
    403: _DENIED,
    404: Meaning(NotFoundError, "check the project's URL"),
    408: _TIMEOUT,
    409: Meaning(ConflictError),
    413: Meaning(InvalidInputError, "the request is too large"),
    415: Meaning(InvalidInputError),
    422: Meaning(InvalidInputError),
    423: _UNHEALTHY,
    429: Meaning(RateLimitedError, WAIT),
    **dict.fromkeys((502, 503, 504, 520, 521, 522, 523, 524, 530, 544), _UNHEALTHY),
}
