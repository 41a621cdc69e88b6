"""A user of a shop, signed in over the wire, without the library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx

from admin_crm.local import LocalStack

_PASSWORD = LocalStack.customer_password


class ShopUser:
    """A session of a user."""

    def __init__(self, stack: LocalStack, http: httpx.Client, email: str) -> None:
        self.stack, self._http = stack, http
        body = {"email": email, "password": _PASSWORD}
        answer = http.post("/auth/v1/token?grant_type=password", json=body, headers=self._headers()).json()
        self.id, self.token, self.refresh_token = answer["user"]["id"], answer["access_token"], answer["refresh_token"]

    def rest(self, method: str, path: str, body: object = None, *, prefer: str = "") -> httpx.Response:
        headers = self._headers() | {
            "Authorization": f"Bearer {self.token}",
            "Prefer": f"return=representation,{prefer}",
        }
        return self._http.request(method, f"/rest/v1/{path}", json=body, headers=headers)

    def refresh(self) -> httpx.Response:
        body = {"refresh_token": self.refresh_token}
        return self._http.post("/auth/v1/token?grant_type=refresh_token", json=body, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {"apikey": self.stack.publishable_key}


@contextmanager
def suspended_user(stack: LocalStack) -> Iterator[ShopUser]:
    """A customer of the tier silver, signed in and then suspended; removed afterwards."""
    email = f"c-{uuid4()}@clientes.example"
    body = {"email": email, "password": _PASSWORD, "email_confirm": True, "user_metadata": {"full_name": "Prueba"}}
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=300) as http:
        made = http.post("/auth/v1/admin/users", json=body, headers={"apikey": stack.secret_key}).json()["id"]
        stack.execute_sql(
            "update customer_profiles set account_status = 'suspended', suspension_end = '2999-01-01', customer_tier ="
            f" 'silver', total_orders = 3, total_spent = 6000 where id = '{made}'"
        )
        try:
            yield ShopUser(stack, http, email)
        finally:
            stack.execute_sql(f"delete from orders where customer_id = '{made}'")
            stack.execute_sql(f"delete from auth.users where id = '{made}'")


def standing_of(stack: LocalStack, customer: str) -> dict[str, object]:
    """What a customer may not change."""
    columns = "account_status, suspension_end, customer_tier, total_orders, total_spent::float as total_spent"
    return stack.execute_sql(f"select {columns} from customer_profiles where id = '{customer}'")[0]
