"""Creating many customers: which requests are sent, what fails alone and what stops, and going on with a journal."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    AuthenticationError,
    BulkError,
    ConflictError,
    CustomerCreationError,
    InvalidInputError,
    PermissionDeniedError,
    RateLimitedError,
    ServiceUnavailableError,
    create_customers,
)
from helpers import ANON, KEY, QUICK, URL
from new_users_server import AuthServer, passwords_in, rows


class KilledError(Exception):
    """As if the process ended here: nothing of the library takes it for a server's failure."""


@pytest.fixture
def server():
    with respx.mock:
        yield AuthServer()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_batch_takes_a_request_for_each_user_and_two_for_all_profiles_and_addresses(ask, server):
    result = ask(create_customers, [*rows("ana"), {**rows("bea")[0], "password": "suya-9"}], passwords="p.csv")
    assert result.done == [UUID(server.users[f"{name}@x.example"]["id"]) for name in ("ana", "bea")]
    written = {(row["full_name"], row["phone"], row["whatsapp"]) for row in server.profiles.values()}
    assert written == {("ana", "55", "56"), ("bea", "55", "56")}
    assert {row["customer_id"] for row in server.addresses.values()} == {str(each) for each in result.done}
    assert len(respx.calls) == 4
    assert passwords_in(result.passwords_file) == {"ana@x.example": server.passwords["ana@x.example"]}
    assert server.passwords["bea@x.example"] == "suya-9"


def test_a_file_is_read_and_one_that_cannot_be_read_creates_nobody(ask, server, tmp_path):
    (tmp_path / "list.csv").write_text("email;full_name;phone\nana@x.example;Ana;55\n", "utf-8")
    result = ask(create_customers, tmp_path / "list.csv", journal="journal")
    assert [str(each) for each in result.done] == [server.users["ana@x.example"]["id"]]
    (tmp_path / "list.csv").write_text("email;full_name;phone;vip\nbea@x.example;Bea;55;yes\n", "utf-8")
    with pytest.raises(InvalidInputError, match="unknown columns: 'vip'"):
        ask(create_customers, str(tmp_path / "list.csv"), journal="journal")
    with pytest.raises(FileNotFoundError):
        ask(create_customers, "none.csv")
    assert list(server.users) == ["ana@x.example"]


def test_passwords_of_ones_own_make_no_file(ask, server, tmp_path):
    result = ask(create_customers, [{**rows("ana")[0], "password": "suya-9"}], journal="journal")
    assert (len(result.done), result.passwords_file) == (1, None)
    assert [each.name for each in tmp_path.iterdir()] == ["journal"]


def test_without_a_journal_the_file_lies_in_the_working_folder(ask, server, tmp_path):
    result = ask(create_customers, rows("ana"))
    assert [each.name for each in tmp_path.iterdir()] == [result.passwords_file.name]


def test_a_plan_writes_nothing_and_tells_what_is_wrong(ask, server, tmp_path):
    given = [*rows("ana"), {"email": "x"}, *rows("ana", "bea")]
    result = ask(create_customers, given, dry_run=True, journal="journal")
    assert (result.remaining, list(result.failed)) == (["row 1", "row 4"], ["row 2", "row 3"])
    assert (result.dry_run, result.passwords_file, list(tmp_path.iterdir())) == (True, None, [])
    assert not respx.calls


def test_a_row_that_fails_is_told_and_the_others_are_created(ask, server):
    server.know("bea@x.example")
    failing = {"error_code": "unexpected_failure", "msg": "Database error creating new user"}
    server.refused = {
        "cleo@x.example": httpx.Response(500, json=failing),
        "dora@x.example": httpx.Response(422, json={"error_code": "validation_failed", "msg": "no"}),
    }
    given = [*rows("ana", "bea", "cleo", "dora", "eva"), {"email": "x"}]
    result = ask(create_customers, given, journal="journal")
    assert {name: type(error) for name, error in result.failed.items()} == {
        "row 2": ConflictError,
        "row 3": CustomerCreationError,
        "row 4": InvalidInputError,
        "row 6": InvalidInputError,
    }
    assert str(result.failed["row 2"].customer_id) == server.users["bea@x.example"]["id"]
    assert [str(each) for each in result.done] == [server.users[f"{name}@x.example"]["id"] for name in ("ana", "eva")]
    # No password stands there for somebody who was not created.
    assert passwords_in(result.passwords_file) == server.passwords
    server.refused.clear()
    again = ask(create_customers, given, journal="journal")
    assert (len(again.skipped), len(again.done), set(again.failed)) == (2, 2, {"row 2", "row 6"})
    assert passwords_in(again.passwords_file) == server.passwords


