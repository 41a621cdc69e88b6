"""What servers and libraries say, translated into our errors.

Errors of httpx, supabase-py, pydantic and JSON become an `AdminCRMError` here and nowhere else. Anything else is
a bug, or the caller's own exception, and passes as it is.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

import httpx
from pydantic import ValidationError

from admin_crm._core.headers import request_id, retry_after, seconds_in
from admin_crm._core.meanings import BY_CODE, BY_STATUS, WAIT, Meaning
from admin_crm._core.redaction import redact, shape_of
from admin_crm.errors import (
    About,
    AdminCRMError,
    EdgeFunctionError,
    InvalidInputError,
    RateLimitedError,
    RequestTimeoutError,
    SchemaMismatchError,
    ServiceUnavailableError,
    UnexpectedResponseError,
)

_BAD_TOKENS = ("Invalid Compact JWS", '"exp" claim timestamp', "signature verification failed", "jwt expired")
_NAME_IN_MESSAGE = {
    "table": re.compile(r"""(?:table|relation) ["'](?:\w+\.)?([^"']+)["']"""),
    "column": re.compile(r"""(?:the '|column (?:"|(?:\w+\.)*))([\w$]+)"""),
    "function": re.compile(r"function (?:\w+\.)?([\w$]+)"),
}
_NAME_IN_PATH = {
    "function": re.compile(r"/functions/v1/([^/?]+)"),
    "bucket": re.compile(
        r"/storage/v1/(?:bucket|object|upload)/(?:(?:list|info|sign|upload|public|authenticated)/)*([^/?]+)"
    ),
}
_SERVICES = {
    "/rest/v1/": "PostgREST",
    "/auth/v1/": "auth",
    "/storage/v1/": "storage",
    "/functions/v1/": "function",
}


def translate(error: Exception) -> AdminCRMError | None:
    """Turn what a request raised into one of our errors; None for what is not the server's or the network's.

    The caller chains the original.
    """
    if isinstance(error, AdminCRMError):
        return error
    if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
        _forget_frames_behind(error)
        return _error_from_httpx(error)
    if isinstance(error, ValidationError):
        return error_from_validation(error)
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError) or _is_nested_too_deep(error):
        response = response_of(error)  # supabase-py has tried to read the JSON of an error response
        return _not_json(error) if response is None else error_from_response(response)
    return _error_from_supabase(error) if isinstance(error, _supabase_errors()) else None


def error_from_response(response: httpx.Response) -> AdminCRMError:
    """Translate an error response into one of our errors."""
    service = next((name for part, name in _SERVICES.items() if part in response.url.path), "server")
    body = _json_object(response)
    status, code, message = _read_error(body, response.status_code)
    if service == "auth" and isinstance(body.get("weak_password"), dict):
        reasons = cast("dict[str, Any]", body["weak_password"]).get("reasons") or ()
        message += f" ({', '.join(map(str, reasons))})" if reasons else ""
    if not message and response.headers.get("content-type", "").startswith("text/plain"):
        message = response.text  # resumable uploads send their error messages as plain text
    if not message:
        content = "an HTML page" if "html" in response.headers.get("content-type", "") else "no error message"
        message = f"the server returned {status} with {content}"
    if service == "function" and code != "NOT_FOUND" and status not in BY_STATUS.keys() - {400, 404, 409, 422}:
        return EdgeFunctionError(redact(message), **_about(response, status, code))
    error = _error_for(_about(response, status, code), redact(message), service, response.url.path)
    if isinstance(error, RateLimitedError | ServiceUnavailableError):
        error.retry_after = retry_after(response.headers.get("retry-after"))
        if error.retry_after is None and service == "auth":
            error.retry_after = seconds_in(message)
    return error


def check_success(response: httpx.Response) -> None:
    """Raise the translated error of an error response, or of a response that is not the server's own."""
    if not response.is_success:
        raise error_from_response(response)
    # A proxy between here and the server sent this response. (A stored HTML file has an ETag.)
    if response.headers.get("content-type", "").startswith("text/html") and "etag" not in response.headers:
        raise UnexpectedResponseError(
            "the response is an HTML page, not JSON",
            status=response.status_code,
            retryable=True,
            hint="a proxy or gateway sent this response; check the URL and the network",
        )


def json_of(response: httpx.Response) -> object:
    """Return the JSON of a response; None where it is not JSON, is nested too deep, or was not read."""
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError, httpx.StreamError):
        return None


def response_of(error: BaseException) -> httpx.Response | None:
    """Return the error response behind a supabase-py exception, if there is one."""
    for link in _chain(error):
        if isinstance(link, httpx.HTTPStatusError):
            return link.response
    return None


