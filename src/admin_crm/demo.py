"""The guided tour: every step is a small function, and the code shown is that function's own source."""

from __future__ import annotations

import ast
import asyncio
import inspect
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.console import Console, RenderableType
from rich.progress import track
from rich.syntax import Syntax

from admin_crm import (
    AdminCRM,
    AdminCustomer,
    AdminCustomerDetail,
    AsyncAdminCRM,
    DirectoryStats,
    Page,
    TierProgress,
    get_admin_customer_details,
    get_all_customers,
    get_directory_stats,
    iter_customers,
    paginate,
    search_customers,
    tier_progress,
)
from admin_crm._tables import Tables
from admin_crm.local import LocalStack

A = TypeVar("A")
T = TypeVar("T")

LUCIA = LocalStack.customer_id
"""The customer whom the tour visits: many orders, notes, two addresses, some evidence."""


@dataclass(frozen=True)
class Step(Generic[A, T]):
    """One stop of the tour: what runs, and how its answer is shown."""

    title: str
    run: Callable[[A], T]
    show: Callable[[Tables, T], RenderableType]

    @property
    def text(self) -> str:
        """What the step is about: its function's docstring."""
        return inspect.getdoc(self.run) or ""

    @property
    def code(self) -> str:
        """The source that runs, without its docstring."""
        source = textwrap.dedent(inspect.getsource(self.run))
        function = ast.parse(source).body[0]
        assert isinstance(function, ast.FunctionDef)  # noqa: S101 - all of `STEPS` are
        lines = source.splitlines()
        first = function.body[1 if self.text else 0]
        return "\n".join(lines[function.lineno - 1 : function.body[0].lineno - 1] + lines[first.lineno - 1 :])


def connect(stack: LocalStack) -> AdminCRM:
    """Your own project: AdminCRM.from_env() reads SUPABASE_URL and SUPABASE_SECRET_KEY."""
    return AdminCRM(stack.url, stack.secret_key, anon_key=stack.publishable_key)


def figures(crm: AdminCRM) -> DirectoryStats:
    """Segments and health go by one name each, whatever language the shop's view speaks."""
    return get_directory_stats(crm)


def first_page(crm: AdminCRM) -> Page[AdminCustomer]:
    """All customers are read, although this server gives at most 1,000 rows at once."""
    customers = get_all_customers(crm)
    return paginate(customers, page=1, page_size=8)


def search(crm: AdminCRM) -> Page[AdminCustomer]:
    """Name, phone, WhatsApp or id contains the text; filters narrow it down."""
    return search_customers(crm, "Muñoz", segment="champion", page_size=5)


def stream(crm: AdminCRM) -> str:
    """Holds one page at a time, however large the shop."""
    reachable = 0
    for customer in track(iter_customers(crm, page_size=200), total=1200, description="customers"):
        reachable += customer.is_contactable
    return f"{reachable:,} customers have a phone or WhatsApp"


def detail(crm: AdminCRM) -> AdminCustomerDetail:
    """Profile, figures, orders, addresses, notes and evidence, read side by side."""
    return get_admin_customer_details(crm, LUCIA)


def tier(crm: AdminCRM) -> TierProgress:
    """Money is Decimal throughout."""
    customer = search_customers(crm, tier="silver", page_size=1).items[0]
    return tier_progress(customer)


def awaited(stack: LocalStack) -> Page[AdminCustomer]:
    """With an AsyncAdminCRM every function is a coroutine; nothing else changes."""

    async def champions() -> Page[AdminCustomer]:
        async with AsyncAdminCRM(stack.url, stack.secret_key) as crm:
            return await search_customers(crm, segment="champion", page_size=3)

    return asyncio.run(champions())


CONNECT = Step("Connect", connect, Tables.words)
STEPS: list[Step[AdminCRM, Any]] = [
    Step("The directory in figures", figures, Tables.stats),
    Step("The first page", first_page, Tables.page),
    Step("Search on the server", search, Tables.page),
    Step("Stream, with a progress bar", stream, Tables.words),
    Step("One customer", detail, Tables.detail),
    Step("How far is the next tier?", tier, Tables.tier),
]
AWAITED = Step("The same functions, awaited", awaited, Tables.page)


def tour(stack: LocalStack, console: Console, tables: Tables) -> None:
    """Walk through every step on a running stack."""
    total = len(STEPS) + 2

    def present(number: int, each: Step[A, T], argument: A) -> T:
        console.rule(f"{number}/{total}  {each.title}", align="left")
        console.print(each.text, highlight=False, style="dim")
        console.print(
            Syntax(each.code, "python", theme="ansi_dark", background_color="default", padding=1, word_wrap=True)
        )
        begin = time.perf_counter()
        answer = each.run(argument)
        took = time.perf_counter() - begin
        console.print(each.show(tables, answer))
        console.print(f"{took:.2f} s\n", style="dim", highlight=False)
        return answer

    with present(1, CONNECT, stack) as crm:
        for number, each in enumerate(STEPS, start=2):
            present(number, each, crm)
    present(total, AWAITED, stack)
