"""The settings, with defaults that fit the shops in use."""

from __future__ import annotations

from datetime import UTC, tzinfo
from decimal import Decimal
from pathlib import Path
from types import new_class
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from admin_crm.errors import InvalidInputError

M = TypeVar("M", bound=BaseModel)

ENV_FILE = ".env"
ZONE_HINT = "use a name such as America/Mexico_City; a system without time zones needs: pip install tzdata"


def zone_of(name: str) -> tzinfo:
    """Return the time zone of an IANA name.

    Raises:
        ValueError: this system knows no such time zone.
    """
    if name == "UTC":  # known even where the system has no time zones
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        raise ValueError(f"there is no time zone {name[:60]!r}") from None


def _known_zone(name: str) -> str:
    try:
        zone_of(name)
    except ValueError as error:
        raise ValueError(f"{error}; {ZONE_HINT}") from None
    return name


Seconds = Annotated[float, Field(gt=0)]
TimeZone = Annotated[str, AfterValidator(_known_zone)]


class Settings(BaseModel):
    """Names, limits and timeouts. `Settings()` reads nothing; `Settings.from_env()` reads ``ADMIN_CRM_<NAME>``.

    Raises:
        InvalidInputError: a value is out of its bounds, or there is no such setting.

    Examples:
        ```python
        from admin_crm import Settings

        Settings(page_size=500).page_size
        ```
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    view: str = "customer_intelligence_360"
    """The directory's view."""
    directory_function: str | None = "customer_directory"
    """The function that returns the directory in one answer, in shops that have it; None never asks for it."""
    profiles_table: str = "customer_profiles"
    """The table of customer profiles: names, numbers, tier, status and totals."""
    admins_table: str = "admin_users"
    """The table of administrators, by their users' ids."""
    notes_table: str = "admin_customer_notes"
    """The table of administrators' notes, tags and custom fields."""
    addresses_table: str = "addresses"
    """The table of addresses."""
    orders_table: str = "orders"
    """The table of orders; their items are in a JSON column."""
    order_items_table: str = "order_items"
    """The table of order items, in shops that have one."""
    products_table: str = "products"
    """The table of products; used for the names in preferences."""
    categories_table: str = "categories"
    """The table of product categories."""
    notifications_table: str = "user_notifications"
    """The table of notifications to customers."""
    loyalty_points_table: str = "loyalty_points"
    """The table of loyalty points, in shops that have one."""
    coupons_table: str = "coupons"
    """The table of coupons, in shops that have one; a coupon's code is its key."""
    customer_coupons_table: str = "customer_coupons"
    """The table of the coupons that customers have used, in shops that have one."""
    loyalty_offers_table: str = "smart_loyalty_propositions"
    """The table of offers that the shop's AI has made to customers, in shops that have one."""
    referrals_table: str = "referrals"
    """The table of who referred whom, in shops that have one."""
    wishlists_table: str = "customer_wishlists"
    """The table of the products that customers want, in shops that have one."""
    store_settings_table: str = "store_settings"
    """The table of the shop's own settings, in shops that have one; its one row has the id 1."""
    moderation_log_table: str = "moderation_log"
    """The table of who was suspended, banned or reactivated, in shops that have one (``admin-crm sql moderation``)."""
    moderation_function: str | None = "moderate_customer"
    """The function that changes a status and writes the log, in shops that have it; None never asks for it."""
    points_balance_function: str = "get_customer_points_balance"
    """The database function that returns a customer's balance of points."""
    address_label: str = "Casa"
    """The label of an address that is written without one."""
    evidence_bucket: str = "customer-evidence"
    """The private bucket of evidence files."""
    time_zone: TimeZone = "UTC"
    """The shop's time zone, in which its months and days begin: an IANA name such as ``America/Mexico_City``."""

    intelligence_function: str = "customer-intelligence"
    """The Edge Function for tags, WhatsApp messages and insights."""
    suggest_tags_action: str = "suggest_tags"
    """The action of `intelligence_function` that suggests tags."""
    whatsapp_action: str = "generate_whatsapp_copy"
    """The action of `intelligence_function` that writes WhatsApp messages."""
    insights_action: str = "generate_proactive_insights"
    """The action of `intelligence_function` that returns insights."""
    narrative_function: str = "customer-narrative"
    """The Edge Function for narratives."""
    narrative_action: str | None = None
    """The action for narratives, if the function has several actions; None sends no action."""
    loyalty_function: str = "loyalty-intelligence"
    """The Edge Function for loyalty plans."""
    loyalty_action: str | None = None
    """The action for loyalty plans, if the function has several actions; None sends no action."""

    page_size: int = Field(default=60_000, ge=1, le=100_000)
    """Rows per request, at most; the server's own limit (`max_rows`) is usually lower, and the library reads on."""
    bulk_limit: int = Field(default=100, ge=0)
    """Customers that one call locks without asking; more of them need `allow=`."""
    concurrency: int = Field(default=8, ge=1, le=64)
    """Requests of one connection under way at once, at most. A read starts with 2 and adapts to the server."""
    pause_gc: bool = True
    """Pause Python's garbage collector while one page of rows is decoded, which halves the time that takes."""
    max_evidence_bytes: int = Field(default=50 * 1024 * 1024, ge=1)
    """The maximum size of an evidence file in bytes; larger files are rejected before the upload."""
    signed_url_seconds: int = Field(default=3600, ge=1)
    """The lifetime of signed URLs, in seconds."""

    retry_attempts: int = Field(default=6, ge=1)
    """Attempts per request, including the first. Of an upload in parts, only those count that sent bytes of which the
    server kept none: an outage is limited by `retry_deadline` alone, unless this is 1."""
    retry_deadline: Seconds = 60.0
    """Seconds after which no further attempt starts; of a file, they begin anew whenever bytes move."""
    retry_base_delay: Seconds = 0.25
    """The maximum delay before the first retry, in seconds; it doubles with each retry."""
    retry_max_delay: Seconds = 8.0
    """The maximum delay before any retry, in seconds, unless the server requests a longer one."""
    token_seconds: int = Field(default=3600, ge=1)
    """How long an access token of the project is valid, in seconds (its JWT expiry): so long a banned customer's last
    one still works."""
    rest_timeout: Seconds = 30.0
    """The timeout of a PostgREST request, in seconds."""
    auth_timeout: Seconds = 20.0
    """The timeout of an auth request, in seconds."""
    storage_timeout: Seconds = 60.0
    """The timeout of a storage request, in seconds."""
    functions_timeout: Seconds = 150.0
    """The timeout of an Edge Function, in seconds; the platform allows 150."""

    telemetry: bool = False
    """Tell OpenTelemetry (extra `otel`) of calls and requests, through the providers that the process has set."""

    silver_from: Decimal = Decimal(5_000)
    """The minimum lifetime spend of the silver tier, in the shop's currency."""
    gold_from: Decimal = Decimal(20_000)
    """The minimum lifetime spend of the gold tier, in the shop's currency."""
    platinum_from: Decimal = Decimal(50_000)
    """The minimum lifetime spend of the platinum tier, in the shop's currency."""

    country_code: str = Field(default="52", pattern=r"^[1-9][0-9]{0,2}$")
    """The country code, without +, of phone numbers that have none; 52 is Mexico. Used by `whatsapp_link`."""

    anonymized_name: str = Field(default="Cliente anonimizado", min_length=1)
    """The name that `anonymize_customer` leaves in a profile, whose column for the name cannot be empty."""
    personal_profile_columns: tuple[str, ...] = (
        "phone", "whatsapp", "birthdate", "avatar_url", "referral_code", "ai_preferences", "ia_context",
    )  # fmt: skip
    """The columns of a profile, beside the name, that `anonymize_customer` empties; those of your own too."""
    personal_order_columns: tuple[str, ...] = (
        "tracking_notes", "tracking_number", "mp_preference_id", "mp_payment_data",
    )  # fmt: skip
    """The columns of an order that say who ordered or where it went; erasing a customer's data empties them."""

    unknown_product: str = Field(default="Unknown product", min_length=1)
    """The name, in preferences, of products whose name no table and no order has."""
    unknown_category: str = Field(default="Unknown category", min_length=1)
    """The name, in preferences, of the category of products that have none or are no longer sold."""

    if not TYPE_CHECKING:  # type checkers keep the constructor with its named arguments

        def __init__(self, **values: Any) -> None:
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise InvalidInputError(_explain(error, self), argument="settings") from error

    @classmethod
    def from_env(cls) -> Settings:
        """Read the settings from the environment and from `.env` in the working directory.

        Every setting can be set as ``ADMIN_CRM_<NAME>``, such as ``ADMIN_CRM_PAGE_SIZE=500``.

        Raises:
            InvalidInputError: a variable has a value that its setting does not allow, or `.env` is not UTF-8.
        """
        return cls(**_from_env(cls, env_prefix="ADMIN_CRM_").model_dump(exclude_unset=True))


