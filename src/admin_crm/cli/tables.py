"""Rich tables for the command line; e-mails and phones are masked by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from admin_crm._core.personal import mask_email, mask_phone
from admin_crm.creation import CreatedCustomer
from admin_crm.intelligence import LoyaltyAnalysis, LoyaltyProposition, TagSuggestion
from admin_crm.models import (
    Address,
    AdminCustomer,
    AdminCustomerDetail,
    AdminNotes,
    BulkResult,
    CustomerProfile,
    DirectoryStats,
    Evidence,
    Moderation,
    Notification,
    Order,
    Page,
    TierProgress,
)
from admin_crm.preferences import CustomerPreferences
from admin_crm.timeline import TimelineEvent

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
            "revenue": _money(stats.revenue),
            "revenue, delivered": _money(stats.revenue_delivered),
        }
        return Columns(
            [
                _pairs("Directory", figures),
                _pairs("Segments", stats.by_segment),
                _pairs("Health", stats.by_health_status),
            ]
        )

    def customers(self, customers: Iterable[AdminCustomer]) -> Table:
        """Show customers, one per line."""
        table = _table("Name", "E-mail", "Phone", "Segment", "Tier", "Orders >", "Spent >", "Since")
        for each in customers:
            table.add_row(
                plain_text(each.full_name),
                plain_text(self._email(each.email)),
                plain_text(self._phone(each.phone or each.whatsapp)),
                plain_text(each.segment),
                plain_text(each.tier),
                plain_text(each.total_orders),
                _money(each.total_spent),
                _day(each.created_at),
            )
        return table

    def page(self, page: Page[AdminCustomer]) -> Table:
        """Show one page of customers, with its number."""
        table = self.customers(page)
        table.caption = f"page {page.page} of {page.pages}, {page.total:,} customers in all"
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
            "orders": f"{summary.total_orders:,}, {_money(summary.total_spent)} in all",
            "average order": _money(summary.aov),
            "last order": _day(summary.last_order_date),
            "tags": ", ".join(notes.tags) if notes else None,
            "notes": notes.notes if notes else None,
        }
        return Group(
            _pairs(customer.full_name or "Customer", person),
            self.orders(customer.orders[:_RECENT]),
            self.addresses(customer.addresses),
            self.evidence(customer.evidence),
        )

    def orders(self, orders: Iterable[Order]) -> Table:
        """Show orders, one per line."""
        table = _table("Order", "Date", "Status", "Lines >", "Total >", title="Latest orders")
        for each in orders:
            table.add_row(
                plain_text(each.order_number or each.id),
                _day(each.created_at),
                plain_text(each.status),
                plain_text(len(each.items or ())),
                _money(each.total),
            )
        return table

    def addresses(self, addresses: Iterable[Address]) -> Table:
        """Show addresses, without the street."""
        table = _table("Address", "Type", "City", "State", "Default", title="Addresses")
        for each in addresses:
            table.add_row(
                plain_text(each.label),
                plain_text(each.type),
                plain_text(each.city),
                plain_text(each.state),
                _yes_or_blank(each.is_default),
            )
        return table

    def evidence(self, files: Iterable[Evidence]) -> Table:
        """Show files, one per line, without their signed URLs: anyone who has one can open the file."""
        table = _table("File", "Type", "Bytes >", "Uploaded", title="Evidence")
        for each in files:
            size = "" if each.size is None else f"{each.size:,}"
            table.add_row(plain_text(each.file_name), plain_text(each.content_type), size, _day(each.uploaded_at))
        return table

    def tier(self, progress: TierProgress) -> RenderableType:
        """Show the tier and the amount to the next one."""
        figures = {
            "tier": progress.tier,
            "spent": _money(progress.spent),
            "next tier": progress.next_tier,
            "to go": _money(progress.amount_to_next),
        }
        return _pairs("Loyalty", figures)

    def statuses(self, profiles: Iterable[CustomerProfile]) -> Table:
        """Show a customer's successive statuses."""
        table = _table("Status", "Until")
        for each in profiles:
            table.add_row(plain_text(each.account_status), _day(each.suspension_end))
        return table

    def moderations(self, done: Iterable[Moderation]) -> Table:
        """Show what moderation has done, one call per line."""
        table = _table("Status", "Before", "Sign-in", "Last token until", "Logged")
        for each in done:
            table.add_row(
                plain_text(each.profile.account_status),
                plain_text(each.previous.account_status),
                plain_text(each.sign_in.replace("_", " ")),
                "—" if each.tokens_valid_until is None else f"{each.tokens_valid_until:%Y-%m-%d %H:%M} UTC",
                _yes_or_blank(each.logged),
            )
        return table

    def notifications(self, notifications: Iterable[Notification]) -> Table:
        """Show notifications, one per line."""
        table = _table("Sent", "Type", "Title", "Message", "Read")
        for each in notifications:
            table.add_row(
                _day(each.created_at),
                plain_text(each.type),
                plain_text(each.title),
                plain_text(each.message),
                _yes_or_blank(each.is_read),
            )
        return table

    def outcomes(self, results: Iterable[BulkResult]) -> Table:
        """Show bulk operations and what they came to, one per line."""
        table = _table("", "Done >", "Failed >", "Skipped >", "Remaining >")
        for each in results:
            kind = "dry run" if each.dry_run else each.operation
            counts = (each.done, each.failed, each.skipped, each.remaining)
            table.add_row(plain_text(kind), *(f"{len(items):,}" for items in counts))
        return table

    def notes(self, notes: AdminNotes) -> Table:
        """Show notes, tags and custom fields."""
        return _pairs("Notes", {"notes": notes.notes, "tags": ", ".join(notes.tags), **notes.custom_fields})

    def created(self, created: CreatedCustomer) -> Table:
        """Show a new customer; the password stays hidden."""
        figures = {
            "id": created.id,
            "e-mail": self._email(created.email),
            "password": created.password,
            "must confirm": "yes" if created.needs_confirmation else "no",
            "city": created.address and created.address.city,
        }
        return _pairs(created.profile.full_name or "Customer", figures)

    def preferences(self, preferences: CustomerPreferences) -> RenderableType:
        """Show the favourite products and categories in two columns."""
        return Columns(
            [
                _pairs("Products", {each.name: each.count for each in preferences.top_products}),
                _pairs("Categories", {each.name: each.count for each in preferences.top_categories}),
            ]
        )

    def timeline(self, events: Iterable[TimelineEvent]) -> Table:
        """Show the timeline, one event per line."""
        table = _table("Date", "What", "Title")
        for each in events:
            table.add_row(_day(each.at), plain_text(each.kind), plain_text(each.title))
        return table

    def suggestion(self, suggestion: TagSuggestion) -> Table:
        """Show proposed tags and why."""
        figures = {
            "tags": ", ".join(suggestion.tags),
            "segment": suggestion.segment,
            "reasoning": suggestion.reasoning,
        }
        return _pairs("Suggestion", figures)

    def plan(self, plan: LoyaltyAnalysis | LoyaltyProposition) -> Table:
        """Show a loyalty plan, of either type that a shop's function may return."""
        coupon = plan.suggested_coupon
        figures = {"coupon": coupon and f"{coupon.code}, {coupon.discount}", "message": plan.recovery_message}
        if isinstance(plan, LoyaltyAnalysis):
            figures |= {"analysis": plan.analysis, "next steps": "; ".join(plan.next_steps)}
        return _pairs("Loyalty", figures)

    def text(self, result: object) -> Text:
        """Show a result that needs no table."""
        return plain_text(result)

    def _email(self, email: str | None) -> str | None:
        return email if self._personal else mask_email(email)

    def _phone(self, phone: str | None) -> str | None:
        return phone if self._personal else mask_phone(phone)


def plain_text(value: object) -> Text:
    """Return a value as plain text: names are customer input, so markup and control codes are neutralized."""
    shown = "—" if value is None or value == "" else str(value)
    return Text("".join(c if c.isprintable() else " " for c in shown))


def _table(*columns: str, title: str | None = None) -> Table:
    """Create an empty table; a column whose name ends in ``>`` is numeric."""
    table = Table(title=title, title_justify="left", title_style="bold", caption_justify="left")
    for name in columns:
        number = name.endswith(" >")
        table.add_column(name.removesuffix(" >"), justify="right" if number else "left", no_wrap=number)
    return table


def _pairs(title: str, values: Mapping[str, object]) -> Table:
    table = Table(title=plain_text(title), title_justify="left", title_style="bold", show_header=False)
    for name, value in values.items():
        table.add_row(plain_text(name), plain_text(value))
    return table


def _money(amount: Decimal | None) -> str:
    return "—" if amount is None else f"{amount:,.2f}"


def _day(day: date | None) -> str:
    return "—" if day is None else f"{day:%Y-%m-%d}"


def _yes_or_blank(flag: bool | None) -> str:
    return "yes" if flag else ""
