"""The guided tour: every step is a small function, and the code shown is that function's own source."""

from __future__ import annotations

import ast
import asyncio
import inspect
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from rich.console import Console, RenderableType
from rich.progress import track
from rich.syntax import Syntax

from admin_crm import (
    AddressData,
    AdminCRM,
    AdminCustomer,
    AdminCustomerDetail,
    AdminNotes,
    AsyncAdminCRM,
    CreateCustomerData,
    CreatedCustomer,
    CustomerPreferences,
    CustomerProfile,
    DirectoryStats,
    Evidence,
    LoyaltyAnalysis,
    LoyaltyProposition,
    Notification,
    Page,
    TagSuggestion,
    TierProgress,
    TimelineEvent,
    add_customer_tags,
    create_customer_with_details,
    download_customer_evidence,
    generate_whatsapp_message,
    get_admin_customer_details,
    get_all_customers,
    get_customer_narrative,
    get_customer_notifications,
    get_customer_preferences,
    get_customer_timeline,
    get_directory_stats,
    get_strategic_loyalty_analysis,
    iter_customers,
    list_customer_evidence,
    paginate,
    search_customers,
    send_customer_notification,
    suggest_customer_tags,
    tier_progress,
    update_admin_customer_notes,
    update_customer_status,
    upload_customer_evidence,
)
from admin_crm.cli.tables import Tables
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


def suspend_and_lift(crm: AdminCRM) -> list[CustomerProfile]:
    """A change that touched no row would raise; the answer is the profile as it is now."""
    next_week = datetime.now(UTC) + timedelta(days=7)
    return [
        update_customer_status(crm, LUCIA, "suspended", suspension_end=next_week),
        update_customer_status(crm, LUCIA, "active"),
    ]


def notify(crm: AdminCRM) -> list[Notification]:
    """Should the answer get lost, the repeat does not tell the customer twice."""
    send_customer_notification(crm, LUCIA, "Tu pedido", "Va en camino.", type="success")
    return get_customer_notifications(crm, LUCIA)[:3]


def notes_and_tags(crm: AdminCRM) -> AdminNotes:
    """What is not given keeps its value, and so does what another administrator adds meanwhile."""
    update_admin_customer_notes(crm, LUCIA, notes="Prefiere WhatsApp.")
    return add_customer_tags(crm, LUCIA, ["puntual"])


def evidence(crm: AdminCRM) -> list[Evidence]:
    """A path, bytes or an open file go up under a new random name; the name they came with is remembered."""
    picture = b"\x89PNG\r\n\x1a\n" + bytes(64)
    upload_customer_evidence(crm, LUCIA, picture, file_name="caja abierta.png")
    return list_customer_evidence(crm, LUCIA, original_names=True)


def download(crm: AdminCRM) -> str:
    """To memory, to a path or to an open file."""
    newest = list_customer_evidence(crm, LUCIA)[0]
    content = download_customer_evidence(crm, newest.path)
    return f"{len(content)} bytes of {newest.content_type}"


def create(crm: AdminCRM) -> CreatedCustomer:
    """The sign-up runs in a client of its own: the administrator stays who they are."""
    address = AddressData(
        type="shipping",
        label="Casa",
        full_name="Ana Ordóñez",
        street="Calle 5 de Mayo",
        number="7",
        colony="Centro",
        city="Puebla",
        state="Puebla",
        zip_code="72000",
    )
    data = CreateCustomerData(
        email=f"ana-{time.time_ns()}@clientes.example",
        full_name="Ana Ordóñez",
        phone="+52 55 1234 5678",
        whatsapp="+52 55 1234 5678",
        address=address,
    )
    return create_customer_with_details(crm, data)


def likes(crm: AdminCRM) -> CustomerPreferences:
    """The most ordered products and categories, over all orders that were not cancelled."""
    return get_customer_preferences(crm, LUCIA)


def timeline(crm: AdminCRM) -> list[TimelineEvent]:
    """Orders, notes and notifications in one line of time, newest first."""
    return get_customer_timeline(crm, LUCIA, limit=6)


def suggested_tags(crm: AdminCRM) -> TagSuggestion:
    """The shop's Edge Functions propose; on the local stack they go by rules, without a model."""
    return suggest_customer_tags(crm, LUCIA)


def whatsapp(crm: AdminCRM) -> str:
    """Written, not sent."""
    return generate_whatsapp_message(crm, LUCIA, "Her order is ready to be picked up")


def narrative(crm: AdminCRM) -> str:
    """A customer in a few sentences."""
    return get_customer_narrative(crm, LUCIA)


def loyalty(crm: AdminCRM) -> LoyaltyAnalysis | LoyaltyProposition:
    """It may create a coupon, so it is never asked twice by itself."""
    return get_strategic_loyalty_analysis(crm, LUCIA)


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
    Step("Suspend, and lift", suspend_and_lift, Tables.statuses),
    Step("Notify", notify, Tables.notifications),
    Step("Notes and tags", notes_and_tags, Tables.notes),
    Step("Evidence, up", evidence, Tables.evidence),
    Step("Evidence, down", download, Tables.words),
    Step("Create a customer", create, Tables.created),
    Step("What does she like?", likes, Tables.preferences),
    Step("What happened so far?", timeline, Tables.timeline),
    Step("Tags, suggested", suggested_tags, Tables.suggestion),
    Step("A WhatsApp message", whatsapp, Tables.words),
    Step("Her story", narrative, Tables.words),
    Step("A plan for her loyalty", loyalty, Tables.plan),
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
