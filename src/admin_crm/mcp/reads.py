"""The tools that read: named after the functions, with their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from admin_crm import customers, evidence, loyalty, notifications, orders, preferences, search, selection, timeline
from admin_crm import directory as the_directory
from admin_crm.directory import paginate, summarize_customers
from admin_crm.mcp.answers import (
    Address,
    Answer,
    Customer,
    CustomerPage,
    Event,
    File,
    Notes,
    Notification,
    Order,
    OrdersSummary,
    Points,
    Preferences,
    Rows,
    Selection,
    Stats,
)
from admin_crm.mcp.presentation import address
from admin_crm.mcp.session import Session, ToolContext, by_the_shops_clock, session_of
from admin_crm.mcp.tools import Reading
from admin_crm.models import AdminCustomer, AdminCustomerDetail

S = TypeVar("S", bound=BaseModel)

MOST = 50
"""How many rows an answer has at most."""
_LATEST = 10
"""How many orders, addresses and files the customer's page shows."""
_COLUMNS = (
    "full_name", "email", "phone", "whatsapp", "created_at", "account_status", "tier", "segment",
    "health_status", "frequency", "monetary", "recency_days", "total_orders", "total_spent",
)  # fmt: skip

CustomerId = Annotated[UUID, Field(description="The customer's id, as `search_customers` returns it.")]
Page = Annotated[int, Field(ge=1, description="From 1.")]
PageSize = Annotated[int, Field(ge=1, le=MOST)]
Segment = Annotated[str | None, Field(description="In any language and spelling, such as champion or at_risk.")]
Health = Annotated[str | None, Field(description="In any language and spelling.")]
Tier = Annotated[str | None, Field(description="bronze, silver, gold or platinum.")]
Status = Annotated[str | None, Field(description="active, suspended or banned.")]


async def search_customers(
    ctx: ToolContext,
    text: Annotated[str, Field(max_length=200, description="Part of a name or phone number, or an id.")] = "",
    segment: Segment = None,
    health_status: Health = None,
    tier: Tier = None,
    status: Status = None,
    page: Page = 1,
    page_size: PageSize = 15,
) -> Answer[Rows[Customer]]:
    """Search the directory: the name, phone or WhatsApp contains the text, or the id starts with it. Newest first."""
    session = session_of(ctx)
    found = await search.search_customers(
        session.crm,
        text,
        segment=segment,
        health_status=health_status,
        tier=tier,
        status=status,
        columns=_COLUMNS,
        page=page,
        page_size=page_size,
    )
    rows = session.page(Customer, found, [_customer(session, each) for each in found])
    return session.answer(Rows[Customer], rows, len(found))


async def select_customers(
    ctx: ToolContext,
    segment: Segment = None,
    health_status: Health = None,
    tier: Tier = None,
    status: Status = None,
    tags: Annotated[list[str] | None, Field(description="Who has all of these tags.")] = None,
    without_tags: Annotated[list[str] | None, Field(description="Who has none of these tags.")] = None,
    spent_min: Annotated[Decimal | None, Field(description="Spent at least this much.")] = None,
    spent_max: Decimal | None = None,
    orders_min: int | None = None,
    last_order_before: Annotated[
        datetime | None, Field(description="The last order was before this time; without a zone, the shop's clock.")
    ] = None,
    last_order_after: datetime | None = None,
    created_after: datetime | None = None,
    birthday_within: Annotated[int | None, Field(description="Birthday within so many days.")] = None,
    contactable: Annotated[bool | None, Field(description="Has a phone or WhatsApp number.")] = None,
    locked: Annotated[bool | None, Field(description="Is banned, or suspended now.")] = None,
    page: Page = 1,
    page_size: PageSize = 15,
) -> Answer[Selection]:
    """Answer a question about the directory in one call: how many customers match all filters, what they have spent
    and in which segments they are (`figures`), and who they are, newest first."""  # noqa: D205, D209
    session = session_of(ctx)

    def moment(value: datetime | None) -> datetime | None:
        return None if value is None else by_the_shops_clock(session, value)

    found = await selection.select_customers(
        session.crm,
        segment=segment,
        health_status=health_status,
        tier=tier,
        status=status,
        tags=tags,
        without_tags=without_tags,
        spent_min=spent_min,
        spent_max=spent_max,
        orders_min=orders_min,
        last_order_before=moment(last_order_before),
        last_order_after=moment(last_order_after),
        created_after=moment(created_after),
        birthday_within=birthday_within,
        contactable=contactable,
        locked=locked,
        columns=(*_COLUMNS, "birthdate"),
    )
    shown = paginate(found, page, page_size)
    rows = session.page(Customer, shown, [_customer(session, each) for each in shown])
    figures = session.shaped(Stats, summarize_customers(found, time_zone=session.crm.settings.time_zone))
    return session.answer(Selection, Selection(**dict(rows), figures=figures), len(shown))


async def get_directory_stats(ctx: ToolContext) -> Answer[Stats]:
    """Return the figures of the whole directory: customers, this month, segments, health, revenue."""
    session = session_of(ctx)
    return session.answer(Stats, session.shaped(Stats, await the_directory.get_directory_stats(session.crm)))


