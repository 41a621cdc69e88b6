"""The doctor's check whether a banned customer can lift their own ban, with a user who is there for nothing else."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from admin_crm import DoctorCheck, doctor
from helpers import ANON, KEY, QUICK, URL, Ask, Caller
from project_server import Project, as_user, line_of, refused

GUARDED = refused("42501", "only an administrator changes account_status of a customer", 403)
NOBODY = httpx.Response(404, json={"code": 404, "error_code": "user_not_found", "msg": "User not found"})
CAPTCHA = httpx.Response(400, json={"code": 400, "error_code": "captcha_failed", "msg": "captcha"})


class Shop:
    """Users and profiles of a project; its customers may lift their bans unless an answer is put in the way."""

    def __init__(self, project: Project) -> None:
        self.users: list[str] = []
        self.status: dict[str, str] = {}
        self.create, self.delete, self.sign_in = project.create_user, project.delete_user, project.sign_in
        self.upsert, self.lift, self.unprofile = project.upsert_profile, project.update_profile, project.delete_profile
        self.create.side_effect = self._create
        self.delete.side_effect = self._delete
        self.upsert.side_effect = self._upsert
        self.lift.side_effect = self._lift
        self.unprofile.side_effect = self._unprofile
        self._others = project.profile_rows
        project.profiles.side_effect = self._read

    def _create(self, request: httpx.Request) -> httpx.Response:
        user = json.loads(request.content)["id"]
        self.users.append(user)
        return httpx.Response(200, json={"id": user})

    def _delete(self, request: httpx.Request) -> httpx.Response:
        user = request.url.path.rpartition("/")[2]
        if user not in self.users:
            return NOBODY
        self.users.remove(user)
        return httpx.Response(200, json={})

    def _upsert(self, request: httpx.Request) -> httpx.Response:
        row = json.loads(request.content)
        self.status[row["id"]] = row["account_status"]
        return httpx.Response(201, json=[row])

    def _lift(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer the-users-token"
        self.status[self._id(request)] = json.loads(request.content)["account_status"]
        return httpx.Response(200, json=[])

    def _unprofile(self, request: httpx.Request) -> httpx.Response:
        self.status.pop(self._id(request), None)
        return httpx.Response(200, json=[])

    def _read(self, request: httpx.Request) -> httpx.Response:
        user = request.url.params.get("id", "")[3:]
        if user in self.status:
            return httpx.Response(200, json=[{"id": user, "account_status": self.status[user]}])
        return self._others(request)

    def _id(self, request: httpx.Request) -> str:
        return request.url.params["id"].removeprefix("eq.")


@pytest.fixture
def shop(project: Project) -> Shop:
    return Shop(project)


def checked(ask: Ask) -> DoctorCheck:
    return line_of(ask(doctor, write_checks=True), "bans")


def test_a_ban_that_the_customer_lifts_is_told_with_what_prevents_it(ask: Ask, shop: Shop) -> None:
    found = checked(ask)
    assert (found.verdict, found.meaning) == (
        "warn", "a banned customer can lift their own ban (tested with a temporary user)",
    )  # fmt: skip
    assert "admin-crm sql moderation" in found.advice
    assert (shop.users, shop.status) == ([], {})


@pytest.mark.parametrize("answer", [GUARDED, refused("P0001", "not you"), httpx.Response(200, json=[])])
def test_a_ban_that_holds_passes(ask: Ask, shop: Shop, answer: httpx.Response) -> None:
    shop.lift.mock(return_value=answer)
    shop.lift.side_effect = None
    found = checked(ask)
    assert (found.verdict, found.advice) == ("pass", "")
    assert (shop.users, shop.status) == ([], {})


def test_a_real_customer_is_never_written_to(ask: Ask, shop: Shop) -> None:
    checked(ask)
    made = json.loads(shop.create.calls.last.request.content)
    assert made["email"] == f"doctor-{made['id']}@temporary.invalid"
    writes = [call.request.url.params["id"] for route in (shop.lift, shop.unprofile) for call in route.calls]
    assert set(writes) == {f"eq.{made['id']}"}
    assert [json.loads(call.request.content)["id"] for call in shop.upsert.calls] == [made["id"]]
    assert shop.delete.calls.last.request.url.path.endswith(made["id"])


@pytest.mark.parametrize(
    ("part", "answer"),
    [
        ("create", refused("unexpected_failure", "Database error saving new user", 500)),
        ("create", httpx.ReadError("lost")),
        ("upsert", refused("23502", "phone is missing")),
        ("sign_in", CAPTCHA),
        ("lift", httpx.ReadError("lost")),
        ("lift", refused("PGRST301", "bad token", 401)),
    ],
)
def test_what_cannot_be_tested_is_said_and_the_user_removed(ask: Ask, shop: Shop, part: str, answer: Any) -> None:
    route = getattr(shop, part)
    route.side_effect = None
    route.mock(side_effect=answer) if isinstance(answer, Exception) else route.mock(return_value=answer)
    found = checked(ask)
    assert found.verdict == "warn"
    assert found.meaning.startswith("not tested whether customers can lift their own bans: ")
    assert (shop.users, shop.status) == ([], {})


@pytest.mark.parametrize("answer", [httpx.ReadError("lost"), refused("unexpected_failure", "no", 500)])
def test_a_user_who_may_be_left_behind_is_named(ask: Ask, shop: Shop, answer: Any) -> None:
    shop.delete.side_effect = answer if isinstance(answer, Exception) else None
    shop.delete.return_value = None if isinstance(answer, Exception) else answer
    found = checked(ask)
    (left,) = shop.users
    assert (found.verdict, found.meaning) == ("fail", f"the temporary user {left} may still exist")


def test_a_user_who_was_refused_is_not_said_to_exist(ask: Ask, shop: Shop) -> None:
    refusal = httpx.Response(403, json={"code": 403, "error_code": "not_admin", "msg": "User not allowed"})
    for route in (shop.create, shop.delete):
        route.side_effect = None
        route.mock(return_value=refusal)
    assert checked(ask).verdict == "warn"


def test_a_session_alone_is_told_what_it_takes(caller: Caller, project: Project, shop: Shop) -> None:
    found = line_of(caller(doctor, as_user(caller), write_checks=True), "bans")
    assert (found.verdict, found.advice) == ("warn", "run doctor with a secret key")
    assert not shop.create.called


def test_the_user_signs_in_with_the_publishable_key_where_there_is_one(
    caller: Caller, project: Project, shop: Shop
) -> None:
    for anon_key, expected in ((ANON, ANON), (None, KEY)):
        checked(Ask(caller, caller.open(URL, KEY, anon_key=anon_key, settings=QUICK)))
        assert shop.sign_in.calls.last.request.headers["apikey"] == expected
        assert shop.lift.calls.last.request.headers["apikey"] == expected


def test_without_write_checks_no_user_is_made(ask: Ask, shop: Shop) -> None:
    assert "bans" not in {check.name for check in ask(doctor).checks}
    assert not shop.create.called
