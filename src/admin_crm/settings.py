"""What can be configured, with defaults that suit a shop as deployed."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """Names, limits and timeouts; each can be set as ``ADMIN_CRM_<NAME>`` in the environment or `.env`.

    Example:
        >>> Settings(page_size=500).page_size
        500
    """

    model_config = SettingsConfigDict(
        env_prefix="ADMIN_CRM_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    view: str = "customer_intelligence_360"
    """The directory's view."""
    profiles_table: str = "customer_profiles"
    """Customers' names, numbers, tier, status and totals."""
    notes_table: str = "admin_customer_notes"
    """Administrators' notes, tags and custom fields."""
    addresses_table: str = "addresses"
    """Customers' addresses."""
    orders_table: str = "orders"
    """Orders, their items as JSON."""
    order_items_table: str = "order_items"
    """Order items, in shops that have a table of them."""
    products_table: str = "products"
    """Products, by which favourites get their names."""
    categories_table: str = "categories"
    """Categories of products."""
    notifications_table: str = "user_notifications"
    """What customers are told."""
    loyalty_points_table: str = "loyalty_points"
    """Loyalty points, in shops that give them; for the timeline."""
    coupons_table: str = "coupons"
    """Coupons, in shops that give them; for the timeline."""
    evidence_bucket: str = "customer-evidence"
    """The private bucket of evidence files."""

    intelligence_function: str = "customer-intelligence"
    """The Edge Function for tags, WhatsApp messages and insights."""
    suggest_tags_action: str = "suggest_tags"
    """Its action that suggests tags."""
    whatsapp_action: str = "generate_whatsapp_copy"
    """Its action that writes WhatsApp messages."""
    insights_action: str = "generate_proactive_insights"
    """Its action that looks for insights."""
    narrative_function: str = "customer-narrative"
    """The Edge Function for narratives."""
    narrative_action: str | None = None
    """The action for narratives, in shops where they are one of a larger function."""
    loyalty_function: str = "loyalty-intelligence"
    """The Edge Function for loyalty plans."""
    loyalty_action: str | None = None
    """The action for loyalty plans, in shops where they are one of a larger function."""

    page_size: int = Field(default=1000, ge=1, le=100_000)
    """Rows asked for in one request; the server may answer fewer, and the read goes on."""
    concurrency: int = Field(default=8, ge=1, le=64)
    """Requests side by side within one call."""
    max_evidence_bytes: int = Field(default=50 * 1024 * 1024, ge=1)
    """The largest evidence file, in bytes; larger ones are refused before they are sent."""
    signed_url_seconds: int = Field(default=3600, ge=1)
    """For how long a signed URL opens its file."""

    retry_attempts: int = Field(default=6, ge=1)
    """Tries per request, the first one included."""
    retry_deadline: Seconds = 60.0
    """Seconds after which no further try is begun."""
    retry_base_delay: Seconds = 0.25
    """Up to how many seconds the first pause lasts; each further one up to twice as long."""
    retry_max_delay: Seconds = 8.0
    """The longest pause, in seconds, unless the server asks for a longer one."""
    rest_timeout: Seconds = 30.0
    """Seconds for one answer of PostgREST."""
    auth_timeout: Seconds = 20.0
    """Seconds for one answer of auth."""
    storage_timeout: Seconds = 60.0
    """Seconds for one answer of storage."""
    functions_timeout: Seconds = 150.0
    """Seconds for one answer of an Edge Function; the platform allows 150."""

    silver_from: Decimal = Decimal(5_000)
    """Lifetime spend from which a customer is silver, in the shop's currency."""
    gold_from: Decimal = Decimal(20_000)
    """Lifetime spend from which a customer is gold."""
    platinum_from: Decimal = Decimal(50_000)
    """Lifetime spend from which a customer is platinum."""


class Credentials(BaseSettings):
    """The project's URL and keys, under the names that shops already use."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    url: str = Field(default="", validation_alias="SUPABASE_URL")
    secret_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY")
    )
    publishable_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY")
    )
    access_token: SecretStr | None = Field(default=None, validation_alias="ADMIN_CRM_ACCESS_TOKEN")
