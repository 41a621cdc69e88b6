"""One table from what servers and libraries say to our errors.

Everything that can come back from PostgREST, auth, storage, Edge Functions, a load balancer or httpx is
turned into an `AdminCRMError` here and nowhere else.
"""

from __future__ import annotations

import email.utils
import json
import time
from typing import Any, NamedTuple, cast

import httpx
from pydantic import ValidationError

from admin_crm._core.redaction import redact, shape_of
from admin_crm.errors import (
    About,
    AdminCRMError,
    AuthenticationError,
    ClientStateError,
    ConflictError,
    EdgeFunctionError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    SchemaMismatchError,
    ServiceUnavailableError,
    UnexpectedResponseError,
)


class _Meaning(NamedTuple):
    kind: type[AdminCRMError]
    hint: str | None = None


_CHECK_KEY = "check the key or token: it may be of another project, rotated or expired"
_NOT_ALLOWED = "row-level security or a grant refuses this key; connect as an administrator or with the secret key"
_WAIT = "wait and try again"
_VALUE = "the database does not accept one of the values"

_TABLE = _Meaning(SchemaMismatchError, "install the table or view, or name yours in Settings")
_COLUMN = _Meaning(SchemaMismatchError, "add the column, or name your table or view in Settings")
_BUCKET = _Meaning(SchemaMismatchError, "create the bucket, or name yours in Settings")
_FUNCTION = _Meaning(SchemaMismatchError, "deploy the function, or name yours in Settings")
_AUTH = _Meaning(AuthenticationError, _CHECK_KEY)
_DENIED = _Meaning(PermissionDeniedError, _NOT_ALLOWED)
_UNWELL = _Meaning(ServiceUnavailableError, _WAIT)
_SLOW = _Meaning(RequestTimeoutError, "narrow the request or raise the timeout")
_REFUSED = _Meaning(InvalidInputError, _VALUE)

_BY_CODE: dict[str, _Meaning] = {
    # PostgREST and Postgres
    "PGRST205": _TABLE,
    "42P01": _TABLE,
    "PGRST204": _COLUMN,
    "42703": _COLUMN,
    "PGRST202": _FUNCTION,
    "42883": _FUNCTION,
    "PGRST301": _AUTH,
    "PGRST302": _AUTH,
    "PGRST303": _AUTH,
    "42501": _DENIED,
    "PGRST116": _Meaning(NotFoundError),
    "23505": _Meaning(ConflictError, "it exists already"),
    "23503": _Meaning(NotFoundError, "it refers to a row that is not there"),
    "23514": _REFUSED,
    "23502": _REFUSED,
    "22P02": _REFUSED,
    "22001": _REFUSED,
    "22003": _REFUSED,
    "22007": _REFUSED,
    "22008": _REFUSED,
    "57014": _SLOW,
    "40001": _UNWELL,
    "40P01": _UNWELL,
    "53300": _UNWELL,
    "57P01": _UNWELL,
    "PGRST000": _UNWELL,
    "PGRST001": _UNWELL,
    "PGRST002": _UNWELL,
    "PGRST003": _UNWELL,
    # auth
    "invalid_credentials": _Meaning(AuthenticationError, "check the e-mail and the password"),
    "email_not_confirmed": _Meaning(AuthenticationError, "confirm the address first"),
    "user_banned": _Meaning(AuthenticationError, "this account is banned"),
    "bad_jwt": _AUTH,
    "no_authorization": _AUTH,
    "session_not_found": _AUTH,
    "session_expired": _AUTH,
    "refresh_token_not_found": _AUTH,
    "refresh_token_already_used": _AUTH,
    "not_admin": _DENIED,
    "user_not_found": _Meaning(NotFoundError),
    "user_already_exists": _Meaning(ConflictError, "this address is registered already"),
    "email_exists": _Meaning(ConflictError, "this address is registered already"),
    "weak_password": _Meaning(InvalidInputError, "choose a stronger password, or leave it out to have one made"),
    "email_address_invalid": _Meaning(InvalidInputError, "check the address"),
    "validation_failed": _Meaning(InvalidInputError, "check the address and the password"),
    "signup_disabled": _Meaning(PermissionDeniedError, "sign-ups are disabled in this project's auth settings"),
    "email_provider_disabled": _Meaning(PermissionDeniedError, "e-mail sign-ups are disabled in this project"),
    "over_request_rate_limit": _Meaning(RateLimitedError, _WAIT),
    "over_email_send_rate_limit": _Meaning(RateLimitedError, _WAIT),
    # storage
    "NoSuchBucket": _BUCKET,
    "Bucket not found": _BUCKET,
    "NoSuchKey": _Meaning(NotFoundError),
    "not_found": _Meaning(NotFoundError),
    "Duplicate": _Meaning(ConflictError, "an object of this name exists already"),
    "Unauthorized": _DENIED,
    "AccessDenied": _DENIED,
    "InvalidJWT": _AUTH,
    "InvalidSignature": _AUTH,
    "InvalidKey": _Meaning(InvalidInputError, "the storage server does not accept this object name"),
    "Payload too large": _Meaning(InvalidInputError, "the file is larger than the bucket or project allows"),
    "invalid_mime_type": _Meaning(InvalidInputError, "the bucket does not accept files of this type"),
    "SlowDown": _Meaning(RateLimitedError, _WAIT),
    "too_many_connections": _Meaning(RateLimitedError, _WAIT),
    "DatabaseTimeout": _UNWELL,
    # functions
    "NOT_FOUND": _FUNCTION,
}