def test_where_nobody_was_created_there_is_no_file(ask, server, tmp_path):
    server.know("ana@x.example")
    result = ask(create_customers, rows("ana"))
    assert (list(result.failed), result.passwords_file, list(tmp_path.iterdir())) == (["row 1"], None, [])


def test_where_passwords_cannot_be_written_nobody_is_created(ask, server, tmp_path):
    with pytest.raises(BulkError, match="No such file") as raised:
        ask(create_customers, rows("ana"), passwords=tmp_path / "no folder" / "passwords.csv")
    assert isinstance(raised.value.__cause__, FileNotFoundError)
    assert (raised.value.result.remaining, raised.value.result.passwords_file) == (["row 1"], None)
    assert not respx.calls


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(401, json={"error_code": "bad_jwt", "msg": "no"}), AuthenticationError),
        (httpx.Response(403, json={"error_code": "not_admin", "msg": "no"}), PermissionDeniedError),
        (httpx.Response(429, json={"error_code": "over_request_rate_limit", "msg": "no"}), RateLimitedError),
        (httpx.Response(503), ServiceUnavailableError),
    ],
)
def test_what_would_meet_every_row_stops_and_can_be_gone_on_with(ask, server, answer, kind):
    server.plays["users"] = [None] * 20 + [answer] * 40
    server.plays["find"] = [httpx.Response(503)] * 40
    given = rows(*(f"c{number:02}" for number in range(25)))
    with pytest.raises(BulkError, match="stopped after 2") as raised:
        ask(create_customers, given, journal="journal")
    assert isinstance(raised.value.__cause__, kind)
    stopped = raised.value.result
    assert len(stopped.done) == 20
    assert stopped.remaining == [f"row {number}" for number in range(21, 26)]
    assert stopped.passwords_file == Path("journal.passwords.csv")
    server.plays.clear()
    result = ask(create_customers, given, journal="journal")
    assert (len(result.done), len(result.skipped)) == (5, 20)
    assert passwords_in(result.passwords_file) == server.passwords
    assert len(server.users) == len(server.profiles) == len(server.addresses) == 25


def kill_after_creation(ask, server, given, **options):
    """Create users, and have everything after that fail as if the process had been killed."""
    server.plays["customer_profiles"] = [KilledError()] * 20
    with pytest.raises(KilledError):
        ask(create_customers, given, journal="journal", **options)
    server.plays.clear()
    server.profiles.clear()


def test_a_user_of_a_killed_run_is_recognized_and_keeps_the_password(ask, server):
    kill_after_creation(ask, server, rows("ana"))
    before = dict(server.passwords)
    result = ask(create_customers, rows("ana"), journal="journal")
    assert [str(each) for each in result.done] == [server.users["ana@x.example"]["id"]]
    assert [row["whatsapp"] for row in server.profiles.values()] == ["56"]
    assert server.passwords == before == passwords_in(result.passwords_file)


def test_a_user_whose_password_is_lost_with_the_file_gets_another_one(ask, server):
    kill_after_creation(ask, server, rows("ana"))
    before = dict(server.passwords)
    Path("journal.passwords.csv").unlink()
    result = ask(create_customers, rows("ana"), journal="journal")
    assert server.passwords != before
    assert passwords_in(result.passwords_file) == server.passwords


