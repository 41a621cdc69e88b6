"""One connection serves many signed-in users at once, and nobody is served with another one's rights."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import jwt
import pytest

from accounts import User, signed_in_users
from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    AuthenticationError,
    CustomerNotFoundError,
    get_customer_orders,
    list_customer_evidence,
    search_customers,
)
from admin_crm.local import LocalStack
from helpers import Ask, Caller, watch
from shops import GIVEN

REQUESTS = 200


@pytest.fixture(scope="module")
def users(open_stack: LocalStack) -> Iterator[list[User]]:
    """Four administrators and a customer."""
    with signed_in_users(open_stack, administrators=4, customers=1) as users:
        yield users


@pytest.fixture
def asked_by(users: list[User]) -> list[User]:
    """Who sends each of the requests, in no particular order."""
    return random.sample(users * (REQUESTS // len(users)), REQUESTS)


def seen_by(user: User, number: int) -> tuple[Any, ...]:
    """What a user sees: his own row of the administrators; and in some requests another customer, if he is one."""
    return ([{"id": user.id}] if user.is_administrator else [], user.is_administrator or number % 8 != 0)


def test_200_requests_in_threads_each_see_what_their_own_user_may_see(stack: LocalStack, asked_by: list[User]) -> None:
    with AdminCRM(stack.url, stack.secret_key, anon_key=stack.publishable_key) as crm:

        def request(user: User, number: int) -> tuple[Any, ...]:
            his = crm.as_user(user.token)
            rows = his.supabase.table("admin_users").select("id").execute().data
            try:
                return rows, number % 8 != 0 or bool(get_customer_orders(his, stack.customer_id))
            except CustomerNotFoundError:
                return rows, False

        with ThreadPoolExecutor(50) as threads:
            seen = list(threads.map(request, asked_by, range(REQUESTS)))
    assert seen == list(map(seen_by, asked_by, range(REQUESTS)))


def test_200_requests_on_a_loop_each_see_what_their_own_user_may_see(stack: LocalStack, asked_by: list[User]) -> None:
    async def serve() -> list[tuple[Any, ...]]:
        async with AsyncAdminCRM(stack.url, stack.secret_key, anon_key=stack.publishable_key) as crm:

            async def request(user: User, number: int) -> tuple[Any, ...]:
                his = crm.as_user(user.token)
                rows = (await his.supabase.table("admin_users").select("id").execute()).data
                try:
                    return rows, number % 8 != 0 or bool(await get_customer_orders(his, stack.customer_id))
                except CustomerNotFoundError:
                    return rows, False

            return list(await asyncio.gather(*map(request, asked_by, range(REQUESTS))))

    assert asyncio.run(serve()) == list(map(seen_by, asked_by, range(REQUESTS)))


def test_a_view_shares_the_pool_and_outlives_its_own_closing(
    caller: Caller, by_key: Ask, users: list[User], stack: LocalStack
) -> None:
    orders = by_key(get_customer_orders, stack.customer_id)
    requests = watch(by_key)
    his = Ask(caller, by_key.crm.as_user(users[0].token))
    assert requests == []
    assert his(get_customer_orders, stack.customer_id) == orders
    assert requests
    caller.wait(his.crm.close())
    assert his(get_customer_orders, stack.customer_id) == orders
    assert by_key(get_customer_orders, stack.customer_id) == orders
    assert his.crm.supabase.storage.session is by_key.crm.supabase.storage.session


def test_a_tokens_successor_serves_the_same_user(
    caller: Caller, by_key: Ask, stack: LocalStack, users: list[User]
) -> None:
    for user in users[:2]:
        claims = jwt.decode(user.token, options={"verify_signature": False})
        newer = user if GIVEN else user._replace(token=jwt.encode(claims | {"iat": int(time.time())}, stack.jwt_secret))
        for token in (user.token, newer.token):
            rows = caller.wait(by_key.crm.as_user(token).supabase.table("admin_users").select("id").execute()).data
            assert rows == [{"id": user.id}]


@pytest.mark.parametrize("bad", ["expired", "signed by somebody else", "no token"])
def test_a_token_that_is_refused_says_so_and_what_to_do(
    caller: Caller, by_key: Ask, stack: LocalStack, users: list[User], bad: str
) -> None:
    claims = {"sub": users[0].id, "role": "authenticated", "aud": "authenticated", "exp": time.time() + 3600}
    token = {
        "expired": lambda: jwt.encode(claims | {"exp": 1_000_000_000}, stack.jwt_secret),
        "signed by somebody else": lambda: jwt.encode(claims, "somebody else's secret of 32 bytes or more"),
        "no token": lambda: "no-token",
    }[bad]()
    his = Ask(caller, by_key.crm.as_user(token))
    for call in (search_customers, lambda crm: list_customer_evidence(crm, stack.customer_id)):
        with pytest.raises(AuthenticationError) as raised:
            his(call)
        assert (raised.value.http_status, raised.value.own_credentials) == (401, False)
        assert raised.value.hint == "the session has ended: sign in again"
        assert UUID(users[0].id).hex not in str(raised.value)
    assert by_key(search_customers, page_size=1).total > 1000
