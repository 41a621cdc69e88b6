"""Rows of tables and views: built with supabase-py's query builder, read straight from the answer's bytes."""

from __future__ import annotations

import gc
import json
import os
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, cast
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from admin_crm._core.operation import call
from admin_crm._core.translate import error_from_response, unreadable
from admin_crm.client import AnyCRM
from admin_crm.errors import (
    AdminCRMError,
    ConflictError,
    IncompleteReadError,
    PermissionDeniedError,
    UnexpectedResponseError,
)

if TYPE_CHECKING:
    from postgrest.types import CountMethod

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

Json = dict[str, Any]
# The enumeration's own text: importing it would load supabase-py before a client is made.
COUNTED = cast("CountMethod", "exact")

# A JSON number of more digits than a float holds; an answer with one is read through Decimal. Looking for a
# run of digits first, with every digit made a 0, costs a seventh of the search.
_LONG_NUMBER = re.compile(rb"[:,\[]\s*-?\d[\d.]{15,}")
_DIGITS_TO_0 = bytes.maketrans(b"0123456789.", b"0" * 11)
_LONG_RUN = b"0" * 16

_NAMES = "__pydantic_fields_set__"
_held_off: list[bool] = []
"""Not empty while the garbage collector is held off."""


class Query(Protocol):
    """Any query that supabase-py's builder has built, in either colour."""

    @property
    def request(self) -> Any: ...


def writable(crm: AnyCRM, table: str) -> Any:
    """Begin an insert, upsert or update; loosely typed, because supabase-py leaves its row types unknown."""
    return crm.supabase.table(table)


class Batch(NamedTuple):
    """Some rows, and how many the server says there are in all, if it was asked."""

    rows: list[Any]
    total: int | None


async def send(crm: AnyCRM, query: Callable[[], Query], read: Callable[[httpx.Response], T], *, repeatable: bool) -> T:
    """Send a query, built anew for every try, and read its answer."""
    return await call(crm, lambda: query().request.send(httpx.Headers()), read, repeatable=repeatable)


async def fetch(crm: AnyCRM, query: Callable[[], Query], model: type[M]) -> list[M]:
    """Read the rows that a query answers with, in one request."""
    return await send(crm, query, lambda answer: read_rows(answer, model), repeatable=True)


async def fetch_page(crm: AnyCRM, query: Callable[[], Query], model: type[M], *, kept: bool = False) -> Batch:
    """Read the rows that a query answers with, and the total if it asks for a count."""
    return await send(crm, query, lambda answer: read_batch(answer, model, kept=kept), repeatable=True)


async def fetch_every(crm: AnyCRM, query: Callable[[], Any], model: type[M]) -> list[M]:
    """Read all rows of a filtered query, page after page in the order of their unique `id` (R1)."""
    rows: list[M] = []
    expected: int | None = None

    def following(after: object) -> Query:
        built = query() if after is None else query().gt("id", str(after))
        return cast("Query", built.order("id").limit(crm.settings.page_size))

    while True:
        try:
            page = await fetch_page(crm, partial(following, cast("Any", rows[-1]).id if rows else None), model)
        except AdminCRMError as error:
            if not rows:
                raise
            raise IncompleteReadError(
                f"the read broke off after {len(rows)} rows: {error.message}",
                rows=rows,
                expected=expected,
                hint="try again",
            ) from error
        rows += page.rows
        expected = len(rows) - len(page.rows) + page.total if page.total is not None else expected
        if not page.rows or (page.total is not None and len(page.rows) >= page.total):
            return rows


async def fetch_all_of(
    crm: AnyCRM, customer: UUID, table: str, model: type[M], *, column: str = "customer_id"
) -> list[M]:
    """Read all rows that a table has of one customer."""
    return await fetch_every(
        crm, lambda: crm.supabase.table(table).select("*", count=COUNTED).eq(column, str(customer)), model
    )


async def insert_once(crm: AnyCRM, table: str, row: Json, model: type[M], what: str) -> M:
    """Insert a row whose `id` we chose, so that a repeat after a lost answer meets its own row (R6)."""
    try:
        rows = await send(
            crm, lambda: writable(crm, table).insert(row), lambda answer: read_rows(answer, model), repeatable=True
        )
    except ConflictError:
        rows = await fetch(crm, lambda: crm.supabase.table(table).select("*").eq("id", row["id"]), model)
    return written(rows, what)


def written(rows: Sequence[M], what: str) -> M:
    """Return the row that a write answered with, which proves that it was written (R2)."""
    if not rows:
        raise PermissionDeniedError(f"the {what} was not written", hint="row-level security hides it from this key")
    return rows[0]