class Credentials(BaseModel):
    """The project's URL, keys and administrator, from the usual environment variables."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    url: str = Field(default="", validation_alias="SUPABASE_URL")
    secret_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY")
    )
    publishable_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY")
    )
    access_token: SecretStr | None = Field(default=None, validation_alias="ADMIN_CRM_ACCESS_TOKEN")
    email: SecretStr | None = Field(default=None, validation_alias="ADMIN_CRM_EMAIL")
    password: SecretStr | None = Field(default=None, validation_alias="ADMIN_CRM_PASSWORD")

    @classmethod
    def from_env(cls) -> Credentials:
        """Read the project's URL and keys from the environment and from `.env` in the working directory."""
        return _from_env(cls)

    @property
    def signs_in(self) -> bool:
        """Whether an administrator's token, or e-mail address and password, are given."""
        return bool(self.access_token or self.email or self.password)

    @property
    def problem(self) -> str | None:
        """What is missing, so that nothing can be connected to or not with the rights that were meant."""
        if not self.url:
            return "SUPABASE_URL is set neither in the environment nor in .env"
        if not self.signs_in and not self.secret_key:
            return (
                "no key is set: set SUPABASE_SECRET_KEY; or SUPABASE_PUBLISHABLE_KEY with ADMIN_CRM_EMAIL and "
                "ADMIN_CRM_PASSWORD, or with ADMIN_CRM_ACCESS_TOKEN"
            )
        if not self.access_token and bool(self.email) != bool(self.password):
            given, missing = ("EMAIL", "PASSWORD") if self.email else ("PASSWORD", "EMAIL")
            return f"ADMIN_CRM_{given} is set, but ADMIN_CRM_{missing} is not"
        if self.signs_in and not self.publishable_key:
            return "an administrator's sign-in or access token needs SUPABASE_PUBLISHABLE_KEY too"
        return None


