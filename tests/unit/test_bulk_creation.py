"""Creating many customers: which requests are sent, what fails alone and what stops, and going on with a journal."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

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
    SchemaMismatchError,
    ServiceUnavailableError,
    create_customers,
)
from helpers import ANON, KEY, PROFILES, QUICK, REST, URL
from sign_up_server import INVITE, USERS

ADDRESSES = f"{REST}/addresses"
HOME = {"street": "Ocho", "number": "8", "colony": "Centro", "zip_code": "01000"}
TAKEN = httpx.Response(422, json={"error_code": "email_exists", "msg": "already registered"})


class KilledError(Exception):
    """As if the process ended here: nothing of the library takes it for a server's failure."""


def rows(*names: str) -> list[dict[str, Any]]:
    return [
        {"email": f"{name}@x.example", "full_name": name, "phone": "55", "whatsapp": "56", **HOME} for name in names
    ]


class AuthServer:
    """Users, profiles and addresses of a played project; answers to some requests are decided by a test."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.passwords: dict[str, str] = {}
        self.profiles: dict[str, Any] = {}
        self.addresses: dict[str, Any] = {}
        self.mails: list[str] = []
        self.plays: dict[str, list[Any]] = {}
        """What becomes of the next requests of a kind."""
        self.refused: dict[str, httpx.Response] = {}
        """Answers to who would create a user with an address."""
        respx.route(method="POST", url=USERS).mock(side_effect=self._playing("users", self._create))
        respx.route(method="PUT", url__startswith=f"{USERS}/").mock(side_effect=self._playing("users/id", self._set))
        respx.route(method="GET", url__startswith=USERS).mock(side_effect=self._playing("find", self._find))
        respx.route(method="POST", url__startswith=INVITE).mock(side_effect=self._playing("invite", self._invite))
        for url, table in ((PROFILES, self.profiles), (ADDRESSES, self.addresses)):
            name = url.rpartition("/")[2]
            respx.route(method="POST", url__startswith=url).mock(side_effect=self._playing(name, self._write(table)))
            respx.route(method="GET", url__startswith=url).mock(side_effect=self._read(table))
            respx.route(method="PATCH", url__startswith=url).mock(side_effect=lambda _: _rows([]))

    def _playing(self, name: str, answer: Any) -> Any:
        def play(request: httpx.Request) -> httpx.Response:
            plays = self.plays.get(name)
            play = plays.pop(0) if plays else None
            if isinstance(play, httpx.Response):
                return play
            answered = answer(request)
            if play is not None:  # it has arrived, and the answer is lost
                raise play
            return answered

        return play

    def know(self, email: str, **user: Any) -> None:
        self.users[email] = {"id": str(uuid4()), "email": email, "user_metadata": {}, **user}

    def _create(self, request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        if sent["email"] in self.refused:
            return self.refused[sent["email"]]
        if sent["email"].lower() in self.users:
            return TAKEN
        self.passwords[sent["email"].lower()] = sent["password"]
        self.know(sent["email"].lower(), id=sent["id"], user_metadata=sent["user_metadata"])
        return httpx.Response(200, json=self.users[sent["email"].lower()])

    def _invite(self, request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        self.mails.append(sent["email"])
        if sent["email"] not in self.users:
            self.know(sent["email"], user_metadata=sent["data"])
        return httpx.Response(200, json=self.users[sent["email"]])

    def _set(self, request: httpx.Request) -> httpx.Response:
        user = next(each for each in self.users.values() if request.url.path.endswith(each["id"]))
        self.passwords[user["email"]] = json.loads(request.content)["password"]
        return httpx.Response(200, json=user)

    def _find(self, request: httpx.Request) -> httpx.Response:
        found = [user for email, user in self.users.items() if request.url.params["filter"] in email]
        return httpx.Response(200, json={"users": found})

    @staticmethod
    def _write(table: dict[str, Any]) -> Any:
        def write(request: httpx.Request) -> httpx.Response:
            sent = json.loads(request.content)
            rows = sent if isinstance(sent, list) else [sent]
            new = [row for row in rows if row["id"] not in table or "ignore" not in request.headers["prefer"]]
            table.update({row["id"]: row for row in new})
            return httpx.Response(201, json=new)

        return write

    @staticmethod
    def _read(table: dict[str, Any]) -> Any:
        def read(request: httpx.Request) -> httpx.Response:
            column = "id" if "id" in request.url.params else "customer_id"
            wanted = request.url.params[column]
            return _rows([row for row in table.values() if row[column] in wanted])

        return read


def _rows(found: list[Any]) -> httpx.Response:
    return httpx.Response(200, json=found, headers={"content-range": f"0-0/{len(found)}"})


@pytest.fixture
def server():
    with respx.mock:
        yield AuthServer()


def passwords_in(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["email"]: row["password"] for row in csv.DictReader(file)}


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
