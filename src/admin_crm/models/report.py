"""What `doctor` reports."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """One line of a report: the check's name, the verdict, its meaning, and advice (empty if there is none)."""

    name: str
    """The check's name."""
    verdict: Verdict
    """pass, warn or fail."""
    meaning: str
    """What was found."""
    advice: str = ""
    """What to do; may be empty."""


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """The report of `doctor`, without keys and personal data; it prints as a table.

    Examples:
        >>> print(doctor(crm))
    """

    checks: tuple[DoctorCheck, ...]
    """One entry per check, in the order of the report."""

    @property
    def ok(self) -> bool:
        """Whether no check failed; warnings are allowed."""
        return all(check.verdict != "fail" for check in self.checks)

    def __str__(self) -> str:
        width = max((len(check.name) for check in self.checks), default=0)
        lines: list[str] = []
        for check in self.checks:
            lines.append(f"{check.verdict.upper()}  {check.name:{width}}  {check.meaning}")
            if check.advice:
                first, *more = check.advice.splitlines()  # what follows the first line is SQL to paste
                lines += [f"{'':{width + 8}}→ {first}", *(f"{'':{width + 10}}{each}" for each in more)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Show the report in a notebook."""
        rows = (
            "".join(f"<td>{_escaped(cell)}</td>" for cell in (each.verdict, each.name, each.meaning, each.advice))
            for each in self.checks
        )
        head = "<tr><th></th><th>check</th><th>meaning</th><th>advice</th></tr>"
        return f"<table>{head}{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _escaped(cell: str) -> str:
    return html.escape(cell).replace("\n", "<br>")
