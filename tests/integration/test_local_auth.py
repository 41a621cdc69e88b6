"""The local auth server: it answers as the real one does (supabase/auth 2.196, observed on 2026-11-23)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest

from admin_crm.local import LocalStack
from shops import CONFIRMING, local_only

pytestmark = local_only

PASSWORD = "larga-y-buena"
NOBODY = "00000000-0000-4000-8000-000000000000"


class Auth:
    """The auth server of a stack, asked over the wire."""

    def __init__(self, stack: LocalStack, http: httpx.Client) -> None:
        self.stack, self._http = stack, http

    def __call__(self, method: str, path: str, body: Any = None, *, token: str = "") -> httpx.Response:
        """Ask as a visitor, or as the user of a token."""
        return self._ask(method, path, body, self.stack.publishable_key, token)

    def by_key(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask with the secret key."""
        return self._ask(method, path, body, self.stack.secret_key, self.stack.secret_key)

    def sign_up(self, email: str, password: str = PASSWORD, **data: str) -> httpx.Response:
        return self("POST", "/signup", {"email": email, "password": password, "data": data})

    def sign_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        return self("POST", "/token?grant_type=password", {"email": email, "password": password})

    def refresh(self, token: str) -> httpx.Response:
        return self("POST", "/token?grant_type=refresh_token", {"refresh_token": token})

    def made(self, **changes: Any) -> dict[str, Any]:
        """Return a confirmed user of the test's own."""
        body = {"email": address(), "password": PASSWORD, "email_confirm": True, **changes}
        return self.by_key("POST", "/admin/users", body).json()

    def _ask(self, method: str, path: str, body: Any, key: str, token: str) -> httpx.Response:
        headers = {"apikey": key} | ({"Authorization": f"Bearer {token}"} if token else {})
        return self._http.request(method, f"{self.stack.url}/auth/v1{path}", json=body, headers=headers)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=300) as http:
        yield http


@pytest.fixture
def auth(stack: LocalStack, http: httpx.Client) -> Iterator[Auth]:
    yield Auth(stack, http)
    # Other tests count the customers of the same stack.
    stack.execute_sql("delete from auth.users where email like 'cuenta-%'")


@pytest.fixture
def confirming_auth(confirming: LocalStack, http: httpx.Client) -> Auth:
    return Auth(confirming, http)


def address() -> str:
    return f"cuenta-{uuid4()}@clientes.example"


