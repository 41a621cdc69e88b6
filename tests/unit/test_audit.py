"""The record of moderation: newest first, and its absence told."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    AccountStatus,
    CustomerNotFoundError,
    InvalidInputError,
    SchemaMismatchError,
    get_moderation_history,
)
from helpers import PROFILES, REST, SOMEBODY

LOG = f"{REST}/moderation_log"


def entry(number, day, **columns):
    return {"id": str(UUID(int=number)), "customer_id": SOMEBODY, "created_at": f"2026-01-{day:02}T00:00:00Z"} | columns


def rows(*found):
    return httpx.Response(200, json=found, headers={"content-range": f"*/{len(found)}"})


@respx.mock
def test_the_newest_entry_comes_first(ask):
    lifted = entry(1, 9, status="active", previous_status="banned", reason="a mistake", actor="Ana", colour="red")
    banned = entry(2, 8, status="banned", previous_status="active", reason="fraud", sessions_ended=2)
    route = respx.get(LOG).mock(return_value=rows(banned, lifted))
    found = ask(get_moderation_history, SOMEBODY)
    assert [(each.status, each.previous_status, each.reason, each.actor, each.sessions_ended) for each in found] == [
        (AccountStatus.ACTIVE, AccountStatus.BANNED, "a mistake", "Ana", None),
        (AccountStatus.BANNED, AccountStatus.ACTIVE, "fraud", None, 2),
    ]
    assert found[0].model_extra == {"colour": "red"}
    assert route.calls.last.request.url.params["customer_id"] == f"eq.{SOMEBODY}"


@respx.mock
def test_no_entry_of_a_customer_is_an_empty_history_and_of_nobody_an_error(ask):
    respx.get(LOG).mock(return_value=rows())
    respx.get(PROFILES).mock(side_effect=[rows({"id": SOMEBODY}), rows()])
    assert ask(get_moderation_history, SOMEBODY) == []
    with pytest.raises(CustomerNotFoundError):
        ask(get_moderation_history, SOMEBODY)


@respx.mock
def test_entries_of_a_deleted_customer_are_returned(ask):
    respx.get(LOG).mock(return_value=rows(entry(1, 1, status="banned", reason="fraud")))
    profiles = respx.get(PROFILES).mock(return_value=rows())
    assert len(ask(get_moderation_history, SOMEBODY)) == 1
    assert not profiles.called


@respx.mock
def test_a_shop_without_a_record_says_how_to_keep_one(ask):
    respx.get(LOG).respond(404, json={"code": "PGRST205", "message": "Could not find the table"})
    for _ in range(2):
        with pytest.raises(SchemaMismatchError, match="keeps no record") as raised:
            ask(get_moderation_history, SOMEBODY)
        assert (raised.value.kind, raised.value.name) == ("table", "moderation_log")
        assert "admin-crm sql moderation" in (raised.value.hint or "")


def test_what_is_no_id_is_refused(ask):
    with pytest.raises(InvalidInputError):
        ask(get_moderation_history, "nobody")