def _from_env(model: type[M], **config: Any) -> M:
    """Fill a model from the environment and `.env`; pydantic-settings is loaded only where this is asked for."""
    from pydantic_settings import BaseSettings

    _check_env_file()
    source = {"env_file": ENV_FILE, "env_file_encoding": "utf-8", "extra": "ignore", **config}
    reader = new_class(
        f"{model.__name__}FromEnv",
        (BaseSettings, model),
        exec_body=lambda body: body.update(model_config=source, __module__=__name__),
    )
    return cast("M", reader())


def _check_env_file() -> None:
    """Refuse a file that is not UTF-8, without chaining the error that holds the file's content."""
    try:
        Path(ENV_FILE).read_text("utf-8")
    except UnicodeDecodeError:
        readable = False
    except OSError:
        readable = True  # no such file, which is fine
    else:
        readable = True
    if not readable:
        raise InvalidInputError(f"{ENV_FILE} is not encoded in UTF-8", argument="settings", hint="save it as UTF-8")


def _explain(error: ValidationError, settings: BaseModel) -> str:
    """Name each wrong setting, or the variable it comes from, with its value and what is allowed."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    reasons: list[str] = []
    for each in error.errors(include_url=False, include_context=False):
        name = ".".join(map(str, each["loc"]))
        if prefix:
            name = f"{prefix}{name.upper()}"
        reasons.append(
            f"there is no setting {name}"
            if each["type"] == "extra_forbidden"
            else f"{name}={repr(each['input'])[:60]} is not allowed: {each['msg']}"
        )
    return "; ".join(reasons)
