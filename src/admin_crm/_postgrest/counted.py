"""Says how many rows have been read, whichever way they come: for progress bars."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from pydantic import BaseModel

from admin_crm._core.progress import Progress, Tally, is_wanted, reporting
from admin_crm._postgrest.decode import Decoder
from admin_crm._postgrest.query import count_rows
from admin_crm.client import AnyCRM

R = TypeVar("R")


class CountedDecoder(Generic[R]):
    """Decodes as another decoder does, and reports how many rows it has decoded.

    Args:
        decoder: the other decoder.
        tally: is told how many rows more; a page may be read twice.
        keys: count only the rows with one of these keys; all rows by default.
    """

    def __init__(self, decoder: Decoder[R], tally: Tally, keys: Collection[int] | None = None) -> None:
        self._decoder = decoder
        self._tally = tally
        self._keys = keys

    @property
    def model(self) -> type[BaseModel]:
        """The model whose fields name the columns."""
        return self._decoder.model

    @property
    def key(self) -> Callable[[R], int]:
        """What returns a row's key as a number."""
        return self._decoder.key

    def decode(self, content: bytes, *, pause_gc: bool = False) -> Sequence[R]:
        """Decode a JSON list of rows, and report."""
        rows = self._decoder.decode(content, pause_gc=pause_gc)
        self._tally.add(len(rows) if self._keys is None else sum(self.key(row) in self._keys for row in rows))
        return rows


async def count_customers(crm: AnyCRM, progress: Progress) -> int:
    """Fetch how many customers there are, where somebody wants to know how far a read is; otherwise 0."""
    return await count_rows(crm, crm.settings.profiles_table) if is_wanted(progress) else 0


@contextmanager
def counting(
    decoder: Decoder[R],
    progress: Progress,
    total: int,
    name: str,
    *,
    begun: int = 0,
    keys: Collection[int] | None = None,
) -> Generator[Decoder[R]]:
    """Return a decoder that reports to `progress`; the same one where nobody wants to know.

    Args:
        decoder: what decodes the rows.
        progress: the caller's argument.
        total: how many rows there are.
        name: what they are, for a bar.
        begun: how many have been read already.
        keys: as for `CountedDecoder`.
    """
    with reporting(progress, total, name) as report:
        if report is None:
            yield decoder
            return
        tally = Tally(report, total)
        if begun:
            tally.add(begun)
        yield CountedDecoder(decoder, tally, keys)
        tally.finish()
