"""The guided tour: every step is a small function, and the tour shows the source code of that function."""

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

from rich.console import RenderableType
from rich.progress import track

from admin_crm import (
    AddressData,
    AdminCRM,
    AdminCustomer,
    AdminCustomerDetail,
    AdminNotes,
    AsyncAdminCRM,
    BulkResult,
    CreateCustomerData,
    CreatedCustomer,
    CustomerPreferences,
    CustomerProfile,
    DirectoryStats,
    Evidence,
    LoyaltyAnalysis,
    LoyaltyProposition,
    Moderation,
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
    moderate_customer,
    notify_customers,
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
"""The customer shown in the tour: she has many orders, notes, two addresses and some evidence files."""


@dataclass(frozen=True)
class Step(Generic[A, T]):
    """One step of the tour: the function to run, and the method that shows its result."""

    title: str
    run: Callable[[A], T]
    show: Callable[[Tables, T], RenderableType]

    @property
    def text(self) -> str:
        """The explanation of the step: its function's docstring."""
        return inspect.getdoc(self.run) or ""

    @property
    def code(self) -> str:
        """The source code of the function, without its docstring."""
        source = textwrap.dedent(inspect.getsource(self.run))
        function = ast.parse(source).body[0]
        assert isinstance(function, ast.FunctionDef)  # noqa: S101 - all of `STEPS` are
        lines = source.splitlines()
        first = function.body[1 if self.text else 0]
        return "\n".join(lines[function.lineno - 1 : function.body[0].lineno - 1] + lines[first.lineno - 1 :])


def connect(stack: LocalStack) -> AdminCRM:
    """For your own project, use AdminCRM.from_env(): it reads SUPABASE_URL and SUPABASE_SECRET_KEY."""
    return AdminCRM(stack.url, stack.secret_key, anon_key=stack.publishable_key)


def stats(crm: AdminCRM) -> DirectoryStats:
    """A few rows of this shop are odd, as in any shop: each costs only its odd value, and the log says so once."""
    return get_directory_stats(crm)


def first_page(crm: AdminCRM) -> Page[AdminCustomer]:
    """This reads all customers, although the server returns at most 1,000 rows per response."""
    customers = get_all_customers(crm)
    return paginate(customers, page=1, page_size=8)


def search(crm: AdminCRM) -> Page[AdminCustomer]:
    """Finds customers by part of the name, phone or WhatsApp number, or by the start of the id."""
    return search_customers(crm, "Muñoz", segment="champion", page_size=5)


def stream(crm: AdminCRM) -> str:
    """Keeps only one page in memory, however large the shop is."""
    reachable = 0
    for customer in track(iter_customers(crm, page_size=200), total=1200, description="customers"):
        reachable += customer.is_contactable
    return f"{reachable:,} customers have a phone or WhatsApp"


def detail(crm: AdminCRM) -> AdminCustomerDetail:
    """Profile, figures, orders, addresses, notes and evidence, fetched concurrently."""
    return get_admin_customer_details(crm, LUCIA)


def tier(crm: AdminCRM) -> TierProgress:
    """Money is Decimal throughout."""
    customer = search_customers(crm, tier="silver", page_size=1).items[0]
    return tier_progress(customer)


def suspend_and_lift(crm: AdminCRM) -> list[CustomerProfile]:
    """Returns the profile after the change. A change that affects no row raises an error."""
    next_week = datetime.now(UTC) + timedelta(days=7)
    return [
        update_customer_status(crm, LUCIA, "suspended", suspension_end=next_week),
        update_customer_status(crm, LUCIA, "active"),
    ]


def ban_and_lift(crm: AdminCRM) -> list[Moderation]:
    """With the secret key a ban also stops the sign-in, and says until when the customer's last token still works."""
    return [
        moderate_customer(crm, LUCIA, "banned", reason="Chargebacks on three orders", actor="the tour"),
        moderate_customer(crm, LUCIA, "active", reason="The bank was wrong", actor="the tour"),
    ]


def notify(crm: AdminCRM) -> list[Notification]:
    """If the response is lost, the retry does not notify the customer twice."""
    send_customer_notification(crm, LUCIA, "Tu pedido", "Va en camino.", type="success")
    return get_customer_notifications(crm, LUCIA)[:3]


def notify_many(crm: AdminCRM) -> list[BulkResult]:
    """A dry run looks first. Then one request notifies everybody, and each customer has an outcome of its own."""
    champions = search_customers(crm, segment="champion", page_size=40)
    planned = notify_customers(crm, champions, "Rebajas", "Hasta el domingo", dry_run=True)
    return [planned, notify_customers(crm, champions, "Rebajas", "Hasta el domingo")]


def notes_and_tags(crm: AdminCRM) -> AdminNotes:
    """Fields that you do not pass keep their value. A tag that another administrator adds meanwhile is kept."""
    update_admin_customer_notes(crm, LUCIA, notes="Prefiere WhatsApp.")
    return add_customer_tags(crm, LUCIA, ["puntual"])


def evidence(crm: AdminCRM) -> list[Evidence]:
    """Uploads a path, bytes or an open file under a random name; the original name is kept as metadata."""
    picture = b"\x89PNG\r\n\x1a\n" + bytes(64)
    upload_customer_evidence(crm, LUCIA, picture, file_name="caja abierta.png")
    return list_customer_evidence(crm, LUCIA, original_names=True)


def download(crm: AdminCRM) -> str:
    """Downloads to memory, to a path or to an open file."""
    newest = list_customer_evidence(crm, LUCIA)[0]
    content = download_customer_evidence(crm, newest.path)
    return f"{len(content)} bytes of {newest.content_type}"


def create(crm: AdminCRM) -> CreatedCustomer:
    """The sign-up runs in a separate client, so the administrator's session does not change."""
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


def preferences(crm: AdminCRM) -> CustomerPreferences:
    """The most ordered products and categories, from all orders that are not cancelled."""
    return get_customer_preferences(crm, LUCIA)


def timeline(crm: AdminCRM) -> list[TimelineEvent]:
    """Orders, notes and notifications in one timeline, newest first."""
    return get_customer_timeline(crm, LUCIA, limit=6)


def suggested_tags(crm: AdminCRM) -> TagSuggestion:
    """Suggestions come from the shop's Edge Functions; on the local stack, these use rules and no AI model."""
    return suggest_customer_tags(crm, LUCIA)


def whatsapp(crm: AdminCRM) -> str:
    """Writes the message; it does not send it."""
    return generate_whatsapp_message(crm, LUCIA, "Her order is ready to be picked up")


def narrative(crm: AdminCRM) -> str | None:
    """Describes a customer in a few sentences."""
    return get_customer_narrative(crm, LUCIA)


def loyalty(crm: AdminCRM) -> LoyaltyAnalysis | LoyaltyProposition:
    """This function may create a coupon, so the library never retries it."""
    return get_strategic_loyalty_analysis(crm, LUCIA)


def with_async(stack: LocalStack) -> Page[AdminCustomer]:
    """With an AsyncAdminCRM every function is a coroutine; nothing else changes."""

    async def champions() -> Page[AdminCustomer]:
        async with AsyncAdminCRM(stack.url, stack.secret_key) as crm:
            return await search_customers(crm, segment="champion", page_size=3)

    return asyncio.run(champions())


CONNECT = Step("Connect", connect, Tables.text)
STEPS: list[Step[AdminCRM, Any]] = [
    Step("The directory in figures", stats, Tables.stats),
    Step("The first page", first_page, Tables.page),
    Step("Search on the server", search, Tables.page),
    Step("Stream, with a progress bar", stream, Tables.text),
    Step("One customer", detail, Tables.detail),
    Step("Amount to the next tier", tier, Tables.tier),
    Step("Suspend a customer, and lift the suspension", suspend_and_lift, Tables.statuses),
    Step("A ban that bans, and its end", ban_and_lift, Tables.moderations),
    Step("Send a notification", notify, Tables.notifications),
    Step("Notify many customers at once", notify_many, Tables.outcomes),
    Step("Notes and tags", notes_and_tags, Tables.notes),
    Step("Upload evidence", evidence, Tables.evidence),
    Step("Download evidence", download, Tables.text),
    Step("Create a customer", create, Tables.created),
    Step("Favourite products and categories", preferences, Tables.preferences),
    Step("The customer's timeline", timeline, Tables.timeline),
    Step("Suggested tags", suggested_tags, Tables.suggestion),
    Step("A WhatsApp message", whatsapp, Tables.text),
    Step("The customer's story", narrative, Tables.text),
    Step("A loyalty plan", loyalty, Tables.plan),
]
WITH_ASYNC = Step("The same functions with async", with_async, Tables.page)
LENGTH = len(STEPS) + 2
