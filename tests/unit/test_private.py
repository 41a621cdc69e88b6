"""Tables that show a row to its customer alone: whose rights read them, and what an empty answer means."""

from __future__ import annotations

import base64
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    CustomerNotFoundError,
    PermissionDeniedError,
    get_loyalty_offers,
    get_referrals,
)
from helpers import ANON, KEY, PROFILES, QUICK, REST, SOMEBODY, URL, Ask

REFERRALS, OFFERS = f"{REST}/referrals", f"{REST}/smart_loyalty_propositions"
ADMIN = str(UUID(int=9))
ROW = {"id": str(UUID(int=1)), "referrer_id": SOMEBODY, "referred_id": ADMIN}


def token() -> str:
    claims = base64.urlsafe_b64encode(b'{"sub": "%b", "role": "authenticated"}' % ADMIN.encode()).decode()
    return f"header.{claims}.signature"


def connect(caller, **options) -> Ask:
    return Ask(caller, caller.open(URL, ANON, access_token=token(), settings=QUICK, **options))


class Table:
    """A table of which a session sees some rows and the secret key all."""

    def __init__(self, server: respx.Router, url: str, *visible: dict[str, object]) -> None:
        self.visible = list(visible)
        self.keys: list[str] = []
        self.probes: list[dict[str, str]] = []
        server.get(PROFILES).respond(200, json=[{"id": SOMEBODY}])
        server.get(url).mock(side_effect=self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers["authorization"].removeprefix("Bearer "))
        if "count=exact" in request.headers.get("prefer", ""):
            return httpx.Response(200, json=[], headers={"content-range": "*/0"})
        self.probes.append(dict(request.url.params))
        return httpx.Response(200, json=self.visible)


@pytest.fixture
def server():
    with respx.mock(assert_all_called=False) as mocked:
        yield mocked


def test_the_secret_key_beside_a_session_reads_and_its_nothing_is_nothing(caller, server):
    table = Table(server, REFERRALS)
    assert connect(caller, secret_key=KEY)(get_referrals, SOMEBODY) == []
    assert (table.keys, table.probes) == ([KEY], [])


def test_a_connection_that_has_not_signed_in_yet_reads_with_its_secret_key(caller, server, no_environment, monkeypatch):
    values = {"URL": URL, "PUBLISHABLE_KEY": ANON, "SECRET_KEY": KEY}
    for name, value in values.items():
        monkeypatch.setenv(f"SUPABASE_{name}", value)
    monkeypatch.setenv("ADMIN_CRM_EMAIL", "ana@shop.example")
    monkeypatch.setenv("ADMIN_CRM_PASSWORD", "not needed here")
    table = Table(server, REFERRALS, ROW)
    kind = AdminCRM if caller.name == "sync" else AsyncAdminCRM
    crm = caller.keep(kind.from_env(settings=QUICK))
    server.get(REFERRALS).respond(200, json=[ROW], headers={"content-range": "0-0/1"})
    assert [str(each.id) for each in caller(get_referrals, crm, SOMEBODY)] == [ROW["id"]]
    assert table.probes == []


def test_a_session_that_sees_others_rows_may_say_that_there_are_none(caller, server):
    table = Table(server, OFFERS, {"customer_id": SOMEBODY})
    assert connect(caller)(get_loyalty_offers, SOMEBODY) == []
    assert table.probes == [{"select": "customer_id", "limit": "1", "customer_id": f"neq.{ADMIN}"}]
    assert set(table.keys) == {token()}


def test_a_session_that_sees_nobodys_rows_is_denied(caller, server):
    table = Table(server, REFERRALS)
    with pytest.raises(PermissionDeniedError, match="reading referrals needs the secret key") as raised:
        connect(caller)(get_referrals, SOMEBODY)
    assert raised.value.customer_id == UUID(SOMEBODY)
    assert "secret_key" in raised.value.hint
    # One's own rows, on either side, are no sign of an administrator's rights.
    assert table.probes == [
        {"select": "referrer_id", "limit": "1", "referrer_id": f"neq.{ADMIN}", "referred_id": f"neq.{ADMIN}"}
    ]


def test_rows_that_are_the_users_own_are_no_sign_that_there_are_no_others(caller, server):
    own, others = ROW, ROW | {"id": str(UUID(int=2)), "referred_id": str(UUID(int=5))}
    server.get(PROFILES).respond(200, json=[{"id": SOMEBODY}])
    probe = server.get(REFERRALS, params={"limit": "1"}).respond(200, json=[])
    found = server.get(REFERRALS)
    found.respond(200, json=[own], headers={"content-range": "*/1"})
    with pytest.raises(PermissionDeniedError, match="secret key"):
        connect(caller)(get_referrals, SOMEBODY)
    assert probe.call_count == 1
    assert [str(each.id) for each in connect(caller)(get_referrals, ADMIN)] == [own["id"]]
    found.respond(200, json=[own, others], headers={"content-range": "*/2"})
    assert len(connect(caller)(get_referrals, SOMEBODY)) == 2
    assert probe.call_count == 1


def test_a_customer_who_does_not_exist_comes_before_the_rights(caller, server):
    table = Table(server, REFERRALS)
    server.get(PROFILES).respond(200, json=[])
    with pytest.raises(CustomerNotFoundError):
        connect(caller)(get_referrals, SOMEBODY)
    assert table.probes == []
