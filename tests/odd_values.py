"""What a customer may write into the columns that the shop's policies leave to customers."""

from __future__ import annotations

from typing import Any

DEEP: Any = 1
for _ in range(220):
    DEEP = [DEEP]
DIGITS = "5,000 digits"
"""Stands for a number that Python's own JSON would not write."""

MOMENTS = ["infinity", "-infinity", "12026-01-01", "0044-03-15 BC", "0001-01-01", "9999-12-31 23:59:59.999999", None]
TEXTS = [
    "",
    " ",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x")',
    "a" * 20_000,
    "\u202etxt\u0007",
    "Ñ̃\U0001f600",
    None,
]
JSON: list[Any] = [
    [],
    {},
    None,
    "gotas",
    5,
    True,
    [None],
    {"interests": None, "preferred_styles": None},
    {"interests": "gotas", "propensity_score": "alta", "updated_at": ""},
    {"interests": [None, 5, {"a": []}, "té"], "preferred_styles": {"a": 1}, "updated_at": "infinity"},
    {"interests": DEEP, "last_query": DEEP},
    {"interests": [10**400], "propensity_score": 0.30000000000000004, "x": 10**400},
    {"personality_notes": 0.30000000000000004, "last_query": [], "visual_theme_hint": {}},
    {"interests": [DIGITS], "propensity_score": DIGITS, "updated_at": DIGITS},
    {"interests": ["a" * 200_000] * 3, "personality_notes": "\u202e" * 50_000},
    {"propensity_score": "0.75", "updated_at": "12026-01-01", "interests": ["", None]},
]
ITEMS: list[Any] = [
    {},
    "taza",
    None,
    [None],
    [[]],
    [5],
    [{"price": "abc", "name": "Taza", "quantity": "dos"}],
    [{"price": [], "name": {}, "quantity": None, "product_id": 5}],
    [{"price": 0.30000000000000004, "quantity": 1e300, "name": ""}],
    [{"name": "Taza", "product_id": "no uuid", "quantity": -3}],
    DEEP,
    [{"price": 10**400, "quantity": 10**400, "image": DEEP}],
    [{"price": DIGITS, "quantity": DIGITS, "name": "Taza"}],
    [{"price": "NaN", "quantity": "1.5", "name": "T" * 100_000}],
    [{"price": 10, "quantity": 1, "name": "Taza"}] * 500,
]

PROFILE = {
    "full_name": TEXTS[:-1],
    "phone": TEXTS,
    "whatsapp": TEXTS,
    "avatar_url": TEXTS,
    "referral_code": TEXTS,
    "birthdate": MOMENTS,
    "suspension_end": MOMENTS,
    "created_at": MOMENTS,
    "updated_at": MOMENTS,
    "customer_tier": [None],
    "account_status": [None],
    "total_orders": [None, -2147483648, 2147483647],
    "total_spent": [None, "NaN", -99999999.99],
    "favorite_category_id": [None],
    "ia_context": JSON,
    "ai_preferences": JSON,
}
ADDRESS = {
    **dict.fromkeys(["label", "full_name", "phone", "notes", "references"], TEXTS),
    **dict.fromkeys(["street", "number", "colony", "city", "state", "zip_code"], TEXTS[:-1]),
    "type": [None],
    "is_default": [None, True],
    "created_at": MOMENTS,
}
ORDER = {
    "order_number": TEXTS[:-1],
    "items": ITEMS,
    "subtotal": ["NaN"],
    "shipping_cost": ["NaN", None],
    "discount": ["NaN", None],
    "total": ["NaN", -99999999.99],
    "status": [None],
    "payment_method": [None],
    "payment_status": [None],
    "tracking_notes": TEXTS,
    "mp_payment_data": JSON,
    "updated_at": MOMENTS,
}
NOTIFICATION = {
    "title": TEXTS[:-1],
    "message": TEXTS[:-1],
    "type": [None],
    "is_read": [None, True],
    "created_at": MOMENTS,
}
OFFER = {
    "generated_code": TEXTS[:-1],
    "personalized_message": TEXTS[:-1],
    "discount_value": ["NaN", "Infinity", "-Infinity", -1, DIGITS],
    "expires_at": MOMENTS[:-1],
    "is_claimed": [None, True],
    "created_at": MOMENTS,
    "coupon_code": [None],
}
