"""The auth server's side of a privacy request: what is told, what is disguised, what is deleted."""

from __future__ import annotations

import json
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import NotFoundError, PermissionDeniedError, UnexpectedResponseError
from admin_crm._auth.accounts import anonymize_user, delete_user, fetch_account
from admin_crm.client import operation
from helpers import SOMEBODY, Ask
from sign_up_server import USERS

fetch, anonymize, delete = operation(fetch_account), operation(anonymize_user), operation(delete_user)
USER, WHO = f"{USERS}/{SOMEBODY}", UUID(SOMEBODY)
NOBODY = httpx.Response(404, json={"code": 404, "error_code": "user_not_found", "msg": "User not found"})
NO_SERVER = httpx.Response(404, text="404 page not found")


@respx.mock
def test_passwords_and_tokens_are_never_told(ask: Ask) -> None:
    user = {
        "id": SOMEBODY, "email": "ana@x.example", "encrypted_password": "$2b$", "confirmation_token": "t",
        "user_metadata": {"full_name": "Ana"}, "unknown": 1,
        "identities": [{"provider": "google", "identity_data": {"name": "Ana"}, "access_token": "t"}],
    }  # fmt: skip
    respx.get(USER).respond(200, json=user)
    assert ask(fetch, WHO) == {
        "id": SOMEBODY, "email": "ana@x.example", "user_metadata": {"full_name": "Ana"},
        "identities": [{"provider": "google", "identity_data": {"name": "Ana"}}],
    }  # fmt: skip


@respx.mock
def test_who_has_no_account_is_none_and_a_server_that_is_not_there_an_error(ask: Ask) -> None:
    respx.get(USER).mock(side_effect=[NOBODY, NO_SERVER, httpx.Response(200, text="[]")])
    assert ask(fetch, WHO) is None
    with pytest.raises(NotFoundError):
        ask(fetch, WHO)
    with pytest.raises(UnexpectedResponseError):
        ask(fetch, WHO)


@respx.mock
@pytest.mark.parametrize(("phone", "sent"), [("", None), ("525512345678", "999")])
def test_a_disguise_is_an_address_that_cannot_exist_and_takes_the_metadata_away(
    ask: Ask, phone: str, sent: str | None
) -> None:
    route = respx.put(USER).respond(200, json={})
    ask(anonymize, WHO, {"email": "ana@x.example", "phone": phone, "user_metadata": {"full_name": "Ana", "a": 1}})
    body = json.loads(route.calls.last.request.content)
    assert body["email"] == f"{SOMEBODY}@anonymized.invalid"
    assert body["user_metadata"] == {"full_name": None, "a": None}
    assert body.get("phone", "")[:3] == (sent or "")
    assert len(body.get("phone", "")) in {0, 15}


@respx.mock
@pytest.mark.parametrize("soft", [True, False])
def test_a_deletion_that_was_done_before_its_answer_was_lost_is_done(ask: Ask, soft: bool) -> None:
    route = respx.delete(USER).mock(side_effect=[httpx.ReadError("lost"), NOBODY])
    ask(delete, WHO, soft=soft)
    assert json.loads(route.calls.last.request.content) == {"should_soft_delete": soft}


@respx.mock
def test_a_deletion_that_nobody_did_is_an_error(ask: Ask) -> None:
    respx.delete(USER).mock(side_effect=[NO_SERVER, httpx.Response(403, json={"error_code": "not_admin", "code": 403})])
    with pytest.raises(NotFoundError):
        ask(delete, WHO, soft=False)
    with pytest.raises(PermissionDeniedError):
        ask(delete, WHO, soft=False)
