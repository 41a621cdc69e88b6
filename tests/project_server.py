"""A healthy Supabase project, played by respx; a test makes one part of it unhealthy."""

from __future__ import annotations

import base64
import json
import re
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import httpx
import respx

from admin_crm import DoctorCheck, DoctorReport
from helpers import ANON, QUICK, URL, Caller

USER = "7e1b2c3d-0000-4000-8000-000000000001"
SETTINGS = {"external": {"email": True}, "disable_signup": False, "mailer_autoconfirm": True}
FK = {"code": "23503", "message": 'insert violates foreign key constraint "customer"'}
DENIED = {"statusCode": "403", "error": "Unauthorized", "message": "new row violates row-level security policy"}
NO_BUCKET = {"statusCode": "404", "error": "Bucket not found", "message": "Bucket not found"}
NO_OBJECT = {"statusCode": "404", "error": "not_found", "message": "Object not found"}


def jwt(**claims: Any) -> str:
    parts = ({"alg": "HS256"}, claims)
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return f"{head}.{body}.c2lnbmF0dXJl"


def rows(total: int | None, given: int = 0) -> httpx.Response:
    ids = [{"id": f"00000000-0000-4000-8000-{number:012}"} for number in range(given)]
    return httpx.Response(206, json=ids, headers={"content-range": f"*/{'*' if total is None else total}"})


def refused(code: str, message: str = "no", status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message})


class Project:
    """A healthy project, played by respx; a test makes one part of it unhealthy."""

    def __init__(self, router: respx.MockRouter) -> None:
        self.router = router
        date = {"date": format_datetime(datetime.now(UTC), usegmt=True)}
        self.settings = self.answer("GET", "/auth/v1/settings", httpx.Response(200, json=SETTINGS, headers=date))
        self.tables = {
            name: self.answer("GET", f"/rest/v1/{name}", rows(1))
            for name in re.findall(
                r"\w+",
                "customer_intelligence_360 addresses orders order_items products categories admin_customer_notes"
                " user_notifications admin_users loyalty_points coupons customer_coupons customer_wishlists"
                " smart_loyalty_propositions referrals store_settings",
            )
        }
        self.function = self.answer("POST", "/rest/v1/rpc/customer_directory", refused("PGRST202", "no function", 404))
        self.profiles = self.answer("GET", "/rest/v1/customer_profiles", None)
        self.profiles.side_effect = self.profile_rows
        self.bucket = self.answer("GET", "/storage/v1/bucket/customer-evidence", None)
        self.bucket.return_value = httpx.Response(200, json={"id": "customer-evidence", "public": False})
        self.listing = self.answer("POST", "/storage/v1/object/list/customer-evidence", None)
        self.listing.return_value = httpx.Response(200, json=[{"name": "a"}])
        self.signing = router.post(url__regex=rf"{URL}/storage/v1/object/upload/sign/customer-evidence/.*")
        self.signing.return_value = httpx.Response(200, json={"url": "/object/upload/sign/e/a?token=t"})
        self.upload = router.post(url__regex=rf"{URL}/storage/v1/object/customer-evidence/.*")
        self.upload.return_value = httpx.Response(200, json={"Id": USER, "Key": "e/a"})
        self.remove = self.answer("DELETE", "/storage/v1/object/customer-evidence", None)
        self.remove.side_effect = lambda request: httpx.Response(
            200, json=[{"name": path} for path in json.loads(request.content)["prefixes"]]
        )
        self.info = router.get(url__regex=rf"{URL}/storage/v1/object/info/.*")
        self.info.return_value = httpx.Response(400, json=NO_OBJECT)
        self.notes = self.answer("POST", "/rest/v1/admin_customer_notes", httpx.Response(409, json=FK))
        self.unnote = self.answer("DELETE", "/rest/v1/admin_customer_notes", httpx.Response(200, json=[]))
        self.functions = router.options(url__regex=rf"{URL}/functions/v1/.*")
        self.functions.return_value = httpx.Response(200, text="ok")
        self.actions = router.post(url__regex=rf"{URL}/functions/v1/.*")
        self.actions.side_effect = self.action

        self.create_user = self.answer("POST", "/auth/v1/admin/users", httpx.Response(200, json={"id": USER}))
        self.delete_user = self.answer("DELETE", "/auth/v1/admin/users/", httpx.Response(200, json={}))
        token = {"access_token": "the-users-token", "refresh_token": "r", "expires_in": 3600}
        self.sign_in = self.answer("POST", "/auth/v1/token", httpx.Response(200, json=token))
        self.upsert_profile = self.answer("POST", "/rest/v1/customer_profiles", httpx.Response(201, json=[]))
        self.update_profile = self.answer("PATCH", "/rest/v1/customer_profiles", refused("42501", "guarded", 403))
        self.delete_profile = self.answer("DELETE", "/rest/v1/customer_profiles", httpx.Response(200, json=[]))

    def action(self, request: httpx.Request) -> httpx.Response:
        known = json.loads(request.content)["action"] in ("suggest_tags", "generate_whatsapp_copy")
        return httpx.Response(400, json={"error": "Falta customerId" if known else "Acción no soportada"})

    def answer(self, method: str, path: str, response: httpx.Response | None) -> respx.Route:
        route = self.router.route(method=method, url__startswith=f"{URL}{path}")
        route.return_value = response
        return route

    def profile_rows(self, request: httpx.Request) -> httpx.Response:
        return rows(0) if "suspension_end=lte" in str(request.url) else rows(1, given=1)


def line_of(report: DoctorReport, name: str) -> DoctorCheck:
    (found,) = (check for check in report.checks if check.name == name)
    return found


def as_user(caller: Caller, **claims: Any) -> Any:
    token = jwt(**{"role": "authenticated", "sub": USER, "exp": int(time.time()) + 3600} | claims)
    return caller.open(URL, ANON, access_token=token, settings=QUICK)