def newest_first(rows: Iterable[T], moment: str = "created_at") -> list[T]:
    """Sort rows by when they came to be; those that do not say come last."""

    def age(row: T) -> float:
        when: datetime | None = getattr(row, moment)
        return when.timestamp() if when else float("-inf")

    return sorted(rows, key=age, reverse=True)


def read_rows(answer: httpx.Response, model: type[M], *, kept: bool = False) -> list[M]:
    """Read an answer's rows as models, straight from its bytes; `kept` says that they will live long."""
    check_success(answer)
    rows = decode(answer.content, _adapter(model), kept=kept)
    # An answer and its stream hold each other: without this its bytes would stay until the garbage is collected.
    answer.stream = httpx.ByteStream(b"")
    if len(rows) > 1:
        _share_names(rows)
    return rows


def read_batch(answer: httpx.Response, model: type[BaseModel], *, kept: bool = False) -> Batch:
    """Read an answer's rows as models, and the total if it was asked for; `kept` as in `read_rows`."""
    return Batch(read_rows(answer, model, kept=kept), _total(answer))


def read_total(answer: httpx.Response) -> int:
    """Read the count that was asked for; an answer without one must not pass for a count of 0."""
    check_success(answer)
    total = _total(answer)
    if total is None:
        raise UnexpectedResponseError(
            "the server's answer lacks the count that was asked for", field="Content-Range", retryable=True
        )
    return total


def check_success(answer: httpx.Response) -> None:
    """Raise what an answer that is not a success means, or that it is not the server's own."""
    if not answer.is_success:
        raise error_from_response(answer)
    # Something between here and the server answered in its place. A stored HTML file comes with its ETag.
    if answer.headers.get("content-type", "").startswith("text/html") and "etag" not in answer.headers:
        raise UnexpectedResponseError(
            "the answer is an HTML page, not JSON",
            status=answer.status_code,
            retryable=True,
            hint="something between here and the server answered; check the URL and the network",
        )


def decode(content: bytes, adapter: TypeAdapter[T], *, kept: bool = False) -> T:
    """Validate JSON bytes; numbers too long for a float keep every digit."""
    long_number = _LONG_RUN in content.translate(_DIGITS_TO_0) and _LONG_NUMBER.search(content)
    try:
        with _uncollected(kept=kept):
            if long_number:
                return adapter.validate_python(json.loads(content, parse_float=Decimal))
            return adapter.validate_json(content)
    except ValidationError as error:
        raise unreadable(error) from error
    except json.JSONDecodeError:
        return adapter.validate_json(content)


@contextmanager
def _uncollected(*, kept: bool) -> Generator[None]:
    """Hold the garbage collector off while rows are made: all of them survive, so looking is in vain.

    It would look ten times in one page, and take as long as the validation. No other thread loses by it: the
    validation lets none run meanwhile. Rows that the caller keeps are moved to the oldest generation unseen,
    unless the process has frozen objects of its own, which would thaw with them.
    """
    # Only what was found on is turned off, and then on again: threads that overlap never leave it off.
    running = gc.isenabled()
    if running:
        _held_off.append(True)
        gc.disable()
    try:
        yield
        if kept and not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()
    finally:
        if running:
            gc.enable()
            _held_off.clear()


def _collect_in_child() -> None:
    """Let a process forked while rows were being made have its garbage collector."""
    if _held_off:
        _held_off.clear()
        gc.enable()


os.register_at_fork(after_in_child=_collect_in_child)


def _share_names(rows: Sequence[BaseModel]) -> None:
    """Let rows share one set of the names of their fields: with a set each, it is half of their memory."""
    names_of = attrgetter(_NAMES)
    names: set[str] = names_of(rows[0])
    if all(map(names.__eq__, map(names_of, rows))):
        deque(map(object.__setattr__, rows, repeat(_NAMES), repeat(names)), maxlen=0)


def only(rows: Sequence[T]) -> T | None:
    """Return the first row, or None where there is none."""
    return rows[0] if rows else None


def _adapter(model: type[M]) -> TypeAdapter[list[M]]:
    return cast("TypeAdapter[list[M]]", _adapter_of(model))


@cache
def _adapter_of(model: type[BaseModel]) -> TypeAdapter[Any]:
    # Names, addresses and moments hardly ever recur: looking for each among those seen is a tenth of the validation.
    config = ConfigDict(hide_input_in_errors=True, cache_strings="keys")
    return TypeAdapter(list[model], config=config)  # type: ignore[valid-type]


def _total(answer: httpx.Response) -> int | None:
    total = answer.headers.get("content-range", "").rpartition("/")[2]
    return int(total) if total.isdigit() else None
