"""Shops of other kinds than the usual one, each started once for all its tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from accounts import Account
from admin_crm import Settings
from admin_crm.local import LocalStack
from helpers import Ask, Caller
from shops import CAPPED, open_shop


@pytest.fixture(scope="session")
def capped() -> Iterator[LocalStack]:
    """A shop whose server gives 50 rows at once, with English labels and a tier column called tier."""
    with open_shop(max_rows=50, labels="en", tier_column="tier") as running:
        yield running


@pytest.fixture(scope="session")
def gated() -> Iterator[LocalStack]:
    """A shop whose view shows customers only to a signed-in administrator, 50 at once."""
    with open_shop(gated_view=True, max_rows=50) as running:
        yield running


@pytest.fixture(params=["usual, Spanish", pytest.param("cap 50, English", marks=CAPPED)])
def shop(request, stack) -> LocalStack:
    """The usual shop, or one of the other kind: 50 rows at once, and English."""
    return stack if request.param == "usual, Spanish" else request.getfixturevalue("capped")


@pytest.fixture
def asked(caller, shop) -> Ask:
    """Ask with a secret key, sync, and as an administrator, async: the dearest tests do without the rest."""
    if caller.name == "sync":
        return Ask(caller, caller.open(shop.url, shop.secret_key))
    return Ask(caller, caller.sign_in(shop.url, shop.publishable_key, shop.admin_email, shop.admin_password))


@pytest.fixture(scope="session")
def confirming() -> Iterator[LocalStack]:
    """A shop where sign-ups must confirm their e-mail address. Its tests carry the mark `shops.CONFIRMING`."""
    with open_shop(email_confirmation=True) as running:
        yield running


@pytest.fixture(scope="session")
def moderated() -> Iterator[LocalStack]:
    """A shop that has installed `admin-crm sql moderation`. Its tests carry the marks `shops.MODERATED`."""
    with open_shop(moderation_log=True) as running:
        yield running


@pytest.fixture
def failing_address(stack: LocalStack) -> Iterator[str]:
    """An e-mail address for which a trigger on `auth.users` raises."""
    name = f"fails_{uuid4().hex}"
    email = f"{name}@clientes.example"
    stack.execute_sql(
        f"create function public.{name}() returns trigger language plpgsql as $$"
        " begin raise exception 'relation \"clientes\" does not exist'; end $$"
    )
    stack.execute_sql(
        f"create trigger {name} before insert on auth.users for each row when (new.email = '{email}')"
        f" execute function public.{name}()"
    )
    yield email
    stack.execute_sql(f"drop trigger {name} on auth.users")
    stack.execute_sql(f"drop function public.{name}()")


@pytest.fixture
def account(stack: LocalStack) -> Iterator[Account]:
    """A customer of the test's own who signs in with a password, removed afterwards."""
    with httpx.Client(trust_env=False, timeout=300) as http:
        account = Account(stack, http)
        yield account
    stack.execute_sql(f"delete from auth.users where id = '{account.id}'")


@pytest.fixture
def quick(caller: Caller, stack: LocalStack) -> Any:
    """Open a connection with settings of the test's own, which does not wait between tries."""

    def opened(key: str | None = None, **settings: Any) -> Ask:
        quickly = Settings(retry_base_delay=0.001, retry_max_delay=0.002, **settings)
        return Ask(caller, caller.open(stack.url, key or stack.secret_key, settings=quickly))

    return opened
