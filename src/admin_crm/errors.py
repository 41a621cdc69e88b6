"""Every way a call can fail, as one family.

AdminCRMError
├── InvalidInputError          a value was refused, nearly always before anything was sent (also a ValueError)
│   └── InvalidTypeError       an argument is of the wrong type (also a TypeError)
├── ClientStateError           the connection is closed, or belongs to another event loop (also a RuntimeError)
├── AuthenticationError        the key, token or password was not accepted
├── PermissionDeniedError      the key is valid and may not do this, or is shown nothing (also a PermissionError)
├── NotFoundError              what was asked for is not there (also a LookupError)
│   └── CustomerNotFoundError  no such customer for this key
├── ConflictError              somebody else changed or made it first
├── RateLimitedError           too many requests; `retry_after` says how long to wait
├── RequestTimeoutError        no answer in time (also a TimeoutError)
├── ServiceUnavailableError    the server could not be reached or is not well (also a ConnectionError)
├── UnexpectedResponseError    the server answered something this library cannot read
├── IncompleteReadError        a read stopped before its end; `rows` holds what had arrived
├── SchemaMismatchError        a table, column, bucket or function is missing
├── EdgeFunctionError          an Edge Function answered with an error
├── EvidenceNotDeletedError    some of several files were not deleted; `deleted`, `missing` and `denied` say which
└── CustomerCreationError      a customer was half created; `user_id` and `completed` say how far
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypedDict, Unpack
from uuid import UUID


class About(TypedDict, total=False):
    """What every error may say beside its message; AdminCRMError documents each."""

    operation: str | None
    customer_id: UUID | None
    status: int | None
    code: str | None
    hint: str | None
    request_id: str | None
    retryable: bool | None


class AdminCRMError(Exception):
    """The base of every error this library raises.

    Attributes:
        operation: the public function that failed, such as ``get_all_customers``.
        customer_id: the customer it was about, where there is one.
        status: the HTTP status, where a server answered.
        code: the server's own code, such as ``42501`` or ``PGRST205``.
        hint: what to do next.
        request_id: the server's id for the request, to quote to support.
        retryable: whether the same call may succeed later, unchanged.
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
        """Say where it happened, to whom, what, and what to do."""
        where = self.operation or ""
        if self.customer_id is not None:
            where = f"{where} (customer {self.customer_id})".strip()
        told = f"{where}: {self.message}" if where else self.message
        marks = [str(mark) for mark in (self.status, self.code) if mark]
        if marks:
            told += f" [{' '.join(marks)}]"
        return f"{told} — {self.hint}" if self.hint else told

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling: multiprocessing and Celery carry errors between processes."""
        return (_rebuild, (type(self), self.args, self.__dict__))


def _rebuild(kind: type[AdminCRMError], args: tuple[Any, ...], state: dict[str, Any]) -> AdminCRMError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidInputError(AdminCRMError, ValueError):
    """A value was refused, by us before anything was sent (then `argument` names it) or by the server."""

    def __init__(self, message: str, *, argument: str | None = None, **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.argument = argument


class InvalidTypeError(InvalidInputError, TypeError):
    """An argument is of the wrong type (also a TypeError)."""


class ClientStateError(AdminCRMError, RuntimeError):
    """The connection is closed, or is used on another event loop than the one it belongs to."""


class AuthenticationError(AdminCRMError):
    """The key, token or password was not accepted."""


class PermissionDeniedError(AdminCRMError, PermissionError):
    """The key is valid, but may not do this or is not shown this."""


class NotFoundError(AdminCRMError, LookupError):
    """What was asked for is not there."""


class CustomerNotFoundError(NotFoundError):
    """There is no such customer, as far as this key can see."""


class ConflictError(AdminCRMError):
    """Somebody else changed it, or made it first."""


class RateLimitedError(AdminCRMError):
    """Too many requests; `retry_after` is how many seconds the server asks to wait, if it said."""

    _retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None, **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.retry_after = retry_after


class RequestTimeoutError(AdminCRMError, TimeoutError):
    """No answer came in time. Whether the server did the work is not known."""

    _retryable = True


class ServiceUnavailableError(AdminCRMError, ConnectionError):
    """The server could not be reached, broke the connection, or is not well.

    `unsent` is True where the request provably never reached it; `retry_after` as in RateLimitedError.
    """

    _retryable = True

    def __init__(
        self, message: str, *, unsent: bool = False, retry_after: float | None = None, **about: Unpack[About]
    ) -> None:
        super().__init__(message, **about)
        self.unsent = unsent
        self.retry_after = retry_after


class UnexpectedResponseError(AdminCRMError):
    """The server answered something this library cannot read; `field` says where, `sample` what (redacted)."""

    def __init__(
        self, message: str, *, field: str | None = None, sample: str | None = None, **about: Unpack[About]
    ) -> None:
        super().__init__(message, **about)
        self.field = field
        self.sample = sample


class IncompleteReadError(AdminCRMError):
    """A read stopped before its end; `rows` holds what had arrived, `expected` the server's count."""

    _retryable = True

    def __init__(
        self, message: str, *, rows: Sequence[Any] = (), expected: int | None = None, **about: Unpack[About]
    ) -> None:
        super().__init__(message, **about)
        self.rows = rows
        self.expected = expected


class SchemaMismatchError(AdminCRMError):
    """The project lacks something: `kind` is table, column, bucket, function or action, and `name` its name.

    `name` is None where the server does not say it.
    """

    def __init__(
        self, message: str, *, kind: str | None = None, name: str | None = None, **about: Unpack[About]
    ) -> None:
        super().__init__(message, **about)
        self.kind = kind
        self.name = name


class EdgeFunctionError(AdminCRMError):
    """An Edge Function answered with an error; `function` names it."""

    def __init__(self, message: str, *, function: str | None = None, **about: Unpack[About]) -> None:
        super().__init__(message, **about)
        self.function = function


class EvidenceNotDeletedError(AdminCRMError):
    """Not all of several files were deleted.

    `deleted` are those that were, `missing` were not there, `denied` this key may not delete. What is in none
    of the three was not tried any more.
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


class CustomerCreationError(AdminCRMError):
    """A customer was half created: `user_id` exists, `completed` are the finished steps.

    `resume_customer_creation(crm, user_id, data)` does the rest.
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
