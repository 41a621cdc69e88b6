"""One connection serves many signed-in users at once, and nobody is served with another one's rights."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import jwt
import pytest
from pydantic import BaseModel

from accounts import User, signed_in_users
from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    AuthenticationError,
    get_customer_orders,
    list_customer_evidence,
    search_customers,
)
from admin_crm._postgrest.query import fetch, fetch_of_customer
from admin_crm.client import AnyCRM, operation
from admin_crm.local import LocalStack
from helpers import Ask, Caller, watch
from shops import CUSTOMERS, GIVEN

REQUESTS = 200


@pytest.fixture(scope="module")
def users(open_stack: LocalStack) -> Iterator[list[User]]:
    """Four administrators and a customer."""
    with signed_in_users(open_stack, administrators=4, customers=1) as users:
        yield users


class Row(BaseModel):
    """A row of any table."""

    id: UUID


Seen = tuple[list[str], bool]


@operation
async def look_around(crm: AnyCRM, other: str | None) -> Seen:
    """Return which administrators a connection sees, which is its own user if he is one; and whether it sees others."""
    administrators = await fetch(crm, lambda: crm.supabase.table("admin_users").select("id"), Row)
    sees_others = other is not None and bool(await fetch_of_customer(crm, "orders", UUID(other), Row))
    return [str(each.id) for each in administrators], sees_others


@pytest.fixture
def asked(users: list[User], stack: LocalStack) -> list[tuple[User, str | None]]:
    """Who sends each of the requests, in no particular order; every eighth looks at another customer too."""
    senders = random.sample(users * (REQUESTS // len(users)), REQUESTS)
    return [(user, None if number % 8 else stack.customer_id) for number, user in enumerate(senders)]


def expected(user: User, other: str | None) -> Seen:
    return ([user.id] if user.is_administrator else [], user.is_administrator and other is not None)


@pytest.mark.once
def test_200_requests_in_threads_each_see_what_their_own_user_may_see(
    stack: LocalStack, asked: list[tuple[User, str | None]]
) -> None:
    with (
        AdminCRM(stack.url, stack.secret_key, anon_key=stack.publishable_key) as crm,
        ThreadPoolExecutor(50) as threads,
    ):
        seen = list(threads.map(lambda each: look_around(crm.as_user(each[0].token), each[1]), asked))
    assert seen == [expected(*each) for each in asked]


@pytest.mark.once
def test_200_requests_on_a_loop_each_see_what_their_own_user_may_see(
    stack: LocalStack, asked: list[tuple[User, str | None]]
) -> None:
    async def serve() -> list[Seen]:
        async with AsyncAdminCRM(stack.url, stack.secret_key, anon_key=stack.publishable_key) as crm:
            return await asyncio.gather(*(look_around(crm.as_user(user.token), other) for user, other in asked))

    assert asyncio.run(serve()) == [expected(*each) for each in asked]


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
    assert by_key(search_customers, page_size=1).total >= CUSTOMERS