async def get_admin_customer_details(ctx: ToolContext, customer_id: CustomerId) -> Answer[CustomerPage]:
    """Return one customer with figures, notes and tags, and the latest orders, addresses and evidence files."""
    session = session_of(ctx)
    found = await customers.get_admin_customer_details(session.crm, customer_id)
    shown = _customer_page(session, found)
    count = 1 + len(shown.latest_orders) + len(shown.addresses) + len(shown.latest_evidence)
    return session.answer(CustomerPage, shown, count)


async def get_customer_orders(
    ctx: ToolContext,
    customer_id: CustomerId,
    include_cancelled: bool = True,
    page: Page = 1,
    page_size: PageSize = 15,
) -> Answer[Rows[Order]]:
    """Return the orders of a customer, newest first."""
    session = session_of(ctx)
    found = await orders.get_customer_orders(session.crm, customer_id, include_cancelled=include_cancelled)
    return _rows(session, Order, found, page, page_size)


async def get_customer_timeline(
    ctx: ToolContext, customer_id: CustomerId, page: Page = 1, page_size: PageSize = 15
) -> Answer[Rows[Event]]:
    """Return what happened with a customer, newest first: orders, notes, notifications, points, coupons, moderation."""
    session = session_of(ctx)
    found = await timeline.get_customer_timeline(session.crm, customer_id)
    return _rows(session, Event, found, page, page_size)


async def get_customer_notifications(
    ctx: ToolContext,
    customer_id: CustomerId,
    unread_only: bool = False,
    page: Page = 1,
    page_size: PageSize = 15,
) -> Answer[Rows[Notification]]:
    """Return the notifications that a customer was sent, newest first."""
    session = session_of(ctx)
    found = await notifications.get_customer_notifications(session.crm, customer_id, unread_only=unread_only)
    return _rows(session, Notification, found, page, page_size)


async def list_customer_evidence(
    ctx: ToolContext,
    customer_id: CustomerId,
    original_names: Annotated[bool, Field(description="Ask for the names under which they were uploaded.")] = False,
    page: Page = 1,
    page_size: PageSize = 15,
) -> Answer[Rows[File]]:
    """List the evidence files about a customer, newest first. Their content and their URLs are not handed over."""
    session = session_of(ctx)
    found = await evidence.list_customer_evidence(session.crm, customer_id, original_names=original_names)
    return _rows(session, File, found, page, page_size)


async def get_customer_preferences(ctx: ToolContext, customer_id: CustomerId) -> Answer[Preferences]:
    """Return the products and categories that a customer has ordered most."""
    session = session_of(ctx)
    found = await preferences.get_customer_preferences(session.crm, customer_id)
    return session.answer(Preferences, session.shaped(Preferences, found), 1)


async def get_loyalty_balance(ctx: ToolContext, customer_id: CustomerId) -> Answer[Points]:
    """Return a customer's loyalty points."""
    session = session_of(ctx)
    return session.answer(Points, Points(balance=await loyalty.get_loyalty_balance(session.crm, customer_id)), 1)


READS = (
    Reading(search_customers, "Search customers"),
    Reading(select_customers, "Customers who match filters, and their figures"),
    Reading(get_directory_stats, "The directory's figures"),
    Reading(get_admin_customer_details, "One customer"),
    Reading(get_customer_orders, "A customer's orders"),
    Reading(get_customer_timeline, "A customer's timeline"),
    Reading(get_customer_notifications, "A customer's notifications"),
    Reading(list_customer_evidence, "A customer's evidence files"),
    Reading(get_customer_preferences, "What a customer orders most"),
    Reading(get_loyalty_balance, "A customer's points"),
)


def _customer(session: Session, row: AdminCustomer) -> Customer:
    return session.shaped(Customer, row, **_canonical(row))


def _canonical(row: AdminCustomer) -> dict[str, Any]:
    return {"canonical_segment": row.canonical_segment, "canonical_health": row.canonical_health}


def _customer_page(session: Session, row: AdminCustomerDetail) -> CustomerPage:
    places = [address(each.model_dump(), personal=session.terms.personal) for each in row.addresses[:_LATEST]]
    return session.shaped(
        CustomerPage,
        row,
        **_canonical(row),
        orders_summary=session.shaped(OrdersSummary, row.orders_summary),
        latest_orders=session.each(Order, row.orders[:_LATEST]),
        addresses=[Address.model_validate(each) for each in places],
        address_count=len(row.addresses),
        latest_evidence=session.each(File, row.evidence[:_LATEST]),
        evidence_count=len(row.evidence),
        admin_notes=session.shaped(Notes, row.admin_notes) if row.admin_notes else None,
    )


def _rows(session: Session, shape: type[S], found: Sequence[BaseModel], page: int, page_size: int) -> Answer[Rows[S]]:
    shown = paginate(found, page, page_size)
    return session.answer(Rows[shape], session.page(shape, shown), len(shown))  # type: ignore[valid-type]