_BY_STATUS: dict[int, _Meaning] = {
    400: _Meaning(InvalidInputError),
    401: _AUTH,
    403: _DENIED,
    404: _Meaning(NotFoundError, "check the project's URL"),
    408: _SLOW,
    409: _Meaning(ConflictError),
    413: _Meaning(InvalidInputError, "the request is too large"),
    415: _Meaning(InvalidInputError),
    422: _Meaning(InvalidInputError),
    423: _UNWELL,
    429: _Meaning(RateLimitedError, _WAIT),
    **dict.fromkeys((502, 503, 504, 520, 521, 522, 523, 524, 530, 544), _UNWELL),
}

_BAD_TOKENS = ("Invalid Compact JWS", '"exp" claim timestamp', "signature verification failed", "jwt expired")
_SERVICES = {
    "/rest/v1/": "PostgREST",
    "/auth/v1/": "auth",
    "/storage/v1/": "storage",
    "/functions/v1/": "function",
}


def error_from(error: Exception) -> AdminCRMError:
    """Turn whatever a call raised into one of our errors; the caller chains the original."""
    if isinstance(error, AdminCRMError):
        return error
    response = response_behind(error)
    if response is not None and not response.is_success:
        return error_from_response(response)
    if isinstance(error, ValidationError):
        return unreadable(error)
    root = _httpx_error_behind(error)
    if root is not None:
        return _error_from_httpx(root)
    if isinstance(error, RuntimeError) and "client has been closed" in str(error):
        return ClientStateError("the connection is closed", hint="open a new AdminCRM")
    status = getattr(error, "status", None)
    if isinstance(status, int) and status >= 400:
        return _error_for({"status": status, "code": getattr(error, "code", None)}, redact(str(error)), "server")
    return UnexpectedResponseError(
        f"the answer could not be read ({type(error).__name__})",
        retryable=isinstance(error, ValueError),
        sample=redact(str(error), 80) if isinstance(error, json.JSONDecodeError) else None,
    )


def error_from_response(response: httpx.Response) -> AdminCRMError:
    """Turn an answer that is not a success into one of our errors."""
    service = next((name for part, name in _SERVICES.items() if part in response.url.path), "server")
    body = _json_object(response)
    status, code, message = _read_error(body, response.status_code)
    if service == "auth" and isinstance(body.get("weak_password"), dict):
        reasons = cast("dict[str, Any]", body["weak_password"]).get("reasons") or ()
        message += f" ({', '.join(map(str, reasons))})" if reasons else ""
    if not message and response.headers.get("content-type", "").startswith("text/plain"):
        message = response.text  # resumable uploads explain themselves so
    if not message:
        kind = "an HTML page" if "html" in response.headers.get("content-type", "") else "no explanation"
        message = f"the server answered {status} with {kind}"
    if service == "function" and code != "NOT_FOUND" and status not in _BY_STATUS.keys() - {400, 404, 409, 422}:
        return EdgeFunctionError(redact(message), **_about(response, status, code))
    error = _error_for(_about(response, status, code), redact(message), service)
    if isinstance(error, RateLimitedError | ServiceUnavailableError):
        error.retry_after = retry_after(response.headers.get("retry-after"))
    return error


