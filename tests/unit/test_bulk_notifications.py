"""One notification to many customers, where the server misbehaves."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import httpx
import pytest
import respx

from admin_crm import BulkError, InvalidInputError, PermissionDeniedError, RequestTimeoutError, notify_customers
from admin_crm.bulk.notifications import notify_customers as found
from helpers import NOTIFICATIONS, PROFILES

CUSTOMERS = [uuid4() for _ in range(1_000)]


class Table:
    """The table of notifications, of users who are known to it; a failure may come before or after an insert."""

    def __init__(self, unknown: set[UUID] | None = None, fails: dict[int, Exception | httpx.Response] | None = None):
        self.rows: dict[str, dict[str, str]] = {}
        self.unknown = {str(each) for each in unknown or ()}
        self.fails = fails or {}
        self.inserts = 0

    def insert(self, request: httpx.Request) -> httpx.Response:
        self.inserts += 1
        assert "resolution=ignore-duplicates" in request.headers["prefer"]
        assert request.url.params["on_conflict"] == "id"
        rows = json.loads(request.content)
        if self.unknown & {row["user_id"] for row in rows}:
            return httpx.Response(
                409, json={"code": "23503", "message": "violates", "details": "Key (user_id)=(secret)"}
            )
        new = [row for row in rows if row["id"] not in self.rows]
        self.rows |= {row["id"]: row for row in new}
        failure = self.fails.pop(self.inserts, None)
        if isinstance(failure, Exception):
            raise failure
        return failure or httpx.Response(201, json=[{"id": row["id"]} for row in new])

    def look_up(self, request: httpx.Request) -> httpx.Response:
        wanted = request.url.params["id"].removeprefix("in.(").removesuffix(")").split(",")
        seen = [{"id": each} for each in sorted(wanted) if each in self.rows]
        return httpx.Response(200, json=seen, headers={"content-range": f"*/{len(seen)}"})

    def play(self) -> Table:
        respx.post(NOTIFICATIONS).mock(side_effect=self.insert)
        respx.get(NOTIFICATIONS).mock(side_effect=self.look_up)
        return self


def profiles(but: set[UUID]) -> respx.Route:
    def answer(request: httpx.Request) -> httpx.Response:
        wanted = request.url.params["id"].removeprefix("in.(").removesuffix(")").split(",")
        seen = [{"id": each} for each in sorted(wanted) if UUID(each) not in but]
        return httpx.Response(200, json=seen, headers={"content-range": f"*/{len(seen)}"})

    return respx.get(PROFILES).mock(side_effect=answer)


def test_the_function_is_where_one_would_look_for_it():
    assert found is notify_customers


@respx.mock
def test_a_thousand_customers_take_two_requests(ask):
    table = Table().play()
    assert ask(notify_customers, CUSTOMERS, "a", "b").done == CUSTOMERS
    assert respx.calls.call_count == 2
    assert sorted(row["user_id"] for row in table.rows.values()) == sorted(map(str, CUSTOMERS))


@respx.mock
def test_an_insert_whose_answer_was_lost_is_looked_up_and_not_done_twice(ask):
    table = Table(fails={1: httpx.ReadError("lost")}).play()
    assert ask(notify_customers, CUSTOMERS, "a", "b").done == CUSTOMERS
    assert len(table.rows) == 1_000
    assert table.inserts == 3


@respx.mock
def test_rows_that_nobody_shows_are_no_success(ask):
    table = Table().play()
    respx.post(NOTIFICATIONS).mock(return_value=httpx.Response(201, json=[]))
    with pytest.raises(BulkError, match="not written") as raised:
        ask(notify_customers, CUSTOMERS[:3], "a", "b")
    assert isinstance(raised.value.__cause__, PermissionDeniedError)
    assert table.rows == {}


@respx.mock
def test_customers_who_do_not_exist_are_dropped_and_the_details_of_the_error_are_not_shown(ask):
    unknown = set(CUSTOMERS[30:40])
    table = Table(unknown).play()
    profiles(but=unknown)
    result = ask(notify_customers, CUSTOMERS[:500], "a", "b")
    assert (len(result.done), result.failed.keys()) == (490, {str(each) for each in unknown})
    assert "secret" not in f"{result.failed!r}"
    assert table.inserts == 2


@respx.mock
def test_customers_with_a_profile_whom_the_database_refuses_all_the_same_are_found_by_halving(ask):
    unknown = {CUSTOMERS[3], CUSTOMERS[77], CUSTOMERS[99]}
    table = Table(unknown).play()
    profiles(but=set())
    result = ask(notify_customers, CUSTOMERS[:100], "a", "b")
    assert result.failed.keys() == {str(each) for each in unknown}
    assert len(table.rows) == len(result.done) == 97


@respx.mock
def test_a_list_of_strangers_only_inserts_nothing(ask):
    unknown = set(CUSTOMERS[:50])
    table = Table(unknown).play()
    profiles(but=unknown)
    result = ask(notify_customers, CUSTOMERS[:50], "a", "b")
    assert (result.done, len(result.failed), table.rows) == ([], 50, {})


@respx.mock
def test_a_server_that_is_gone_in_the_middle_leaves_what_is_done_and_what_is_not_known(ask, tmp_path):
    lost = {each: httpx.ReadTimeout("slow") for each in range(2, 6)}
    table = Table(fails=lost).play()
    journal = tmp_path / "journal"
    with pytest.raises(BulkError, match="stopped after 500 of 1,000") as raised:
        ask(notify_customers, CUSTOMERS, "a", "b", journal=journal)
    assert isinstance(raised.value.__cause__, RequestTimeoutError)
    result = raised.value.result
    assert (len(result.done), len(result.remaining), len(result.uncertain)) == (500, 500, 500)
    assert len(table.rows) == 1_000  # which nobody could know
    again = ask(notify_customers, CUSTOMERS, "a", "b", journal=journal)
    assert (len(again.skipped), len(again.done), len(table.rows)) == (500, 500, 1_000)


@respx.mock
def test_another_missing_row_than_a_customer_stops_it(ask):
    respx.post(NOTIFICATIONS).mock(return_value=httpx.Response(404, json={"code": "PGRST116", "message": "none"}))
    with pytest.raises(BulkError, match="stopped after 0 of 3"):
        ask(notify_customers, CUSTOMERS[:3], "a", "b")


@respx.mock
def test_a_value_that_the_shop_refuses_for_all_stops_it(ask):
    refusal = httpx.Response(400, json={"code": "23514", "message": "violates check constraint"})
    respx.post(NOTIFICATIONS).mock(return_value=refusal)
    with pytest.raises(BulkError) as raised:
        ask(notify_customers, CUSTOMERS, "a", "b")
    assert isinstance(raised.value.__cause__, InvalidInputError)
    assert respx.calls.call_count == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((["nope"], "a", "b"), "customers"),
        ((str(CUSTOMERS[0]), "a", "b"), "customers"),
        ((CUSTOMERS, "", "b"), "title"),
        ((CUSTOMERS, "a", "b" * 5_001), "message"),
        ((CUSTOMERS, "a", "b", "shout"), "type"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(ask, tmp_path, arguments, named):
    with pytest.raises(InvalidInputError) as refused:
        ask(notify_customers, *arguments, journal=tmp_path / "journal")
    assert refused.value.argument == named
    assert not (tmp_path / "journal").exists()
