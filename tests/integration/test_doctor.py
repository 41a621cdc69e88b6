"""The doctor on real stacks: healthy, gated, with a low row limit, neglected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from admin_crm import DoctorReport, Settings, doctor
from admin_crm.cli import commands as cli
from admin_crm.local import LocalStack
from helpers import Ask, Caller
from shops import FEW, REAL_POSTGREST, open_shop


def lines(report: DoctorReport) -> dict[str, tuple[str, str]]:
    return {check.name: (check.verdict, check.meaning) for check in report.checks}


def findings(report: DoctorReport) -> dict[str, str]:
    return {check.name: check.verdict for check in report.checks if check.verdict != "pass"}


def everything_in(stack: LocalStack) -> list[dict[str, Any]]:
    """Count the rows of all tables that a check could write to."""
    tables = ("storage.objects", "auth.users", "customer_profiles", "admin_customer_notes", "user_notifications")
    return [stack.execute_sql(f"select count(*) from {table}")[0] for table in tables]


@pytest.fixture(scope="module")
def neglected() -> Iterator[LocalStack]:
    """A shop where much is missing."""
    with open_shop(order_items=True) as running:
        for sql in (
            'alter table addresses drop column "references"',
            "alter table order_items rename column quantity to pieces",
            "drop table user_notifications",
            "alter table admin_customer_notes drop constraint admin_customer_notes_customer_id_fkey",
            "update storage.buckets set public = true",
            "update customer_profiles set account_status = 'active', suspension_end = null",
            (
                "update customer_profiles set account_status = 'suspended', suspension_end = now() - interval '1 day'"
                f" where id = '{running.customer_id}'"
            ),
        ):
            running.execute_sql(sql)
        yield running


@pytest.fixture
def neglected_by_key(caller: Caller, neglected: LocalStack) -> Ask:
    settings = Settings(narrative_function="nobody-deployed-me")
    return Ask(caller, caller.open(neglected.url, neglected.secret_key, settings=settings))


def test_a_healthy_shop_passes_except_for_its_labels_and_overdue_suspensions(by_key: Ask) -> None:
    report = by_key(doctor)
    assert report.ok
    assert set(findings(report)) <= {"labels", "suspensions"}
    found = lines(report)
    assert found["rights"][1] == "a secret key and no session: enough for all but a view that is gated on auth.uid()"
    assert found["function customer-intelligence"][1].endswith("supports suggest_tags, generate_whatsapp_copy")
    limit = "the server returns 1,000 rows per response; reads continue until they are complete"
    assert found["row limit"] == ("pass", limit) or (not REAL_POSTGREST and "at least 3" in found["row limit"][1])
    assert found["role"] == ("pass", "the service role: it bypasses row-level security")
    assert found["columns of order_items"][1].startswith("order_items does not exist: ")


def test_an_administrator_sees_which_permissions_only_write_checks_can_test(by_admin: Ask) -> None:
    report = by_admin(doctor)
    assert report.ok
    found = lines(report)
    assert found["role"] == ("pass", "a signed-in administrator, in admin_users")
    assert found["bucket"][0] == "warn"
    assert found["evidence"] == ("pass", "can add and read evidence; permission to delete is unknown")


def test_without_write_checks_nothing_is_written(admin: Ask, stack: LocalStack) -> None:
    before = everything_in(stack)
    admin(doctor)
    assert everything_in(stack) == before


def test_write_checks_leave_no_trace(by_key: Ask, stack: LocalStack) -> None:
    before = everything_in(stack)
    found = lines(by_key(doctor, write_checks=True))
    assert found["evidence"][1].endswith("(tested with a temporary object)")
    assert found["notes"] == ("pass", "these credentials can write notes (tested, nothing was stored)")
    assert found["bans"] == ("warn", "a banned customer can lift their own ban (tested with a temporary user)")
    assert everything_in(stack) == before


def test_an_administrators_session_beside_the_secret_key_tests_bans_too(by_both: Ask, stack: LocalStack) -> None:
    before = stack.execute_sql("select count(*) from auth.users")
    assert "can lift their own ban" in lines(by_both(doctor, write_checks=True))["bans"][1]
    assert stack.execute_sql("select count(*) from auth.users") == before


def test_a_temporary_object_that_cannot_be_deleted_is_named(by_admin: Ask, by_key: Ask) -> None:
    (evidence,) = (check for check in by_admin(doctor, write_checks=True).checks if check.name == "evidence")
    assert evidence.verdict == "warn"
    path = evidence.advice.split()[4]
    bucket = by_key.crm.supabase.storage.from_("customer-evidence")
    assert by_key.caller.wait(bucket.remove([path]))


def test_a_signed_in_customer_is_not_an_administrator(stranger: Ask) -> None:
    report = stranger(doctor, write_checks=True)
    assert not report.ok
    failed = {name for name, verdict in findings(report).items() if verdict == "fail"}
    assert "one customer only" in lines(report)["directory"][1]
    assert failed == {"role", "directory", "evidence", "notes"}
    assert lines(stranger(doctor))["evidence"] == ("fail", "these credentials cannot add evidence")


def test_a_publishable_key_alone_fails_without_an_exception(caller: Caller, stack: LocalStack) -> None:
    report = caller(doctor, caller.open(stack.url, stack.publishable_key), write_checks=True)
    found = lines(report)
    assert found["key"][0] == found["role"][0] == found["directory"][0] == found["evidence"][0] == "fail"
    assert stack.publishable_key not in str(report)


def test_a_legacy_key_works_and_should_be_replaced(caller: Caller, stack: LocalStack) -> None:
    crm = caller.open(stack.url, stack.service_role_jwt, anon_key=stack.anon_jwt)
    report = caller(doctor, crm)
    assert report.ok
    assert lines(report)["key"][1].startswith("a legacy service_role key")


def test_a_wrong_key_ends_the_report(caller: Caller, stack: LocalStack) -> None:
    report = caller(doctor, caller.open(stack.url, "sb_secret_of-another-project"))
    assert [(check.name, check.verdict) for check in report.checks] == [("key", "pass"), ("URL", "fail")]
    assert "check the key" in report.checks[-1].advice


@pytest.mark.xdist_group("gated")
def test_a_gated_view_is_empty_for_a_secret_key(caller: Caller, gated: LocalStack) -> None:
    report = caller(doctor, caller.open(gated.url, gated.secret_key))
    assert lines(report)["directory"] == (
        "fail",
        (
            f"customer_intelligence_360 is empty, although customer_profiles has {FEW} customers: "
            "only an administrator sees them"
        ),
    )


@pytest.mark.xdist_group("gated")
def test_a_gated_view_is_complete_for_an_administrators_session(caller: Caller, gated: LocalStack) -> None:
    shop = gated
    report = caller(doctor, caller.sign_in(shop.url, shop.publishable_key, shop.admin_email, shop.admin_password))
    assert lines(report)["directory"] == ("pass", f"customer_intelligence_360 shows all {FEW} customers")


@pytest.mark.xdist_group("gated")
def test_a_low_row_limit_is_detected(caller: Caller, gated: LocalStack) -> None:
    report = caller(doctor, caller.open(gated.url, gated.secret_key))
    assert lines(report)["row limit"][1].startswith("the server returns 50 rows per response")


@pytest.mark.xdist_group("neglected")
def test_what_is_missing_is_named_with_what_it_affects(neglected_by_key: Ask) -> None:
    report = neglected_by_key(doctor)
    assert not report.ok
    found = lines(report)
    assert found["columns of addresses"] == (
        "warn",
        "missing: references (no address with references can be created)",
    )
    assert found["columns of order_items"] == ("fail", "missing: quantity (required)")
    assert found["columns of user_notifications"][0] == "fail"
    assert re.search("PGRST205|42P01", found["columns of user_notifications"][1])
    assert found["bucket"][0] == "fail"
    assert found["function nobody-deployed-me"][0] == "warn"
    assert found["suspensions"] == ("warn", "1 suspension has ended but not been lifted")


@pytest.mark.xdist_group("neglected")
def test_temporary_notes_are_removed_where_no_foreign_key_rejects_them(
    neglected_by_key: Ask, neglected: LocalStack
) -> None:
    count = "select count(*) from admin_customer_notes"
    before = neglected.execute_sql(count)
    (notes,) = (check for check in neglected_by_key(doctor, write_checks=True).checks if check.name == "notes")
    assert (notes.verdict, notes.advice) == ("warn", "add a foreign key to the profiles")
    assert neglected.execute_sql(count) == before


@pytest.mark.once
@pytest.mark.xdist_group("neglected")
def test_the_command_reports_what_the_function_returns(
    stack: LocalStack, neglected: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for shop, code, words in ((stack, 0, "PASS  notes"), (neglected, 1, "FAIL  bucket")):
        for name, value in shop.environment.items():
            monkeypatch.setenv(name, value)
        done = CliRunner().invoke(cli.app, ["doctor", "--write-checks"])
        assert (done.exit_code, words in done.stdout) == (code, True), done.output
