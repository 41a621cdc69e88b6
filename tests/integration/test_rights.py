"""Whose rights a connection has, and what they see: on the shop whose view is open to a secret key, and as deployed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    AuthenticationError,
    CustomerNotFoundError,
    NotFoundError,
    PermissionDeniedError,
    delete_customer_evidence,
    get_admin_customer_details,
    get_all_customers,
    get_customer_coupons,
    get_directory_stats,
    iter_customers,
    lift_expired_suspensions,
    list_customer_evidence,
    search_customers,
    update_customer_status,
    upload_customer_evidence,
)
from admin_crm._core.connection import link_of
from admin_crm.local import LocalStack
from files import PNG
from helpers import Ask, Caller
from shops import CUSTOMERS, FEW

GATED = pytest.mark.xdist_group("gated")  # one process starts that shop
READS = [
    pytest.param(lambda ask: ask(get_all_customers), id="get_all_customers"),
    pytest.param(lambda ask: ask(get_directory_stats), id="get_directory_stats"),
    pytest.param(lambda ask: ask(search_customers), id="search_customers"),
    pytest.param(lambda ask: ask(search_customers, "a"), id="search_customers with a text"),
    pytest.param(lambda ask: ask.caller.collect(iter_customers(ask.crm)), id="iter_customers"),
]
Read = Callable[[Ask], Any]


@pytest.fixture(params=["open", pytest.param("gated", marks=GATED)])
def shop(request: pytest.FixtureRequest, stack: LocalStack) -> LocalStack:
    """A shop whose view is open to a secret key, and the shop as deployed."""
    return stack if request.param == "open" else request.getfixturevalue("gated")


@pytest.fixture
def from_env(
    caller: Caller, shop: LocalStack, no_environment: object, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ask]:
    """Connect with a shop's environment, or with parts of it, or other values."""

    def connect(*, without: tuple[str, ...] = (), **other: str) -> Ask:
        for name, value in {**shop.environment, **other}.items():
            if name not in without:
                monkeypatch.setenv(name, value)
        return Ask(caller, caller.keep((AsyncAdminCRM if caller.name == "async" else AdminCRM).from_env()))

    return connect


def signed_in(caller: Caller, shop: LocalStack, email: str, password: str) -> Ask:
    return Ask(caller, caller.sign_in(shop.url, shop.publishable_key, email, password))


def end_sessions(shop: LocalStack, email: str) -> None:
    """End a user's sessions, as the auth server does when the password is changed."""
    shop.execute_sql(f"delete from auth.sessions where user_id = (select id from auth.users where email = '{email}')")


@pytest.mark.parametrize("read", READS)
def test_a_publishable_key_alone_reads_no_directory(caller: Caller, shop: LocalStack, read: Read) -> None:
    with pytest.raises(PermissionDeniedError) as raised:
        read(Ask(caller, caller.open(shop.url, shop.publishable_key)))
    assert "AdminCRM.sign_in" in str(raised.value.hint)


@pytest.mark.parametrize("read", READS)
def test_a_customer_can_sign_in_and_reads_no_directory(caller: Caller, shop: LocalStack, read: Read) -> None:
    customer = signed_in(caller, shop, shop.customer_email, shop.customer_password)
    with pytest.raises(PermissionDeniedError, match="not listed in admin_users"):
        read(customer)


def test_a_customer_reads_himself_and_nobody_else(caller: Caller, shop: LocalStack) -> None:
    customer = signed_in(caller, shop, shop.customer_email, shop.customer_password)
    assert str(customer(get_admin_customer_details, shop.customer_id).id) == shop.customer_id
    [other] = shop.execute_sql(f"select id from customer_profiles where id <> '{shop.customer_id}' limit 1")
    with pytest.raises(CustomerNotFoundError):
        customer(get_admin_customer_details, other["id"])


def test_a_suspended_customer_does_not_lift_his_own_suspension(caller: Caller, stack: LocalStack) -> None:
    customer = signed_in(caller, stack, stack.customer_email, stack.customer_password)
    profile = f"from customer_profiles where id = '{stack.customer_id}'"
    stack.execute_sql(
        "update customer_profiles set account_status = 'suspended', suspension_end = now() - interval '1 hour'"
        f" where id = '{stack.customer_id}'"
    )
    try:
        with pytest.raises(PermissionDeniedError, match="admin_users"):
            customer(lift_expired_suspensions)
        assert stack.execute_sql(f"select account_status {profile}") == [{"account_status": "suspended"}]
    finally:
        stack.execute_sql(
            "update customer_profiles set account_status = 'active', suspension_end = null"
            f" where id = '{stack.customer_id}'"
        )


@pytest.mark.parametrize("read", READS)
def test_the_environment_of_a_shop_reads_its_directory(from_env: Callable[..., Ask], read: Read) -> None:
    assert read(from_env())


