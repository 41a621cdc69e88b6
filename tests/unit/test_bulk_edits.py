"""One change to the notes of many customers, where others edit them meanwhile and where the server fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import respx

from admin_crm import (
    BulkError,
    ConflictError,
    InvalidInputError,
    PermissionDeniedError,
    ServiceUnavailableError,
    set_custom_fields_of,
    tag_customers,
)
from helpers import NOTES, PROFILES

CUSTOMERS = [uuid4() for _ in range(30)]
LONG_AGO = "2026-01-01T00:00:00+00:00"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """No waiting between attempts."""

    async def not_at_all(crm, seconds):
        return None

    monkeypatch.setattr("admin_crm._postgrest.note_edits.pause", not_at_all)


def in_turn(method: Callable[[Any, httpx.Request], httpx.Response]) -> Callable[[Any, httpx.Request], httpx.Response]:
    def locked(table: Any, request: httpx.Request) -> httpx.Response:
        with table.lock:
            return method(table, request)

    return locked


class Notes:
    """The table of notes: some customers have a row with the tag `old`; all exist but `NOBODY`."""

    def __init__(self, customers: list[UUID]) -> None:
        self.rows = {
            str(each): {"customer_id": str(each), "tags": ["old"], "updated_at": LONG_AGO} for each in customers
        }
        self.writes: dict[str, int] = {}
        self.before_patch = lambda customer: None
        self.after_write = lambda: None
        self.allowed = True
        self.lock = threading.RLock()  # a sync call updates rows on several threads
        respx.get(NOTES).mock(side_effect=self.read)
        respx.post(NOTES).mock(side_effect=self.insert)
        respx.patch(NOTES).mock(side_effect=self.patch)
        respx.get(PROFILES).mock(side_effect=lambda request: answer([{"id": each} for each in wanted(request, "id")]))

    @in_turn
    def read(self, request: httpx.Request) -> httpx.Response:
        return answer([self.rows[each] for each in wanted(request, "customer_id") if each in self.rows])

    @in_turn
    def insert(self, request: httpx.Request) -> httpx.Response:
        rows = json.loads(request.content)
        if not isinstance(rows, list):
            rows = [rows]
        new = [row for row in rows if row["customer_id"] not in self.rows]
        for row in new:
            self.write(row["customer_id"], row)
        self.after_write()
        return httpx.Response(201, json=[{"customer_id": row["customer_id"]} for row in new])

    @in_turn
    def patch(self, request: httpx.Request) -> httpx.Response:
        customer = request.url.params["customer_id"].removeprefix("eq.")
        self.before_patch(customer)
        row = self.rows[customer]
        if not self.allowed or request.url.params["updated_at"] != f"eq.{row['updated_at']}":
            return answer([])
        self.write(customer, {**row, **json.loads(request.content)})
        self.after_write()
        return answer([self.rows[customer]])

    def write(self, customer: str, row: dict) -> None:
        self.rows[customer] = row
        self.writes[customer] = self.writes.get(customer, 0) + 1

    def edited_by_another(self, customer: str, tag: str) -> None:
        row = self.rows.setdefault(customer, {"customer_id": customer, "tags": []})
        self.rows[customer] = {**row, "tags": [*row["tags"], tag], "updated_at": datetime.now(UTC).isoformat()}


def wanted(request: httpx.Request, column: str) -> list[str]:
    value = request.url.params[column]
    return sorted(value.removeprefix("in.(").removesuffix(")").split(",")) if value.startswith("in.") else [value[3:]]


def answer(rows: list[dict]) -> httpx.Response:
    return httpx.Response(200, json=rows, headers={"content-range": f"*/{len(rows)}"})


@respx.mock
def test_tags_of_a_batch_are_read_in_one_request_and_missing_rows_are_inserted_in_one(ask):
    notes = Notes(CUSTOMERS[:10])
    result = ask(tag_customers, CUSTOMERS, add=["new"], remove=["old"])
    assert result.done == CUSTOMERS
    assert all(row["tags"] == ["new"] for row in notes.rows.values())
    assert [call.request.method for call in respx.calls].count("GET") == 1
    assert [call.request.method for call in respx.calls].count("POST") == 1
    assert respx.calls[0].request.url.params["select"] == "customer_id,tags,updated_at"


@respx.mock
def test_what_another_writes_meanwhile_is_kept(ask):
    notes = Notes(CUSTOMERS[:5])
    edited = {str(CUSTOMERS[2])}

    def meanwhile(customer: str) -> None:
        if customer in edited:
            edited.remove(customer)
            notes.edited_by_another(customer, "theirs")

    notes.before_patch = meanwhile
    assert len(ask(tag_customers, CUSTOMERS[:5], add=["new"]).done) == 5
    assert notes.rows[str(CUSTOMERS[2])]["tags"] == ["old", "theirs", "new"]


@respx.mock
def test_a_row_that_another_inserts_meanwhile_is_extended(ask):
    notes = Notes([])
    read = notes.read

    def first_read(request: httpx.Request) -> httpx.Response:
        response = read(request)
        if not notes.rows:
            notes.edited_by_another(str(CUSTOMERS[1]), "theirs")
        return response

    respx.get(NOTES).mock(side_effect=first_read)
    assert len(ask(tag_customers, CUSTOMERS[:3], add=["new"]).done) == 3
    assert notes.rows[str(CUSTOMERS[1])]["tags"] == ["theirs", "new"]


@respx.mock
def test_lost_answers_write_nothing_twice_and_count_as_done(ask):
    notes = Notes(CUSTOMERS[:15])
    answers = iter(range(10_000))

    def lost_every_third() -> None:
        if next(answers) % 3 == 0:
            raise httpx.ReadError("lost")

    notes.after_write = lost_every_third
    result = ask(tag_customers, CUSTOMERS, add=["new"])
    assert result.done == CUSTOMERS
    assert set(notes.writes.values()) == {1}


@respx.mock
def test_a_row_that_holds_what_cannot_be_read_fails_alone(ask):
    notes = Notes(CUSTOMERS[:3])
    notes.rows[str(CUSTOMERS[1])]["tags"] = ["a", {}]
    result = ask(tag_customers, CUSTOMERS[:3], add=["new"])
    assert (len(result.done), list(result.failed)) == (2, [str(CUSTOMERS[1])])
    assert isinstance(result.failed[str(CUSTOMERS[1])], ConflictError)


@respx.mock
def test_rows_that_nobody_may_change_stop_it(ask):
    notes = Notes(CUSTOMERS)
    notes.allowed = False
    with pytest.raises(BulkError, match="stopped after 0 of 30") as raised:
        ask(tag_customers, CUSTOMERS, add=["new"])
    assert isinstance(raised.value.__cause__, PermissionDeniedError)


@respx.mock
def test_a_server_that_is_gone_in_the_middle_of_a_batch_leaves_what_is_known(ask, tmp_path):
    notes, journal = Notes(CUSTOMERS), tmp_path / "journal"

    def gone_after_ten() -> None:
        if sum(notes.writes.values()) > 10:
            respx.get(NOTES).mock(side_effect=httpx.ReadError("gone"))
            raise httpx.ReadError("gone")

    notes.after_write = gone_after_ten
    with pytest.raises(BulkError) as raised:
        ask(tag_customers, CUSTOMERS, add=["new"], journal=journal)
    assert isinstance(raised.value.__cause__, ServiceUnavailableError)
    assert len(raised.value.result.done) == 10
    assert len(raised.value.result.uncertain) == len(raised.value.result.remaining) == 20
    notes.after_write = lambda: None
    respx.get(NOTES).mock(side_effect=notes.read)
    again = ask(tag_customers, CUSTOMERS, add=["new"], journal=journal)
    assert (len(again.skipped), len(again.done)) == (10, 20)
    assert set(notes.writes.values()) == {1}


@respx.mock
def test_tags_may_come_from_any_iterable_and_are_used_up_once(ask, tmp_path):
    notes = Notes([])
    ask(tag_customers, iter(CUSTOMERS[:2]), add=(tag for tag in ["a", "b", "a"]), journal=tmp_path / "journal")
    assert [row["tags"] for row in notes.rows.values()] == [["a", "b"]] * 2
    with pytest.raises(InvalidInputError, match="other arguments"):
        ask(tag_customers, CUSTOMERS, add=["a"], journal=tmp_path / "journal")
    with pytest.raises(InvalidInputError, match="belongs to 'tag_customers'"):
        ask(set_custom_fields_of, CUSTOMERS, {"a": 1}, journal=tmp_path / "journal")
