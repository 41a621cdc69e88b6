"""The doctor's checks of the rights of a connection, and of the policies that hide rows from administrators."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx
import pytest

from admin_crm import doctor
from helpers import ANON, KEY, QUICK, URL, Caller
from project_server import USER, Project, as_user, jwt, line_of, refused, rows


def with_both(caller: Caller, secret_key: str = KEY) -> Any:
    token = jwt(role="authenticated", sub=USER, exp=int(time.time()) + 3600)
    return caller.open(URL, ANON, access_token=token, secret_key=secret_key, settings=QUICK)


@pytest.fixture
def administrator(project: Project) -> Project:
    """A project that lists the signed-in user as an administrator."""
    project.tables["admin_users"].return_value = rows(1, given=1)
    return project


def hide(project: Project, name: str, seen: httpx.Response, there: httpx.Response) -> None:
    """Answer a session and the secret key differently."""
    project.tables[name].mock(
        side_effect=lambda request: there if request.headers["authorization"] == f"Bearer {KEY}" else seen
    )


def test_a_table_whose_rows_no_policy_shows_to_administrators_comes_with_the_policy(
    caller: Caller, administrator: Project
) -> None:
    hide(administrator, "customer_coupons", rows(0), rows(81))
    hide(administrator, "referrals", rows(2), rows(12))
    line = line_of(caller(doctor, with_both(caller)), "policies")
    assert line.verdict == "warn"
    assert "sees 0 of 81 rows of customer_coupons, 2 of 12 rows of referrals" in line.meaning
    assert line.advice.splitlines()[1] == (
        'create policy "administrators: select" on public.customer_coupons for select to authenticated'
        " using (exists (select from public.admin_users where id = (select auth.uid())));"
    )
    assert len(line.advice.splitlines()) == 3


def test_hidden_rows_of_a_table_that_the_library_needs_fail(caller: Caller, administrator: Project) -> None:
    hide(administrator, "admin_customer_notes", rows(0), rows(5))
    line = line_of(caller(doctor, with_both(caller)), "policies")
    assert line.verdict == "fail"
    assert "on public.admin_customer_notes for all to authenticated" in line.advice


def test_no_policy_is_written_for_a_shop_without_a_list_of_administrators(caller: Caller, project: Project) -> None:
    project.tables["admin_users"].return_value = refused("42P01", "no admin_users", 404)
    hide(project, "referrals", rows(0), rows(5))
    assert line_of(caller(doctor, with_both(caller)), "policies").advice == "add a policy for select to each"


def test_all_rows_of_all_tables_pass_also_where_some_tables_are_missing(caller: Caller, administrator: Project) -> None:
    administrator.tables["referrals"].return_value = refused("PGRST205", "no referrals", 404)
    hide(administrator, "coupons", refused("42501", "permission denied for table coupons", 403), rows(3))
    report = caller(doctor, with_both(caller))
    assert line_of(report, "policies").meaning == "an administrator's session sees all rows of all tables"
    assert line_of(report, "columns of coupons").verdict == "fail"


def test_a_grant_that_the_secret_key_lacks_hides_no_other_finding(caller: Caller, administrator: Project) -> None:
    hide(administrator, "orders", rows(3), refused("42501", "permission denied for table orders", 403))
    hide(administrator, "referrals", rows(0), rows(12))
    line = line_of(caller(doctor, with_both(caller)), "policies")
    assert line.verdict == "fail"
    assert "on public.orders to service_role;" in line.advice
    assert "on public.referrals" in line.advice


def test_without_a_secret_key_empty_tables_are_named_and_not_judged(caller: Caller, administrator: Project) -> None:
    administrator.tables["referrals"].return_value = rows(0)
    line = line_of(caller(doctor, as_user(caller)), "policies")
    assert (line.verdict, "referrals" in line.meaning, "secret_key=" in line.advice) == ("pass", True, True)


def test_without_a_secret_key_tables_with_rows_pass(caller: Caller, administrator: Project) -> None:
    line = line_of(caller(doctor, as_user(caller)), "policies")
    assert (line.verdict, line.advice) == ("pass", "")


def test_policies_are_not_tested_with_the_rights_of_a_customer(caller: Caller, project: Project) -> None:
    project.tables["admin_users"].return_value = rows(0)
    assert line_of(caller(doctor, with_both(caller)), "policies").meaning.startswith("not tested")


def test_what_a_connection_lacks_is_said(caller: Caller, administrator: Project) -> None:
    by_key = line_of(caller(doctor, caller.open(URL, KEY, settings=QUICK)), "rights")
    by_session = line_of(caller(doctor, as_user(caller)), "rights")
    by_both = line_of(caller(doctor, with_both(caller)), "rights")
    by_nobody = line_of(caller(doctor, caller.open(URL, ANON, settings=QUICK)), "rights")
    assert [each.verdict for each in (by_key, by_session, by_both, by_nobody)] == ["pass", "warn", "pass", "fail"]
    assert "a view that is gated on auth.uid()" in by_key.meaning
    assert re.search("invited.*deleting evidence", by_session.meaning)


def test_a_secret_key_beside_a_session_that_is_not_accepted_fails(caller: Caller, administrator: Project) -> None:
    hide_profiles = refused("PGRST301", "bad key", 401)
    answer = administrator.profile_rows
    administrator.profiles.mock(
        side_effect=lambda request: (
            hide_profiles if request.headers["authorization"] == f"Bearer {KEY}" else answer(request)
        )
    )
    line = line_of(caller(doctor, with_both(caller)), "rights")
    assert (line.verdict, "is not accepted" in line.meaning) == ("fail", True)
    assert KEY not in str(line)


def test_a_secret_key_beside_a_session_that_has_expired_fails(caller: Caller, administrator: Project) -> None:
    crm = with_both(caller, jwt(role="service_role", exp=1))
    assert line_of(caller(doctor, crm), "rights").meaning == "the secret key beside the session has expired"


def test_the_bucket_is_looked_at_with_the_secret_key_where_there_is_one(caller: Caller, administrator: Project) -> None:
    caller(doctor, with_both(caller))
    assert {call.request.headers["authorization"] for call in administrator.bucket.calls} == {f"Bearer {KEY}"}
