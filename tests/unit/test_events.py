"""What hooks receive: typed events without bodies, keys, queries and personal data; and hooks that fail."""

from __future__ import annotations

import dataclasses
import functools
import logging
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    RateLimitedError,
    RequestEvent,
    ResponseEvent,
    Retry,
    ServiceUnavailableError,
    create_customer_with_details,
    get_admin_customer_notes,
    get_loyalty_offers,
    update_customer_status,
)
from helpers import ANON, KEY, NOTES, PROFILES, QUICK, SOMEBODY, URL
from sign_up_server import DATA, LOG_OUT, SIGN_UP, with_session

NOTE = httpx.Response(200, json=[{"customer_id": SOMEBODY}], headers={"sb-request-id": "r-1"})


class Hooked:
    """The events of one connection, in their order."""

    def __init__(self) -> None:
        self.events: list[RequestEvent | Retry] = []
        self.hooks = dict.fromkeys(("on_request", "on_response", "on_retry"), self.events.append)

    @property
    def kinds(self) -> list[type]:
        return [type(event) for event in self.events]


@pytest.fixture
def hooked() -> Hooked:
    return Hooked()


@respx.mock
def test_hooks_are_told_of_each_request_and_each_response(caller, hooked):
    respx.get(NOTES).mock(return_value=NOTE)
    crm = caller.open(URL, KEY, settings=QUICK, **hooked.hooks)
    caller(get_admin_customer_notes, crm, SOMEBODY)
    sent, received = hooked.events
    asked = {
        "operation": "get_admin_customer_notes",
        "customer_id": UUID(SOMEBODY),
        "method": "GET",
        "service": "rest",
        "path": "/rest/v1/admin_customer_notes",
        "attempt": 1,
    }
    assert (type(sent), dataclasses.asdict(sent)) == (RequestEvent, asked)
    assert isinstance(received, ResponseEvent)
    assert received.seconds > 0
    assert received.bytes == len(NOTE.content)
    told = dataclasses.asdict(dataclasses.replace(received, seconds=0.0, bytes=0))
    assert told == {**asked, "status": 200, "seconds": 0.0, "bytes": 0, "request_id": "r-1", "error": None}


@respx.mock
def test_hooks_are_told_of_retries_between_the_requests(caller, hooked):
    respx.get(NOTES).mock(
        side_effect=[httpx.Response(429, headers={"x-request-id": "r-9"}), httpx.ReadError("x"), NOTE]
    )
    crm = caller.open(URL, KEY, settings=QUICK, **hooked.hooks)
    caller(get_admin_customer_notes, crm, SOMEBODY)
    assert hooked.kinds == [RequestEvent, ResponseEvent, Retry] * 2 + [RequestEvent, ResponseEvent]
    assert [event.attempt for event in hooked.events] == [1, 1, 1, 2, 2, 2, 3, 3]
    responses = [event for event in hooked.events if isinstance(event, ResponseEvent)]
    assert [(each.status, each.error) for each in responses] == [(429, None), (None, "ReadError"), (200, None)]
    retry = hooked.events[2]
    assert isinstance(retry, Retry)
    assert (retry.reason, retry.status, retry.request_id, retry.customer_id) == (
        "RateLimitedError", 429, "r-9", UUID(SOMEBODY)
    )  # fmt: skip


def test_a_retry_is_the_tuple_that_it_was():
    error = RateLimitedError("slow down", status=429)
    operation, attempt, delay, why = retry = Retry("search_customers", 1, 0.5, error)
    assert (operation, attempt, delay, why) == ("search_customers", 1, 0.5, error) == tuple(retry)


@respx.mock
def test_no_event_holds_a_body_a_key_a_query_or_what_a_customer_wrote(caller, hooked):
    respx.route(path__startswith="/rest/v1/").mock(
        return_value=httpx.Response(200, json=[{"id": SOMEBODY, "full_name": "Lucía Fernández"}])
    )
    crm = caller.open(URL, KEY, settings=QUICK, **hooked.hooks)
    caller(update_customer_status, crm, SOMEBODY, "banned")
    assert len(hooked.events) >= 2
    shown = repr(hooked.events)
    for secret in (KEY, "Luc", "banned", "eq.", "?"):
        assert secret not in shown


@respx.mock
def test_all_ways_to_connect_take_hooks_and_all_views_keep_them(caller, hooked, no_environment, monkeypatch):
    respx.get(NOTES).mock(return_value=NOTE)
    respx.get(url__regex="smart_loyalty").mock(return_value=httpx.Response(200, json=[]))
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[{"id": SOMEBODY}]))
    respx.post(f"{URL}/auth/v1/token").mock(
        return_value=httpx.Response(200, json={"access_token": "a", "refresh_token": "r", "expires_in": 3600})
    )
    monkeypatch.setenv("SUPABASE_URL", URL)
    monkeypatch.setenv("SUPABASE_SECRET_KEY", KEY)
    signed_in = caller.sign_in(URL, ANON, "ana@shop.test", "secreto", secret_key=KEY, settings=QUICK, **hooked.hooks)
    assert [(each.operation, each.path) for each in hooked.events] == [("sign_in", "/auth/v1/token")] * 2
    from_env = caller.keep(type(signed_in).from_env(settings=QUICK, **hooked.hooks))
    plain = caller.open(URL, KEY, settings=QUICK)
    for crm in (
        signed_in, signed_in.as_user("bea"), signed_in.as_user("bea").with_options(timeout=3), from_env,
        plain.with_options(**hooked.hooks),
    ):  # fmt: skip
        assert (crm.on_request, crm.on_response, crm.on_retry) == tuple(hooked.hooks.values())
        hooked.events.clear()
        caller(get_admin_customer_notes, crm, SOMEBODY)
        assert hooked.kinds == [RequestEvent, ResponseEvent]
    hooked.events.clear()
    caller(get_loyalty_offers, signed_in, SOMEBODY)  # by the secret key beside the session
    assert "/rest/v1/smart_loyalty_propositions" in [event.path for event in hooked.events]
    hooked.events.clear()
    caller(get_admin_customer_notes, plain, SOMEBODY)
    assert hooked.events == []


