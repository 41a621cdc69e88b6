"""What the commands print: results on the standard output, everything else on the standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import IO, Any, cast

import typer
from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from admin_crm.cli.layout import plain_text

WIDTH = 120
"""How wide tables are where the output is no terminal."""
_HIDDEN = {"url": True}
"""A signed URL opens its file for whoever has it, so JSON lacks it."""


class _Console(Console):
    """A console whose reader may go away."""

    def on_broken_pipe(self) -> None:
        _stop_writing_to(self.file)


def console() -> Console:
    """Return the console for results; if the output is not a terminal, it is 120 characters wide."""
    return _Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH, highlight=False)


def errors() -> Console:
    """Return the console for messages."""
    return _Console(stderr=True, highlight=False, soft_wrap=True)


def show(renderable: RenderableType, *, whole: bool = False) -> None:
    """Print a result for people; `whole` leaves it to the terminal to break long lines, so that they can be copied."""
    console().print(renderable, soft_wrap=whole)


def tell(message: object, style: str | None = None) -> None:
    """Print a message for people in one line, on the standard error."""
    errors().print(plain_text(message), style=style, soft_wrap=True)


def write(text: str) -> None:
    """Write text as it is. A reader that has read enough, such as ``head``, is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _stop_writing_to(sys.stdout)


def write_json(value: object) -> None:
    """Write a value as JSON: a list, an object, or text."""
    write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def plain(value: Any) -> Any:
    """Return a result as JSON holds it, without signed URLs."""
    if isinstance(value, BaseModel):
        evidence = {"evidence": {"__all__": _HIDDEN}} if "evidence" in type(value).model_fields else {}
        return value.model_dump(mode="json", exclude={**_HIDDEN, **evidence})
    if isinstance(value, dict):
        return {name: plain(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [plain(each) for each in cast("Iterable[Any]", value)]
    return value


def write_lines(lines: Iterable[object]) -> None:
    """Write values, one per line."""
    write("".join(f"{line}\n" for line in lines))


def is_interactive() -> bool:
    """Return whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """Ask somebody at the terminal, who may also end the input."""
    errors().print(plain_text(question), end=" ")
    try:
        return input().strip()
    except EOFError:
        tell("")
        return ""


@contextmanager
def progress_bar(what: str) -> Generator[Callable[[int, int], None] | None]:
    """Show a bar on a terminal, which goes when it is done."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=errors(), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def usage_error(message: str) -> typer.Exit:
    """Say in one line what is wrong with the arguments, and return the end of the command: exit code 2."""
    tell(message, style="red")
    return typer.Exit(2)


def _stop_writing_to(stream: IO[str]) -> None:
    """Let what is still written go nowhere; the command goes on to its own exit code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
