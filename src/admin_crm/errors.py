"""The errors of the library, as one family.

AdminCRMError
├── InvalidInputError          a value is invalid, usually detected before the request (also a ValueError)
│   └── InvalidTypeError       an argument has the wrong type (also a TypeError)
├── ClientStateError           the connection is closed, or belongs to another event loop (also a RuntimeError)
├── AuthenticationError        the key, token or password is not valid
├── PermissionDeniedError      the key is valid, but lacks the permission (also a PermissionError)
├── NotFoundError              the object does not exist, or is not visible (also a LookupError)
│   └── CustomerNotFoundError  the customer does not exist, or is not visible with these credentials
├── ConflictError              someone else changed or created the row first
├── RateLimitedError           too many requests; `retry_after` is the time to wait in seconds
├── RequestTimeoutError        no response in time (also a TimeoutError)
├── ServiceUnavailableError    the server is unreachable or unhealthy (also a ConnectionError)
├── UnexpectedResponseError    the response cannot be decoded
├── IncompleteReadError        a read was interrupted; `rows` holds the rows read so far
├── SchemaMismatchError        a table, column, bucket or function is missing; `kind` and `name` say which
├── EdgeFunctionError          an Edge Function returned an error
├── EvidenceNotDeletedError    some of several files were not deleted; `deleted`, `missing` and `denied` list them
├── PartialPrivacyError        a customer's data was erased only in part; `completed` and `remaining` show how far
├── CustomerCreationError      a customer was created only in part; `user_id` and `completed` show how far
├── PartialModerationError     a customer was moderated only in part; `resume` goes on
└── BulkError                  a bulk operation stopped, or some of its items failed; `result` holds all outcomes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypedDict, Unpack
from uuid import UUID

from admin_crm.problems import HTTPError, of_argument, of_credentials, of_files, of_its_cause, of_server


class About(TypedDict, total=False):
    """The optional attributes of every error; `AdminCRMError` documents them."""

    operation: str | None
    customer_id: UUID | None
    status: int | None
    code: str | None
    hint: str | None
    request_id: str | None
    retryable: bool | None


class AdminCRMError(HTTPError, http_status=of_its_cause):
    """The base class of all errors of this library.

    Attributes:
        message (str): what went wrong, without operation, status and hint.
        operation (str | None): the public function that failed, such as ``get_all_customers``; None outside of one.
        customer_id (UUID | None): the customer that the call was about; None if it was not about one.
        status (int | None): the HTTP status; None if there was no response.
        code (str | None): the server's error code, such as ``42501`` or ``PGRST205``; None if it sent none.
        http_status (int): the HTTP status that a web back end answers with.
        hint (str | None): what to do next; None if there is no advice.
        request_id (str | None): the server's id of the request, for support tickets; None if it sent none.
        retryable (bool): whether the same call may succeed later.
    """

    _retryable: ClassVar[bool] = False

    def __init__(self, message: str, **about: Unpack[About]) -> None:
        super().__init__(message)
        self.message = message
        self.operation = about.get("operation")
        self.customer_id = about.get("customer_id")
        self.status = about.get("status")
        self.code = about.get("code")
        self.hint = about.get("hint")
        self.request_id = about.get("request_id")
        retryable = about.get("retryable")
        self.retryable = self._retryable if retryable is None else retryable

    def __str__(self) -> str:
        """Return operation, customer, message, status, code and hint in one line."""
        prefix = self.operation or ""
        if self.customer_id is not None:
            prefix = f"{prefix} (customer {self.customer_id})".strip()
        text = f"{prefix}: {self.message}" if prefix else self.message
        codes = [str(code) for code in (self.status, self.code) if code]
        if codes:
            text += f" [{' '.join(codes)}]"
        return f"{text} — {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:
        """Support pickling: multiprocessing and Celery send errors between processes."""
        return (_rebuild, (type(self), self.args, self.__dict__))


def _rebuild(error_type: type[AdminCRMError], args: tuple[Any, ...], state: dict[str, Any]) -> AdminCRMError:
    error = error_type.__new__(error_type, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidInputError(AdminCRMError, ValueError, http_status=of_argument):
    """A value is invalid: rejected by the library before the request (`argument` names it), or by the server."""

    def __init__(self, message: str, *, argument: str | None = None, **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.argument = argument


class InvalidTypeError(InvalidInputError, TypeError):
    """An argument is of the wrong type (also a TypeError)."""


class ClientStateError(AdminCRMError, RuntimeError, http_status=500):
    """The connection is closed, or belongs to another event loop."""


class AuthenticationError(AdminCRMError, http_status=of_credentials):
    """The key, token or password is not valid.

    `own_credentials` is True where they are the connection's own, and False for a token given to `as_user` and for the
    password given to `sign_in`.
    """

    own_credentials: bool = False


class PermissionDeniedError(AdminCRMError, PermissionError, http_status=403):
    """The key is valid, but lacks the permission to do or to see this."""


class NotFoundError(AdminCRMError, LookupError, http_status=404):
    """The requested object does not exist, or is not visible with these credentials."""


class CustomerNotFoundError(NotFoundError):
    """The customer does not exist, or is not visible with these credentials."""


class ConflictError(AdminCRMError, http_status=409):
    """Someone else changed or created the row first."""


class RateLimitedError(AdminCRMError, http_status=429):
    """Too many requests; `retry_after` is the number of seconds to wait, None if the server did not send it."""

    _retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None, **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.retry_after = retry_after


class RequestTimeoutError(AdminCRMError, TimeoutError, http_status=504):
    """No response in time. It is unknown whether the server executed the request."""

    _retryable = True


class ServiceUnavailableError(AdminCRMError, ConnectionError, http_status=of_server):
    """The server is unreachable or unhealthy, or the connection was lost.

    `unsent` is True if the request provably never reached the server; `retry_after` as in `RateLimitedError`.
    """

    _retryable = True

    def __init__(
        self, message: str, *, unsent: bool = False, retry_after: float | None = None, **about: Unpack[About]
    ) -> None:
        super().__init__(message, **about)
        self.unsent = unsent
        self.retry_after = retry_after


class UnexpectedResponseError(AdminCRMError, http_status=502):
    """The library cannot decode the server's response; `field` names the field, `sample` shows it redacted."""

    def __init__(
        self, message: str, *, field: str | None = None, sample: str | None = None, **about: Unpack[About]
    ) -> None:
        super().__init__(message, **about)
        self.field = field
        self.sample = sample


