"""Who sees the customers: a read that shows nobody else asks who is looking, and only then."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
import respx

from admin_crm import (
    PermissionDeniedError,
    get_all_customers,
    get_directory_stats,
    iter_customers,
    lift_expired_suspensions,
    search_customers,
)
from helpers import ANON, KEY, PROFILES, QUICK, REST, URL, VIEW, Ask
from project_server import USER, as_user, jwt, refused

ADMINS = f"{REST}/admin_users"


def stream(ask):
    return ask.caller.collect(iter_customers(ask.crm))


READS = [
    pytest.param(lambda ask: ask(get_all_customers), id="get_all_customers"),
    pytest.param(lambda ask: ask(get_directory_stats), id="get_directory_stats"),
    pytest.param(lambda ask: ask(search_customers), id="search_customers"),
    pytest.param(stream, id="iter_customers"),
]
READS_WHOLE = [each for each in READS if each.id != "search_customers"]


def rows(*ids: object) -> httpx.Response:
    total = {"content-range": f"0-0/{len(ids)}"}
    return httpx.Response(200, json=[{"id": str(each), "full_name": "Ana"} for each in ids], headers=total)


def plays(view: httpx.Response, *, admins: httpx.Response | None = None, profiles: httpx.Response | None = None):
    """Play a shop, and return the routes of its view and of its table of administrators."""
    respx.get(PROFILES).mock(return_value=profiles or rows())
    return respx.get(VIEW).mock(return_value=view), respx.get(ADMINS).mock(return_value=admins or rows())


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("key", [ANON, jwt(role="anon")], ids=["publishable", "legacy anon"])
@respx.mock
def test_a_publishable_key_alone_is_refused(caller, read, key):
    view, _ = plays(rows())
    with pytest.raises(PermissionDeniedError, match="publishable key alone") as raised:
        read(Ask(caller, caller.open(URL, key, settings=QUICK)))
    assert view.call_count == 1
    assert "secret key or AdminCRM.sign_in" in str(raised.value.hint)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("seen", [(USER,), ()], ids=["himself", "nobody"])
@respx.mock
def test_a_signed_in_user_who_is_no_administrator_is_refused(caller, read, seen):
    _, admins = plays(rows(*seen))
    with pytest.raises(PermissionDeniedError, match="not listed in admin_users") as raised:
        read(Ask(caller, as_user(caller)))
    assert admins.call_count == 1
    assert "sign in as an administrator" in str(raised.value.hint)
    assert USER not in str(raised.value)


@pytest.mark.parametrize("read", READS_WHOLE)
@respx.mock
def test_two_requests_tell_that_a_user_is_no_administrator(caller, read):
    plays(rows(USER))
    with pytest.raises(PermissionDeniedError):
        read(Ask(caller, as_user(caller)))
    assert respx.calls.call_count == 2


@respx.mock
def test_an_administrator_whose_shop_has_one_customer_sees_himself(caller):
    plays(rows(USER), admins=rows(USER))
    ask = Ask(caller, as_user(caller))
    assert [str(each.id) for each in ask(get_all_customers)] == [USER]
    assert [str(each.id) for each in ask(search_customers)] == [USER]
    assert [str(each.id) for each in stream(ask)] == [USER]
    assert ask(get_directory_stats).total == 1


@respx.mock
def test_an_administrator_of_an_empty_shop_has_an_empty_directory(caller):
    plays(rows(), admins=rows(USER))
    ask = Ask(caller, as_user(caller))
    assert (ask(get_all_customers), list(ask(search_customers)), ask(get_directory_stats).total) == ([], [], 0)


@respx.mock
def test_an_administrator_whom_the_view_shows_nothing_is_refused_where_there_are_profiles(caller):
    plays(rows(), admins=rows(USER), profiles=rows(uuid4(), uuid4()))
    with pytest.raises(PermissionDeniedError, match="has 2 rows"):
        caller(get_all_customers, as_user(caller))


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("seen", [1, 2])
@respx.mock
def test_whoever_sees_somebody_else_is_asked_nothing(caller, read, seen):
    _, admins = plays(rows(*sorted(uuid4() for _ in range(seen))))
    read(Ask(caller, as_user(caller)))
    assert admins.call_count == 0


@respx.mock
def test_a_shop_without_a_table_of_administrators_shows_what_there_is(caller):
    plays(rows(USER), admins=refused("PGRST205", "Could not find the table 'public.admin_users'", 404))
    assert len(caller(get_all_customers, as_user(caller))) == 1


@respx.mock
def test_the_table_of_administrators_has_the_name_in_the_settings(caller):
    plays(rows(USER))
    staff = respx.get(f"{REST}/staff").mock(return_value=rows(USER))
    settings = QUICK.model_copy(update={"admins_table": "staff"})
    crm = caller.open(URL, ANON, access_token=jwt(role="authenticated", sub=USER), settings=settings)
    assert len(caller(get_all_customers, crm)) == 1
    assert staff.call_count == 1


@respx.mock
def test_a_role_of_the_shops_own_may_find_nothing(caller):
    plays(rows(uuid4()))
    crm = as_user(caller, role="shop_manager")
    caller(search_customers, crm)
    respx.get(VIEW).mock(return_value=rows())
    assert list(caller(search_customers, crm, "nobody")) == []


@respx.mock
def test_a_search_that_finds_nothing_asks_nothing_more_with_a_key_that_sees_customers(caller):
    view, _ = plays(rows(uuid4()))
    ask = Ask(caller, caller.open(URL, KEY, settings=QUICK))
    ask(search_customers)
    view.return_value, before = rows(), respx.calls.call_count
    assert list(ask(search_customers, "nobody")) == []
    assert respx.calls.call_count == before + 1


@respx.mock
def test_a_key_that_the_view_is_closed_to_is_refused_whatever_others_have_seen_on_the_connection(caller):
    view, _ = plays(rows(uuid4(), uuid4()), profiles=rows(uuid4()))
    crm = caller.open(URL, KEY, anon_key=ANON, settings=QUICK)
    caller(search_customers, crm.as_user(jwt(role="authenticated", sub=USER)))
    view.return_value = rows()
    with pytest.raises(PermissionDeniedError, match="signed-in administrator"):
        caller(search_customers, crm, "nobody")


@respx.mock
def test_a_search_that_finds_nothing_counts_the_view_once_for_a_key_that_has_not_read_it(caller):
    view, _ = plays(rows(uuid4(), uuid4()))
    crm = caller.open(URL, KEY, anon_key=ANON, settings=QUICK)
    caller(search_customers, crm.as_user(jwt(role="authenticated", sub=USER)))
    view.side_effect = lambda request: rows() if "or" in request.url.params else rows(uuid4())
    before = view.call_count
    for requests in (2, 3):
        assert list(caller(search_customers, crm, "nobody")) == []
        assert view.call_count == before + requests


@pytest.mark.parametrize("due", [(USER,), ()], ids=["his own", "none"])
@respx.mock
def test_whoever_is_no_administrator_lifts_no_suspension(caller, due):
    plays(rows(), profiles=rows(*due))
    lifting = respx.patch(PROFILES).mock(return_value=rows(*due))
    with pytest.raises(PermissionDeniedError, match="admin_users"):
        caller(lift_expired_suspensions, as_user(caller))
    with pytest.raises(PermissionDeniedError, match=r"publishable key|admin_users"):
        caller(lift_expired_suspensions, caller.open(URL, ANON, settings=QUICK) if not due else as_user(caller))
    assert lifting.call_count == 0


@respx.mock
def test_an_administrator_with_nothing_to_lift_is_told_so(caller):
    plays(rows(), admins=rows(USER))
    assert caller(lift_expired_suspensions, as_user(caller)) == []
