"""The doctor against servers that are unwell in ways a local stack is not."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
import respx

from admin_crm import ClientStateError, DoctorCheck, DoctorReport, Settings, doctor
from admin_crm.diagnosis.access import rights_of
from helpers import ANON, KEY, QUICK, URL, Ask, Caller

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


class Server:
    """A healthy project, played by respx; a test makes one part of it unwell."""

    def __init__(self, router: respx.MockRouter) -> None:
        self.router = router
        date = {"date": format_datetime(datetime.now(UTC), usegmt=True)}
        self.settings = self.answer("GET", "/auth/v1/settings", httpx.Response(200, json=SETTINGS, headers=date))
        self.tables = {
            name: self.answer("GET", f"/rest/v1/{name}", rows(1))
            for name in re.findall(
                r"\w+",
                "customer_intelligence_360 addresses orders order_items products categories admin_customer_notes"
                " user_notifications admin_users",
            )
        }
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

    def answer(self, method: str, path: str, response: httpx.Response | None) -> respx.Route:
        route = self.router.route(method=method, url__startswith=f"{URL}{path}")
        route.return_value = response
        return route

    def profile_rows(self, request: httpx.Request) -> httpx.Response:
        return rows(0) if "suspension_end=lte" in str(request.url) else rows(1, given=1)


@pytest.fixture
def server() -> Iterator[Server]:
    with respx.mock(assert_all_called=False) as router:
        yield Server(router)


def line(report: DoctorReport, name: str) -> DoctorCheck:
    (found,) = (check for check in report.checks if check.name == name)
    return found


def as_user(caller: Caller, **claims: Any) -> Any:
    token = jwt(**{"role": "authenticated", "sub": USER, "exp": int(time.time()) + 3600} | claims)
    return caller.open(URL, ANON, access_token=token, settings=QUICK)


def test_a_healthy_project_passes_every_check_and_is_only_read(ask: Ask, server: Server) -> None:
    report = ask(doctor)
    assert {check.verdict for check in report.checks} == {"pass"}, str(report)
    assert report.ok
    assert {call.request.method for call in server.router.calls} == {"GET", "OPTIONS"}


def test_sign_ups_are_asked_about_with_the_anon_key_alone(ask: Ask, server: Server) -> None:
    ask(doctor)
    keys = [(call.request.headers["apikey"], "authorization" in call.request.headers) for call in server.settings.calls]
    assert sorted(set(keys)) == [(ANON, False), (KEY, True)]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<h1>Parked</h1>"),
        httpx.Response(200, json={"hello": "world"}),
        httpx.Response(404, html="<h1>Not here</h1>"),
        httpx.Response(301, headers={"location": "https://elsewhere.test"}),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
)
def test_where_no_project_answers_the_report_ends_with_that(ask: Ask, server: Server, answer: Any) -> None:
    server.settings.mock(side_effect=[answer] * 2)
    report = ask(doctor)
    assert [check.name for check in report.checks] == ["key", "URL"]
    assert report.checks[-1].verdict == "fail"
    assert report.checks[-1].advice
    assert not report.ok


def test_an_auth_server_that_is_unwell_does_not_keep_the_others_from_being_asked(ask: Ask, server: Server) -> None:
    server.settings.return_value = httpx.Response(520, html="<h1>Web server is returning an unknown error</h1>")
    report = ask(doctor)
    assert (line(report, "URL").verdict, line(report, "sign-up").verdict) == ("warn", "fail")
    assert line(report, "directory").verdict == "pass"


@pytest.mark.parametrize(
    ("seconds", "verdict", "words"),
    [(0, "pass", "agrees"), (300, "warn", "behind"), (-300, "warn", "ahead of")],
)
def test_clocks_may_differ_by_half_a_minute(ask: Ask, server: Server, seconds: int, verdict: str, words: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    server.settings.return_value = httpx.Response(200, json=SETTINGS, headers={"date": date})
    clock = line(ask(doctor), "clock")
    assert clock.verdict == verdict
    assert words in clock.meaning


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}])
def test_a_server_without_a_clock_is_told_of(ask: Ask, server: Server, headers: dict[str, str]) -> None:
    server.settings.return_value = httpx.Response(200, json=SETTINGS, headers=headers)
    assert line(ask(doctor), "clock").verdict == "warn"


@pytest.mark.parametrize(
    ("key", "verdict", "words"),
    [
        (jwt(role="service_role", exp=int(time.time()) + 99_999), "warn", "legacy service_role key"),
        (jwt(role="service_role", exp=int(time.time()) - 99_999), "fail", "has expired"),
        (jwt(role="anon"), "fail", "has anonymous rights"),
        (jwt(role="authenticated", sub=USER), "fail", "a user's access token"),
        (jwt(role=7, sub=7, exp="soon"), "warn", "unknown type of key"),
        ("something-else", "warn", "unknown type of key"),
        ("not.a.token", "warn", "unknown type of key"),
        (f"e30.{base64.urlsafe_b64encode(b'[1]').decode()}.e30", "warn", "unknown type of key"),
    ],
    ids=["fresh service key", "expired", "anon", "user", "odd claims", "no token", "broken token", "no object"],
)
def test_kinds_of_keys_are_told_apart(caller: Caller, server: Server, key: str, verdict: str, words: str) -> None:
    report = caller(doctor, caller.open(URL, key, settings=QUICK))
    assert line(report, "key").verdict == verdict
    assert words in line(report, "key").meaning
    assert key not in str(report) + report._repr_html_()


def test_a_legacy_anon_key_with_a_session_is_to_be_switched(caller: Caller, server: Server) -> None:
    token = jwt(role="authenticated", sub=USER)
    report = caller(doctor, caller.open(URL, jwt(role="anon"), access_token=token, settings=QUICK))
    assert line(report, "key").advice == "switch to an sb_publishable_… key"


def test_a_key_without_an_expiry_does_not_expire() -> None:
    assert not rights_of(jwt(role="anon")).expired


@pytest.mark.parametrize(
    ("claims", "verdict", "words"),
    [
        ({}, "pass", "administrator"),
        ({"exp": 1}, "fail", "has expired"),
        ({"role": "shop_manager"}, "warn", "a custom role"),
    ],
)
def test_the_role_is_that_of_the_session(
    caller: Caller, server: Server, claims: dict[str, Any], verdict: str, words: str
) -> None:
    server.tables["admin_users"].return_value = rows(1, given=1)
    role = line(caller(doctor, as_user(caller, **claims)), "role")
    assert role.verdict == verdict
    assert words in role.meaning


@pytest.mark.parametrize(
    ("answer", "verdict"), [(rows(0), "fail"), (refused("PGRST205", "no admin_users", 404), "warn")]
)
def test_a_user_must_be_known_as_an_administrator(
    caller: Caller, server: Server, answer: httpx.Response, verdict: str
) -> None:
    server.tables["admin_users"].return_value = answer
    report = caller(doctor, as_user(caller))
    assert line(report, "role").verdict == verdict
    assert USER not in str(report)


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({"disable_signup": True}, "warn", "disabled"),
        ({"mailer_autoconfirm": False}, "pass", "must confirm"),
    ],
)
def test_what_a_sign_up_leads_to_is_told(
    ask: Ask, server: Server, changes: dict[str, bool], verdict: str, words: str
) -> None:
    server.settings.return_value = httpx.Response(200, json=SETTINGS | changes)
    sign_up = line(ask(doctor), "sign-up")
    assert sign_up.verdict == verdict
    assert words in sign_up.meaning


@pytest.mark.parametrize(("anon_key", "verdict"), [(None, "warn"), ("sb_secret_mixed-up", "fail")])
def test_a_missing_or_secret_anon_key_is_told(
    caller: Caller, server: Server, anon_key: str | None, verdict: str
) -> None:
    report = caller(doctor, caller.open(URL, KEY, anon_key=anon_key, settings=QUICK))
    assert line(report, "sign-up").verdict == verdict


@pytest.mark.parametrize(
    ("shown", "there", "verdict"), [(0, 1200, "fail"), (1100, 1200, "warn"), (0, 0, "warn"), (1200, 1200, "pass")]
)
def test_the_view_is_compared_with_the_profiles(ask: Ask, server: Server, shown: int, there: int, verdict: str) -> None:
    server.tables["customer_intelligence_360"].return_value = rows(shown)
    server.profiles.mock(side_effect=lambda request: rows(there))
    assert line(ask(doctor), "directory").verdict == verdict


@pytest.mark.parametrize(
    ("given", "total", "verdict", "words"),
    [
        (50, 1200, "warn", "50 rows per response"),
        (1000, 1200, "pass", "1,000 rows per response"),
        (40, 40, "pass", "at least 40"),
        (10_000, 12_000, "pass", "at least 10,000"),
        (40, None, "warn", "does not count rows"),
    ],
)
def test_the_row_cap_is_deduced_from_what_is_given(
    ask: Ask, server: Server, given: int, total: int | None, verdict: str, words: str
) -> None:
    server.profiles.mock(side_effect=lambda request: rows(total, given))
    row_cap = line(ask(doctor), "row limit")
    assert row_cap.verdict == verdict
    assert words in row_cap.meaning


def only_these(*names: str) -> Any:
    """Refuse queries that ask for a column of another name, as PostgREST does."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params["select"]
        missing = [name for name in asked.split(",") if name != "*" and name not in names]
        return refused("42703", f"column t.{missing[0]} does not exist") if missing else rows(1)

    return answer


