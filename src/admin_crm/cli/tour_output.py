"""Runs the tour: on the terminal, or as data."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.syntax import Syntax

from admin_crm._core.rows import Json
from admin_crm.cli import tour
from admin_crm.cli.output import plain
from admin_crm.cli.tables import Tables
from admin_crm.cli.tour import Step
from admin_crm.local import LocalStack

A = TypeVar("A")
T = TypeVar("T")


@dataclass(frozen=True)
class Ran(Generic[A, T]):
    """A step that has run."""

    step: Step[A, T]
    result: T
    seconds: float


def run_steps(
    stack: LocalStack, begin: Callable[[int, Step[Any, Any]], object] | None = None
) -> Generator[Ran[Any, Any]]:
    """Run every step on a running stack, one after the other.

    Args:
        stack: the stack.
        begin: called with the number of a step, from 1, before it runs.
    """

    def run(number: int, step: Step[Any, Any], argument: object) -> Ran[Any, Any]:
        if begin is not None:
            begin(number, step)
        begun = time.perf_counter()
        return Ran(step, step.run(argument), time.perf_counter() - begun)

    connected = run(1, tour.CONNECT, stack)
    with connected.result as crm:
        yield connected
        for number, each in enumerate(tour.STEPS, start=2):
            yield run(number, each, crm)
    yield run(tour.LENGTH, tour.WITH_ASYNC, stack)


def show_tour(stack: LocalStack, console: Console, tables: Tables) -> None:
    """Run every step, and show its code and its result."""

    def show_code(number: int, step: Step[Any, Any]) -> None:
        console.rule(f"{number}/{tour.LENGTH}  {step.title}", align="left")
        console.print(step.text, highlight=False, style="dim")
        console.print(
            Syntax(step.code, "python", theme="ansi_dark", background_color="default", padding=1, word_wrap=True)
        )

    for ran in run_steps(stack, show_code):
        console.print(ran.step.show(tables, ran.result))
        console.print(f"{ran.seconds:.2f} s\n", style="dim", highlight=False)


def tour_as_data(stack: LocalStack) -> list[Json]:
    """Run every step, and return its code and its result."""
    with redirect_stdout(sys.stderr):  # a step shows a progress bar
        return [
            {
                "title": ran.step.title,
                "text": ran.step.text,
                "code": ran.step.code,
                "result": to_jsonable_python(plain(ran.result), fallback=str),
                "seconds": round(ran.seconds, 3),
            }
            for ran in run_steps(stack)
        ]