def response_behind(error: BaseException) -> httpx.Response | None:
    """Return the refusal that supabase-py made an error of, where there was one."""
    for link in _chain(error):
        if isinstance(link, httpx.HTTPStatusError):
            return link.response
    return None


def unreadable(error: ValidationError) -> UnexpectedResponseError:
    """Say which field of an answer could not be read, without repeating what it held."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"] if not isinstance(part, int)) or None
    not_json = first["type"] == "json_invalid"
    what = "is not JSON" if not_json else f"has an unexpected {field or 'shape'} ({first['type']})"
    return UnexpectedResponseError(
        f"the server's answer {what}",
        field=field,
        sample=None if not_json else shape_of(first.get("input")),
        retryable=not_json,
        hint="something between here and the database answered" if not_json else None,
    )


def retry_after(header: str | None) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date; None when it says neither."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


def _error_for(about: About, message: str, service: str) -> AdminCRMError:
    status, code = about.get("status") or 0, about.get("code")
    meaning = _BY_CODE.get(code or "") or _BY_STATUS.get(status)
    if meaning is None:
        about["retryable"] = False
        if status >= 500:
            meaning = _Meaning(ServiceUnavailableError, "the server failed; look into its log")
        else:
            moved = "the URL redirects elsewhere, which is not followed; check it" if 300 <= status < 400 else None
            meaning = _Meaning(UnexpectedResponseError, moved)
    about["hint"] = meaning.hint
    if meaning.kind is SchemaMismatchError:
        return SchemaMismatchError(message, missing=message, **about)
    return meaning.kind(message if status >= 500 else f"{service} refused: {message}", **about)


def _about(response: httpx.Response, status: int, code: str | None) -> About:
    headers = response.headers
    request_id = headers.get("sb-request-id") or headers.get("x-request-id") or headers.get("cf-ray")
    return {"status": status, "code": code, "request_id": request_id}


def _json_object(response: httpx.Response) -> dict[str, Any]:
    try:
        body: object = json.loads(response.content)
    except (ValueError, httpx.StreamError):
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def _read_error(body: dict[str, Any], status: int) -> tuple[int, str | None, str]:
    """Read status, code and message out of the four services' error bodies."""
    if "statusCode" in body:  # storage: HTTP 400 whatever happened, the truth is in the body
        if str(body["statusCode"]).isdigit():
            status = int(body["statusCode"])
        named = body.get("error")
        code = body.get("code") if named in (None, "Error", "Bad Request", "FastifyError") else named
        if str(body.get("message")).startswith(_BAD_TOKENS):
            code = "InvalidJWT"  # storage calls a bad token a refusal; only the text tells them apart
    else:
        code = body.get("error_code") or body.get("code")
    error = body.get("error")
    if isinstance(error, dict):
        error = cast("dict[str, Any]", error).get("message")
    message = body.get("message") or body.get("msg") or body.get("error_description") or error
    return status, code if isinstance(code, str) else None, str(message or "")


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def _httpx_error_behind(error: Exception) -> httpx.HTTPError | httpx.InvalidURL | None:
    for link in _chain(error):
        if isinstance(link, httpx.HTTPError | httpx.InvalidURL):
            return link
    return None


def _error_from_httpx(error: httpx.HTTPError | httpx.InvalidURL) -> AdminCRMError:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return ServiceUnavailableError(
            f"the server could not be reached ({type(error).__name__})",
            unsent=True,
            hint="check the URL and the network",
        )
    if isinstance(error, httpx.TimeoutException):
        return RequestTimeoutError(f"no answer in time ({type(error).__name__})", hint="raise the timeout or try again")
    if isinstance(error, httpx.TransportError) and not isinstance(error, httpx.UnsupportedProtocol):
        return ServiceUnavailableError(f"the connection broke ({type(error).__name__})", hint=_WAIT)
    if isinstance(error, httpx.DecodingError):
        return UnexpectedResponseError("the answer could not be decoded", retryable=True)
    return InvalidInputError("the server's address cannot be used", hint="check the URL", argument="url")
