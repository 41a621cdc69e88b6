"""Invoke an Edge Function and decode its response, however the language model behind it wrapped the JSON."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from admin_crm._core.headers import retry_after
from admin_crm._core.lenient import parse, read_leniently, restore_floats
from admin_crm._core.redaction import redact, shape_of
from admin_crm._core.rows import Json
from admin_crm._core.send import send
from admin_crm._core.translate import error_from_validation, json_of, response_of
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

UNSUPPORTED_ACTION = re.compile(
    r"acci[oó]n (?:no (?:soportada|v[aá]lida|reconocida|permitida)|desconocida|inv[aá]lida)"
    r"|(?:unknown|unsupported|invalid|unrecogni[sz]ed) action"
    r"|action\W+(?:is )?not (?:supported|found|known|recogni[sz]ed)",
    re.IGNORECASE,
)
"""What functions answer to an action that they do not support."""
_QUOTA = re.compile(r"(?<![\w.-])429(?![\w.-])|RESOURCE_EXHAUSTED|\bquota\b", re.IGNORECASE)
_FENCE = re.compile(r"```\w*\s(.*)```", re.DOTALL)


class Answer(NamedTuple):
    """The object that a function returned, and its text."""

    values: Json
    text: str


async def invoke(crm: AnyCRM, function: str, body: Json, *, action_setting: str, repeatable: bool) -> Answer:
    """Invoke a function, and return the object that it returns.

    Args:
        crm: the connection.
        function: the function's name.
        body: what is sent. One with a `customerId` is about a customer: a 404 with an explanation then says that
            there is none.
        action_setting: the setting that names the action.
        repeatable: whether the request may reach the function twice.
    """
    try:
        content = await send(crm, lambda: _send(crm, function, body), bytes, repeatable=repeatable)
    except AdminCRMError as error:
        translated = _translate(error, function, body, action_setting)
        if translated is error:
            raise
        raise translated from error
    # Outside of `send`, so that malformed model output and an exhausted quota are not retried.
    answer = _object_in(content, function)
    failure = answer.values.get("error")
    if failure:
        message = _error_message(failure)
        if UNSUPPORTED_ACTION.search(message):
            raise _unsupported(function, body, action_setting, status=200)
        raise _function_error(message, function, status=200)
    return answer


def read(answer: Answer, model: type[M]) -> M:
    """Validate an answer; what a field cannot hold is left out, and an error names the field that must not be (R5)."""
    content, adapter = f"[{answer.text}]".encode(errors="replace"), _adapter_of(model)
    try:
        return cast("M", restore_floats(adapter.validate_python(parse(content)))[0])
    except (ValueError, RecursionError):
        pass
    try:
        return cast("M", read_leniently(content, adapter)[0])
    except ValidationError as error:
        raise error_from_validation(error) from error


@cache
def _adapter_of(model: type[BaseModel]) -> TypeAdapter[list[Any]]:
    return TypeAdapter(list[model], config=ConfigDict(hide_input_in_errors=True))  # type: ignore[valid-type]


def _send(crm: AnyCRM, function: str, body: Json) -> Any:
    functions = cast("Any", crm.supabase.functions)  # supabase-py does not type the response
    return functions.invoke(function, {"body": body})


def _translate(error: AdminCRMError, function: str, body: Json, action_setting: str) -> AdminCRMError:
    """Translate a function's error response by its body; supabase-py's error and the status do not suffice."""
    response = response_of(error)
    if response is None:
        return error
    # Search the full body: the mention of a quota may be in the part that a message cuts off.
    text = _text_of(response)
    if isinstance(error, EdgeFunctionError | ServiceUnavailableError) and _QUOTA.search(text):
        wait = retry_after(response.headers.get("retry-after"))
        return _out_of_quota(error.message, function, status=error.status, wait=wait)
    if 400 <= (error.status or 0) < 500 and _is_function_error(response) and UNSUPPORTED_ACTION.search(text):
        return _unsupported(function, body, action_setting, status=error.status)
    if isinstance(error, SchemaMismatchError) or (error.status == 404 and not _is_function_error(response)):
        return SchemaMismatchError(
            f"the Edge Function {function} is not deployed",
            kind="function",
            name=function,
            status=404,
            code=error.code,
            hint="deploy the function, or set the name of yours in Settings",
        )
    if error.status == 404 and "customerId" in body:
        return CustomerNotFoundError(f"{function} found no such customer: {error.message}", status=404)
    if isinstance(error, EdgeFunctionError):
        error.function = function
    return error


def _text_of(response: httpx.Response) -> str:
    """Return what an answer says, in plain letters where its JSON escapes them."""
    body = json_of(response)
    return response.text if body is None else json.dumps(body, ensure_ascii=False)


def _unsupported(function: str, body: Json, setting: str, *, status: int | None) -> SchemaMismatchError:
    action = body.get("action")
    what = f"does not support the action {action}" if action else "needs an action, and none is set"
    return SchemaMismatchError(
        f"the Edge Function {function} {what}",
        kind="action",
        name=action,
        status=status,
        hint=f"set Settings.{setting} (ADMIN_CRM_{setting.upper()}) to an action that it supports,"
        " or deploy a version of the function that supports this one",
    )


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
    """Return whether an error comes from the function itself (``{"error": ...}``) and not from the platform."""
    body = json_of(response)
    return isinstance(body, dict) and "error" in body


def _error_message(error: object) -> str:
    """Return the message of an error that is a string, or an object with a message."""
    if isinstance(error, dict):
        details = cast("Json", error)
        return str(details.get("message") or details)
    return str(error)


def _object_in(content: bytes, function: str) -> Answer:
    text = content.decode("utf-8-sig", errors="replace")
    value, json_text = _parsed(text)
    if isinstance(value, str):  # the model's output, passed on as one JSON string
        text = value
        value, json_text = _parsed(text)
    if isinstance(value, dict):
        return Answer(cast("Json", value), json_text)
    raise UnexpectedResponseError(
        f"{function} returned {'an empty response' if not text.strip() else 'a response that is not a JSON object'}",
        sample=shape_of(text),
    )


def _parsed(text: str) -> tuple[Any, str]:
    """Parse JSON, with or without a code fence; return it with its own text, or None if it is not JSON."""
    fenced = _FENCE.search(text)
    for each in (text, fenced[1] if fenced else None):
        if each is not None:
            try:
                return json.loads(each), each
            except (ValueError, RecursionError):
                continue
    return None, text