def error_from_validation(error: ValidationError) -> UnexpectedResponseError:
    """Name the field of a response that is invalid, without quoting its value."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"] if not isinstance(part, int)) or None
    not_json = first["type"] == "json_invalid"
    what = "is not JSON" if not_json else f"has an unexpected {field or 'shape'} ({first['type']})"
    return UnexpectedResponseError(
        f"the server's response {what}",
        field=field,
        sample=None if not_json else shape_of(first.get("input")),
        retryable=not_json,
        hint="a proxy or gateway may have sent this response" if not_json else None,
    )


def _error_for(about: About, message: str, service: str, path: str = "") -> AdminCRMError:
    status, code = about.get("status") or 0, about.get("code")
    meaning = BY_CODE.get(code or "") or BY_STATUS.get(status)
    if meaning is None:
        about["retryable"] = False
        if status >= 500:
            meaning = Meaning(ServiceUnavailableError, "the server failed; check its logs")
        else:
            moved = "the URL redirects elsewhere, which is not followed; check it" if 300 <= status < 400 else None
            meaning = Meaning(UnexpectedResponseError, moved)
    about["hint"] = meaning.hint
    if meaning.error is SchemaMismatchError:
        return SchemaMismatchError(
            message, kind=meaning.missing, name=_missing_name(meaning.missing, message, path), **about
        )
    return meaning.error(message if status >= 500 else f"{service} refused: {message}", **about)


def _missing_name(kind: str | None, message: str, path: str) -> str | None:
    """Read the name of what is missing out of the server's message, or out of the request's path."""
    found = _NAME_IN_PATH[kind].search(path) if kind in _NAME_IN_PATH else None
    found = found or (_NAME_IN_MESSAGE[kind].search(message) if kind in _NAME_IN_MESSAGE else None)
    return found[1] if found else None


def _supabase_errors() -> tuple[type[Exception], ...]:
    """The bases of supabase-py's errors, loaded when one may have been raised."""
    from postgrest.exceptions import APIError
    from storage3.utils import StorageException
    from supabase_auth.errors import AuthError
    from supabase_functions.errors import FunctionsError

    return (APIError, AuthError, FunctionsError, StorageException)


def _error_from_supabase(error: Exception) -> AdminCRMError:
    response = response_of(error)
    if response is not None and not response.is_success:
        return error_from_response(response)
    for link in _chain(error)[1:]:
        behind = translate(link) if isinstance(link, Exception) else None
        if behind is not None:
            return behind
    status = getattr(error, "status", None)
    if isinstance(status, int) and status >= 400:
        return _error_for({"status": status, "code": getattr(error, "code", None)}, redact(str(error)), "server")
    return UnexpectedResponseError(f"the response could not be read ({type(error).__name__})")


def _forget_frames_behind(error: BaseException) -> None:
    """Drop the frames below httpx: a local variable of theirs holds the request as it was sent, key included."""
    for link in _chain(error)[1:]:
        link.__traceback__ = None


def _is_nested_too_deep(error: Exception) -> bool:
    return isinstance(error, RecursionError) and "decoding a JSON" in str(error)


def _not_json(error: Exception) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"the response could not be read ({type(error).__name__})",
        retryable=isinstance(error, ValueError),
        sample=redact(str(error), 80) if isinstance(error, json.JSONDecodeError) else None,
    )


def _about(response: httpx.Response, status: int, code: str | None) -> About:
    return {"status": status, "code": code, "request_id": request_id(response.headers)}


def _json_object(response: httpx.Response) -> dict[str, Any]:
    body = json_of(response)
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def _read_error(body: dict[str, Any], status: int) -> tuple[int, str | None, str]:
    """Return status, code and message from the error body of any of the four services."""
    if "statusCode" in body:  # storage: always HTTP 400, the real status is in the body
        if str(body["statusCode"]).isdigit():
            status = int(body["statusCode"])
        error_name = body.get("error")
        code = body.get("code") if error_name in (None, "Error", "Bad Request", "FastifyError") else error_name
        if str(body.get("message")).startswith(_BAD_TOKENS):
            code = "InvalidJWT"  # storage reports a bad token as denied access; only the message differs
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


def _error_from_httpx(error: httpx.HTTPError | httpx.InvalidURL) -> AdminCRMError:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return ServiceUnavailableError(
            f"could not connect to the server ({type(error).__name__})",
            unsent=True,
            hint="check the URL and the network",
        )
    if isinstance(error, httpx.TimeoutException):
        return RequestTimeoutError(
            f"no response in time ({type(error).__name__})", hint="raise the timeout or try again"
        )
    if isinstance(error, httpx.TransportError) and not isinstance(error, httpx.UnsupportedProtocol):
        return ServiceUnavailableError(f"the connection broke ({type(error).__name__})", hint=WAIT)
    if isinstance(error, httpx.DecodingError):
        return UnexpectedResponseError("the response could not be decoded", retryable=True)
    return InvalidInputError("the server's URL is invalid", hint="check the URL", argument="url")