def test_the_environment_of_a_shop_gives_both_rights(from_env: Callable[..., Ask], shop: LocalStack) -> None:
    both = from_env()
    assert repr(both.crm).endswith("as a signed-in user, with a secret key)")
    path = both(upload_customer_evidence, shop.customer_id, PNG)
    assert both(delete_customer_evidence, path) == [path]
    assert path not in {each.path for each in both(list_customer_evidence, shop.customer_id)}
    banned = both(update_customer_status, shop.customer_id, "active")
    assert str(banned.id) == shop.customer_id


def test_without_the_secret_key_evidence_stays_and_the_error_names_the_key(
    from_env: Callable[..., Ask], shop: LocalStack
) -> None:
    session = from_env(without=("SUPABASE_SECRET_KEY",))
    path = session(upload_customer_evidence, shop.customer_id, PNG)
    with pytest.raises(PermissionDeniedError) as raised:
        session(delete_customer_evidence, path)
    assert "secret_key=" in str(raised.value.hint)
    assert path in {each.path for each in session(list_customer_evidence, shop.customer_id)}
    Ask(session.caller, session.caller.open(shop.url, shop.secret_key))(delete_customer_evidence, path)


def test_a_view_of_an_administrator_has_no_secret_key(
    caller: Caller, from_env: Callable[..., Ask], shop: LocalStack, stack: LocalStack
) -> None:
    both = from_env()
    other = signed_in(caller, shop, *shop.admins[1])
    his = Ask(caller, both.crm.as_user(link_of(other.crm).rights.bearer))
    assert his(get_directory_stats).total >= (CUSTOMERS if shop is stack else FEW)
    path = both(upload_customer_evidence, shop.customer_id, PNG)
    with pytest.raises((PermissionDeniedError, NotFoundError)):
        his(delete_customer_evidence, path)
    assert both(delete_customer_evidence, path) == [path]


def test_a_wrong_password_is_an_error_of_the_first_call(from_env: Callable[..., Ask]) -> None:
    wrong = from_env(ADMIN_CRM_PASSWORD="not-the-password")
    with pytest.raises(AuthenticationError, match="get_all_customers") as raised:
        wrong(get_all_customers)
    assert "password" in str(raised.value.hint)
    assert "not-the-password" not in str(raised.value)


def test_a_dead_session_says_sign_in_again_and_a_stored_password_does_it(
    caller: Caller, from_env: Callable[..., Ask], shop: LocalStack
) -> None:
    email, password = shop.admins[1]
    stays = from_env(ADMIN_CRM_EMAIL=email, ADMIN_CRM_PASSWORD=password)
    ends = signed_in(caller, shop, email, password)
    for ask in (stays, ends):
        assert len(ask(search_customers)) == 15
        rights = link_of(ask.crm).rights
        assert rights.session is not None
        rights.session = rights.session.refused()  # as after an hour
    end_sessions(shop, email)
    with pytest.raises(AuthenticationError) as raised:
        ends(search_customers)
    assert "sign in again" in str(raised.value.hint)
    assert len(stays(search_customers)) == 15


def test_a_signed_in_client_of_the_apps_own_has_the_rights_of_its_user(
    caller: Caller, shop: LocalStack, stack: LocalStack
) -> None:
    from supabase import AsyncClient, Client
    from supabase.lib.client_options import AsyncClientOptions, SyncClientOptions

    is_async = caller.name == "async"
    http: Any = (httpx.AsyncClient if is_async else httpx.Client)(trust_env=False, timeout=300)
    options: Any = (AsyncClientOptions if is_async else SyncClientOptions)(httpx_client=http, auto_refresh_token=False)
    theirs: Any = (AsyncClient if is_async else Client)(shop.url, shop.publishable_key, options)
    ask = Ask(caller, caller.open(supabase=theirs, secret_key=shop.secret_key))
    try:
        with pytest.raises(PermissionDeniedError, match="publishable key alone"):
            ask(get_directory_stats)
        credentials = {"email": shop.customer_email, "password": shop.customer_password}
        caller.wait(theirs.auth.sign_in_with_password(credentials))
        with pytest.raises(PermissionDeniedError, match="admin_users"):
            ask(get_directory_stats)
        caller.wait(theirs.auth.sign_in_with_password({"email": shop.admin_email, "password": shop.admin_password}))
        assert repr(ask.crm).endswith("as a signed-in user, with a secret key)")
        assert ask(get_directory_stats).total >= (CUSTOMERS if shop is stack else FEW)
        path = ask(upload_customer_evidence, shop.customer_id, PNG)
        assert ask(delete_customer_evidence, path) == [path]
    finally:
        caller.wait(http.aclose() if is_async else http.close())


def test_the_first_call_may_be_one_that_the_secret_key_does(from_env: Callable[..., Ask], shop: LocalStack) -> None:
    [used] = shop.execute_sql("select customer_id from customer_coupons limit 1")
    assert from_env()(get_customer_coupons, used["customer_id"])
