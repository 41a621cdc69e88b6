"""Editing notes while others edit them, and where the server refuses."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import (
    ConflictError,
    InvalidInputError,
    PermissionDeniedError,
    add_customer_tags,
    apply_suggested_tags,
    set_custom_fields,
    update_admin_customer_notes,
)
from helpers import URL

SOMEBODY = "7e1b2c3d-0000-4000-8000-000000000001"
NOTES = f"{URL}/rest/v1/admin_customer_notes"
PROFILES = f"{URL}/rest/v1/customer_profiles"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """No waiting between attempts."""

    async def not_at_all(crm, seconds):
        return None

    monkeypatch.setattr("admin_crm._postgrest.note_edits.pause", not_at_all)


def row(stamp: int, *tags: str) -> httpx.Response:
    moment = f"2026-01-01T00:00:{stamp % 60:02d}.{stamp:06d}Z"
    return httpx.Response(200, json=[{"customer_id": SOMEBODY, "tags": tags, "updated_at": moment}])


NOTHING = httpx.Response(200, json=[])


@respx.mock
def test_a_concurrent_edit_is_kept(ask):
    respx.get(NOTES).mock(side_effect=[row(1, "old"), row(2, "old", "theirs")])
    patches = respx.patch(NOTES).mock(side_effect=[NOTHING, row(3, "old", "theirs", "ours")])
    assert ask(add_customer_tags, SOMEBODY, ["ours"]).tags == ["old", "theirs", "ours"]
    assert b'"tags":["old","theirs","ours"]' in patches.calls.last.request.content
    assert "00:00:02.000002" in patches.calls.last.request.url.params["updated_at"]


@respx.mock
def test_an_edit_that_always_conflicts_says_that_nothing_was_written(ask):
    stamps = iter(range(10_000))
    respx.get(NOTES).mock(side_effect=lambda _: row(next(stamps)))
    respx.patch(NOTES).mock(return_value=NOTHING)
    with pytest.raises(ConflictError, match="nothing was written") as raised:
        ask(add_customer_tags, SOMEBODY, ["a"])
    assert raised.value.retryable


@respx.mock
def test_a_row_that_cannot_be_changed_without_a_conflict_is_a_refusal(ask):
    respx.get(NOTES).mock(return_value=row(1))
    patches = respx.patch(NOTES).mock(return_value=NOTHING)
    with pytest.raises(PermissionDeniedError, match="not write"):
        ask(add_customer_tags, SOMEBODY, ["a"])
    assert patches.call_count == 1


@respx.mock
def test_a_first_note_that_someone_else_wrote_concurrently_is_extended(ask):
    respx.get(NOTES).mock(side_effect=[NOTHING, row(1, "theirs")])
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[{"id": SOMEBODY}]))
    respx.post(NOTES).mock(return_value=httpx.Response(409, json={"code": "23505", "message": "duplicate"}))
    respx.patch(NOTES).mock(return_value=row(2, "theirs", "ours"))
    assert ask(add_customer_tags, SOMEBODY, ["ours"]).tags == ["theirs", "ours"]


@respx.mock
def test_a_lost_response_does_not_apply_an_edit_twice(ask):
    respx.get(NOTES).mock(side_effect=[row(1), row(2, "ours")])
    patches = respx.patch(NOTES).mock(side_effect=[httpx.ReadError("lost"), NOTHING])
    assert ask(add_customer_tags, SOMEBODY, ["ours"]).tags == ["ours"]
    assert patches.call_count == 2


@respx.mock
def test_a_note_that_was_written_but_is_hidden_is_an_error(ask):
    respx.patch(NOTES).mock(return_value=NOTHING)
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[{"id": SOMEBODY}]))
    respx.post(NOTES).mock(return_value=httpx.Response(201, json=[]))
    with pytest.raises(PermissionDeniedError, match="not written"):
        ask(update_admin_customer_notes, SOMEBODY, notes="hola")


def answering(**columns: object) -> httpx.Response:
    return httpx.Response(200, json=[{"customer_id": SOMEBODY, **columns}])


@respx.mock
@pytest.mark.parametrize(
    ("change", "column", "odd"),
    [
        (lambda ask: ask(set_custom_fields, SOMEBODY, {"a": 1}), "custom_fields", ["a"]),
        (lambda ask: ask(add_customer_tags, SOMEBODY, ["vip"]), "tags", ["a", {}]),
    ],
)
def test_nothing_is_added_to_what_cannot_be_read_since_it_would_be_lost(ask, change, column, odd):
    respx.get(NOTES).mock(return_value=answering(**{column: odd}))
    write = respx.patch(NOTES)
    with pytest.raises(ConflictError, match=column) as refused:
        change(ask)
    assert "row.unreadable" in refused.value.hint
    assert not write.called


@respx.mock
def test_notes_last_changed_at_infinity_can_be_edited(ask):
    respx.get(NOTES).mock(return_value=answering(updated_at="infinity", tags=["a"]))
    write = respx.patch(NOTES, params={"updated_at": "eq.infinity"}).mock(return_value=answering(tags=["a", "b"]))
    assert ask(add_customer_tags, SOMEBODY, ["b"]).tags == ["a", "b"]
    assert write.called


@pytest.mark.parametrize(
    ("function", "arguments", "argument"),
    [
        (add_customer_tags, {"tags": "vip"}, "tags"),
        (add_customer_tags, {"tags": None}, "tags"),
        (update_admin_customer_notes, {"tags": b"vip"}, "tags"),
        (update_admin_customer_notes, {"tags": ""}, "tags"),
        (update_admin_customer_notes, {"custom_fields": ["size"]}, "custom_fields"),
        (update_admin_customer_notes, {"custom_fields": []}, "custom_fields"),
        (set_custom_fields, {"fields": "size"}, "fields"),
        (apply_suggested_tags, {"suggestion": ["vip"]}, "suggestion"),
    ],
)
def test_an_argument_of_the_wrong_kind_is_a_type_error_too(ask, function, arguments, argument):
    with pytest.raises(TypeError) as raised:
        ask(function, SOMEBODY, **arguments)
    assert isinstance(raised.value, InvalidInputError)
    assert raised.value.argument == argument
