"""Rows decoded straight from a response's bytes into models."""

from __future__ import annotations

import gc
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from itertools import repeat
from operator import attrgetter
from types import UnionType
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from admin_crm._core.lenient import parse, read_leniently, restore_floats
from admin_crm._core.pager import Batch
from admin_crm._core.translate import check_success, error_from_validation
from admin_crm.errors import UnexpectedResponseError

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
R = TypeVar("R")

# A JSON number with more digits than a float holds; a response that contains one is decoded through Decimal.
# A cheap test comes first (replace every digit by 0, look for a run of zeros): a seventh of the regex's cost.
_LONG_NUMBER = re.compile(rb"[:,\[]\s*-?\d[\d.]{15,}")
_DIGITS_TO_0 = bytes.maketrans(b"0123456789.", b"0" * 11)
_LONG_RUN = b"0" * 16

_FIELDS_SET = "__pydantic_fields_set__"


class Decoder(Protocol[R]):
    """What a JSON list of rows of a view becomes: models, or a piece of an Arrow table."""

    @property
    def model(self) -> type[BaseModel]:
        """The model whose fields name the columns."""
        ...

    def decode(self, content: bytes, *, pause_gc: bool = False) -> Sequence[R]:
        """Decode a JSON list of rows; `pause_gc` as in `read_rows`."""
        ...

    @property
    def key(self) -> Callable[[R], int]:
        """What returns a row's key as a number."""
        ...


class ModelDecoder(Generic[M]):
    """Decodes rows as models, which have the key as `id`."""

    def __init__(self, model: type[M]) -> None:
        self.model = model
        self.key: Callable[[M], int] = attrgetter("id.int")

    def decode(self, content: bytes, *, pause_gc: bool = False) -> list[M]:
        """Decode a JSON list of rows; `pause_gc` as in `read_rows`."""
        return decode_rows(content, self.model, pause_gc=pause_gc)


class Keyed(NamedTuple):
    """A row of which only the key is told."""

    id: UUID


def first_keys(decoder: Decoder[R], pages: Sequence[Sequence[R]]) -> list[Keyed]:
    """Return the keys of the first two rows."""
    rows = [row for page in pages[:2] for row in page[:2]]
    return [Keyed(UUID(int=decoder.key(row))) for row in rows[:2]]


def read_rows(response: httpx.Response, model: type[M], *, pause_gc: bool = False) -> list[M]:
    """Decode a response's rows as models.

    Args:
        response: the response, whose bytes are let go of.
        model: what each row is decoded as.
        pause_gc: whether Python's garbage collector is paused meanwhile; for a page of rows, not for a single one.
    """
    return list(read_batch(response, model, pause_gc=pause_gc).rows)


def decode_rows(content: bytes, model: type[M], *, pause_gc: bool = False) -> list[M]:
    """Decode a JSON list of rows as models; `pause_gc` as in `read_rows`."""
    with collector_paused() if pause_gc else nullcontext():
        rows = _decode_rows(content, adapter_of(model))
        if len(rows) > 1:
            _share_field_sets(rows)
    return rows


def read_batch(response: httpx.Response, model: type[M], *, pause_gc: bool = False) -> Batch[M]:
    """Decode a response's rows as models, and the total where the server was asked to count."""
    return decode_batch(response, ModelDecoder(model), pause_gc=pause_gc)


def decode_batch(response: httpx.Response, decoder: Decoder[R], *, pause_gc: bool = False) -> Batch[R]:
    """Decode a response's rows, and the total where the server was asked to count."""
    check_success(response)
    size, rows = len(response.content), decoder.decode(response.content, pause_gc=pause_gc)
    # A response and its stream refer to each other: without this, the bytes stay until the garbage collector runs.
    response.stream = httpx.ByteStream(b"")
    return Batch(rows, _total(response), size)


def read_total(response: httpx.Response) -> int:
    """Read the count that was asked for; a response without one is never taken for a count of 0 (R1)."""
    check_success(response)
    return require_total(_total(response))


def require_total(total: int | None) -> int:
    """Return a count that was asked for, or raise where the response lacks it."""
    if total is None:
        raise UnexpectedResponseError(
            "the server's response lacks the requested count",
            field="Content-Range",
            retryable=True,
            hint="a cache or proxy between here and the server may drop headers",
        )
    return total


