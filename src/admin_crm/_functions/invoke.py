"""Invoke an Edge Function and decode its response, however the language model behind it wrapped the JSON."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, TypeVar, cast

import httpx
from pydantic import BaseModel, ValidationError

from admin_crm._core.headers import retry_after
from admin_crm._core.redaction import redact, shape_of
from admin_crm._core.rows import Json
from admin_crm._core.send import send
from admin_crm._core.translate import error_from_validation, response_of
from admin_crm.client import AnyCRM
from admin_crm.errors import (
    AdminCRMError,
    CustomerNotFoundError,
    EdgeFunctionError,
    RateLimitedError,
    SchemaMismatchError,
    ServiceUnavailableError,
    UnexpectedResponseError,
)

M = TypeVar("M", bound=BaseModel)

_QUOTA = re.compile(r"(?<![\w.-])429(?![\w.-])|RESOURCE_EXHAUSTED|\bquota\b", re.IGNORECASE)
_FENCE = re.compile(r"```\w*\s(.*)```", re.DOTALL)


async def invoke(crm: AnyCRM, function: str, body: Json, *, repeatable: bool) -> Json:
    """Invoke a function, and return the object that it returns.

    A body with a `customerId` is about a customer: a 404 with an explanation then says that there is none.
    """
    try:
        content = await send(crm, lambda: _send(crm, function, body), bytes, repeatable=repeatable)
    except AdminCRMError as error:
        translated = _translate(error, function, for_customer="customerId" in body)
        if translated is error:
            raise
        raise translated from error
    # Outside of `call`, so that malformed model output and an exhausted quota are not retried.
    result = _object_in(content, function)
    if result.get("error"):
        raise _function_error(_error_message(result["error"]), function, status=200)
    return result


def read(result: Json, model: type[M]) -> M:
    """Validate a response; the error names the missing field."""
    try:
        return model.model_validate(result)
    except ValidationError as error:
        raise error_from_validation(error) from error


def _send(crm: AnyCRM, function: str, body: Json) -> Any:
    functions = cast("Any", crm.supabase.functions)  # supabase-py does not type the response
    return functions.invoke(function, {"body": body})


def _translate(error: AdminCRMError, function: str, *, for_customer: bool) -> AdminCRMError:
    """Translate a function's error response by its body; supabase-py's error and the status do not suffice."""
    response = response_of(error)
    if response is None:
        return error
    # Search the full body: the mention of a quota may be in the part that a message cuts off.
    if isinstance(error, EdgeFunctionError | ServiceUnavailableError) and _QUOTA.search(response.text):
        wait = retry_after(response.headers.get("retry-after"))
        return _out_of_quota(error.message, function, status=error.status, wait=wait)
    if isinstance(error, SchemaMismatchError) or (error.status == 404 and not _is_function_error(response)):
        return SchemaMismatchError(
            f"the Edge Function {function} is not deployed",
            kind="function",
            name=function,
            status=404,
            code=error.code,
            hint="deploy the function, or set the name of yours in Settings",
        )
    if error.status == 404 and for_customer:
        return CustomerNotFoundError(f"{function} found no such customer: {error.message}", status=404)
    if isinstance(error, EdgeFunctionError):
        error.function = function
    return error


def _function_error(message: str, function: str, *, status: int) -> AdminCRMError:
    if _QUOTA.search(message):
        return _out_of_quota(redact(message), function, status=status, wait=None)
    return EdgeFunctionError(f"{function} failed: {redact(message)}", function=function, status=status)


def _out_of_quota(message: str, function: str, *, status: int | None, wait: float | None) -> RateLimitedError:
    return RateLimitedError(
        f"the quota of the language model behind {function} is used up: {message}",
        retry_after=wait,
        status=status,
        hint="wait and try again, or raise the quota",
    )


def _is_function_error(response: httpx.Response) -> bool:
    """Return whether a 404 comes from the function itself (``{"error": ...}``) and not from the platform."""
    try:
        body: object = response.json()
    except ValueError:
        return False
    return isinstance(body, dict) and "error" in body


def _error_message(error: object) -> str:
    """Return the message of an error that is a string, or an object with a message."""
    if isinstance(error, dict):
        details = cast("Json", error)
        return str(details.get("message") or details)
    return str(error)


def _object_in(content: bytes, function: str) -> Json:
    text = content.decode("utf-8-sig", errors="replace")
    value = _parsed(text)
    if isinstance(value, str):  # the model's output, passed on as one JSON string
        text, value = value, _parsed(value)
    if isinstance(value, dict):
        return cast("Json", value)
    raise UnexpectedResponseError(
        f"{function} returned {'an empty response' if not text.strip() else 'a response that is not a JSON object'}",
        sample=shape_of(text),
    )


def _parsed(text: str) -> Any:
    """Parse JSON, with or without a code fence; return None if it is not JSON."""
    fenced = _FENCE.search(text)
    for each in (text, fenced[1] if fenced else None):
        if each is not None:
            try:
                return json.loads(each, parse_float=Decimal)
            except (ValueError, RecursionError):
                continue
    return None
