"""The public models: frozen pydantic models that keep unknown columns (R4, R5), and how they are shown (R8)."""

from admin_crm._core.personal import show_personal_data
from admin_crm.models.bulk import BulkResult
from admin_crm.models.creation import AddressData, CreateCustomerData, CreatedCustomer
from admin_crm.models.customers import (
    AdminCustomer,
    AdminCustomerDetail,
    AIPreferences,
    CustomerIntelligence,
    CustomerProfile,
    IAContext,
)
from admin_crm.models.directory import DirectoryStats
from admin_crm.models.exports import Export
from admin_crm.models.intelligence import Insight, LoyaltyAnalysis, LoyaltyProposition, SuggestedCoupon, TagSuggestion
from admin_crm.models.lists import Page, RowList
from admin_crm.models.loyalty import (
    LoyaltyEntry,
    LoyaltyOffer,
    LoyaltyTier,
    Referral,
    TierProgress,
    UsedCoupon,
    WishlistItem,
)
from admin_crm.models.moderation import BanMismatch, Moderation, ModerationEntry, PreviousStatus, SignIn
from admin_crm.models.orders import CANCELLED, Order, OrderItem, OrdersSummary
from admin_crm.models.preferences import CategoryCount, CustomerPreferences, ProductCount
from admin_crm.models.privacy import CustomerData, KeptData, MissingPart, PrivacyOutcome, PrivacyState, PrivacyStep
from admin_crm.models.records import Address, AdminNotes, EventKind, Evidence, Notification, TimelineEvent
from admin_crm.models.report import DoctorCheck, DoctorReport, Verdict

__all__ = [
    "CANCELLED",
    "AIPreferences",
    "Address",
    "AddressData",
    "AdminCustomer",
    "AdminCustomerDetail",
    "AdminNotes",
    "BanMismatch",
    "BulkResult",
    "CategoryCount",
    "CreateCustomerData",
    "CreatedCustomer",
    "CustomerData",
    "CustomerIntelligence",
    "CustomerPreferences",
    "CustomerProfile",
    "DirectoryStats",
    "DoctorCheck",
    "DoctorReport",
    "EventKind",
    "Evidence",
    "Export",
    "IAContext",
    "Insight",
    "KeptData",
    "LoyaltyAnalysis",
    "LoyaltyEntry",
    "LoyaltyOffer",
    "LoyaltyProposition",
    "LoyaltyTier",
    "MissingPart",
    "Moderation",
    "ModerationEntry",
    "Notification",
    "Order",
    "OrderItem",
    "OrdersSummary",
    "Page",
    "PreviousStatus",
    "PrivacyOutcome",
    "PrivacyState",
    "PrivacyStep",
    "ProductCount",
    "Referral",
    "RowList",
    "SignIn",
    "SuggestedCoupon",
    "TagSuggestion",
    "TierProgress",
    "TimelineEvent",
    "UsedCoupon",
    "Verdict",
    "WishlistItem",
    "show_personal_data",
]
