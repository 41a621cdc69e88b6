"""What an error says over HTTP: the status that a web back end answers with, and problem details (RFC 9457)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, Required, cast

from typing_extensions import TypedDict

_CONFIGURATION = frozenset({"url", "key", "anon_key", "access_token", "secret_key", "supabase", "settings"})
"""The arguments that a back end connects with; no browser sends them."""
_WORDS = re.compile(r"[A-Z][a-z]+|[A-Z]+(?![a-z])")


class Problem(TypedDict, total=False):
    """Problem details of RFC 9457, without personal data; what is not known is left out.

    Examples:
        >>> CustomerNotFoundError("the customer does not exist").problem()
        {'type': 'urn:admin-crm:problem:CustomerNotFoundError', 'title': 'Customer not found error', ...}
    """

    type: Required[str]
    """A URN that ends with the name of the error's class."""
    title: Required[str]
    """The kind of error, the same for every error of its class."""
    status: Required[int]
    """The HTTP status, `http_status`."""
    detail: Required[str]
    """What went wrong: the error's message."""
    hint: str
    """What to do next."""
    operation: str
    """The function that failed, such as ``search_customers``."""
    argument: str
    """The argument that is invalid."""
    code: str
    """The server's error code, such as ``42501``."""
    request_id: str
    """The server's id of the request, for support tickets."""
    retryable: Required[bool]
    """Whether the same call may succeed later."""
    retry_after: float
    """How many seconds to wait; a back end also sends them as the header `Retry-After`."""


_KNOWN_SOMETIMES = ("hint", "operation", "argument", "code", "request_id", "retry_after")


class HTTPError(Exception):
    """An error that knows its HTTP status, which its class says where it is defined."""

    _http_status: ClassVar[Callable[[Any], int]]

    message: str
    retryable: bool

    def __init_subclass__(cls, http_status: int | Callable[[Any], int] | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if http_status is not None:
            cls._http_status = http_status if callable(http_status) else lambda _: http_status

    @property
    def http_status(self) -> int:
        """The HTTP status that a web back end answers with when this error ends a request; see `problem`."""
        return type(self)._http_status(self)  # noqa: SLF001  # not bound: a status that is given is a function too

    def problem(self) -> Problem:
        """Return what a web back end answers: problem details, to be sent as ``application/problem+json``.

        They hold no personal data and no key, so they may go to a browser and into a log. The customer's id is left
        out too: it stands for a person, and whoever asked knows it (`customer_id` has it).

        Returns:
            A dictionary for `json.dumps`. `type`, `title`, `status`, `detail` and `retryable` are always there.

        Needs no connection.

        Examples:
            ```python
            JSONResponse(error.problem(), error.http_status, media_type="application/problem+json")
            ```
        """
        name = type(self).__name__
        details: dict[str, Any] = {
            "type": f"urn:admin-crm:problem:{name}",
            "title": _title(name),
            "status": self.http_status,
            "detail": self.message,
            "retryable": self.retryable,
        }
        known = {each: getattr(self, each, None) for each in _KNOWN_SOMETIMES}
        details |= {each: value for each, value in known.items() if value is not None}
        return cast("Problem", details)


def _title(name: str) -> str:
    """Return the name of a class as words: ``Customer not found error``."""
    first, *others = _WORDS.findall(name)
    return " ".join([first, *(word if word.isupper() else word.lower() for word in others)])


def of_its_cause(error: HTTPError) -> int:
    """Return the status of what stopped work that is half done; 500 where nothing of ours did."""
    return error.__cause__.http_status if isinstance(error.__cause__, HTTPError) else 500


def of_argument(error: Any) -> int:
    """Return 422, 401 for a browser's token that cannot be one, and 500 for what only the back end itself sets."""
    return 401 if error.argument == "token" else 500 if error.argument in _CONFIGURATION else 422


def of_credentials(error: Any) -> int:
    """Return 401, and 500 where the back end's own key or session was refused: signing in again would not help."""
    return 500 if error.own_credentials else 401


def of_server(error: HTTPError) -> int:
    """Return 503 where the server may recover by itself, otherwise 502."""
    return 503 if error.retryable else 502


def of_files(error: Any) -> int:
    """Return the status of what stopped a deletion of files, or of the files that were not deleted."""
    return of_its_cause(error) if error.__cause__ else 403 if error.denied else 404
