"""The doctor's checks of key, role, clock and sign-ups."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from admin_crm import doctor
from admin_crm._core.claims import claims_of
from admin_crm._core.connection import rights_in_effect
from helpers import ANON, KEY, QUICK, URL, Ask, Caller
from project_server import SETTINGS, USER, Project, as_user, jwt, line_of, refused, rows


def test_sign_ups_are_checked_with_the_anon_key_alone(ask: Ask, project: Project) -> None:
    ask(doctor)
    keys = [
        (call.request.headers["apikey"], "authorization" in call.request.headers) for call in project.settings.calls
    ]
    assert sorted(set(keys)) == [(ANON, False), (KEY, True)]


def test_an_unhealthy_auth_server_does_not_prevent_the_other_checks(ask: Ask, project: Project) -> None:
    project.settings.return_value = httpx.Response(520, html="<h1>Web server is returning an unknown error</h1>")
    report = ask(doctor)
    assert (line_of(report, "URL").verdict, line_of(report, "sign-up").verdict) == ("warn", "fail")
    assert line_of(report, "directory").verdict == "pass"


@pytest.mark.parametrize(
    ("seconds", "verdict", "words"),
    [(0, "pass", "agrees"), (300, "warn", "behind"), (-300, "warn", "ahead of")],
)
def test_clocks_may_differ_by_half_a_minute(ask: Ask, project: Project, seconds: int, verdict: str, words: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    project.settings.return_value = httpx.Response(200, json=SETTINGS, headers={"date": date})
    clock = line_of(ask(doctor), "clock")
    assert clock.verdict == verdict
    assert words in clock.meaning


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}])
def test_a_server_without_a_valid_date_is_a_warning(ask: Ask, project: Project, headers: dict[str, str]) -> None:
    project.settings.return_value = httpx.Response(200, json=SETTINGS, headers=headers)
    assert line_of(ask(doctor), "clock").verdict == "warn"


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
def test_the_types_of_keys_are_distinguished(
    caller: Caller, project: Project, key: str, verdict: str, words: str
) -> None:
    report = caller(doctor, caller.open(URL, key, settings=QUICK))
    assert line_of(report, "key").verdict == verdict
    assert words in line_of(report, "key").meaning
    assert key not in str(report) + report._repr_html_()


def test_a_legacy_anon_key_with_a_session_should_be_replaced(caller: Caller, project: Project) -> None:
    token = jwt(role="authenticated", sub=USER)
    report = caller(doctor, caller.open(URL, jwt(role="anon"), access_token=token, settings=QUICK))
    assert line_of(report, "key").advice == "switch to an sb_publishable_… key"


def test_a_key_without_an_expiry_does_not_expire() -> None:
    assert not claims_of(jwt(role="anon")).expired


@pytest.mark.parametrize(
    ("claims", "verdict", "words"),
    [
        ({}, "pass", "administrator"),
        ({"exp": 1}, "fail", "has expired"),
        ({"role": "shop_manager"}, "warn", "a custom role"),
    ],
)
def test_the_role_is_that_of_the_session(
    caller: Caller, project: Project, claims: dict[str, Any], verdict: str, words: str
) -> None:
    project.tables["admin_users"].return_value = rows(1, given=1)
    role = line_of(caller(doctor, as_user(caller, **claims)), "role")
    assert role.verdict == verdict
    assert words in role.meaning


@pytest.mark.parametrize(
    ("answer", "verdict"), [(rows(0), "fail"), (refused("PGRST205", "no admin_users", 404), "warn")]
)
def test_a_user_must_be_listed_as_an_administrator(
    caller: Caller, project: Project, answer: httpx.Response, verdict: str
) -> None:
    project.tables["admin_users"].return_value = answer
    report = caller(doctor, as_user(caller))
    assert line_of(report, "role").verdict == verdict
    assert USER not in str(report)


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({"disable_signup": True}, "warn", "disabled"),
        ({"mailer_autoconfirm": False}, "pass", "must confirm"),
    ],
)
def test_what_a_sign_up_leads_to_is_reported(
    ask: Ask, project: Project, changes: dict[str, bool], verdict: str, words: str
) -> None:
    project.settings.return_value = httpx.Response(200, json=SETTINGS | changes)
    sign_up = line_of(ask(doctor), "sign-up")
    assert sign_up.verdict == verdict
    assert words in sign_up.meaning


@pytest.mark.parametrize(("anon_key", "verdict"), [(None, "warn"), ("sb_secret_mixed-up", "fail")])
def test_a_missing_or_secret_anon_key_is_reported(
    caller: Caller, project: Project, anon_key: str | None, verdict: str
) -> None:
    report = caller(doctor, caller.open(URL, KEY, anon_key=anon_key, settings=QUICK))
    assert line_of(report, "sign-up").verdict == verdict


# supabase-py warns of its own options when it makes its own HTTP client.
@pytest.mark.filterwarnings("ignore:The '.*' parameter is deprecated:DeprecationWarning")
def test_the_rights_of_a_client_of_the_apps_own_are_those_of_its_headers(caller: Caller) -> None:
    from supabase import AsyncClient, Client

    theirs = (AsyncClient if caller.name == "async" else Client)(URL, ANON)
    theirs.options.headers["Authorization"] = f"Bearer {KEY}"
    assert rights_in_effect(caller.open(supabase=theirs)).role == "service_role"
