"""Commands for many customers: the plan, the question, the progress, and the outcome of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import typer

from admin_crm import AdminCRMError, BulkError, BulkResult
from admin_crm.cli.layout import plain_text
from admin_crm.cli.output import ask, is_interactive, progress_bar, show, tell, usage_error, write_json

_FAILURES = 20
"""How many failures are shown one by one."""


class Operation(Protocol):
    """A bulk function with its arguments."""

    def __call__(
        self,
        *,
        journal: Path | None = ...,
        dry_run: bool = ...,
        progress: Callable[[int, int], None] | None = ...,
    ) -> BulkResult:
        """Do it, or only plan it."""
        ...


@dataclass(frozen=True)
class RunOptions:
    """How a command is to be run."""

    yes: bool = False
    dry_run: bool = False
    journal: Path | None = None
    as_json: bool = False


def counted(count: int, noun: str = "customer") -> str:
    """Return a number of customers, or of something else, in words."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def confirm(plan: str, *, yes: bool) -> None:
    """Show what is about to be done, and ask; end the command if the answer is no, or if there is nobody to ask."""
    if yes:
        return
    if not is_interactive():
        raise usage_error(f"{plan}: nobody can be asked here; pass --yes to do it")
    answer = ask(f"{plan}? [y/N]")
    if answer.casefold() not in {"y", "yes", "s", "sí", "si"}:
        tell("nothing was done")
        raise typer.Exit(1)


def run(operation: Operation, what: str, count: int, options: RunOptions, *, always_ask: bool = False) -> None:
    """Run a bulk function: show the plan, ask, show the progress, print the outcome.

    Args:
        operation: the function with its arguments.
        what: the plan in words, with the number of customers.
        count: how many items there are; more than one asks.
        options: the command's options.
        always_ask: also for a single one.

    Raises:
        Exit: an item failed (1), or the answer is no (1).
    """
    if options.dry_run:
        _finish(operation(journal=options.journal, dry_run=True), options)
        return
    if not options.yes and (always_ask or count > 1):
        if not is_interactive():
            confirm(what, yes=False)
        planned = operation(journal=options.journal, dry_run=True)
        if not planned.remaining:
            _finish(planned, options)
            return
        _tell_failures(planned)
        confirm(f"{what} ({_counts(planned)})", yes=False)
    try:
        with progress_bar(what) as progress:
            result = operation(journal=options.journal, progress=progress)
    except BulkError as error:
        _print(cast("BulkResult", error.result), options)
        raise
    _finish(result, options)


def outcome(result: BulkResult) -> dict[str, Any]:
    """Return the JSON of a result: ids, and for each failure the error's type and message."""
    return {
        "operation": result.operation,
        "dry_run": result.dry_run,
        "done": [str(each) for each in result.done],
        "failed": {
            name: {"error": type(error).__name__, "message": error.message, "hint": error.hint}
            for name, error in result.failed.items()
        },
        "skipped": [str(each) for each in result.skipped],
        "remaining": [str(each) for each in result.remaining],
        "uncertain": [str(each) for each in result.uncertain],
        "paths": result.paths,
        "passwords_file": str(result.passwords_file) if result.passwords_file else None,
    }


def _finish(result: BulkResult, options: RunOptions) -> None:
    _print(result, options)
    if result.failed:
        raise typer.Exit(1)


def _print(result: BulkResult, options: RunOptions) -> None:
    if options.as_json:
        write_json(outcome(result))
        return
    show(_counts(result))
    for name, path in result.paths.items():
        show(plain_text(f"{name}: {path}"))
    if result.passwords_file:
        show(plain_text(f"the generated passwords are in {result.passwords_file}"))
    _tell_failures(result)


def _counts(result: BulkResult) -> str:
    return str(result).partition(": ")[2]


def _tell_failures(result: BulkResult) -> None:
    for name, error in list(result.failed.items())[:_FAILURES]:
        tell(f"{name}: {_reason(error)}", style="red")
    rest = Counter(type(each).__name__ for each in list(result.failed.values())[_FAILURES:])
    if rest:
        told = ", ".join(f"{count:,} {kind}" for kind, count in rest.items())
        tell(f"and {told}; --json lists them all", style="red")


def _reason(error: AdminCRMError) -> str:
    return f"{error.message} — {error.hint}" if error.hint else error.message
