"""A shop that respx plays: profiles with their status, administrators, and the auth server's users with their bans."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import respx

from helpers import PROFILES, REST, URL

ADMINS = f"{REST}/admin_users"
USERS = f"{URL}/auth/v1/admin/users"
UNITS = {"h": 3600, "s": 1}
NO_USER = httpx.Response(404, json={"code": 404, "error_code": "user_not_found", "msg": "User not found"})


class ModerationServer:
    """Answers as PostgREST and auth do; a test may change the rows, and replace a route."""

    def __init__(self, router: respx.MockRouter, *customers: str) -> None:
        self.router = router
        self.log: dict[str, dict[str, Any]] = {}
        """What the shop's function was given, by the id of the log's row."""
        self.profiles: dict[str, dict[str, Any]] = {}
        self.bans: dict[str, str | None] = {}
        self.admins: set[str] = set()
        self.max_rows = 1000
        self.writes: list[str] = []
        """What was written, in order: ``status`` or a ban's duration."""
        for each in customers:
            self.add(each)
        self.read = router.get(PROFILES).mock(side_effect=self._read)
        self.update = router.patch(PROFILES).mock(side_effect=self._update)
        self.members = router.get(ADMINS).mock(side_effect=self._members)
        self.listed = router.get(USERS).mock(side_effect=self._list)
        self.user = router.get(url__startswith=f"{USERS}/").mock(side_effect=self._user)
        self.ban = router.put(url__startswith=f"{USERS}/").mock(side_effect=self._ban)

    def add(self, customer: str, status: str | None = "active", end: datetime | None = None, **more: Any) -> None:
        """Add a customer, with a user who is not banned."""
        until = None if end is None else end.isoformat()
        self.profiles[customer] = {"id": customer, "account_status": status, "suspension_end": until, **more}
        self.bans[customer] = None

    def with_function(self) -> respx.Route:
        """Install the function of `admin-crm sql moderation`."""
        self.function = self.router.post(f"{REST}/rpc/moderate_customer").mock(side_effect=self._moderate)
        return self.function

    def banned_until(self, customer: str) -> datetime | None:
        until = self.bans[customer]
        return None if until is None else datetime.fromisoformat(until)

    def _read(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        found = [row for row in self.profiles.values() if self._asked_for(row, params)]
        if "or" in params:
            found = [row for row in found if self._is_locked(row)]
        return self._rows(found, params.get("select", "*"))

    def _update(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        found = [row for row in self.profiles.values() if self._asked_for(row, params)]
        self.writes.append("status")
        for row in found:
            row.update(json.loads(request.content))
        return self._rows(found[: self.max_rows], "*")

    def _asked_for(self, row: dict[str, Any], params: httpx.QueryParams) -> bool:
        for each in params.get_list("id"):
            operator, _, value = each.partition(".")
            if not {"eq": row["id"] == value, "in": row["id"] in value, "gt": row["id"] > value}[operator]:
                return False
        wanted, end = params.get("account_status"), params.get("suspension_end", "")
        if wanted is not None and wanted != f"eq.{row['account_status']}":
            return False
        until = row.get("suspension_end")
        return not end or (until is not None and until <= end.removeprefix("lte."))

    def _is_locked(self, row: dict[str, Any]) -> bool:
        until = row["suspension_end"]
        suspended = row["account_status"] == "suspended"
        open_end = until is None or datetime.fromisoformat(until) > datetime.now(UTC)
        return row["account_status"] == "banned" or (suspended and open_end)

    def _rows(self, rows: list[dict[str, Any]], select: str) -> httpx.Response:
        names = None if select == "*" else select.split(",")
        shown = [row if names is None else {name: row[name] for name in names} for row in rows]
        return httpx.Response(200, json=shown, headers={"content-range": f"*/{len(shown)}"})

    def _moderate(self, request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        row, repeated = self.profiles[sent["p_customer_id"]], sent["p_id"] in self.log
        kept = self.log.setdefault(sent["p_id"], sent | {"previous": (row["account_status"], row["suspension_end"])})
        if not repeated:
            row |= {"account_status": sent["p_status"], "suspension_end": sent["p_suspension_end"]}
        status, end = kept["previous"]
        answer = {"profile": row, "previous_status": status, "previous_suspension_end": end, "repeated": repeated}
        return httpx.Response(200, json=answer | {"sessions_ended": 2 if sent["p_end_sessions"] else None})

    def _members(self, request: httpx.Request) -> httpx.Response:
        found = [{"id": each} for each in sorted(self.admins) if self._asked_for({"id": each}, request.url.params)]
        return httpx.Response(200, json=found, headers={"content-range": f"*/{len(found)}"})

    def _list(self, request: httpx.Request) -> httpx.Response:
        page, size = (int(request.url.params[name]) for name in ("page", "per_page"))
        users = [self._answer(each) for each in list(self.bans)[(page - 1) * size : page * size]]
        return httpx.Response(200, json={"users": users}, headers={"x-total-count": str(len(self.bans))})

    def _user(self, request: httpx.Request) -> httpx.Response:
        customer = request.url.path.rpartition("/")[2]
        return httpx.Response(200, json=self._answer(customer)) if customer in self.bans else NO_USER

    def _ban(self, request: httpx.Request) -> httpx.Response:
        customer, duration = request.url.path.rpartition("/")[2], json.loads(request.content)["ban_duration"]
        if customer not in self.bans:
            return NO_USER
        self.writes.append(duration)
        if duration == "none":
            self.bans[customer] = None
        else:
            seconds = int(duration[:-1]) * UNITS[duration[-1]]
            self.bans[customer] = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        return httpx.Response(200, json=self._answer(customer))

    def _answer(self, customer: str) -> dict[str, Any]:
        until = self.bans[customer]
        return {"id": customer, "email": "a@x.example"} | ({} if until is None else {"banned_until": until})


def customers(count: int) -> list[str]:
    """Return the ids of so many customers."""
    return [str(UUID(int=number)) for number in range(1, count + 1)]


def token_of(user: str) -> str:
    """Return a token that says whose it is; nobody has signed it."""
    parts = ({"alg": "none"}, {"role": "authenticated", "sub": user})
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts), "c"]
    )
