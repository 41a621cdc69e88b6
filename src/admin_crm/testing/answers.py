"""What a fake answers, by the names of functions: values, exceptions, callables, or several in turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Generic, TypeAlias, TypedDict, TypeVar

if TYPE_CHECKING:
    import dask.dataframe as dd

    from admin_crm.models import (
        Address,
        AdminCustomer,
        AdminCustomerDetail,
        AdminNotes,
        BanMismatch,
        BulkResult,
        CreatedCustomer,
        CustomerData,
        CustomerPreferences,
        CustomerProfile,
        DirectoryStats,
        DoctorReport,
        Evidence,
        Export,
        Insight,
        LoyaltyAnalysis,
        LoyaltyEntry,
        LoyaltyOffer,
        LoyaltyProposition,
        LoyaltyTier,
        Moderation,
        ModerationEntry,
        Notification,
        Order,
        Page,
        PrivacyOutcome,
        Referral,
        TagSuggestion,
        TimelineEvent,
        UsedCoupon,
        WishlistItem,
    )
    from admin_crm.partitions import CustomerPartition

T = TypeVar("T")
Given: TypeAlias = T | Exception | type[Exception] | Callable[..., T] | Callable[..., Awaitable[T]]
"""One answer: a value, an exception to raise, or a callable that is given the function's arguments without `crm`."""


class InTurn(Generic[T]):
    """Several answers, one for each call; made by `in_turn`."""

    def __init__(self, answers: Iterable[Given[T]]) -> None:
        self.answers = tuple(answers)


def in_turn(*answers: Given[T]) -> InTurn[T]:
    """Return answers that a fake gives one after another, one for each call; a call after the last is refused.

    A plain list is one answer, because many functions return lists.

    Args:
        answers: each a value, an exception (an object or a class), or a callable.

    Examples:
        ```python
        fake = FakeAdminCRM(get_loyalty_balance=in_turn(100, ServiceUnavailableError("down"), 150))
        ```
    """
    return InTurn(answers)


Answer: TypeAlias = Given[T] | InTurn[T]
"""The answer of a function: one for all calls, or several in turn."""


class Answers(TypedDict, total=False):
    """The answers that a fake can be given: every public function that takes a connection, with what it returns."""

    add_customer_address: Answer[Address]
    add_customer_tags: Answer[AdminNotes]
    adjust_loyalty_points: Answer[LoyaltyEntry]
    anonymize_customer: Answer[PrivacyOutcome]
    apply_suggested_tags: Answer[AdminNotes]
    create_customer_with_details: Answer[CreatedCustomer]
    create_customers: Answer[BulkResult]
    customer_partitions: Answer[list[CustomerPartition]]
    customers_dask: Answer[dd.DataFrame]
    customers_frame: Answer[object]
    delete_customer: Answer[PrivacyOutcome]
    delete_customer_evidence: Answer[list[str]]
    doctor: Answer[DoctorReport]
    download_customer_evidence: Answer[bytes | int]
    export_customers: Answer[Export]
    export_orders: Answer[Export]
    generate_whatsapp_message: Answer[str]
    get_admin_customer_details: Answer[AdminCustomerDetail]
    get_admin_customer_notes: Answer[AdminNotes | None]
    get_all_customers: Answer[list[AdminCustomer]]
    get_all_orders: Answer[list[Order]]
    get_customer_coupons: Answer[list[UsedCoupon]]
    get_customer_data: Answer[CustomerData]
    get_customer_intelligence: Answer[AdminCustomer]
    get_customer_narrative: Answer[str | None]
    get_customer_notifications: Answer[list[Notification]]
    get_customer_orders: Answer[list[Order]]
    get_customer_preferences: Answer[CustomerPreferences]
    get_customer_timeline: Answer[list[TimelineEvent]]
    get_customer_wishlist: Answer[list[WishlistItem]]
    get_directory_stats: Answer[DirectoryStats]
    get_evidence_url: Answer[str]
    get_locked_customers: Answer[list[CustomerProfile]]
    get_loyalty_balance: Answer[int]
    get_loyalty_history: Answer[list[LoyaltyEntry]]
    get_loyalty_offers: Answer[list[LoyaltyOffer]]
    get_loyalty_tiers: Answer[list[LoyaltyTier]]
    get_moderation_history: Answer[list[ModerationEntry]]
    get_proactive_insights: Answer[list[Insight]]
    get_referrals: Answer[list[Referral]]
    get_strategic_loyalty_analysis: Answer[LoyaltyAnalysis | LoyaltyProposition]
    iter_customers: Answer[Iterable[AdminCustomer]]
    iter_orders: Answer[Iterable[Order]]
    lift_expired_suspensions: Answer[list[CustomerProfile]]
    list_customer_evidence: Answer[list[Evidence]]
    moderate_customer: Answer[Moderation]
    moderate_customers: Answer[BulkResult]
    notify_customers: Answer[BulkResult]
    order_items_frame: Answer[object]
    orders_frame: Answer[object]
    reconcile_sign_in_bans: Answer[list[BanMismatch]]
    remove_customer_tags: Answer[AdminNotes]
    resume_customer_creation: Answer[CreatedCustomer]
    search_customers: Answer[Page[AdminCustomer]]
    select_customers: Answer[list[AdminCustomer]]
    send_customer_notification: Answer[Notification]
    set_custom_fields: Answer[AdminNotes]
    set_custom_fields_of: Answer[BulkResult]
    set_default_address: Answer[Address]
    suggest_customer_tags: Answer[TagSuggestion]
    tag_customers: Answer[BulkResult]
    timeline_frame: Answer[object]
    update_admin_customer_notes: Answer[AdminNotes]
    update_customer_address: Answer[Address]
    update_customer_profile: Answer[CustomerProfile]
    update_customer_status: Answer[CustomerProfile]
    upload_customer_evidence: Answer[str]
    upload_evidence_files: Answer[BulkResult]
