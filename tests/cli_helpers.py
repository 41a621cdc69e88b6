"""Two customers, one of them malicious, and what a terminal shows."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any
from uuid import uuid4

from rich.console import Console

from admin_crm import AdminCustomer

ANA = AdminCustomer(
    id=uuid4(),
    full_name="Ana [bold]Ordóñez[/bold]",
    email="ana@clientes.example",
    phone="+52 55 1234 5678",
    total_spent=Decimal("1234.50"),
)
MALLORY = AdminCustomer(id=uuid4(), full_name='=HYPERLINK("http://evil.example")', phone="+52 55 0000 0000")


def shown(renderable: Any) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