def test_a_column_may_have_its_other_name(ask: Ask, server: Server) -> None:
    known = "id full_name phone whatsapp account_status suspension_end tier birthdate total_spent"
    server.profiles.mock(side_effect=only_these(*known.split()))
    assert line(ask(doctor), "columns of customer_profiles").verdict == "pass"


@pytest.mark.parametrize(("missing", "verdict"), [("references", "warn"), ("street", "fail")])
def test_a_missing_column_fails_only_where_it_is_needed(ask: Ask, server: Server, missing: str, verdict: str) -> None:
    known = (
        "id customer_id type label full_name street number colony city state zip_code is_default phone notes references"
    )
    server.tables["addresses"].mock(side_effect=only_these(*known.replace(missing, "").split()))
    addresses = line(ask(doctor), "columns of addresses")
    assert addresses.verdict == verdict
    assert addresses.meaning.startswith(f"missing: {missing} (")


@pytest.mark.parametrize("code", ["PGRST205", "42P01"])
def test_a_missing_table_fails_unless_the_library_does_without_it(ask: Ask, server: Server, code: str) -> None:
    server.tables["order_items"].return_value = refused(code, "Could not find the table 'public.order_items'", 404)
    server.tables["orders"].return_value = refused(code, "Could not find the table 'public.orders'", 404)
    report = ask(doctor)
    assert line(report, "columns of order_items").verdict == "pass"
    assert line(report, "columns of orders").verdict == "fail"
    assert code in line(report, "columns of orders").meaning


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (httpx.Response(200, text="ok"), "pass"),
        (httpx.Response(404, json={"code": "NOT_FOUND", "message": "Requested function was not found"}), "warn"),
        (httpx.Response(404, json={"error": "no such customer"}), "pass"),
        (httpx.Response(503, text="boot error"), "warn"),
    ],
)
def test_functions_are_asked_for_without_making_them_do_anything(
    ask: Ask, server: Server, answer: httpx.Response, verdict: str
) -> None:
    server.functions.return_value = answer
    assert line(ask(doctor), "function loyalty-intelligence").verdict == verdict
    assert all(not call.request.content for call in server.functions.calls)


