"""Rich tables for the command line; e-mails and phones are masked by default."""

from __future__ import annotations

from collections.abc import Iterable

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from admin_crm._core.personal import mask_email, mask_phone
from admin_crm.cli.layout import Column, FittedTable, day, fitted, money, pairs, plain_text, yes_or_no
from admin_crm.creation import CreatedCustomer
from admin_crm.intelligence import Insight, LoyaltyAnalysis, LoyaltyProposition, TagSuggestion
from admin_crm.models import (
    Address,
    AdminCustomer,
    AdminCustomerDetail,
    AdminNotes,
    BulkResult,
    CustomerProfile,
    DirectoryStats,
    Evidence,
    LoyaltyEntry,
    Moderation,
    Notification,
    Order,
    Page,
    TierProgress,
)
from admin_crm.preferences import CustomerPreferences
from admin_crm.timeline import TimelineEvent

_ID = Column("Id", good=36, least=9)
_NAME = Column("Name", least=10)
_DATE = Column("Date", least=10)
_SPENT = Column("Spent", number=True)
_ORDERS = Column("Orders", number=True)
_LINES = Column("Lines", number=True)
_BYTES = Column("Bytes", number=True)
_RECENT = 5
"""How many of a customer's latest orders are shown."""


class Tables:
    """Renders results as tables; `personal` shows e-mails and phones unmasked."""

    def __init__(self, *, personal: bool = False) -> None:
        self._personal = personal

    def stats(self, stats: DirectoryStats) -> RenderableType:
        """Show the directory's figures."""
        figures = {
            "customers": f"{stats.total:,}",
            "new this month": f"{stats.new_this_month:,}",
            "contactable": f"{stats.contactable:,} ({stats.contactable_percent} %)",
            "birthdays this month": f"{stats.birthdays_this_month:,}",
            "revenue": money(stats.revenue),
            "revenue, delivered": money(stats.revenue_delivered),
        }
        return Columns(
            [
                pairs("Directory", figures),
                pairs("Segments", stats.by_segment),
                pairs("Health", stats.by_health_status),
            ]
        )

    def customers(self, customers: Iterable[AdminCustomer]) -> FittedTable:
        """Show customers, one per line, with the figures behind their segments where the view has them."""
        rows = (
            (
                each.id,
                each.full_name,
                each.segment,
                self._phone(each.phone or each.whatsapp),
                self._email(each.email),
                money(each.total_spent if each.monetary is None else each.monetary),
                each.total_orders if each.frequency is None else each.frequency,
                each.account_status,
                each.tier,
                day(each.created_at),
            )
            for each in customers
        )
        columns = (_ID, _NAME, "Segment", "Phone", "E-mail", _SPENT, _ORDERS, "Status", "Tier", "Since")
        return fitted(columns, rows)

    def page(self, page: Page[AdminCustomer]) -> FittedTable:
        """Show one page of customers, with its number."""
        table = self.customers(page)
        table.captions.append(f"page {page.page} of {page.pages}, {page.total:,} customers in all")
        return table

    def detail(self, customer: AdminCustomerDetail) -> RenderableType:
        """Show one customer with orders, addresses, notes and evidence."""
        summary, notes = customer.orders_summary, customer.admin_notes
        person = {
            "id": customer.id,
            "e-mail": self._email(customer.email),
            "phone": self._phone(customer.phone or customer.whatsapp),
            "status": customer.account_status,
            "segment": customer.segment,
            "health": customer.health_status,
            "tier": customer.tier,
            "orders": f"{summary.total_orders:,}, {money(summary.total_spent)} in all",
            "average order": money(summary.aov),
            "last order": day(summary.last_order_date),
            "tags": ", ".join(notes.tags) if notes else None,
            "notes": notes.notes if notes else None,
        }
        return Group(
            pairs(customer.full_name or "Customer", person),
            self.orders(customer.orders[:_RECENT]),
            self.addresses(customer.addresses),
            self.evidence(customer.evidence),
        )

    def orders(self, orders: Iterable[Order], *, title: str = "Latest orders") -> FittedTable:
        """Show orders, one per line."""
        rows = (
            (
                each.order_number or each.id,
                day(each.created_at),
                money(each.total),
                each.status,
                len(each.items or ()),
            )
            for each in orders
        )
        return fitted(("Order", _DATE, Column("Total", number=True), "Status", _LINES), rows, title=title)

    def addresses(self, addresses: Iterable[Address]) -> FittedTable:
        """Show addresses, without the street."""
        rows = ((each.label, each.city, each.state, each.type, yes_or_no(each.is_default)) for each in addresses)
        return fitted(("Address", "City", "State", "Type", "Default"), rows, title="Addresses")

    def evidence(self, files: Iterable[Evidence]) -> FittedTable:
        """Show files, one per line, without their signed URLs: anyone who has one can open the file."""
        rows = ((each.file_name, day(each.uploaded_at), each.content_type, _bytes(each.size)) for each in files)
        return fitted(("File", _DATE, "Type", _BYTES), rows, title="Evidence")

    def evidence_paths(self, files: Iterable[Evidence]) -> RenderableType:
        """Show the paths of files, never cut, with what is known of each in the line below."""
        lines: list[Text] = []
        for each in files:
            known = [day(each.uploaded_at), f"{_bytes(each.size)} bytes", each.content_type or ""]
            if not each.path.endswith(each.file_name):
                known.append(each.file_name)
            lines += [plain_text(each.path), Text("  ") + plain_text("  ".join(known))]
        return Group(*lines) if lines else Text("no files")

    def tier(self, progress: TierProgress) -> RenderableType:
        """Show the tier and the amount to the next one."""
        figures = {
            "tier": progress.tier,
            "spent": money(progress.spent),
            "next tier": progress.next_tier,
            "to go": money(progress.amount_to_next),
        }
        return pairs("Loyalty", figures)

    def statuses(self, profiles: Iterable[CustomerProfile]) -> FittedTable:
        """Show a customer's successive statuses."""
        rows = ((each.account_status, day(each.suspension_end)) for each in profiles)
        return fitted(("Status", "Until"), rows)

    def locked(self, profiles: Iterable[CustomerProfile]) -> FittedTable:
        """Show customers with their status, one per line."""
        rows = [(each.id, each.full_name, each.account_status, day(each.suspension_end)) for each in profiles]
        table = fitted((_ID, _NAME, "Status", Column("Until", least=10)), rows)
        table.captions.append(f"{len(rows):,} in all")
        return table

    def moderations(self, done: Iterable[Moderation]) -> FittedTable:
        """Show what moderation has done, one call per line."""
        rows = (
            (
                each.profile.account_status,
                each.previous.account_status,
                each.sign_in.replace("_", " "),
                each.tokens_valid_until and f"{each.tokens_valid_until:%Y-%m-%d %H:%M} UTC",
                yes_or_no(each.logged),
            )
            for each in done
        )
        return fitted(("Status", "Before", "Sign-in", "Last token until", "Logged"), rows)

    def notifications(self, notifications: Iterable[Notification]) -> FittedTable:
        """Show notifications, one per line."""
        rows = (
            (day(each.created_at), each.title, each.message, each.type, yes_or_no(each.is_read))
            for each in notifications
        )
        return fitted((_DATE, "Title", Column("Message", good=40), "Type", "Read"), rows)

    def outcomes(self, results: Iterable[BulkResult]) -> FittedTable:
        """Show bulk operations and what they came to, one per line."""
        rows = (
            (
                "dry run" if each.dry_run else each.operation,
                *(f"{len(items):,}" for items in (each.done, each.failed, each.skipped, each.remaining)),
            )
            for each in results
        )
        counts = (Column(name, number=True) for name in ("Done", "Failed", "Skipped", "Remaining"))
        return fitted((Column("Operation", least=12), *counts), rows)

    def notes(self, notes: AdminNotes) -> Table:
        """Show notes, tags and custom fields."""
        return pairs("Notes", {"notes": notes.notes, "tags": ", ".join(notes.tags), **notes.custom_fields})

    def created(self, created: CreatedCustomer) -> Table:
        """Show a new customer; the password stays hidden."""
        figures = {
            "id": created.id,
            "e-mail": self._email(created.email),
            "password": created.password,
            "must confirm": "yes" if created.needs_confirmation else "no",
            "city": created.address and created.address.city,
        }
        return pairs(created.profile.full_name or "Customer", figures)

    def preferences(self, preferences: CustomerPreferences) -> RenderableType:
        """Show the favourite products and categories in two columns."""
        return Columns(
            [
                pairs("Products", {each.name: each.count for each in preferences.top_products}),
                pairs("Categories", {each.name: each.count for each in preferences.top_categories}),
            ]
        )

    def timeline(self, events: Iterable[TimelineEvent]) -> FittedTable:
        """Show the timeline, one event per line."""
        rows = ((day(each.at), each.title, each.kind.replace("_", " ")) for each in events)
        return fitted((_DATE, Column("Title", good=60), "What"), rows)

    def points(self, balance: int, history: Iterable[LoyaltyEntry]) -> FittedTable:
        """Show the balance of points, and what it comes from."""
        rows = ((day(each.created_at), each.signed_points, each.description, each.transaction_type) for each in history)
        columns = (_DATE, Column("Points", number=True), Column("Description", good=40), "Type")
        return fitted(columns, rows, title=f"{balance:,} points")

    def insights(self, insights: Iterable[Insight]) -> RenderableType:
        """Show what the shop's function found, a paragraph for each."""
        found = [
            Text.assemble(Text("• "), plain_text(each.title), "\n  ", plain_text(each.description)) for each in insights
        ]
        return Group(*found) if found else Text("nothing found")

    def suggestion(self, suggestion: TagSuggestion) -> Table:
        """Show proposed tags and why."""
        figures = {
            "tags": ", ".join(suggestion.tags),
            "segment": suggestion.segment,
            "reasoning": suggestion.reasoning,
        }
        return pairs("Suggestion", figures)

    def plan(self, plan: LoyaltyAnalysis | LoyaltyProposition) -> Table:
        """Show a loyalty plan, of either type that a shop's function may return."""
        coupon = plan.suggested_coupon
        figures = {"coupon": coupon and f"{coupon.code}, {coupon.discount}", "message": plan.recovery_message}
        if isinstance(plan, LoyaltyAnalysis):
            figures |= {"analysis": plan.analysis, "next steps": "; ".join(plan.next_steps)}
        return pairs("Loyalty", figures)

    def text(self, result: object) -> Text:
        """Show a result that needs no table."""
        return plain_text(result)

    def _email(self, email: str | None) -> str | None:
        return email if self._personal else mask_email(email)

    def _phone(self, phone: str | None) -> str | None:
        return phone if self._personal else mask_phone(phone)


def _bytes(size: int | None) -> str:
    return "—" if size is None else f"{size:,}"
