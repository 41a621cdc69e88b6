"""What the argument `progress` means, in every function that has it."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from admin_crm.errors import InvalidTypeError

T = TypeVar("T")

Report = Callable[[int, int], object]
"""Is told how much is done, and of how much."""
Progress = Report | bool | None


def is_wanted(progress: Progress) -> bool:
    """Return whether somebody wants to know how far a call is.

    Raises:
        InvalidTypeError: it is no such argument.
    """
    if progress is None or isinstance(progress, bool):
        return bool(progress)
    if callable(progress):
        return True
    raise InvalidTypeError(
        f"progress must be True or a function of two integers, not {type(progress).__name__}", argument="progress"
    )


@contextmanager
def reporting(progress: Progress, total: int, name: str | None, **bar: Any) -> Generator[Report | None]:
    """Turn the `progress` argument into a function that reports, or None.

    Args:
        progress: True for a progress bar, a function of what is done and the total, or None.
        total: how much there is to do, as far as it is known; what is reported says more.
        name: what the bar is called.
        bar: what else tqdm is told, such as the unit.
    """
    if not is_wanted(progress):
        yield None
    elif callable(progress):
        yield progress
    else:
        with _progress_bar(total, name, **bar) as report:
            yield report


class Tally:
    """Adds up what several threads or coroutines have done, and reports it: never more than all.

    Args:
        report: is told how much is done, and of how much; None where nobody wants to know.
        total: how much there is to do.
    """

    def __init__(self, report: Report | None, total: int) -> None:
        self._report = report
        self._total = total
        self._done = 0
        self._lock = threading.Lock()

    def add(self, count: int = 1) -> None:
        """Report that so much more is done."""
        if self._report is not None:
            with self._lock:
                self._done = min(self._done + count, self._total)
                self._report(self._done, self._total)

    async def after(self, step: Callable[[], Awaitable[T]]) -> T:
        """Do one of the steps, and report that it is done, well or not."""
        try:
            return await step()
        finally:
            self.add()

    def finish(self) -> None:
        """Report that this was all, where it is less than was expected."""
        if self._report is not None and self._done < self._total:
            self._report(self._done, self._done)


@contextmanager
def _progress_bar(total: int, name: str | None, **options: Any) -> Generator[Report]:
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("a progress bar needs tqdm: pip install 'admin-crm[notebook]'") from error

    class Bar(tqdm):  # type: ignore[type-arg]  # generic for type checkers only
        monitor_interval: ClassVar[int] = 0  # tqdm must not leave a monitor thread running

    with Bar(total=total, desc=name, **options) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)  # what is sent again moves the bar back

        yield report