def test_somebody_who_has_been_there_keeps_what_is_theirs(ask, server):
    kill_after_creation(ask, server, rows("ana"))
    before, user = dict(server.passwords), server.users["ana@x.example"]
    user["last_sign_in_at"] = "2026-11-28T00:00:00Z"
    server.profiles[user["id"]] = {"id": user["id"], "full_name": "Anita", "phone": "1", "whatsapp": "2"}
    Path("journal.passwords.csv").unlink()
    result = ask(create_customers, rows("ana"), journal="journal")
    assert (len(result.done), result.passwords_file) == (1, None)
    assert server.passwords == before
    assert server.profiles[user["id"]]["full_name"] == "Anita"
    assert len(server.addresses) == 1


@pytest.mark.parametrize("lost", [httpx.ReadError("x"), httpx.ReadTimeout("x")], ids=repr)
def test_a_lost_answer_is_no_second_customer(ask, server, lost):
    server.plays["users"] = server.plays["customer_profiles"] = server.plays["addresses"] = [lost]
    result = ask(create_customers, rows("ana"))
    assert len(result.done) == len(server.users) == len(server.profiles) == len(server.addresses) == 1
    assert passwords_in(result.passwords_file) == server.passwords


def test_invitations_need_no_password_and_nobody_is_invited_twice(ask, server, tmp_path):
    server.know("bea@x.example", email_confirmed_at="2026-01-01T00:00:00Z")
    server.know("cleo@x.example")
    given = rows("ana", "bea", "cleo")
    options = {"method": "invite", "redirect_to": "https://shop.test/hola"}
    server.plays["customer_profiles"] = [KilledError()]
    with pytest.raises(KilledError):
        ask(create_customers, given, journal="journal", **options)
    result = ask(create_customers, given, journal="journal", **options)
    assert [str(each) for each in result.done] == [server.users["ana@x.example"]["id"]]
    assert server.mails == ["ana@x.example"]
    assert "already registered" in result.failed["row 2"].message
    assert "never confirmed" in result.failed["row 3"].message
    assert (result.passwords_file, [each.name for each in tmp_path.iterdir()]) == (None, ["journal"])


def test_a_journal_belongs_to_its_method_and_holds_no_personal_data(ask, server):
    ask(create_customers, rows("ana"), journal="journal")
    with pytest.raises(InvalidInputError, match="other arguments"):
        ask(create_customers, rows("ana"), journal="journal", method="invite")
    journal = Path("journal").read_text()
    for personal in ("ana", "example", "Ocho", "01000", server.passwords["ana@x.example"]):
        assert personal not in journal


def test_nothing_secret_shows_in_what_is_returned(ask, server):
    result = ask(create_customers, [*rows("ana"), {**rows("bea")[0], "password": "suya-9", "phone": None}])
    shown = f"{result!r} {result} {result._repr_html_()} {result.failed}"
    assert "suya-9" not in shown
    assert "x.example" not in shown
    assert server.passwords["ana@x.example"] not in shown


@pytest.mark.parametrize(
    ("argument", "options"), [("method", {"method": "sign_up"}), ("redirect_to", {"redirect_to": " "})]
)
def test_a_wrong_argument_sends_nothing(ask, server, argument, options):
    with pytest.raises(InvalidInputError) as raised:
        ask(create_customers, rows("ana"), **options)
    assert raised.value.argument == argument
    assert not respx.calls


def test_it_needs_the_secret_key(caller, server):
    crm = caller.open(URL, ANON, access_token="h.e.y", settings=QUICK)
    with pytest.raises(PermissionDeniedError, match="needs the secret key"):
        caller(create_customers, crm, rows("ana"))
    both = caller.open(URL, ANON, access_token="h.e.y", secret_key=KEY, settings=QUICK)
    assert len(caller(create_customers, both, rows("ana")).done) == 1
    rights = {call.request.url.path: call.request.headers["authorization"] for call in respx.calls}
    assert rights["/auth/v1/admin/users"] == f"Bearer {KEY}"
    assert rights["/rest/v1/customer_profiles"] == "Bearer h.e.y"
