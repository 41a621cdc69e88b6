"""Two customers, one malicious; what a terminal shows; bulk functions that only note what they are asked."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from rich.console import Console

from admin_crm import AdminCustomer, BulkResult, CustomerNotFoundError
from admin_crm.cli import many

ANA = AdminCustomer(
    id=uuid4(),
    full_name="Ana [bold]Ordóñez[/bold]",
    email="ana@clientes.example",
    phone="+52 55 1234 5678",
    total_spent=Decimal("1234.50"),
)
MALLORY = AdminCustomer(id=uuid4(), full_name='=HYPERLINK("http://evil.example")', phone="+52 55 0000 0000")
NOBODY = uuid4()
"""A customer who does not exist."""


def shown(renderable: Any, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


class Bulk:
    """A bulk function: notes its calls, and does it for everybody but `NOBODY`."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        self.calls: list[tuple[list[str], tuple[Any, ...], dict[str, Any]]] = []

    def __call__(self, crm: object, customers: Any, *words: Any, **options: Any) -> BulkResult:
        ids = [str(each) for each in customers] if isinstance(customers, list) else []
        self.calls.append((ids, words, options))
        known = [UUID(each) for each in ids if each != str(NOBODY)]
        failed = {each: CustomerNotFoundError("no such customer", hint="check the id") for each in ids}
        failed = {each: error for each, error in failed.items() if each == str(NOBODY)}
        if options.get("dry_run"):
            return BulkResult(self.operation, remaining=known, failed=failed, dry_run=True)
        return BulkResult(self.operation, done=known, failed=failed)

    @property
    def written(self) -> list[list[str]]:
        """For whom something was written, call by call."""
        return [ids for ids, _, options in self.calls if not options.get("dry_run")]


def answering(monkeypatch: Any, *answers: str) -> list[str]:
    """Let somebody at the terminal give these answers; return the questions."""
    questions: list[str] = []
    left = list(answers)

    def ask(question: str) -> str:
        questions.append(question)
        return left.pop(0)

    from admin_crm.cli import moderation

    for module in (many, moderation):
        monkeypatch.setattr(module, "is_interactive", lambda: True)
        monkeypatch.setattr(module, "ask", ask)
    return questions