def test_functions_of_one_name_are_one_line(caller: Caller, server: Server) -> None:
    settings = Settings(narrative_function="customer-intelligence", loyalty_function="customer-intelligence")
    report = caller(doctor, caller.open(URL, KEY, settings=settings))
    assert [check.name for check in report.checks if check.name.startswith("function")] == [
        "function customer-intelligence"
    ]


def test_several_overdue_suspensions_are_counted(ask: Ask, server: Server) -> None:
    server.profiles.mock(side_effect=lambda request: rows(3))
    assert line(ask(doctor), "suspensions").meaning == "3 suspensions have ended but not been lifted"


@pytest.mark.parametrize(("info", "verdict"), [(NO_OBJECT, "warn"), (NO_BUCKET, "fail")])
def test_a_bucket_that_a_key_may_not_look_at_may_be_there(
    ask: Ask, server: Server, info: dict[str, str], verdict: str
) -> None:
    server.bucket.return_value = httpx.Response(400, json=NO_BUCKET)
    server.info.return_value = httpx.Response(400, json=info)
    assert line(ask(doctor), "bucket").verdict == verdict


def test_a_public_bucket_fails(ask: Ask, server: Server) -> None:
    server.bucket.return_value = httpx.Response(200, json={"id": "customer-evidence", "public": True})
    assert line(ask(doctor), "bucket").verdict == "fail"