class IncompleteReadError(AdminCRMError, http_status=502):
    """A read was interrupted; `rows` holds the rows read so far, `expected` is the server's count."""

    _retryable = True

    def __init__(
        self, message: str, *, rows: Sequence[Any] = (), expected: int | None = None, **about: Unpack[About]
    ) -> None:
        super().__init__(message, **about)
        self.rows = rows
        self.expected = expected


class SchemaMismatchError(AdminCRMError, http_status=501):
    """The project lacks something: `kind` is table, column, bucket, function or action, and `name` its name.

    `name` is None where the server does not say it.
    """

    def __init__(
        self, message: str, *, kind: str | None = None, name: str | None = None, **about: Unpack[About]
    ) -> None:
        super().__init__(message, **about)
        self.kind = kind
        self.name = name


class EdgeFunctionError(AdminCRMError, http_status=502):
    """An Edge Function returned an error; `function` names it."""

    def __init__(self, message: str, *, function: str | None = None, **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.function = function


class EvidenceNotDeletedError(AdminCRMError, http_status=of_files):
    """Some of several files were not deleted.

    `deleted` lists the deleted paths, `missing` those that do not exist, and `denied` those that these credentials
    are not allowed to delete. Paths in none of the three were not attempted.
    """

    def __init__(
        self,
        message: str,
        *,
        deleted: Sequence[str] = (),
        missing: Sequence[str] = (),
        denied: Sequence[str] = (),
        **about: Unpack[About],
    ) -> None:
        super().__init__(message, **about)
        self.deleted = tuple(deleted)
        self.missing = tuple(missing)
        self.denied = tuple(denied)


class PartialPrivacyError(AdminCRMError):
    """A customer's data was erased only in part. Call the same function again: what is done is not done twice.

    `completed` names the completed steps, `remaining` the steps that are still to do, the failed one first. `outcome`
    is the `PrivacyOutcome` of the whole, with the state of each step.
    """

    def __init__(
        self,
        message: str,
        *,
        completed: Sequence[str] = (),
        remaining: Sequence[str] = (),
        outcome: Any = None,
        **about: Unpack[About],
    ) -> None:
        super().__init__(message, **about)
        self.completed = tuple(completed)
        self.remaining = tuple(remaining)
        self.outcome = outcome


class CustomerCreationError(AdminCRMError):
    """A customer was created only in part: `user_id` is the new user, `completed` lists the completed steps.

    `resume_customer_creation(crm, user_id, data)` completes it. `user_id` is None if nothing was created (`code` is
    ``unexpected_failure``), or if the response was lost and the user may or may not exist.
    """

    def __init__(
        self,
        message: str,
        *,
        user_id: UUID | None = None,
        completed: Sequence[str] = (),
        **about: Unpack[About],
    ) -> None:
        super().__init__(message, **about)
        self.user_id = user_id
        self.completed = tuple(completed)


class PartialModerationError(AdminCRMError):
    """A customer was moderated only in part: `completed` lists the steps that stand, `resume` goes on.

    The steps are ``status``, ``log`` (a row in the shop's moderation log) and ``sign_in`` (the auth server's ban).
    Where `completed` is empty, the answer was lost, and the status may or may not be set.
    ``moderate_customer(crm, **error.resume)`` does what is missing, without a second row in the log.
    """

    def __init__(
        self,
        message: str,
        *,
        completed: Sequence[str] = (),
        resume: Mapping[str, Any] | None = None,
        **about: Unpack[About],
    ) -> None:
        super().__init__(message, **about)
        self.completed = tuple(completed)
        self.resume: dict[str, Any] = dict(resume or {})


class _Outcomes(Protocol):
    """What `BulkError` needs of a `BulkResult`, which describes the attributes."""

    @property
    def operation(self) -> str: ...
    @property
    def done(self) -> Sequence[UUID]: ...
    @property
    def failed(self) -> Mapping[str, AdminCRMError]: ...
    @property
    def skipped(self) -> Sequence[UUID | str]: ...
    @property
    def remaining(self) -> Sequence[UUID | str]: ...
    @property
    def uncertain(self) -> Sequence[UUID | str]: ...


class BulkError(AdminCRMError):
    """A bulk operation stopped before its end, or `raise_for_failures` found items that failed.

    `result` is the `BulkResult` so far: what was done, what failed, and what remains.
    """

    def __init__(self, message: str, *, result: _Outcomes, **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.result = result
