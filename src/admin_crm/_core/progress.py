"""What the argument `progress` means, in every function that has it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, ClassVar

from admin_crm.errors import InvalidTypeError

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
        total: how much there is to do.
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


@contextmanager
def _progress_bar(total: int, name: str | None, **options: Any) -> Generator[Report]:
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("a progress bar needs tqdm: pip install 'admin-crm[notebook]'") from error

    class Bar(tqdm):  # type: ignore[type-arg]  # generic for type checkers only
        monitor_interval: ClassVar[int] = 0  # tqdm must not leave a monitor thread running

    with Bar(total=total, desc=name, **options) as bar:
        # What is sent again moves the bar back.
        yield lambda done, _: bar.update(done - bar.n)
