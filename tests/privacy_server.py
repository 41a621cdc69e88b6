"""A shop in memory that holds something of one customer everywhere, and that fails where a test says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import respx

from helpers import SOMEBODY, URL

Rows = list[dict[str, Any]]
FRIEND = "7e1b2c3d-0000-4000-8000-00000000000f"


def a_shop() -> dict[str, Rows]:
    """Tables with rows of the customer."""
    own = {"customer_id": SOMEBODY}
    return {
        "customer_profiles": [
            {"id": SOMEBODY, "full_name": "Ana Torres", "phone": "55 1111 2222", "whatsapp": None, "total_spent": 12.50,
             "ia_context": {"a": 1}}
        ],
        "addresses": [{"id": "a1", **own, "street": "Calle Ámbar"}],
        "orders": [
            {"id": "o1", **own, "total": 12.50, "tracking_notes": "Dejar con Ana Torres", "mp_payment_data": None},
            {"id": "o2", **own, "total": 3, "tracking_notes": None, "mp_payment_data": {"payer": "ana@x.example"}},
        ],
        "admin_customer_notes": [{**own, "notes": "Es Ana"}],
        "user_notifications": [{"id": "n1", "user_id": SOMEBODY, "message": "Hola Ana"}],
        "loyalty_points": [{"id": "l1", **own, "points": 4, "description": "Regalo para Ana"}],
        "customer_coupons": [{"id": "u1", **own, "coupon_code": "C1"}],
        "customer_wishlists": [{"id": "w1", **own, "product_id": "p"}],
        "smart_loyalty_propositions": [{"id": "s1", **own, "coupon_code": "C1", "personalized_message": "Hola Ana"}],
        "coupons": [
            {"code": "C1", "description": "Para Ana", "max_uses": 1, "is_active": True},
            {"code": "C2", "description": "Para todos", "max_uses": 1, "is_active": True},
        ],
        "referrals": [{"id": "r1", "referrer_id": SOMEBODY, "referred_id": FRIEND}],
        "moderation_log": [{"id": "m1", **own, "reason": "Ana Torres no paga"}],
        "admin_users": [],
        "customer_intelligence_360": [{"id": SOMEBODY, "segment": "Leal"}],
    }  # fmt: skip


class PrivacyServer:
    """PostgREST, auth and storage, as far as an erasure asks them."""

    def __init__(self) -> None:
        self.tables = a_shop()
        self.account: dict[str, Any] | None = {
            "id": SOMEBODY, "email": "ana@x.example", "phone": "", "user_metadata": {"full_name": "Ana Torres"},
            "encrypted_password": "x", "identities": [{"provider": "email", "identity_data": {}}],
        }  # fmt: skip
        self.files = [f"{SOMEBODY}/a.png", f"{SOMEBODY}/sub/b.png"]
        self.fails: dict[tuple[str, str], httpx.Response | Exception] = {}
        """What requests of a method to a path fail with, before anything is done."""
        self.fails_after: dict[tuple[str, str], dict[tuple[str, str], httpx.Response | Exception]] = {}
        """What fails from some request on."""
        self.breaks: set[tuple[str, str]] = set()
        """Requests that are executed, but whose first answer is lost."""
        self.ignores: set[tuple[str, str]] = set()
        """Requests that are answered with success, and not executed."""
        self.asked: list[tuple[str, str]] = []
        self.writes: list[tuple[str, str]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        name = path.rpartition("/")[2] if path.startswith("/rest/") else path.split("/")[1]
        call = (request.method, name)
        self.asked.append(call)
        if call in self.fails:
            failure = self.fails[call]
            if isinstance(failure, Exception):
                raise failure
            return failure
        if request.method != "GET" and not path.startswith("/storage/v1/object/list/"):
            self.writes.append(call)
        if call in self.ignores:
            return httpx.Response(204)
        services: dict[str, Callable[[httpx.Request, str], httpx.Response]] = {
            "rest": self._rest, "auth": self._auth, "storage": self._storage,
        }  # fmt: skip
        answered = services[path.split("/")[1]](request, name)
        self.fails |= self.fails_after.get(call, {})
        if call in self.breaks:
            self.breaks.remove(call)
            raise httpx.ReadError("lost")
        return answered

    def _rest(self, request: httpx.Request, table: str) -> httpx.Response:
        if table not in self.tables:
            return httpx.Response(
                404, json={"code": "PGRST205", "message": f"Could not find the table 'public.{table}'"}
            )
        if table.endswith("_360") and any(
            column not in row for row in self.tables[table] for column in _columns(request)
        ):
            message = f"column {table}.id does not exist"
            return httpx.Response(400, json={"code": "42703", "message": message})
        chosen = [row for row in self.tables[table] if _is_meant(row, request)]
        if request.method == "DELETE":
            self.tables[table] = [row for row in self.tables[table] if row not in chosen]
        if request.method == "PATCH":
            for row in chosen:
                row.update(json.loads(request.content))
        if request.method != "GET":
            return httpx.Response(204)
        return httpx.Response(200, json=chosen, headers={"content-range": f"0-0/{len(chosen)}"})

    def _auth(self, request: httpx.Request, name: str) -> httpx.Response:
        if self.account is None:
            return httpx.Response(404, json={"code": 404, "error_code": "user_not_found", "msg": "User not found"})
        body = json.loads(request.content) if request.content else {}
        if request.method == "PUT":
            metadata = self.account["user_metadata"] | body.pop("user_metadata")
            self.account |= body | {"user_metadata": {k: v for k, v in metadata.items() if v is not None}}
        if request.method == "DELETE" and body["should_soft_delete"]:
            self.account |= {"email": "hash", "deleted_at": "2026-11-27T00:00:00Z", "identities": []}
        elif request.method == "DELETE":
            self.account = None
            self._cascade()
        return httpx.Response(200, json=self.account or {})

    def _cascade(self) -> None:
        for table in set(self.tables) - {"orders", "coupons", "moderation_log", "referrals"}:
            self.tables[table] = [row for row in self.tables[table] if SOMEBODY not in row.values()]
        for order in self.tables["orders"]:
            order["customer_id"] = None

    def _storage(self, request: httpx.Request, name: str) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        if request.method == "DELETE":
            removed = [path for path in self.files if path in body["prefixes"]]
            self.files = [path for path in self.files if path not in removed]
            return httpx.Response(200, json=[{"name": path} for path in removed])
        if request.method == "GET":  # the object info that tells whether the bucket exists
            return httpx.Response(400, json={"statusCode": "404", "error": "not_found", "message": "Object not found"})
        prefix = f"{body['prefix']}/" if body["prefix"] else ""
        below = [path.removeprefix(prefix) for path in self.files if path.startswith(prefix)]
        folders = dict.fromkeys(path.partition("/")[0] for path in below if "/" in path)
        entries = [{"name": folder, "id": None} for folder in folders]
        entries += [{"name": path, "id": path, "metadata": {"size": 1}} for path in below if "/" not in path]
        return httpx.Response(200, json=entries[body["offset"] :])


def playing(server: PrivacyServer) -> respx.MockRouter:
    """Return a router that lets the server answer everything."""
    router = respx.mock(assert_all_called=False)
    router.route(url__startswith=URL).mock(side_effect=server.answer)
    return router


def _columns(request: httpx.Request) -> set[str]:
    """Return the columns that a request filters by."""
    return set(request.url.params) - {"select", "order", "limit", "offset"}


def _is_meant(row: dict[str, Any], request: httpx.Request) -> bool:
    """Return whether a row passes the filters that a request has: or, eq and in."""
    for column, condition in request.url.params.multi_items():
        if column == "or":
            wanted = [each.split(".eq.") for each in condition.strip("()").split(",")]
            if not any(str(row.get(name)) == value for name, value in wanted):
                return False
        elif found := re.fullmatch(r"(eq|in|gt)\.(.*)", condition):
            value = str(row.get(column))
            meant = {
                "eq": value == found[2],
                "in": value in found[2].strip("()").replace('"', "").split(","),
                "gt": value > found[2],
            }
            if not meant[found[1]]:
                return False
    return True
