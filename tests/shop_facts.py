"""What the shop's database is, as its published migrations make it: the table that the local project is compared with.

Read from the shop that the web admin belongs to, and never from `src/admin_crm/local/supabase`: where the two differ,
the local project is wrong. Goods and their categories are of our own shop; so only the columns that the library reads
are held to be the same there.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """The facts of one table.

    Attributes:
        columns: a line for each, in their order: ``name type``, then ``!`` where null is refused, then the default.
        checks: the values that a column takes.
        unique: the columns that are unique together, beside the primary key.
        references: where a column's foreign key leads, and what a deletion there does.
        policies: who may do what, ``command: who``; all else is refused by row-level security.
    """

    columns: str
    key: str = "id"
    checks: dict[str, set[str]] = field(default_factory=dict)
    unique: tuple[str, ...] = ()
    references: dict[str, str] = field(default_factory=dict)
    policies: frozenset[str] = frozenset()
    whole: bool = True
    """Whether the table has no other columns."""


PROFILE = "customer_profiles.id"
EVERYBODY_ACTIVE = "SELECT: what is active"


def own(column: str, commands: str = "SELECT INSERT UPDATE DELETE") -> set[str]:
    """What a user may do with the rows where a column is the user's id."""
    return {f"{command}: {column} is mine" for command in commands.split()}


TABLES = {
    "admin_users": Table(
        """
        id uuid !
        role text 'admin'
        created_at timestamptz now()
        """,
        checks={"role": {"admin", "super_admin", "viewer"}},
        references={"id": "auth.users.id cascade"},
        policies=frozenset(own("id", "SELECT")),
    ),
    "customer_profiles": Table(
        """
        id uuid !
        full_name text !
        phone text
        whatsapp text
        birthdate date
        customer_tier text 'bronze'
        total_orders int4 0
        total_spent numeric 0
        favorite_category_id uuid
        account_status text 'active'
        suspension_end timestamptz
        referral_code text
        ia_context jsonb '{}'
        ai_preferences jsonb '{}'
        avatar_url text
        created_at timestamptz now()
        updated_at timestamptz now()
        """,
        checks={
            "customer_tier": {"bronze", "silver", "gold", "platinum"},
            "account_status": {"active", "suspended", "banned"},
        },
        unique=("referral_code",),
        references={"id": "auth.users.id cascade", "favorite_category_id": "categories.id set null"},
        policies=frozenset({"ALL: administrators", *own("id", "SELECT INSERT UPDATE")}),
    ),
    "addresses": Table(
        """
        id uuid ! gen_random_uuid()
        customer_id uuid !
        type text
        label text
        full_name text
        street text !
        number text !
        colony text !
        city text ! 'Xalapa'
        state text ! 'Veracruz'
        zip_code text !
        phone text
        notes text
        is_default bool false
        references text
        created_at timestamptz now()
        """,
        checks={"type": {"shipping", "billing"}},
        references={"customer_id": f"{PROFILE} cascade"},
        policies=frozenset({"ALL: administrators", *own("customer_id")}),
    ),
    "orders": Table(
        """
        id uuid ! gen_random_uuid()
        order_number text !
        customer_id uuid
        items jsonb !
        subtotal numeric !
        shipping_cost numeric 0
        discount numeric 0
        total numeric !
        status text 'pending'
        payment_method text
        payment_status text 'pending'
        shipping_address_id uuid
        billing_address_id uuid
        tracking_notes text
        tracking_number text
        whatsapp_sent bool false
        whatsapp_sent_at timestamptz
        mp_preference_id varchar
        mp_payment_id varchar
        mp_payment_data jsonb
        created_at timestamptz now()
        updated_at timestamptz now()
        """,
        checks={
            "status": {"pending", "confirmed", "processing", "shipped", "delivered", "cancelled"},
            "payment_method": {"whatsapp", "mercadopago", "cash", "transfer", "card"},
            "payment_status": {"pending", "paid", "failed", "refunded"},
        },
        unique=("order_number",),
        references={
            "customer_id": f"{PROFILE} set null",
            "shipping_address_id": "addresses.id set null",
            "billing_address_id": "addresses.id set null",
        },
        policies=frozenset({"ALL: administrators", *own("customer_id", "SELECT INSERT")}),
    ),
    "admin_customer_notes": Table(
        """
        customer_id uuid !
        tags text[] '{}'
        custom_fields jsonb '{}'
        notes text
        updated_at timestamptz now()
        """,
        key="customer_id",
        references={"customer_id": f"{PROFILE} cascade"},
        policies=frozenset({"ALL: administrators"}),
    ),
    "user_notifications": Table(
        """
        id uuid ! gen_random_uuid()
        user_id uuid !
        title text !
        message text !
        type text 'info'
        is_read bool false
        created_at timestamptz now()
        """,
        checks={"type": {"info", "warning", "alert", "success"}},
        references={"user_id": "auth.users.id cascade"},
        policies=frozenset({"SELECT: administrators", "INSERT: administrators", *own("user_id", "SELECT UPDATE")}),
    ),
    "coupons": Table(
        """
        code text !
        description text
        discount_type text
        discount_value numeric !
        min_purchase numeric 0
        max_uses int4
        used_count int4 0
        valid_from timestamptz now()
        valid_until timestamptz
        is_active bool true
        created_at timestamptz now()
        """,
        key="code",
        checks={"discount_type": {"percentage", "fixed"}},
        policies=frozenset({"ALL: administrators", EVERYBODY_ACTIVE}),
    ),
    "customer_coupons": Table(
        """
        id uuid ! gen_random_uuid()
        customer_id uuid !
        coupon_code text !
        order_id uuid
        used_at timestamptz now()
        """,
        references={
            "customer_id": f"{PROFILE} cascade",
            "coupon_code": "coupons.code cascade",
            "order_id": "orders.id set null",
        },
        policies=frozenset(own("customer_id", "SELECT INSERT")),
    ),
    "loyalty_points": Table(
        """
        id uuid ! gen_random_uuid()
        customer_id uuid !
        points int4 !
        transaction_type text !
        description text
        order_id uuid
        created_at timestamptz now()
        """,
        checks={"transaction_type": {"earned", "spent", "expired"}},
        references={"customer_id": f"{PROFILE} cascade", "order_id": "orders.id set null"},
        policies=frozenset({"ALL: administrators", *own("customer_id", "SELECT")}),
    ),
    "customer_wishlists": Table(
        """
        id uuid ! gen_random_uuid()
        customer_id uuid !
        product_id uuid !
        created_at timestamptz now()
        """,
        unique=("customer_id, product_id",),
        references={"customer_id": "auth.users.id cascade", "product_id": "products.id cascade"},
        policies=frozenset({"ALL: administrators", *own("customer_id")}),
    ),
    "smart_loyalty_propositions": Table(
        """
        id uuid ! gen_random_uuid()
        customer_id uuid !
        coupon_code text
        generated_code text !
        personalized_message text !
        discount_value numeric !
        discount_type text !
        expires_at timestamptz !
        is_claimed bool false
        created_at timestamptz now()
        """,
        checks={"discount_type": {"percentage", "fixed"}},
        references={"customer_id": f"{PROFILE} cascade", "coupon_code": "coupons.code set null"},
        policies=frozenset(own("customer_id", "SELECT UPDATE")),
    ),
    "referrals": Table(
        """
        id uuid ! gen_random_uuid()
        referrer_id uuid !
        referred_id uuid !
        status text 'pending'
        reward_points_referrer int4 0
        reward_points_referred int4 0
        created_at timestamptz now()
        completed_at timestamptz
        """,
        checks={"status": {"pending", "completed", "cancelled"}},
        unique=("referred_id", "referrer_id, referred_id"),
        references={"referrer_id": PROFILE, "referred_id": PROFILE},
        policies=frozenset(own("referrer_id", "SELECT") | own("referred_id", "SELECT")),
    ),
    "store_settings": Table(
        """
        id int8 ! 1
        site_name text
        description text
        whatsapp_number text
        whatsapp_default_message text
        location_city text
        bank_account_info text
        payment_methods jsonb '{"transfer": true, "mercadopago": false, "cash": false}'
        loyalty_config jsonb '{"active": true, "points_per_currency": 10, "currency_per_point_unit": 100}'
        loyalty_tiers_config jsonb
        created_at timestamptz now()
        updated_at timestamptz now()
        """,
        policies=frozenset({"SELECT: everybody", "INSERT: administrators", "UPDATE: administrators"}),
        whole=False,
    ),
    "products": Table(
        """
        id uuid ! gen_random_uuid()
        name text !
        slug text !
        price numeric !
        stock int4 0
        sku text
        category_id uuid !
        tags text[] '{}'
        images text[] '{}'
        is_active bool true
        created_at timestamptz now()
        updated_at timestamptz now()
        """,
        unique=("slug, section",),
        references={"category_id": "categories.id"},
        policies=frozenset({"ALL: administrators", EVERYBODY_ACTIVE}),
        whole=False,
    ),
    "categories": Table(
        """
        id uuid ! gen_random_uuid()
        name text !
        slug text !
        parent_id uuid
        is_active bool true
        created_at timestamptz now()
        """,
        unique=("slug, section",),
        references={"parent_id": "categories.id"},
        policies=frozenset({"ALL: administrators", EVERYBODY_ACTIVE}),
        whole=False,
    ),
}