def decode(content: bytes, adapter: TypeAdapter[T]) -> T:
    """Validate JSON bytes that are no rows of the shop's, such as the server's own settings."""
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        raise error_from_validation(error) from error


def adapter_of(model: type[M]) -> TypeAdapter[list[M]]:
    """Return the decoder of rows of a model, made once."""
    return cast("TypeAdapter[list[M]]", _adapter_of(model))


@cache
def _adapter_of(model: type[BaseModel]) -> TypeAdapter[Any]:
    # Names, addresses and times hardly ever recur: looking for each among those seen is a tenth of the validation.
    config = ConfigDict(hide_input_in_errors=True, cache_strings="keys")
    return TypeAdapter(list[model], config=config)  # type: ignore[valid-type]


def _decode_rows(content: bytes, adapter: TypeAdapter[list[M]]) -> list[M]:
    """Validate a page of rows; numbers too long for a float keep every digit, and odd values cost only themselves."""
    try:
        if _LONG_RUN in content.translate(_DIGITS_TO_0) and _LONG_NUMBER.search(content):
            return restore_floats(adapter.validate_python(parse(content)))
        return adapter.validate_json(content)
    except (ValueError, RecursionError):
        pass
    try:
        return read_leniently(content, adapter)
    except ValidationError as error:
        raise error_from_validation(error) from error
    except (ValueError, RecursionError):
        return decode(content, adapter)  # says what is wrong with all of it


class _Pause:
    """How many threads have the collector paused, and the threshold to restore when the last one is done."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.depth = 0
        self.threshold = 0

    def begin(self) -> None:
        with self.lock:
            if self.depth == 0:
                self.threshold = gc.get_threshold()[0]
                gc.set_threshold(0)
            self.depth += 1

    def end(self) -> None:
        with self.lock:
            self.depth -= 1
            if self.depth == 0:
                self._restore()

    def forget(self) -> None:
        """Undo a pause whose threads a fork has left behind."""
        self.lock = threading.Lock()
        if self.depth:
            self.depth = 0
            self._restore()

    def _restore(self) -> None:
        # What the program itself has set meanwhile stays.
        if gc.get_threshold()[0] == 0:
            gc.set_threshold(self.threshold)


_pause = _Pause()
if hasattr(os, "register_at_fork"):  # pragma: no branch (on Windows no process forks)
    os.register_at_fork(after_in_child=_pause.forget)


@contextmanager
def collector_paused() -> Generator[None]:
    """Pause the garbage collector while one page is decoded: all its rows survive, so a collection would free nothing.

    It would run ten times for one page, and take as long as the validation. The pause is the collector's
    threshold, not its switch: `gc.disable()` and `gc.enable()` stay the program's own.
    """
    _pause.begin()
    try:
        yield
    finally:
        _pause.end()


def _share_field_sets(rows: Sequence[BaseModel]) -> None:
    """Let rows share the sets of their field names, and so what they hold: the sets would be half of their memory."""
    _share(rows)
    for name in _nested_models(type(rows[0])):
        _share([each for each in map(attrgetter(name), rows) if each is not None])


def _share(rows: Sequence[BaseModel]) -> None:
    field_sets: list[set[str]] = list(map(attrgetter(_FIELDS_SET), rows))
    if not field_sets:
        return
    shared: Iterable[set[str]] = repeat(field_sets[0])
    if not all(map(field_sets[0].__eq__, field_sets)):
        known: dict[frozenset[str], set[str]] = {}
        shared = [known.setdefault(frozenset(each), each) for each in field_sets]
    deque(map(object.__setattr__, rows, repeat(_FIELDS_SET), shared), maxlen=0)


@cache
def _nested_models(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the names of the fields that hold a model of their own."""
    return tuple(
        name
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, UnionType)
        and any(isinstance(each, type) and issubclass(each, BaseModel) for each in field.annotation.__args__)
    )


def _total(response: httpx.Response) -> int | None:
    total = response.headers.get("content-range", "").rpartition("/")[2]
    return int(total) if total.isdigit() else None
