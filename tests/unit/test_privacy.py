"""Erasures that are interrupted: told, in an order that loses nothing, and finished by a second call."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from admin_crm import (
    CustomerNotFoundError,
    InvalidInputError,
    PartialPrivacyError,
    PermissionDeniedError,
    anonymize_customer,
    delete_customer,
)
from helpers import ANON, KEY, QUICK, SOMEBODY, URL, Ask
from privacy_server import PrivacyServer, playing

REFUSED = httpx.Response(403, json={"code": "42501", "message": "permission denied"})
AUTH_FAILED = httpx.Response(500, json={"code": 500, "error_code": "unexpected_failure", "msg": "Database error"})
ANONYMIZING = {
    "files": ("DELETE", "storage"),
    "notifications": ("DELETE", "user_notifications"),
    "wishlist": ("DELETE", "customer_wishlists"),
    "notes": ("DELETE", "admin_customer_notes"),
    "coupons": ("PATCH", "coupons"),
    "offers": ("DELETE", "smart_loyalty_propositions"),
    "loyalty_points": ("PATCH", "loyalty_points"),
    "orders": ("PATCH", "orders"),
    "addresses": ("DELETE", "addresses"),
    "profile": ("PATCH", "customer_profiles"),
    "account": ("PUT", "auth"),
}
"""The steps of an anonymization in their order, and the request that each sends."""
DELETING = {
    "files": ("DELETE", "storage"),
    "coupons": ("PATCH", "coupons"),
    "orders": ("PATCH", "orders"),
    "referrals": ("DELETE", "referrals"),
    "account": ("DELETE", "auth"),
}


@pytest.fixture
def server() -> Iterator[PrivacyServer]:
    server = PrivacyServer()
    with playing(server):
        yield server


def failed(ask: Ask, operation: Any) -> PartialPrivacyError:
    with pytest.raises(PartialPrivacyError) as raised:
        ask(operation, SOMEBODY, reason="solicitud")
    return raised.value


@pytest.mark.parametrize("step", ANONYMIZING)
def test_an_interrupted_anonymization_says_how_far_it_came_and_a_second_call_does_the_rest(
    ask: Ask, server: PrivacyServer, step: str
) -> None:
    steps, request = list(ANONYMIZING), ANONYMIZING[step]
    server.fails[request] = REFUSED
    error = failed(ask, anonymize_customer)
    place = steps.index(step)
    assert error.completed == tuple(steps[:place])
    assert error.remaining == tuple(steps[place:])
    assert (error.status, error.code) == (403, "42501")
    assert "call anonymize_customer again" in str(error)
    assert "Ana" not in str(error)
    assert {each.name: each.state for each in error.outcome.steps}[step] == "failed"
    # What is left is found by all that it was found by before.
    assert server.account is not None
    assert server.account["email"] == "ana@x.example"
    assert (server.tables["customer_profiles"][0]["full_name"] == "Ana Torres") == (step != "account")

    server.fails.clear()
    server.writes.clear()
    outcome = ask(anonymize_customer, SOMEBODY, reason="solicitud")
    assert server.writes[: len(steps) - place] == [ANONYMIZING[each] for each in steps[place:]]
    assert {each.name: each.state for each in outcome.steps} == {
        each: "nothing to do" if number < place else "done" for number, each in enumerate(steps)
    }
    assert "Ana" not in str({name: rows for name, rows in server.tables.items() if name != "moderation_log"})
    assert server.account["user_metadata"] == {}
    assert server.files == []


@pytest.mark.parametrize("step", DELETING)
def test_an_interrupted_deletion_leaves_the_profile_and_a_second_call_does_the_rest(
    ask: Ask, server: PrivacyServer, step: str
) -> None:
    steps = list(DELETING)
    server.fails[DELETING[step]] = REFUSED
    error = failed(ask, delete_customer)
    assert error.completed == tuple(steps[: steps.index(step)])
    assert error.remaining[0] == step
    assert server.tables["customer_profiles"][0]["full_name"] == "Ana Torres"
    server.fails.clear()
    outcome = ask(delete_customer, SOMEBODY, reason="solicitud")
    assert {step.state for step in outcome.steps} <= {"done", "nothing to do"}
    assert server.account is None
    left = {name for name, rows in server.tables.items() if rows}
    assert left == {"orders", "coupons", "moderation_log"}


def test_where_the_database_stops_the_deletion_the_hint_says_why(ask: Ask, server: PrivacyServer) -> None:
    server.fails["DELETE", "auth"] = AUTH_FAILED
    error = failed(ask, delete_customer)
    assert error.hint is not None
    assert "on delete cascade" in error.hint
    assert error.code == "unexpected_failure"


@pytest.mark.parametrize("operation", [anonymize_customer, delete_customer])
def test_a_lost_answer_of_the_auth_server_is_no_failure(ask: Ask, server: PrivacyServer, operation: Any) -> None:
    server.breaks.add(("DELETE", "auth"))
    outcome = ask(operation, SOMEBODY, reason="solicitud")
    assert {step.name: step.state for step in outcome.steps}["account"] == "done"


@pytest.mark.parametrize("operation", [anonymize_customer, delete_customer])
def test_what_the_server_only_says_it_has_done_is_a_failure(ask: Ask, server: PrivacyServer, operation: Any) -> None:
    server.ignores.add(("PATCH", "orders"))
    error = failed(ask, operation)
    assert error.remaining[0] == "orders"
    assert "still there" in error.message
    # Found before the customer is out of sight: the orders of a deleted customer are nobody's.
    assert server.tables["customer_profiles"][0]["full_name"] == "Ana Torres"
    assert server.account is not None
    assert server.account["email"] == "ana@x.example"


def test_an_account_that_the_server_only_says_it_has_deleted_is_a_failure(ask: Ask, server: PrivacyServer) -> None:
    server.ignores.add(("DELETE", "auth"))
    assert failed(ask, delete_customer).remaining == ("account",)


@pytest.mark.parametrize("operation", [anonymize_customer, delete_customer])
@pytest.mark.parametrize("table", ["orders", "referrals", "customer_coupons"])
def test_a_part_that_cannot_be_seen_does_not_pass_for_one_that_is_not_there(
    ask: Ask, server: PrivacyServer, operation: Any, table: str
) -> None:
    server.fails["GET", table] = REFUSED
    with pytest.raises(PermissionDeniedError, match="cannot be seen"):
        ask(operation, SOMEBODY, reason="solicitud")
    assert server.writes == []


def test_a_proof_that_fails_says_that_all_steps_are_done(ask: Ask, server: PrivacyServer) -> None:
    server.fails_after[("DELETE", "auth")] = {("GET", "orders"): REFUSED}
    error = failed(ask, anonymize_customer)
    assert error.remaining == ()
    assert "proven" in error.message


def test_rows_that_do_not_follow_the_deleted_user_are_deleted_too(ask: Ask, server: PrivacyServer) -> None:
    server._cascade = lambda: None  # type: ignore[method-assign]  # a shop without foreign keys
    outcome = ask(delete_customer, SOMEBODY, reason="solicitud")
    assert {step.state for step in outcome.steps} == {"done"}
    assert {name for name, rows in server.tables.items() if rows} - {"customer_intelligence_360"} == {
        "orders", "coupons", "moderation_log",
    }  # fmt: skip


def test_rows_that_a_shop_without_foreign_keys_kept_are_found_after_the_user_is_gone(
    ask: Ask, server: PrivacyServer
) -> None:
    server._cascade = lambda: None  # type: ignore[method-assign]
    server.fails["DELETE", "addresses"] = REFUSED
    assert failed(ask, delete_customer).remaining[0] == "addresses"
    assert server.account is None
    server.fails.clear()
    ask(delete_customer, SOMEBODY, reason="solicitud")
    assert server.tables["addresses"] == []


def test_coupons_for_others_and_orders_of_others_stay_as_they_are(ask: Ask, server: PrivacyServer) -> None:
    other = {"id": "o9", "customer_id": "somebody-else", "tracking_notes": "Dejar en la puerta"}
    server.tables["orders"].append(dict(other))
    ask(anonymize_customer, SOMEBODY, reason="solicitud")
    assert server.tables["orders"][-1] == other
    assert server.tables["coupons"][1]["description"] == "Para todos"


def test_only_columns_that_the_shop_has_are_written(ask: Ask, server: PrivacyServer) -> None:
    ask(anonymize_customer, SOMEBODY, reason="solicitud")
    assert "tracking_number" not in server.tables["orders"][0]
    assert "avatar_url" not in server.tables["customer_profiles"][0]
    assert server.tables["customer_profiles"][0]["ia_context"] == {}


def test_columns_of_ones_own_are_emptied_where_the_settings_name_them(caller: Any, server: PrivacyServer) -> None:
    settings = QUICK.model_copy(update={"personal_profile_columns": ("phone", "instagram")})
    server.tables["customer_profiles"][0]["instagram"] = "@ana"
    ask = Ask(caller, caller.open(URL, KEY, settings=settings))
    ask(anonymize_customer, SOMEBODY, reason="solicitud")
    assert server.tables["customer_profiles"][0]["instagram"] is None


def test_the_reason_is_in_the_log_record_and_not_in_its_text(
    ask: Ask, server: PrivacyServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "admin_crm"):
        ask(anonymize_customer, SOMEBODY, reason="solicitud de Ana")
    (record,) = [each for each in caplog.records if hasattr(each, "reason")]
    assert (record.reason, record.customer_id) == ("solicitud de Ana", SOMEBODY)
    assert "Ana" not in record.getMessage()


@pytest.mark.parametrize("operation", [anonymize_customer, delete_customer])
def test_a_dry_run_prints_its_plan_and_shows_nobody(ask: Ask, server: PrivacyServer, operation: Any) -> None:
    plan = ask(operation, SOMEBODY, reason="solicitud", dry_run=True)
    assert server.writes == []
    for shown in (str(plan), plan._repr_html_()):
        assert "dry run" in shown
        assert "planned" in shown
        assert "tracking_notes" in shown
        assert "moderation_log.reason" in shown
        assert not [value for value in ("Ana", "Ámbar", "55 1111", "@x.example", "solicitud") if value in shown]


@pytest.mark.parametrize("operation", [anonymize_customer, delete_customer])
def test_oneself_is_refused(caller: Any, server: PrivacyServer, operation: Any) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": SOMEBODY, "role": "authenticated"}).encode()).decode()
    crm = caller.open(URL, ANON, access_token=f"h.{claims}.s", secret_key=KEY, settings=QUICK)
    with pytest.raises(PermissionDeniedError, match="signed-in user"):
        caller(operation, crm, SOMEBODY, reason="solicitud")
    assert server.asked == []


@pytest.mark.parametrize("operation", [anonymize_customer, delete_customer])
def test_nobody_is_not_found(ask: Ask, server: PrivacyServer, operation: Any) -> None:
    server.tables, server.account, server.files = {name: [] for name in server.tables}, None, []
    with pytest.raises(CustomerNotFoundError):
        ask(operation, SOMEBODY, reason="solicitud")


def test_files_that_a_deleted_customer_left_behind_are_removed(ask: Ask, server: PrivacyServer) -> None:
    server.tables, server.account = {name: [] for name in server.tables}, None
    assert ask(delete_customer, SOMEBODY, reason="solicitud").steps[0].state == "done"
    assert server.files == []


@pytest.mark.parametrize("operation", [anonymize_customer, delete_customer])
def test_an_administrator_is_refused_before_anything_is_written(
    ask: Ask, server: PrivacyServer, operation: Any
) -> None:
    server.tables["admin_users"].append({"id": SOMEBODY})
    with pytest.raises(PermissionDeniedError, match="administrator"):
        ask(operation, SOMEBODY, reason="solicitud")
    assert server.writes == []


@pytest.mark.parametrize("operation", [anonymize_customer, delete_customer])
@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001, "a\x00"])
def test_a_reason_is_required(ask: Ask, server: PrivacyServer, operation: Any, reason: str) -> None:
    with pytest.raises(InvalidInputError, match="reason"):
        ask(operation, SOMEBODY, reason=reason)
    assert server.writes == []


@pytest.mark.parametrize(("operation", "step"), [(anonymize_customer, "orders"), (delete_customer, "referrals")])
def test_the_steps_are_reported_as_they_are_done(ask: Ask, server: PrivacyServer, operation: Any, step: str) -> None:
    told: list[tuple[int, int]] = []

    def note(done: int, all_of_them: int) -> None:
        told.append((done, all_of_them))

    ask(operation, SOMEBODY, reason="solicitud", dry_run=True, progress=note)
    assert told == []
    request = {**ANONYMIZING, **DELETING}[step]
    server.fails[request] = REFUSED
    with pytest.raises(PartialPrivacyError) as interrupted:
        ask(operation, SOMEBODY, reason="solicitud", progress=note)
    steps = [each.name for each in interrupted.value.outcome.steps]
    assert told == [(done + 1, len(steps)) for done in range(steps.index(step))]
    told.clear()
    del server.fails[request]
    ask(operation, SOMEBODY, reason="solicitud", progress=note)
    assert told == [(done + 1, len(steps)) for done in range(len(steps))]