def code(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert body["code"] == answer.status_code
    return answer.status_code, body["error_code"], body["msg"]


def until(user: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(user["banned_until"]) if "banned_until" in user else None


# Sign-up of an address that is known ---------------------------------------------------------------


def test_a_confirmed_address_is_refused(auth: Auth) -> None:
    assert code(auth.sign_up(auth.made()["email"]))[:2] == (422, "user_already_exists")


def test_an_unconfirmed_address_answers_the_old_user_with_a_session_and_ignores_what_was_sent(auth: Auth) -> None:
    email = address()
    old = auth.by_key("POST", "/invite", {"email": email, "data": {"full_name": "Primera"}}).json()
    answer = auth.sign_up(email, full_name="Segunda").json()
    assert answer["access_token"]
    assert (answer["user"]["id"], answer["user"]["user_metadata"]["full_name"]) == (old["id"], "Primera")
    assert answer["user"]["email_confirmed_at"]
    assert code(auth.sign_in(email))[:2] == (400, "invalid_credentials")
    assert code(auth.sign_up(email))[:2] == (422, "user_already_exists")


def test_a_weak_password_is_refused_for_an_unconfirmed_address_too(auth: Auth) -> None:
    email = address()
    auth.by_key("POST", "/invite", {"email": email})
    answer = auth.sign_up(email, "abc")
    assert code(answer)[:2] == (422, "weak_password")
    assert answer.json()["weak_password"] == {"reasons": ["length"]}


@CONFIRMING
def test_with_confirmation_an_unconfirmed_address_answers_the_old_user_after_a_minute(confirming_auth: Auth) -> None:
    auth, email = confirming_auth, address()
    old = auth.sign_up(email, full_name="Primera").json()
    status, error, message = code(auth.sign_up(email, full_name="Segunda"))
    assert (status, error) == (429, "over_email_send_rate_limit")
    assert "you can only request this after" in message
    auth.stack.execute_sql(
        f"update auth.users set confirmation_sent_at = now() - interval '61 seconds' where id = '{old['id']}'"
    )
    again = auth.sign_up(email, full_name="Segunda").json()
    assert "access_token" not in again
    assert (again["id"], again["user_metadata"]["full_name"]) == (old["id"], "Primera")
    assert again["identities"]
    assert "email_confirmed_at" not in again


@CONFIRMING
def test_with_confirmation_a_confirmed_address_answers_a_user_made_up_anew(confirming_auth: Auth) -> None:
    email = confirming_auth.made()["email"]
    answers = [confirming_auth.sign_up(email, full_name="Quien Sea").json() for _ in range(2)]
    assert [answer["identities"] for answer in answers] == [[], []]
    assert answers[0]["id"] != answers[1]["id"]
    assert answers[0]["user_metadata"]["full_name"] == "Quien Sea"


def test_where_a_trigger_fails_nothing_is_created(auth: Auth, failing_address: str) -> None:
    answer = auth.sign_up(failing_address)
    assert code(answer) == (500, "unexpected_failure", "Database error saving new user")
    assert answer.json()["error_id"]
    invited = auth.by_key("POST", "/invite", {"email": failing_address})
    made = auth.by_key("POST", "/admin/users", {"email": failing_address})
    assert [code(each)[:2] for each in (invited, made)] == [(500, "unexpected_failure")] * 2
    assert auth.stack.execute_sql(f"select id from auth.users where email = '{failing_address}'") == []


# Ways of creating ----------------------------------------------------------------------------------


def test_an_administrator_creates_under_an_id_of_his_own_without_a_policy_for_passwords(auth: Auth) -> None:
    mine, email = str(uuid4()), address()
    body = {"id": mine, "email": email.upper(), "password": "a", "email_confirm": True, "user_metadata": {"a": 1}}
    made = auth.by_key("POST", "/admin/users", body).json()
    assert (made["id"], made["email"], made["user_metadata"]) == (mine, email, {"a": 1})
    assert auth.sign_in(email, "a").status_code == 200
    assert code(auth.by_key("POST", "/admin/users", body))[:2] == (422, "email_exists")
    profile = auth.stack.execute_sql(f"select id from customer_profiles where id = '{mine}'")
    assert profile == [{"id": mine}]


def test_an_invitation_makes_an_unconfirmed_user_once(auth: Auth) -> None:
    email = address()
    first = auth.by_key("POST", "/invite", {"email": email, "data": {"full_name": "Ana"}}).json()
    second = auth.by_key("POST", "/invite", {"email": email, "data": {"full_name": "Otra"}}).json()
    assert (first["id"], first["user_metadata"]) == (second["id"], second["user_metadata"])
    assert first["invited_at"]
    assert "email_confirmed_at" not in first
    auth.stack.execute_sql(f"update auth.users set email_confirmed_at = now() where id = '{first['id']}'")
    assert code(auth.by_key("POST", "/invite", {"email": email}))[:2] == (422, "email_exists")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/invite"), ("POST", "/admin/users"), ("GET", "/admin/users"), ("PUT", f"/admin/users/{NOBODY}")],
)
def test_only_the_secret_key_is_an_administrators(auth: Auth, method: str, path: str) -> None:
    user = auth.sign_in(auth.made()["email"]).json()
    for token in ("", user["access_token"]):
        assert code(auth(method, path, {}, token=token)) == (403, "not_admin", "User not allowed")


# Users ---------------------------------------------------------------------------------------------


def test_users_are_found_by_part_of_the_address_or_name(auth: Auth) -> None:
    name = f"Nombre {uuid4()}"
    made = auth.made(user_metadata={"full_name": name})

    def found(text: str) -> list[str]:
        answer = auth.by_key("GET", f"/admin/users?filter={text}")
        return [user["id"] for user in answer.json()["users"]]

    local_part = made["email"].partition("@")[0]
    assert found(local_part) == found(name) == [made["id"]]
    assert found(local_part.upper()) == []
    assert found(str(uuid4())) == []


def test_users_come_in_pages_with_their_total(auth: Auth) -> None:
    answer = auth.by_key("GET", "/admin/users?page=0&per_page=3")
    total = int(answer.headers["x-total-count"])
    assert len(answer.json()["users"]) == 3
    assert answer.headers["link"].startswith('</admin/users?page=2&per_page=3>; rel="next", </admin/users?page=')
    behind = auth.by_key("GET", f"/admin/users?page={total}&per_page=3")
    assert (behind.json()["users"], behind.headers["x-total-count"]) == ([], str(total))
    for page in ("-1", "dos"):
        assert code(auth.by_key("GET", f"/admin/users?page={page}"))[:2] == (400, "validation_failed")


def test_users_come_newest_first_or_oldest_first(auth: Auth) -> None:
    made = [auth.made()["id"] for _ in range(2)]

    def listed(sort: str) -> list[str]:
        users = auth.by_key("GET", f"/admin/users?per_page=5000{sort}").json()["users"]
        return [user["id"] for user in users if user["id"] in made]

    assert listed("") == listed("&sort=created_at desc") == made[::-1]
    assert listed("&sort=created_at asc") == made


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_who_is_unknown_is_not_found(auth: Auth, method: str) -> None:
    assert code(auth.by_key(method, f"/admin/users/{NOBODY}", {}))[:2] == (404, "user_not_found")
    answer = auth.by_key(method, "/admin/users/nope", {})
    assert code(answer) == (404, "validation_failed", "user_id must be an UUID")


# Bans ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "hours"),
    [("24h", 24), ("1h30m", 1.5), ("90s", 0.025), ("876000h", 876_000), ("-1h", -1), ("1.5h", 1.5)],
)
def test_a_ban_ends_so_long_from_now(auth: Auth, duration: str, hours: float) -> None:
    user = auth.by_key("PUT", f"/admin/users/{auth.made()['id']}", {"ban_duration": duration}).json()
    end = until(user)
    assert end is not None
    assert abs(end - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(minutes=1)


def test_a_ban_is_lifted_by_none_and_by_0_and_kept_by_an_empty_text(auth: Auth) -> None:
    made = auth.made(ban_duration="24h")
    path = f"/admin/users/{made['id']}"
    assert "banned_until" in made
    assert until(auth.by_key("PUT", path, {"ban_duration": ""}).json()) == until(made)
    for lifting in ("none", "0"):
        auth.by_key("PUT", path, {"ban_duration": "24h"})
        assert "banned_until" not in auth.by_key("PUT", path, {"ban_duration": lifting}).json()
    assert "banned_until" not in auth.by_key("GET", path).json()


@pytest.mark.parametrize("duration", ["1d", "24", "morgen", "3000000000h", "1h "])
def test_what_is_no_duration_is_refused(auth: Auth, duration: str) -> None:
    path = f"/admin/users/{auth.made()['id']}"
    refusal = (400, "validation_failed", "invalid format for ban duration")
    assert code(auth.by_key("PUT", path, {"ban_duration": duration})) == refusal
    email = address()
    assert code(auth.by_key("POST", "/admin/users", {"email": email, "ban_duration": duration})) == refusal
    assert auth.stack.execute_sql(f"select id from auth.users where email = '{email}'") == []


def test_a_user_is_changed_with_put_alone(auth: Auth) -> None:
    answer = auth.by_key("POST", f"/admin/users/{auth.made()['id']}", {"ban_duration": "24h"})
    assert (answer.status_code, answer.content) == (405, b"")


def test_a_banned_user_meets_the_ban_everywhere_in_auth_but_keeps_the_session(auth: Auth, http: httpx.Client) -> None:
    user = auth.made()
    session = auth.sign_in(user["email"]).json()
    path, token = f"/admin/users/{user['id']}", session["access_token"]
    auth.by_key("PUT", path, {"ban_duration": "24h"})
    for password in (PASSWORD, "otra-cosa"):
        assert code(auth.sign_in(user["email"], password)) == (400, "user_banned", "User is banned")
    assert code(auth.refresh(session["refresh_token"])) == (400, "user_banned", "Invalid Refresh Token: User Banned")
    for method in ("GET", "PUT"):
        assert code(auth(method, "/user", {}, token=token))[:2] == (403, "user_banned")
    assert code(auth.sign_up(user["email"]))[:2] == (422, "user_already_exists")
    assert auth("POST", "/recover", {"email": user["email"]}).json() == {}
    # REST does not ask auth: the access token goes on working until it expires.
    headers = {"apikey": auth.stack.publishable_key, "Authorization": f"Bearer {token}"}
    rows = http.get(f"{auth.stack.url}/rest/v1/customer_profiles?select=id", headers=headers)
    assert rows.json() == [{"id": user["id"]}]
    auth.by_key("PUT", path, {"ban_duration": "none"})
    assert auth.refresh(session["refresh_token"]).status_code == 200
    assert auth("GET", "/user", token=token).json()["id"] == user["id"]


def test_a_ban_that_has_run_out_stops_nobody(auth: Auth) -> None:
    user = auth.made(ban_duration="-1s")
    assert "banned_until" in user
    assert auth.sign_in(user["email"]).status_code == 200


# The end of sessions -------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["global", "local"])
def test_a_session_is_ended_with_its_own_token(auth: Auth, scope: str) -> None:
    session = auth.sign_in(auth.made()["email"]).json()
    token = session["access_token"]
    assert auth("POST", f"/logout?scope={scope}", token=token).status_code == 204
    assert code(auth.refresh(session["refresh_token"]))[:2] == (400, "refresh_token_not_found")
    assert code(auth("GET", "/user", token=token))[:2] == (403, "session_not_found")
    assert code(auth("POST", "/logout", token=token))[:2] == (403, "session_not_found")


def test_others_keeps_the_session_that_asks(auth: Auth) -> None:
    email = auth.made()["email"]
    mine, other = auth.sign_in(email).json(), auth.sign_in(email).json()
    assert auth("POST", "/logout?scope=others", token=mine["access_token"]).status_code == 204
    assert auth.refresh(mine["refresh_token"]).status_code == 200
    assert code(auth.refresh(other["refresh_token"]))[:2] == (400, "refresh_token_not_found")


def test_an_administrator_ends_no_session_but_with_a_new_password(auth: Auth) -> None:
    user = auth.made()
    session = auth.sign_in(user["email"]).json()
    assert code(auth.by_key("POST", "/logout")) == (403, "bad_jwt", "invalid claim: missing sub claim")
    for method, path in (("POST", "logout"), ("DELETE", "sessions")):
        assert auth.by_key(method, f"/admin/users/{user['id']}/{path}").status_code == 404
    assert auth.refresh(session["refresh_token"]).status_code == 200
    again = auth.sign_in(user["email"]).json()
    auth.by_key("PUT", f"/admin/users/{user['id']}", {"password": "otra-larga-y-buena"})
    assert code(auth.refresh(again["refresh_token"]))[:2] == (400, "refresh_token_not_found")


# Changing and deleting -----------------------------------------------------------------------------


def test_a_new_address_is_that_of_the_identity_too_and_null_takes_metadata_away(auth: Auth) -> None:
    user, email = auth.made(user_metadata={"full_name": "Ana", "phone": "55"}), address()
    changes = {"email": email.upper(), "user_metadata": {"full_name": None, "more": 1}}
    changed = auth.by_key("PUT", f"/admin/users/{user['id']}", changes).json()
    assert (changed["email"], changed["user_metadata"]) == (email, {"phone": "55", "more": 1})
    assert [each["identity_data"]["email"] for each in changed["identities"]] == [email]
    assert auth.sign_in(email).status_code == 200
    assert code(auth.sign_in(user["email"]))[:2] == (400, "invalid_credentials")


def test_a_deleted_user_is_gone_with_the_profile(auth: Auth) -> None:
    user = auth.made()
    session = auth.sign_in(user["email"]).json()
    path = f"/admin/users/{user['id']}"
    answer = auth.by_key("DELETE", path)
    assert (answer.status_code, answer.json()) == (200, {})
    assert code(auth.by_key("GET", path))[:2] == (404, "user_not_found")
    assert code(auth.by_key("DELETE", path))[:2] == (404, "user_not_found")
    assert auth.stack.execute_sql(f"select id from customer_profiles where id = '{user['id']}'") == []
    assert code(auth.refresh(session["refresh_token"]))[:2] == (400, "refresh_token_not_found")


def test_what_refers_to_a_user_without_a_cascade_stops_the_deletion(auth: Auth) -> None:
    one, other = auth.made()["id"], auth.made()["id"]
    auth.stack.execute_sql(f"insert into referrals (referrer_id, referred_id) values ('{one}', '{other}')")
    answer = auth.by_key("DELETE", f"/admin/users/{one}")
    assert code(answer) == (500, "unexpected_failure", "Database error deleting user")
    auth.stack.execute_sql(f"delete from referrals where referrer_id = '{one}'")
    assert auth.by_key("DELETE", f"/admin/users/{one}").status_code == 200


def test_a_softly_deleted_user_stays_as_hashes_and_keeps_the_profile(auth: Auth) -> None:
    user = auth.made(user_metadata={"full_name": "Ana Softly"})
    session = auth.sign_in(user["email"]).json()
    path = f"/admin/users/{user['id']}"
    assert auth.by_key("DELETE", path, {"should_soft_delete": True}).json() == {}
    left = auth.by_key("GET", path).json()
    assert left["deleted_at"]
    assert (left["user_metadata"], left["app_metadata"]) == ({}, {})
    # A hash of the id and the address: who knows the id can test a guess of the address.
    guess = base64.urlsafe_b64encode(sha256((user["id"] + user["email"]).encode()).digest()).decode().rstrip("=")
    assert left["email"] == guess
    assert [each["identity_data"] for each in left["identities"]] == [{}]
    profile = auth.stack.execute_sql(f"select full_name from customer_profiles where id = '{user['id']}'")
    assert profile == [{"full_name": "Ana Softly"}]
    assert code(auth.sign_in(user["email"]))[:2] == (400, "invalid_credentials")
    assert code(auth.refresh(session["refresh_token"]))[:2] == (400, "refresh_token_not_found")
    assert code(auth("GET", "/user", token=session["access_token"]))[:2] == (403, "session_not_found")
    assert auth.by_key("DELETE", path, {"should_soft_delete": True}).json() == {}
    assert auth.by_key("GET", path).json()["email"] == guess
    assert auth.sign_up(user["email"]).status_code == 200
    assert auth.by_key("DELETE", path).json() == {}
