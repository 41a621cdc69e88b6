"""Says how many rows have been read, whichever way they come: for progress bars."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from pydantic import BaseModel

from admin_crm._core.progress import Progress, Report, reporting
from admin_crm._postgrest.decode import Decoder

R = TypeVar("R")


class CountedDecoder(Generic[R]):
    """Decodes as another decoder does, and reports how many rows it has decoded.

    Args:
        decoder: the other decoder.
        report: is told how many rows of how many; never more than all, though a page may be read twice.
        total: how many there are.
    """

    def __init__(self, decoder: Decoder[R], report: Report, total: int) -> None:
        self._decoder = decoder
        self._report = report
        self._total = total
        self._done = 0
        self._lock = threading.Lock()  # pages are decoded on several threads

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
        with self._lock:
            self._done = min(self._done + len(rows), self._total)
            self._report(self._done, self._total)
        return rows


@contextmanager
def counting(decoder: Decoder[R], progress: Progress, total: int, name: str) -> Generator[Decoder[R]]:
    """Return a decoder that reports to `progress`; the same one where nobody wants to know."""
    with reporting(progress, total, name) as report:
        yield decoder if report is None else CountedDecoder(decoder, report, total)
