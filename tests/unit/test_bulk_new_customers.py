"""Profiles and addresses of new customers: together; one by one where one is refused; told where they are missing."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import (
    BulkError,
    CustomerCreationError,
    PermissionDeniedError,
    SchemaMismatchError,
    create_customers,
)
from helpers import KEY, QUICK, URL
from new_users_server import HOME, AuthServer, passwords_in, rows


@pytest.fixture
def server():
    with respx.mock:
        yield AuthServer()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


REFUSED = httpx.Response(400, json={"code": "23514", "message": "no"})
NO_TABLE = httpx.Response(404, json={"code": "PGRST205", "message": "no table"})


def check_completed(ask, server, result, given):
    """Check that customers who were created in part are completed by the journal."""
    assert passwords_in(result.passwords_file) == server.passwords
    again = ask(create_customers, given, journal="journal")
    assert set(again.done) == {error.user_id for error in result.failed.values()}
    assert again.failed == {}
    assert len(server.users) == len(server.addresses) == len(server.profiles) == len(given)
    assert passwords_in(again.passwords_file) == server.passwords


def test_of_rows_that_are_refused_together_each_is_written_and_the_one_told(ask, server):
    server.plays["addresses"] = [REFUSED, REFUSED]
    given = rows("ana", "bea")
    result = ask(create_customers, given, journal="journal")
    ((name, error),) = result.failed.items()
    assert isinstance(error, CustomerCreationError)
    email = given[0 if name == "row 1" else 1]["email"]
    assert (str(error.user_id), error.completed) == (server.users[email]["id"], ("sign_up", "profile"))
    assert len(result.done) == len(server.addresses) == 1
    check_completed(ask, server, result, given)


def test_where_everything_stops_those_who_have_only_a_user_are_told(ask, server):
    server.plays["addresses"] = [NO_TABLE]
    given = rows("ana", "bea")
    with pytest.raises(BulkError, match="stopped after 2 of 2") as raised:
        ask(create_customers, given, journal="journal")
    assert isinstance(raised.value.__cause__, SchemaMismatchError)
    result = raised.value.result
    assert [(str(error.user_id), error.completed) for error in result.failed.values()] == [
        (server.users[row["email"]]["id"], ("sign_up",)) for row in given
    ]
    assert "resume_customer_creation" in result.failed["row 1"].hint
    check_completed(ask, server, result, given)


@pytest.mark.parametrize("completed", [True, False], ids=["completed", "half done"])
def test_where_making_users_stops_those_who_were_made_are_completed_or_told(caller, server, completed):
    one_by_one = caller.open(URL, KEY, settings=QUICK.model_copy(update={"concurrency": 1}))
    not_admin = httpx.Response(403, json={"error_code": "not_admin", "msg": "User not allowed"})
    server.refused = {"bea@x.example": not_admin}
    server.plays["addresses"] = [] if completed else [NO_TABLE]
    given = rows("ana", "bea", "cleo")
    with pytest.raises(BulkError, match="stopped after 1 of 3") as raised:
        caller(create_customers, one_by_one, given, journal="journal")
    result, ana = raised.value.result, server.users["ana@x.example"]["id"]
    assert isinstance(raised.value.__cause__, PermissionDeniedError if completed else SchemaMismatchError)
    assert [str(each) for each in result.done] == [ana] * completed
    assert [str(error.user_id) for error in result.failed.values()] == [ana] * (not completed)
    assert result.remaining == ["row 2", "row 3"]
    server.refused.clear()
    again = caller(create_customers, one_by_one, given, journal="journal")
    assert (len(again.done), len(again.skipped)) == ((2, 1) if completed else (3, 0))
    assert passwords_in(again.passwords_file) == server.passwords


def test_a_table_that_goes_away_while_rows_are_written_one_by_one_stops_too(ask, server):
    server.plays["addresses"] = [REFUSED, NO_TABLE]
    with pytest.raises(BulkError) as raised:
        ask(create_customers, rows("ana"), journal="journal")
    assert raised.value.result.failed["row 1"].completed == ("sign_up", "profile")
    check_completed(ask, server, raised.value.result, rows("ana"))


def test_rows_with_and_without_a_city_or_an_address_are_written(ask, server):
    given = rows("ana", "bea", "cleo", "dora")
    given[1]["city"] = "Puebla"
    given[3] = {name: value for name, value in given[3].items() if name not in HOME}
    result = ask(create_customers, given)
    assert len(result.done) == 4
    assert sorted(row.get("city", "") for row in server.addresses.values()) == ["", "", "Puebla"]