@pytest.mark.parametrize(
    ("signing", "listed", "verdict"),
    [
        (httpx.Response(200, json={"url": "/o?token=t"}), [{"name": "a"}], "pass"),
        (httpx.Response(200, json={"url": "/o?token=t"}), [], "warn"),
        (httpx.Response(400, json=DENIED), [], "fail"),
        (httpx.Response(400, json=NO_BUCKET), [], "fail"),
    ],
)
def test_a_users_rights_to_evidence_are_deduced(
    caller: Caller, server: Server, signing: httpx.Response, listed: list[Any], verdict: str
) -> None:
    server.signing.return_value = signing
    server.listing.return_value = httpx.Response(200, json=listed)
    assert line(caller(doctor, as_user(caller)), "evidence").verdict == verdict
    assert not server.upload.called


@pytest.mark.parametrize(
    ("part", "answer", "verdict", "words"),
    [
        (None, None, "pass", ""),
        ("remove", httpx.Response(200, json=[]), "warn", "delete the temporary object"),
        ("remove", httpx.ReadError("lost"), "warn", "delete the temporary object"),
        ("listing", httpx.Response(200, json=[]), "warn", "select policy"),
        ("listing", httpx.Response(400, json=DENIED), "fail", ""),
        ("upload", httpx.Response(400, json=DENIED), "fail", ""),
    ],
)
def test_write_checks_say_what_became_of_the_throw_away_object(
    ask: Ask, server: Server, part: str | None, answer: Any, verdict: str, words: str
) -> None:
    if part:
        getattr(server, part).mock(side_effect=[answer] * 9)
    evidence = line(ask(doctor, write_checks=True), "evidence")
    assert evidence.verdict == verdict
    assert words in evidence.advice
    assert server.remove.called


@pytest.mark.parametrize(("removed", "left"), [(True, False), (False, True)])
def test_an_upload_whose_answer_was_lost_is_cleared_away(ask: Ask, server: Server, removed: bool, left: bool) -> None:
    server.upload.mock(side_effect=httpx.ReadTimeout("lost"))
    if not removed:
        server.remove.mock(side_effect=[httpx.Response(200, json=[])] * 9)
    evidence = line(ask(doctor, write_checks=True), "evidence")
    assert evidence.verdict == "fail"
    assert ("may still exist" in evidence.advice) is left


@pytest.mark.parametrize(
    ("written", "deleted", "verdict", "words"),
    [
        (httpx.Response(409, json=FK), [], "pass", ""),
        (httpx.Response(201, json=[{}]), [{}], "warn", "add a foreign key"),
        (httpx.Response(201, json=[{}]), [], "warn", "delete the temporary row"),
        (refused("42501", status=403), [], "fail", ""),
        (httpx.ReadTimeout("lost"), [], "fail", "may still exist"),
        (httpx.ReadTimeout("lost"), [{}], "fail", "raise the timeout"),
    ],
)
def test_write_checks_leave_no_notes(
    ask: Ask, server: Server, written: Any, deleted: list[Any], verdict: str, words: str
) -> None:
    server.notes.mock(side_effect=[written])
    server.unnote.return_value = httpx.Response(200, json=deleted)
    notes = line(ask(doctor, write_checks=True), "notes")
    assert notes.verdict == verdict
    assert words in notes.advice
    keys = {json.loads(call.request.content)["customer_id"] for call in server.notes.calls}
    assert [call.request.url.params["customer_id"] for call in server.unnote.calls] == [f"eq.{key}" for key in keys]


def test_a_closed_connection_is_no_finding(caller: Caller, server: Server) -> None:
    crm = caller.open(URL, KEY, settings=QUICK)
    caller.wait(crm.close())
    with pytest.raises(ClientStateError):
        caller(doctor, crm)


def test_a_report_is_readable_and_safe_to_show() -> None:
    report = DoctorReport(
        (DoctorCheck("key", "pass", "a secret key"), DoctorCheck("row cap", "warn", "<50>", "raise it"))
    )
    assert str(report).splitlines() == [
        "PASS  key      a secret key",
        "WARN  row cap  <50>",
        "               → raise it",
    ]
    assert report.ok
    assert "<td>&lt;50&gt;</td><td>raise it</td>" in report._repr_html_()
    assert str(DoctorReport(())) == ""
