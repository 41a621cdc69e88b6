"""A typed Python client for shops on Supabase.

Every public name can be imported from here. The import is cheap: the module behind a name, and with it
supabase-py, is loaded when the name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
    """The version of the installed package."""

    from admin_crm.addresses import add_customer_address, set_default_address, update_customer_address
    from admin_crm.analysis import birthdays, cohorts, retention, rfm_table, segment_table
    from admin_crm.audit import get_moderation_history
    from admin_crm.bulk import (
        create_customers,
        moderate_customers,
        notify_customers,
        set_custom_fields_of,
        tag_customers,
        upload_evidence_files,
    )
    from admin_crm.client import AdminCRM, AsyncAdminCRM, RequestEvent, ResponseEvent, Retry
    from admin_crm.creation import create_customer_with_details, resume_customer_creation
    from admin_crm.customer_data import get_customer_data
    from admin_crm.customers import get_admin_customer_details, get_customer_intelligence
    from admin_crm.diagnosis import doctor
    from admin_crm.directory import (
        birthdays_this_month,
        get_all_customers,
        get_directory_stats,
        iter_customers,
        new_this_month,
        paginate,
        summarize_customers,
    )
    from admin_crm.errors import (
        AdminCRMError,
        AuthenticationError,
        BulkError,
        ClientStateError,
        ConflictError,
        CustomerCreationError,
        CustomerNotFoundError,
        EdgeFunctionError,
        EvidenceNotDeletedError,
        IncompleteReadError,
        InvalidInputError,
        InvalidTypeError,
        NotFoundError,
        PartialModerationError,
        PartialPrivacyError,
        PermissionDeniedError,
        RateLimitedError,
        RequestTimeoutError,
        SchemaMismatchError,
        ServiceUnavailableError,
        UnexpectedResponseError,
    )
    from admin_crm.evidence import (
        delete_customer_evidence,
        download_customer_evidence,
        get_evidence_url,
        list_customer_evidence,
        upload_customer_evidence,
    )
    from admin_crm.export import export_customers, export_orders
    from admin_crm.frames import customers_frame, order_items_frame, orders_frame, timeline_frame
    from admin_crm.intelligence import (
        apply_suggested_tags,
        generate_whatsapp_message,
        get_customer_narrative,
        get_proactive_insights,
        get_strategic_loyalty_analysis,
        suggest_customer_tags,
    )
    from admin_crm.labels import (
        AccountStatus,
        CustomerTier,
        HealthStatus,
        NotificationType,
        Segment,
        canonical_health,
        canonical_segment,
    )
    from admin_crm.loyalty import (
        adjust_loyalty_points,
        get_customer_coupons,
        get_loyalty_balance,
        get_loyalty_history,
        get_loyalty_offers,
        get_referrals,
    )
    from admin_crm.models import (
        Address,
        AddressData,
        AdminCustomer,
        AdminCustomerDetail,
        AdminNotes,
        AIPreferences,
        BanMismatch,
        BulkResult,
        CategoryCount,
        CreateCustomerData,
        CreatedCustomer,
        CustomerData,
        CustomerIntelligence,
        CustomerPreferences,
        CustomerProfile,
        DirectoryStats,
        DoctorCheck,
        DoctorReport,
        Evidence,
        Export,
        IAContext,
        Insight,
        KeptData,
        LoyaltyAnalysis,
        LoyaltyEntry,
        LoyaltyOffer,
        LoyaltyProposition,
        LoyaltyTier,
        MissingPart,
        Moderation,
        ModerationEntry,
        Notification,
        Order,
        OrderItem,
        OrdersSummary,
        Page,
        PreviousStatus,
        PrivacyOutcome,
        PrivacyStep,
        ProductCount,
        Referral,
        SuggestedCoupon,
        TagSuggestion,
        TierProgress,
        TimelineEvent,
        UsedCoupon,
        WishlistItem,
        show_personal_data,
    )
    from admin_crm.moderation import (
        get_locked_customers,
        is_locked,
        lift_expired_suspensions,
        moderate_customer,
        reconcile_sign_in_bans,
        update_customer_status,
    )
    from admin_crm.notes import (
        add_customer_tags,
        get_admin_customer_notes,
        remove_customer_tags,
        set_custom_fields,
        update_admin_customer_notes,
    )
    from admin_crm.notifications import get_customer_notifications, send_customer_notification
    from admin_crm.orders import get_all_orders, get_customer_orders, iter_orders
    from admin_crm.partitions import CustomerPartition, customer_partitions, customers_dask
    from admin_crm.preferences import get_customer_preferences
    from admin_crm.privacy import anonymize_customer, delete_customer
    from admin_crm.problems import Problem
    from admin_crm.profiles import update_customer_profile
    from admin_crm.search import filter_customers, search_customers
    from admin_crm.selection import select_customers
    from admin_crm.settings import Settings
    from admin_crm.tiers import get_loyalty_tiers, tier_progress
    from admin_crm.timeline import get_customer_timeline
    from admin_crm.whatsapp import whatsapp_link
    from admin_crm.wishlist import get_customer_wishlist

__all__ = [
    "AIPreferences",
    "AccountStatus",
    "Address",
    "AddressData",
    "AdminCRM",
    "AdminCRMError",
    "AdminCustomer",
    "AdminCustomerDetail",
    "AdminNotes",
    "AsyncAdminCRM",
    "AuthenticationError",
    "BanMismatch",
    "BulkError",
    "BulkResult",
    "CategoryCount",
    "ClientStateError",
    "ConflictError",
    "CreateCustomerData",
    "CreatedCustomer",
    "CustomerCreationError",
    "CustomerData",
    "CustomerIntelligence",
    "CustomerNotFoundError",
    "CustomerPartition",
    "CustomerPreferences",
    "CustomerProfile",
    "CustomerTier",
    "DirectoryStats",
    "DoctorCheck",
    "DoctorReport",
    "EdgeFunctionError",
    "Evidence",
    "EvidenceNotDeletedError",
    "Export",
    "HealthStatus",
    "IAContext",
    "IncompleteReadError",
    "Insight",
    "InvalidInputError",
    "InvalidTypeError",
    "KeptData",
    "LoyaltyAnalysis",
    "LoyaltyEntry",
    "LoyaltyOffer",
    "LoyaltyProposition",
    "LoyaltyTier",
    "MissingPart",
    "Moderation",
    "ModerationEntry",
    "NotFoundError",
    "Notification",
    "NotificationType",
    "Order",
    "OrderItem",
    "OrdersSummary",
    "Page",
    "PartialModerationError",
    "PartialPrivacyError",
    "PermissionDeniedError",
    "PreviousStatus",
    "PrivacyOutcome",
    "PrivacyStep",
    "Problem",
    "ProductCount",
    "RateLimitedError",
    "Referral",
    "RequestEvent",
    "RequestTimeoutError",
    "ResponseEvent",
    "Retry",
    "SchemaMismatchError",
    "Segment",
    "ServiceUnavailableError",
    "Settings",
    "SuggestedCoupon",
    "TagSuggestion",
    "TierProgress",
    "TimelineEvent",
    "UnexpectedResponseError",
    "UsedCoupon",
    "WishlistItem",
    "add_customer_address",
    "add_customer_tags",
    "adjust_loyalty_points",
    "anonymize_customer",
    "apply_suggested_tags",
    "birthdays",
    "birthdays_this_month",
    "canonical_health",
    "canonical_segment",
    "cohorts",
    "create_customer_with_details",
    "create_customers",
    "customer_partitions",
    "customers_dask",
    "customers_frame",
    "delete_customer",
    "delete_customer_evidence",
    "doctor",
    "download_customer_evidence",
    "export_customers",
    "export_orders",
    "filter_customers",
    "generate_whatsapp_message",
    "get_admin_customer_details",
    "get_admin_customer_notes",
    "get_all_customers",
    "get_all_orders",
    "get_customer_coupons",
    "get_customer_data",
    "get_customer_intelligence",
    "get_customer_narrative",
    "get_customer_notifications",
    "get_customer_orders",
    "get_customer_preferences",
    "get_customer_timeline",
    "get_customer_wishlist",
    "get_directory_stats",
    "get_evidence_url",
    "get_locked_customers",
    "get_loyalty_balance",
    "get_loyalty_history",
    "get_loyalty_offers",
    "get_loyalty_tiers",
    "get_moderation_history",
    "get_proactive_insights",
    "get_referrals",
    "get_strategic_loyalty_analysis",
    "is_locked",
    "iter_customers",
    "iter_orders",
    "lift_expired_suspensions",
    "list_customer_evidence",
    "moderate_customer",
    "moderate_customers",
    "new_this_month",
    "notify_customers",
    "order_items_frame",
    "orders_frame",
    "paginate",
    "reconcile_sign_in_bans",
    "remove_customer_tags",
    "resume_customer_creation",
    "retention",
    "rfm_table",
    "search_customers",
    "segment_table",
    "select_customers",
    "send_customer_notification",
    "set_custom_fields",
    "set_custom_fields_of",
    "set_default_address",
    "show_personal_data",
    "suggest_customer_tags",
    "summarize_customers",
    "tag_customers",
    "tier_progress",
    "timeline_frame",
    "update_admin_customer_notes",
    "update_customer_address",
    "update_customer_profile",
    "update_customer_status",
    "upload_customer_evidence",
    "upload_evidence_files",
    "whatsapp_link",
]

# The modules that define the public names, cheapest to import first.
_MODULES = (
    "errors",
    "problems",
    "labels",
    "settings",
    "models",
    "client",
    "directory",
    "search",
    "selection",
    "tiers",
    "whatsapp",
    "customers",
    "customer_data",
    "evidence",
    "orders",
    "notifications",
    "audit",
    "moderation",
    "notes",
    "creation",
    "profiles",
    "addresses",
    "privacy",
    "loyalty",
    "wishlist",
    "timeline",
    "intelligence",
    "preferences",
    "diagnosis",
    "frames",
    "analysis",
    "partitions",
    "bulk",
    "export",
)


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    if name == "__version__":
        globals()[name] = installed = import_module("importlib.metadata").version("admin-crm")
        return installed
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    modules = (import_module(f"{__name__}.{each}") for each in _MODULES)
    globals()[name] = value = next(getattr(module, name) for module in modules if hasattr(module, name))
    return value


def __dir__() -> list[str]:
    """List all public names for completion, including those not loaded yet."""
    return sorted({*globals(), *__all__, "__version__"})