@respx.mock
def test_a_customer_that_creates_itself_over_another_connection_is_told_of_too(caller, hooked):
    respx.post(SIGN_UP).mock(side_effect=with_session)
    respx.post(LOG_OUT).mock(return_value=httpx.Response(204))
    respx.post(PROFILES).mock(return_value=httpx.Response(201, json=[{"id": SOMEBODY}]))
    crm = caller.open(URL, KEY, anon_key=ANON, settings=QUICK, **hooked.hooks)
    caller(create_customer_with_details, crm, {key: value for key, value in DATA.items() if key != "address"})
    paths = [event.path for event in hooked.events if isinstance(event, ResponseEvent)]
    assert paths == ["/auth/v1/signup", "/rest/v1/customer_profiles", "/auth/v1/logout"]
    assert DATA["email"] not in repr(hooked.events)


@respx.mock
def test_with_options_replaces_one_hook_and_keeps_the_others(caller, hooked):
    respx.get(NOTES).mock(return_value=NOTE)
    others: list[RequestEvent] = []
    crm = caller.open(URL, KEY, settings=QUICK, **hooked.hooks).with_options(on_request=others.append)
    caller(get_admin_customer_notes, crm, SOMEBODY)
    assert (len(others), hooked.kinds) == (1, [ResponseEvent])


@pytest.mark.parametrize("error", [ValueError("mine"), httpx.ConnectError("mine"), ServiceUnavailableError("mine")])
@respx.mock
def test_a_hook_that_raises_changes_nothing_and_is_logged(caller, caplog, error):
    def broken(event: object) -> None:
        raise error

    route = respx.get(NOTES).mock(side_effect=[httpx.ReadError("x"), NOTE])
    crm = caller.open(URL, KEY, settings=QUICK, on_request=broken, on_response=broken, on_retry=broken)
    with caplog.at_level(logging.ERROR, "admin_crm"):
        assert str(caller(get_admin_customer_notes, crm, SOMEBODY).customer_id) == SOMEBODY
    assert route.call_count == 2
    assert [record.exc_info[1] for record in caplog.records] == [error] * 5
    assert {record.message for record in caplog.records} == {"a hook raised; the call goes on"}


@respx.mock
def test_ctrl_c_in_a_hook_ends_the_call(caller):
    def interrupted(event: object) -> None:
        raise KeyboardInterrupt

    respx.get(NOTES).mock(return_value=NOTE)
    crm = caller.open(URL, KEY, settings=QUICK, on_request=interrupted)
    with pytest.raises(KeyboardInterrupt):
        caller(get_admin_customer_notes, crm, SOMEBODY)


@respx.mock
def test_ctrl_c_while_signing_in_is_told_of_and_passes(caller, hooked):
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    respx.post(f"{URL}/auth/v1/token").mock(side_effect=interrupted)
    with pytest.raises(KeyboardInterrupt):
        caller.sign_in(URL, ANON, "ana@shop.test", "secreto", settings=QUICK, **hooked.hooks)
    assert hooked.kinds == [RequestEvent, ResponseEvent]
    assert hooked.events[1].error == "KeyboardInterrupt"


async def nobody_awaits_it(event: object) -> None:
    """A hook that is a coroutine function."""


class AwaitedCall:
    async def __call__(self, event: object) -> None:
        """A hook that is an object with a coroutine function."""


@pytest.mark.parametrize("name", ["on_request", "on_response", "on_retry"])
@pytest.mark.parametrize("hook", [nobody_awaits_it, functools.partial(nobody_awaits_it), AwaitedCall(), "no function"])
def test_a_hook_that_is_not_a_plain_function_is_a_type_error(caller, crm, name, hook):
    with pytest.raises(TypeError, match=name):
        caller.open(URL, KEY, **{name: hook})
    with pytest.raises(TypeError, match=name):
        crm.with_options(**{name: hook})


@respx.mock
def test_a_hook_that_returns_a_coroutine_is_logged(caller, caplog):
    respx.get(NOTES).mock(return_value=NOTE)
    crm = caller.open(URL, KEY, settings=QUICK, on_request=lambda event: nobody_awaits_it(None))
    with caplog.at_level(logging.ERROR, "admin_crm"):
        caller(get_admin_customer_notes, crm, SOMEBODY)
    assert "coroutine" in caplog.text
