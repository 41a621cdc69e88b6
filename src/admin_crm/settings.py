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
    profiles_table: str = "customer_profiles"
    notes_table: str = "admin_customer_notes"
    addresses_table: str = "addresses"
    orders_table: str = "orders"
    order_items_table: str = "order_items"
    products_table: str = "products"
    categories_table: str = "categories"
    notifications_table: str = "user_notifications"
    loyalty_points_table: str = "loyalty_points"
    coupons_table: str = "coupons"
    evidence_bucket: str = "customer-evidence"

    intelligence_function: str = "customer-intelligence"
    suggest_tags_action: str = "suggest_tags"
    whatsapp_action: str = "generate_whatsapp_copy"
    insights_action: str = "generate_proactive_insights"
    narrative_function: str = "customer-narrative"
    narrative_action: str | None = None
    loyalty_function: str = "loyalty-intelligence"
    loyalty_action: str | None = None

    page_size: int = Field(default=1000, ge=1, le=100_000)
    """Rows asked for in one request; the server may answer fewer, and the read goes on."""
    concurrency: int = Field(default=8, ge=1, le=64)
    """Requests side by side within one call."""
    max_evidence_bytes: int = Field(default=50 * 1024 * 1024, ge=1)
    signed_url_seconds: int = Field(default=3600, ge=1)

    retry_attempts: int = Field(default=4, ge=1)
    """Tries per request, the first one included."""
    retry_deadline: Seconds = 60.0
    """Seconds after which no further try is begun."""
    retry_base_delay: Seconds = 0.25
    retry_max_delay: Seconds = 8.0
    rest_timeout: Seconds = 30.0
    auth_timeout: Seconds = 20.0
    storage_timeout: Seconds = 60.0
    functions_timeout: Seconds = 150.0

    silver_from: Decimal = Decimal(5_000)
    gold_from: Decimal = Decimal(20_000)
    platinum_from: Decimal = Decimal(50_000)


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