VIEW_COLUMNS = """
customer_id uuid, id uuid, full_name text, customer_phone text, phone text, whatsapp text, birthdate date,
customer_tier text, total_orders int4, total_spent numeric, favorite_category_id uuid, created_at timestamptz,
updated_at timestamptz, ia_context jsonb, ai_preferences jsonb, account_status text, suspension_end timestamptz,
email text, avatar_url text, recency_days int4, frequency int8, monetary numeric, last_order_date timestamptz,
segment text, health_status text
"""
"""The directory `customer_intelligence_360`, in order."""

TRIGGERS = {
    ("auth.users", "AFTER INSERT"): "makes the profile",
    ("customer_profiles", "BEFORE INSERT"): "gives a referral code",
    ("customer_profiles", "BEFORE UPDATE"): "moves updated_at",
    ("orders", "BEFORE INSERT"): "gives a number",
    ("orders", "BEFORE UPDATE"): "moves updated_at",
    ("orders", "AFTER INSERT OR UPDATE"): "counts delivered orders, and so the tier",
    ("orders", "AFTER UPDATE"): "rewards who invited the customer",
}
"""All triggers on the tables about customers; on products one moves `updated_at`."""

RPCS = {
    "get_customer_points_balance": ("p_customer_id uuid", "int4", "invoker"),
    "process_loyalty_points": (
        "p_user_id uuid, p_amount int4, p_type varchar, p_description text, p_order_id uuid = NULL",
        "void",
        "definer",
    ),
}
"""Arguments, what is returned, and with whose rights it runs."""

EVIDENCE_POLICIES = {"INSERT: administrators", "SELECT: administrators"}
"""On `storage.objects` in the private bucket `customer-evidence`."""
