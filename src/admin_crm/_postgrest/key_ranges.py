"""How a whole view or table is read: in ranges of its unique key, with no omissions and no duplicates (R1).

Offsets shift when a row is inserted or deleted; ranges of the unique key do not. The first page, in the
order of the key, comes with the server's count and shows how many rows the server gives at once. What lies
behind it is cut into ranges that should each fit one page. A range that has more than a page goes on,
counted and cut again.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from itertools import pairwise
from math import ceil
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from admin_crm._core.gather import gather_outcomes
from admin_crm._core.pager import Batch
from admin_crm._core.send import timed_out_alone
from admin_crm._postgrest.columns import KEY
from admin_crm._postgrest.decode import Decoder, require_total
from admin_crm._postgrest.packed import fetch_packed
from admin_crm._postgrest.row_source import RowSource
from admin_crm.client import AnyCRM
from admin_crm.errors import AdminCRMError, IncompleteReadError

R = TypeVar("R")

_LAST_KEY: int = (1 << 128) - 1
_TARGET_FILL = 0.9
"""Target fill of a range: random keys are not spread evenly, and a range that overflows costs one more request."""
_MAX_FAILED_ROUNDS = 3
_MAX_PAGE_BYTES = 64 << 20
"""The size of a response that is not too much for server and client, if it holds that many rows."""
_NO_TIME_FOR_A_PAGE = (
    "the database's statement timeout is too short for one page of this view: install the function that reads the "
    "directory at once (admin-crm sql directory), speed the view up (doctor says how), or raise the role's "
    "statement_timeout"
)
_SMALL_PAGE = 1_000
"""Rows of a page that costs the database little more than a single one."""


class Range(NamedTuple):
    """The rows whose key lies above `after` and up to `upto`; a counted one asks for their number."""

    after: int
    upto: int
    counted: bool


FULL_RANGE = Range(-1, _LAST_KEY, counted=True)
"""The range that every row lies in."""


class RangeReader(Generic[R]):
    """Fetches the pages of key ranges, and knows what each page leaves of its range.

    Args:
        source: where the rows come from.
        size: rows asked for at a time, until the first response shows how many the server gives.
    """

    def __init__(self, source: RowSource[R], size: int) -> None:
        self._source = source
        self._size = size
        self.expected: int | None = None
        """How many rows the server counted at the start; None where it did not."""
        self._received = 0
        self._started = False
        self._halved = False

    def fetch(self, part: Range) -> Coroutine[Any, Any, Batch[R]]:
        """Fetch one page of a range, in the order of the key."""
        size = self._size
        after, up_to = _bounds(part)

        def paged(rows: Any, key: str) -> Any:
            if after is not None:
                rows = rows.gt(key, str(after))
            if up_to is not None:
                rows = rows.lte(key, str(up_to))
            return rows.order(key).limit(size)

        return self._source.fetch(paged, counted=part.counted)

    def halve_after(self, error: AdminCRMError) -> bool:
        """Return whether to ask again, for half as much: once, where the database has no time for a page alone."""
        if not timed_out_alone(error):
            return False
        if self._halved:
            error.hint = _NO_TIME_FOR_A_PAGE
            return False
        self._halved, self._size = True, max(1, min(self._size // 2, _SMALL_PAGE))
        return True

    def next_range(self, part: Range, page: Batch[R]) -> Range | None:
        """Return the range to read next where one page is read after the other; None at the end."""
        last = self._last_key(part, page)
        self._received += len(page.rows)
        if last is None or page.total == len(page.rows):
            return None
        # A page that is not full is the end only where the count agrees; if not, one more page must be empty.
        is_full = len(page.rows) >= self._size
        if not is_full and self.expected is not None and self._received >= self.expected:
            return None
        return Range(last, part.upto, counted=False)

    def ranges_left(self, part: Range, page: Batch[R]) -> list[Range]:
        """Return the ranges to read where many pages are read at once, each meant to fit one page."""
        last = self._last_key(part, page)
        if last is None:
            return []
        rest = Range(last, part.upto, counted=self.expected is not None)
        if page.total is not None:
            return self._cut(rest, page, page.total - len(page.rows))
        # Not counted: a full page may have more behind it, and so may any page where the server does not count.
        is_full = len(page.rows) >= self._size or part.counted or self.expected is None
        return [rest] if is_full and last < part.upto else []

    def _last_key(self, part: Range, page: Batch[R]) -> int | None:
        """Learn from a page, and return its last key; None where it is empty."""
        if not self._started:
            self._started, self.expected = True, page.total
            self._size = min(len(page.rows), _rows_that_fit(page)) or self._size
        if not page.rows:
            return None
        first, last = self._source.decoder.key(page.rows[0]), self._source.decoder.key(page.rows[-1])
        if not part.after < first <= last <= part.upto:
            raise IncompleteReadError(
                "the server returned rows that were not asked for",
                expected=self.expected,
                hint="a cache between here and the server may ignore the filters of a request",
            )
        return last

    def _cut(self, rest: Range, page: Batch[R], left: int) -> list[Range]:
        if left <= 0:
            return []
        count = ceil(left / (len(page.rows) * _TARGET_FILL))
        width = rest.upto - rest.after
        # Where the keys stand much closer together than evenly (numbered ids, say), cut as they stand on this page.
        start = self._source.decoder.key(page.rows[0]) if len(page.rows) > 1 else rest.after
        dense = (rest.after - start) * count * 2
        step = width / count if dense > width or not dense else dense / 2 / count
        ends = [rest.after + int(step * i) for i in range(count)] + [rest.upto]
        return [Range(low, high, counted=False) for low, high in pairwise(ends) if low < high]


def _rows_that_fit(page: Batch[Any]) -> int:
    """Return how many rows like those of a page a response may hold."""
    return max(1, len(page.rows) * _MAX_PAGE_BYTES // page.bytes) if page.bytes else len(page.rows)


async def fetch_page(reader: RangeReader[R], part: Range) -> Batch[R]:
    """Fetch a page that is read alone; half of it where the database has no time for a whole one.

    Raises:
        RequestTimeoutError: the database has no time for half a page either.
    """
    while True:
        try:
            return await reader.fetch(part)
        except AdminCRMError as error:
            if not reader.halve_after(error):
                raise


async def fetch_pages(
    crm: AnyCRM, decoder: Decoder[R], fields: Sequence[str] | None = None, part: Range = FULL_RANGE
) -> list[Sequence[R]]:
    """Read every row of the view, or of a range of its keys: in one answer where the shop has the function for it.

    Args:
        crm: the connection.
        decoder: what the rows become.
        fields: the fields of the decoder's model that are wanted; all columns by default.
        part: the range of keys.

    Returns:
        The rows as they came, in no particular order. Where rows are inserted or deleted meanwhile, some may come
        twice.
    """
    packed = await fetch_packed(crm, decoder, fields, *_bounds(part))
    return packed if packed is not None else await fetch_ranges(RowSource(crm, decoder, fields), part)


async def fetch_ranges(
    source: RowSource[R], part: Range = FULL_RANGE, *, first: Batch[R] | None = None
) -> list[Sequence[R]]:
    """Read every row of a source, or of a range of its keys, in pages.

    Args:
        source: where the rows come from.
        part: the range of keys.
        first: the counted first page of the range, where it has been fetched.

    Returns:
        As for `fetch_pages`.
    """
    pages: list[Sequence[R]] = []
    for verify in (False, True):
        reading = _Reading(source, pages, verify=verify)
        parts = reading.take(part, first or await fetch_page(reading.reader, part))
        while parts:
            outcomes = await gather_outcomes(source.crm, *map(reading.reader.fetch, parts))
            parts = reading.take_all(parts, outcomes)
        # Where rows are missing, some were inserted or deleted meanwhile, or the server withheld rows. Read again and
        # count every page: rows and count then come from one snapshot, so each page can be verified.
        if verify or await _is_whole(source, part, _length(pages), reading.reader.expected or 0):
            break
        first = None
    return pages


async def fetch_first_page(source: RowSource[R]) -> Batch[R]:
    """Fetch the first page of a source in the order of its key, with the count of all rows."""
    return await fetch_page(RangeReader(source, source.crm.settings.page_size), FULL_RANGE)


def in_order_of_key(decoder: Decoder[R], pages: Sequence[Sequence[R]]) -> list[R]:
    """Return the rows of pages in the order of their keys, each once."""
    rows = _by_key(decoder, pages)
    return [rows[key] for key in sorted(rows)]


class _Reading(Generic[R]):
    """One read of many pages at once: what has come, and what is to be read next.

    Args:
        source: where the rows come from.
        pages: where the pages are kept.
        verify: whether the count is requested with every page, and rows that are counted but not returned are an error.
    """

    def __init__(self, source: RowSource[R], pages: list[Sequence[R]], *, verify: bool) -> None:
        self.reader = RangeReader(source, source.crm.settings.page_size)
        self._source = source
        self._pages = pages
        self._verify = verify
        # A failed page is fetched again in the next round: much has been read already, and the outage may last
        # a little longer than the retries of one request.
        self._rounds_left = min(_MAX_FAILED_ROUNDS, source.crm.settings.retry_attempts - 1)

    def take(self, part: Range, page: Batch[R]) -> list[Range]:
        """Keep a page, and return the ranges that it leaves."""
        decoder, pages, what = self._source.decoder, self._pages, self._source.what
        try:
            left = self.reader.ranges_left(part, page)
        except IncompleteReadError as error:
            if not pages:
                raise
            raise _incomplete(error, _by_key(decoder, pages), self.reader.expected, what) from error
        if page.rows:
            pages.append(page.rows)
        # Rows are withheld where the server counts more than it returns, and nothing is left to ask for.
        if self._verify and not left and (page.total or 0) > len(page.rows):
            raise _withheld(_by_key(decoder, pages), (page.total or 0) - len(page.rows), what)
        return [each._replace(counted=self._verify or each.counted) for each in left]

    def take_all(self, parts: Sequence[Range], outcomes: Sequence[Batch[R] | AdminCRMError]) -> list[Range]:
        """Keep the pages that came, and return the ranges of the next round, failed ones among them."""
        left: list[Range] = []
        for part, outcome in zip(parts, outcomes, strict=True):
            if isinstance(outcome, Batch):
                left += self.take(part, outcome)
            elif self.reader.halve_after(outcome) or (self._pages and self._rounds_left and outcome.retryable):
                left.append(part)
            else:
                found = _by_key(self._source.decoder, self._pages)
                raise _incomplete(outcome, found, self.reader.expected, self._source.what)
        self._rounds_left -= any(isinstance(outcome, AdminCRMError) for outcome in outcomes)
        return left


async def _is_whole(source: RowSource[Any], part: Range, received: int, expected: int) -> bool:
    """Return whether as many rows came as the server counted at the start, or counts now."""
    if received < expected:
        counted = await fetch_page(RangeReader(replace(source, fields=[KEY]), 1), part)
        expected = require_total(counted.total)
    return received >= expected


def _by_key(decoder: Decoder[R], pages: Sequence[Sequence[R]]) -> dict[int, R]:
    rows: dict[int, R] = {}
    for page in pages:
        rows.update(zip(map(decoder.key, page), page, strict=True))
    return rows


def _length(pages: Sequence[Sequence[Any]]) -> int:
    return sum(map(len, pages))


def _bounds(part: Range) -> tuple[UUID | None, UUID | None]:
    """Return the keys that a range lies between; None where it has no bound."""
    after = None if part.after < 0 else UUID(int=part.after)
    return after, None if part.upto >= _LAST_KEY else UUID(int=part.upto)


def _incomplete(error: AdminCRMError, found: dict[int, Any], expected: int | None, what: str) -> AdminCRMError:
    of = "" if expected is None else f" of {expected}"
    incomplete = IncompleteReadError(
        f"the read stopped after {len(found)}{of} {what}: {error.message}",
        rows=list(found.values()),
        expected=expected,
        status=error.status,
        code=error.code,
        hint=error.hint if isinstance(error, IncompleteReadError) else "try again",
    )
    incomplete.__cause__ = error
    return incomplete


def _withheld(found: dict[int, Any], hidden: int, what: str) -> IncompleteReadError:
    return IncompleteReadError(
        f"the server returned {len(found)} {what}, but counts {hidden} more that it does not return",
        rows=list(found.values()),
        expected=len(found) + hidden,
        hint="try again; if it happens again, run doctor",
    )
