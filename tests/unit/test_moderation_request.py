"""What is asked of a moderation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from admin_crm import AccountStatus
from admin_crm._postgrest.moderation_request import ModerationRequest, checked_terms, needs_force

END = datetime.now(UTC) + timedelta(days=1)
TERMS = checked_terms("suspended", END, " Fraude ", "ana", enforce_sign_in=None, force=False)
REQUEST = ModerationRequest(UUID(int=1), TERMS, "caso-7")


def test_what_resumes_is_what_was_asked() -> None:
    assert REQUEST.resume == {
        "customer_id": UUID(int=1),
        "status": AccountStatus.SUSPENDED,
        "suspension_end": END,
        "reason": "Fraude",
        "actor": "ana",
        "enforce_sign_in": None,
        "force": False,
        "idempotency_key": "caso-7",
    }


def test_the_row_of_the_log_follows_from_key_and_customer() -> None:
    others = [
        replace(REQUEST, terms=replace(TERMS, reason="Otra")),
        replace(REQUEST, customer=UUID(int=2)),
        replace(REQUEST, idempotency_key="caso-8"),
    ]
    assert [each.log_id == REQUEST.log_id for each in others] == [True, False, False]


def test_only_who_locks_without_force_spares_administrators() -> None:
    active = checked_terms("active", None, "x", None, enforce_sign_in=None, force=False)
    assert (TERMS.protects, replace(TERMS, force=True).protects, active.protects) == (True, False, False)


def test_a_lock_that_needs_force_says_so() -> None:
    assert "force=True" in str(needs_force("the customer is an administrator"))
