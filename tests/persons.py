"""A customer with rows in every table, and the search for what is left of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import httpx

_BUCKET = "customer-evidence"
_PASSWORD = "larga-y-buena"


class Person:
    """A customer of whom the shop holds something everywhere; every value is unique."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.mark = uuid4().hex[:12]
        self.name, self.email = f"Zacarías Quetzal {self.mark}", f"zacarias.{self.mark}@correo.example"
        digits = str(uuid4().int)[:10]
        self.phone, self.street, self.parcel = f"+52 {digits}", f"Calle Ámbar {self.mark}", f"GUIA-{digits}"
        self.id = self._account("/admin/users", email=self.email, password=_PASSWORD, email_confirm=True,
                                user_metadata={"full_name": self.name, "phone": self.phone})["id"]  # fmt: skip
        # What stays in the shop's books has a mark that is no value of the person's.
        self.coupon, self.orders = f"CUPON-{self.id[:8]}", (f"A-{self.id[:8]}", f"B-{self.id[:8]}")
        self.session = self.sign_in().json()
        self.friend, self.guest = self._other(), self._other()
        self._fill()
        for path in ("recibo.txt", "carpeta/foto.txt"):
            self._upload(path)

    @property
    def values(self) -> list[str]:
        """What says who it is."""
        bare = self.phone.removeprefix("+52 ")
        return [self.name, f"quetzal {self.mark}", self.email, bare, self.street, self.parcel, self.mark]

    def traces(self) -> dict[str, list[str]]:
        """Search every column of every table, of the shop, of accounts and of files."""
        tables = self.stack.execute_sql(
            "select table_schema || '.' || quote_ident(table_name) as name from information_schema.tables"
            " where table_schema in ('public', 'auth', 'storage') and table_type = 'BASE TABLE' order by 1"
        )
        assert len(tables) > 20
        # Each table is read once, all of it as text.
        values = self.values
        hits = ", ".join(
            f"case when bool_or(position('{value.lower()}' in content) > 0) then {number} end"
            for number, value in enumerate(values)
        )
        searches = [
            f"select '{each['name']}' as name, array_remove(array[{hits}], null) as hits"
            f" from (select lower(searched::text) as content from {each['name']} searched) texts"
            for each in tables
        ]
        rows = self.stack.execute_sql(" union all ".join(searches))
        return {row["name"]: [values[number] for number in row["hits"]] for row in rows if row["hits"]}

    def sign_in(self) -> httpx.Response:
        return self._ask("POST", "/auth/v1/token?grant_type=password",
                         {"email": self.email, "password": _PASSWORD}, self.stack.publishable_key)  # fmt: skip

    def refresh(self) -> httpx.Response:
        body = {"refresh_token": self.session["refresh_token"]}
        return self._ask("POST", "/auth/v1/token?grant_type=refresh_token", body, self.stack.publishable_key)

    def count(self, table: str, column: str = "customer_id") -> int:
        rows = self.stack.execute_sql(f"select count(*)::int as n from {table} where {column} = '{self.id}'")
        return int(rows[0]["n"])

    def clean(self) -> None:
        """Remove what tests must not leave to others."""
        statements = (
            f"delete from referrals where '{self.id}' in (referrer_id, referred_id)",
            f"delete from orders where order_number in {self.orders}",
            f"delete from auth.users where id in ('{self.id}', '{self.friend}', '{self.guest}')",
            f"delete from coupons where code = '{self.coupon}'",
            f"delete from storage.objects where name like '{self.id}/%'",
        )
        self._run(statements)

    def _fill(self) -> None:
        home, bought, own = str(uuid4()), str(uuid4()), {"customer_id": self.id}
        profile = {
            "whatsapp": self.phone,
            "birthdate": "1990-05-01",
            "avatar_url": f"https://fotos.example/{self.mark}.png",
            "referral_code": f"ZACA-{self.mark}",
            "ai_preferences": {"interests": ["velas"], "personality_notes": self.name},
            "ia_context": {"last_query": f"soy {self.name}"},
        }
        changes = ", ".join(f"{column} = {_literal(value)}" for column, value in profile.items())
        offer = {"discount_type": "fixed", "discount_value": 10}
        statements = [
            f"update customer_profiles set {changes} where id = '{self.id}'",
            _insert("addresses", **own, id=home, full_name=self.name, street=self.street, number="7", colony="Centro",
                    zip_code="91000", phone=self.phone, is_default=True),
            _insert("orders", **own, id=bought, order_number=self.orders[0], items=[{"name": "Vela", "price": 1234.1}],
                    subtotal=1234.1, total=1234.1, status="delivered", shipping_address_id=home,
                    tracking_notes=f"Dejar con {self.name}", tracking_number=self.parcel, mp_payment_id="998877",
                    mp_payment_data={"payer": {"name": self.name, "email": self.email}}),
            _insert("orders", **own, order_number=self.orders[1], items=[{}], subtotal=5, total=5, status="cancelled"),
            _insert("admin_customer_notes", **own, custom_fields={"talla": 1.5, "vive en": self.street},
                    notes=f"Es {self.name}"),
            f"update admin_customer_notes set tags = array['vip {self.mark}'] where customer_id = '{self.id}'",
            _insert("user_notifications", user_id=self.id, title="Hola", message=self.name),
            _insert("coupons", **offer, code=self.coupon, description=f"Oferta para {self.name}", max_uses=1),
            _insert("smart_loyalty_propositions", **own, **offer, coupon_code=self.coupon, generated_code=self.coupon,
                    personalized_message=f"Hola {self.name}", expires_at="2026-12-31"),
            _insert("customer_coupons", **own, coupon_code=self.coupon, order_id=bought),
            _insert("loyalty_points", **own, points=40, transaction_type="earned", description=f"Para {self.name}"),
            f"insert into customer_wishlists (customer_id, product_id) select '{self.id}', id from products limit 1",
            _insert("referrals", referrer_id=self.friend, referred_id=self.id),
            _insert("referrals", referrer_id=self.id, referred_id=self.guest),
            _insert("auth.identities", id=str(uuid4()), user_id=self.id, provider="google",
                    provider_id=f"g-{self.mark}", identity_data={"name": self.name, "email": self.email}),
        ]  # fmt: skip
        self._run(statements)

    def _run(self, statements: Iterable[str]) -> None:
        """Run statements in one request."""
        self.stack.execute_sql(f"do $do$ begin {'; '.join(statements)}; end $do$")

    def _other(self) -> str:
        return str(self._account("/admin/users", email=f"otro-{uuid4()}@correo.example", email_confirm=True)["id"])

    def _account(self, path: str, **body: Any) -> dict[str, Any]:
        return self._ask("POST", f"/auth/v1{path}", body, self.stack.secret_key).json()

    def _upload(self, path: str) -> None:
        answer = httpx.post(
            f"{self.stack.url}/storage/v1/object/{_BUCKET}/{self.id}/{path}",
            content=b"hola",
            headers=self._headers(self.stack.secret_key) | {"content-type": "text/plain"},
            trust_env=False,
            timeout=300,
        )
        assert answer.status_code == 200, answer.text

    def _ask(self, method: str, path: str, body: Any, key: str) -> httpx.Response:
        return httpx.request(
            method, f"{self.stack.url}{path}", json=body, headers=self._headers(key), trust_env=False, timeout=300
        )

    def _headers(self, key: str) -> dict[str, str]:
        return {"apikey": key, "Authorization": f"Bearer {key}"}


def _insert(table: str, **row: Any) -> str:
    values = ", ".join(map(_literal, row.values()))
    return f"insert into {table} ({', '.join(row)}) values ({values})"


def _literal(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "'" + text.replace("'", "''") + "'"
